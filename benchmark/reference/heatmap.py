"""Which method wins where: mean scores of a run folder, methods x problems, as a table and a picture.

    python benchmark/reference/heatmap.py runs/synthetic [--out docs/heatmap.png]

Scores are normalised by the anchors of each run's own instance and capped to [-1, 1]. Prints Markdown: a row for each
method, best first, with its mean over problems, its mean regret in points and the problems on which it is best.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ttgbench.problems.suite import Suite
from ttgbench.run.experiment import read_manifest
from ttgbench.run.results import CellResult, read_results

Floats = NDArray[np.float64]


def grids(suite: Suite, results: list[CellResult], methods: list[str]) -> tuple[Floats, Floats]:
    """Mean score and mean regret (points), each (methods, problems)."""
    names = [spec.name for spec in suite.problems]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for cell in results:
        anchor = suite.anchor(cell.problem, cell.seed)
        if anchor is None:
            raise SystemExit(f"{suite.label} has no anchors")
        if cell.final is not None:
            score = min(max(anchor.normalised(cell.final.value), -1.0), 1.0)
            regret = 100 * (anchor.one - cell.final.value)
            found.setdefault((cell.method.name, cell.problem), []).append((score, regret))
    means = np.array([[np.mean(found[method, name], axis=0) for name in names] for method in methods])
    return means[:, :, 0], means[:, :, 1]


def draw(scores: Floats, methods: list[str], names: list[str], path: Path) -> None:
    """The picture: a row for each method, a column for each problem."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 0.8 + 0.34 * len(methods)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(scores, cmap="RdYlGn", vmin=-0.5, vmax=1.0, aspect="auto")
    for row, column in np.ndindex(scores.shape):
        best = scores[row, column] == scores[:, column].max()
        text = f"{scores[row, column]:.2f}".replace("0.", ".")
        axes.text(column, row, text, ha="center", va="center", fontsize=6, weight="bold" if best else "normal")
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(methods)), methods, fontsize=8)
    figure.colorbar(image, label="mean score", fraction=0.02)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--out", type=Path, help="a picture of this name")
    options = parser.parse_args()
    suite, results = read_manifest(options.runs).suite, read_results(options.runs)
    names = [spec.name for spec in suite.problems]
    runs = Counter(cell.method.name for cell in results)
    methods = sorted(name for name, count in runs.items() if count == max(runs.values()))
    if len(methods) < len(runs):
        print("Left out, as runs are missing:", ", ".join(sorted(set(runs) - set(methods))), end="\n\n")
    scores, regrets = grids(suite, results, methods)
    order = np.argsort(-scores.mean(axis=1))
    methods, scores, regrets = [methods[i] for i in order], scores[order], regrets[order]
    print("| method | mean score | mean regret, points | best on |\n| --- | --- | --- | --- |")
    for row, method in enumerate(methods):
        wins = int((scores[row] == scores.max(axis=0)).sum())
        print(f"| {method} | {scores[row].mean():.3f} | {regrets[row].mean():.2f} | {wins} of {len(names)} |")
    if options.out is not None:
        draw(scores, methods, names, options.out)


if __name__ == "__main__":
    main()
