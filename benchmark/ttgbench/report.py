"""What finished runs mean: per problem and method an accuracy, a difference to the best single model, a verdict."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ttgbench import __version__, draw
from ttgbench.graph import Graph
from ttgbench.results import CellResult

BASELINE = "single_model"


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one problem, all its seeds."""

    problem: str
    method: str
    seeds: int
    graph: dict[str, Any] | None
    """The final graph of the first seed that ended with one; None if none did."""
    accuracy: float
    """Mean over seeds, universes and questions; NaN-free: 0 with `graph` None means no graph."""
    interval: tuple[float, float]
    """95%, Wilson over questions; conservative where seeds or universes were averaged."""
    difference: float | None
    """To the best single model on the same questions and universes; None for itself or without a baseline."""
    difference_interval: tuple[float, float] | None
    verdict: str
    nominal_units: float
    measured_flops: float
    dollars: float
    seconds: float
    search_evaluations: float
    """Mean search spend in full evaluations."""
    statuses: dict[str, int]

    @property
    def difference_text(self) -> str:
        """Signed difference with its interval, or a dash."""
        if self.difference is None or self.difference_interval is None:
            return "-"
        low, high = self.difference_interval
        return f"{self.difference:+.3f} [{low:+.3f}, {high:+.3f}]"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def summarise(results: Sequence[CellResult], margin: float | None = None) -> list[Row]:
    """One row per problem and method: problems in the order of the results, the baseline first, then by name.

    margin: the suite's declared margin of practical equivalence. The bootstrap is seeded: same rows each time.
    """
    rows = []
    for problem in dict.fromkeys(result.problem for result in results):
        here = [result for result in results if result.problem == problem]
        baseline = _question_means([result for result in here if result.method.name == BASELINE])
        names = {result.method.name for result in here}
        for method in sorted(names, key=lambda name: (name != BASELINE, name)):
            rows.append(_row(problem, [result for result in here if result.method.name == method], baseline, margin))
    return rows


def _question_means(results: Sequence[CellResult]) -> np.ndarray | None:
    """Shape (questions,): mean score over seeds and universes of the final graphs; None if there is none."""
    finals = [final for result in results if (final := result.final) is not None]
    if not finals:
        return None
    return np.mean([np.mean(final.scores, axis=0) for final in finals], axis=0)


def _row(problem: str, results: Sequence[CellResult], baseline: np.ndarray | None, margin: float | None) -> Row:
    from ttgbench import stats

    method = results[0].method.name
    finals = [final for result in results if (final := result.final) is not None]
    means = _question_means(results)
    difference, interval, verdict = None, None, ""
    if means is None:
        verdict = f"no graph ({results[0].status}: {results[0].error})"
    elif method == BASELINE:
        verdict = "the baseline"
    elif baseline is None:
        verdict = f"no {BASELINE} run to compare with"
    else:
        compared = stats.compare(means[:, None], baseline[:, None], np.random.default_rng(0))
        difference, interval = compared.difference, (compared.low, compared.high)
        verdict = f"{compared.verdict(margin)} (p = {compared.p:.2g}; {compared.mde:.2f} would have been detected)"
    statuses: dict[str, int] = {}
    for final in finals:
        for status, count in final.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return Row(
        problem=problem,
        method=method,
        seeds=len(results),
        graph=finals[0].graph if finals else None,
        accuracy=float(means.mean()) if means is not None else 0.0,
        interval=_interval(means) if means is not None else (0.0, 1.0),
        difference=difference,
        difference_interval=interval,
        verdict=verdict,
        nominal_units=_mean([final.nominal.units for final in finals]),
        measured_flops=_mean([final.flops for final in finals]),
        dollars=_mean([final.dollars for final in finals]),
        seconds=_mean([final.seconds for final in finals]),
        search_evaluations=_mean([result.search.full_evaluations for result in results]),
        statuses=statuses,
    )


def _interval(means: np.ndarray) -> tuple[float, float]:
    from ttgbench import stats

    interval = stats.accuracy_interval(means[:, None])
    return interval.low, interval.high


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .8rem;border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1.5rem 0;overflow-x:auto}
.scale{position:relative;height:1rem;min-width:12rem}
.scale i{position:absolute;top:.4rem;height:.2rem;background:currentColor;opacity:.5}
.scale b{position:absolute;top:.15rem;width:.3rem;height:.7rem;margin-left:-.15rem;background:currentColor}
.wrap{overflow-x:auto}
"""

COLUMNS = (
    ("method", ""),
    ("test accuracy", "n"),
    ("95% interval", ""),
    ("difference to best single model", "n"),
    ("verdict", ""),
    ("nominal units per query", "n"),
    ("measured FLOPs per query", "n"),
    ("search spend, full evaluations", "n"),
)


def as_html(rows: Sequence[Row]) -> str:
    """One self-contained page: no script, nothing from outside, every value escaped."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        f"<title>TTG-Bench report</title><style>{STYLE}</style><h1>TTG-Bench report</h1>",
        f"<p>ttgbench {html.escape(__version__)}. Differences are paired over the same test questions and random "
        "numbers; intervals are 95%. Bars run from accuracy 0 to 1.</p>",
    ]
    for problem in dict.fromkeys(row.problem for row in rows):
        chosen = [row for row in rows if row.problem == problem]
        header = "".join(f"<th class='{kind}' scope='col'>{name}</th>" for name, kind in COLUMNS)
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in chosen)
        parts.append(f"<h2>{html.escape(problem)}</h2><div class='wrap'><table><thead><tr>{header}</tr></thead>")
        parts.append(f"<tbody>{body}</tbody></table></div>")
        for row in chosen:
            if row.graph is not None:
                caption = html.escape(f"Graph found by {row.method}")
                svg = draw.as_svg(Graph.from_dict(row.graph))
                parts.append(f"<figure><figcaption>{caption}</figcaption>{svg}</figure>")
    return "\n".join([*parts, "</html>\n"])


def _cells(row: Row) -> str:
    low, high = (f"{100 * value:.1f}%" for value in row.interval)
    bar = (
        f"<div class='scale' role='img' aria-label='{row.interval[0]:.3f} to {row.interval[1]:.3f}'>"
        f"<i style='left:{low};right:calc(100% - {high})'></i><b style='left:{100 * row.accuracy:.1f}%'></b></div>"
    )
    values = (
        html.escape(row.method),
        f"{row.accuracy:.3f}" if row.graph else "no graph",
        bar if row.graph else "",
        html.escape(row.difference_text),
        html.escape(row.verdict),
        f"{row.nominal_units:.2f}",
        f"{row.measured_flops:.3g}",
        f"{row.search_evaluations:.2f}",
    )
    return "".join(f"<td class='{kind}'>{value}</td>" for (_, kind), value in zip(COLUMNS, values, strict=True))
