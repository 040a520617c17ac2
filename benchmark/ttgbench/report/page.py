"""The report as one self-contained HTML page: light and dark, nothing from outside, every value escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ttgbench._version import __version__
from ttgbench.graphs.draw import text as draw
from ttgbench.graphs.graph import Graph
from ttgbench.report.build import Report
from ttgbench.report.plots import Figure
from ttgbench.report.problems import Row, best_row
from ttgbench.report.table import Table
from ttgbench.stats import Interval
from ttgbench.util.text import counted, escaped

STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:90rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem;
border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}
th[title]{text-decoration:underline dotted}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
td:not(.n){min-width:11rem}td.n{white-space:nowrap}
figure{margin:1.5rem 0;overflow-x:auto}
.scale{position:relative;height:1rem;min-width:8rem}
.scale i{position:absolute;top:.4rem;height:.2rem;background:currentColor;opacity:.5}
.scale b{position:absolute;top:.15rem;width:.3rem;height:.7rem;margin-left:-.15rem;background:currentColor}
.wrap{overflow-x:auto}
.plot{min-height:26rem}
dl{font-size:.85rem;display:grid;grid-template-columns:max-content 1fr;gap:0 1rem}dd{margin:0}
"""

SCRIPT = """
const dark = matchMedia("(prefers-color-scheme: dark)");
function look() {
  const ink = dark.matches ? "#e8e8e8" : "#222", line = dark.matches ? "#444" : "#ddd";
  const axis = {gridcolor: line, zerolinecolor: line, linecolor: line};
  return {ink, axis};
}
function layoutOf(figure) {
  const {ink, axis} = look();
  return {autosize: true, margin: {l: 60, r: 20, t: 30, b: 50}, ...figure.layout, font: {color: ink},
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    xaxis: {...axis, ...figure.layout.xaxis}, yaxis: {...axis, ...figure.layout.yaxis}};
}
const figures = JSON.parse(document.getElementById("figures").textContent);
function drawAll() {
  for (const figure of figures)
    Plotly.react("plot-" + figure.name, figure.data, layoutOf(figure), {responsive: true, displaylogo: false});
}
drawAll();
dark.addEventListener("change", drawAll);
"""


def as_html(report: Report) -> str:
    """The page. Scripts are in it only where there are figures."""
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        '<link rel="icon" href="data:,">',
        f"<title>TTG-Bench report</title><style>{STYLE}</style><h1>TTG-Bench report: {escaped(report.title)}</h1>",
        f"<p>ttgbench {escaped(__version__)}. Methods are compared over their runs; intervals are 95%.</p>",
        *(f"<p>{escaped(line)}</p>" for line in (report.about, *report.remarks) if line),
        *(_table(table) for table in report.overview),
        *(_figure(figure) for figure in report.figures),
    ]
    for table in report.problems:
        parts.append(_table(table))
        parts += _graphs([row for row in report.rows if f"problem-{row.problem}" == table.name])
    for table in report.details:
        title = escaped(table.title)
        parts.append(f"<details><summary>{title}: {counted(len(table.rows), 'row')}</summary>{_table(table)}</details>")
    if report.figures:
        parts += _scripts(report.figures)
    return "\n".join([*parts, "</html>\n"])


def _scripts(figures: Sequence[Figure]) -> list[str]:
    from plotly.offline import get_plotlyjs

    data = [{"name": figure.name, "data": figure.data, "layout": figure.layout} for figure in figures]
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return [
        f"<script id='figures' type='application/json'>{text}</script>",
        f"<script>{get_plotlyjs()}</script>",
        f"<script>{SCRIPT}</script>",
    ]


def _figure(figure: Figure) -> str:
    name, title, caption = (escaped(text) for text in (figure.name, figure.title, figure.caption))
    return (
        f"<h2>{title}</h2><figure><div class='plot' id='plot-{name}' role='img' aria-label='{title}'></div>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    kinds = ["n" if table.numeric(i) else "" for i in range(len(table.columns))]
    heading = "".join(
        f"<th class='{kind}' scope='col'{_title(column.help)}>{escaped(column.name)}</th>"
        for column, kind in zip(table.columns, kinds, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td class='{kind}'>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in _cells(table)
    )
    explained = "".join(
        f"<dt>{escaped(column.name)}</dt><dd>{escaped(column.help)}</dd>" for column in table.columns if column.help
    )
    return (
        f"<h2>{escaped(table.title)}</h2><div class='wrap'><table><thead><tr>{heading}</tr></thead>"
        f"<tbody>{body}</tbody></table></div><p>{escaped(table.note)}</p>"
        f"<details><summary>What the columns say</summary><dl>{explained}</dl></details>"
    )


def _title(text: str) -> str:
    return f" title='{escaped(text)}'" if text else ""


def _cells(table: Table) -> list[list[str]]:
    """Escaped texts; an accuracy with its interval also as a bar."""
    rows = [[escaped(text) for text in row] for row in table.texts()]
    for i, column in enumerate(table.columns):
        if column.name == "test accuracy":
            for row, values in zip(rows, table.rows, strict=True):
                value = values[i]
                if isinstance(value, Interval):
                    row[i] += _bar(value)
    return rows


def _bar(value: Interval) -> str:
    low, at, high = (f"{100 * x:.1f}%" for x in (value.low, value.estimate, value.high))
    return (
        f"<div class='scale' role='img' aria-label='{value.low:.3f} to {value.high:.3f} of 1'>"
        f"<i style='left:{low};right:calc(100% - {high})'></i><b style='left:{at}'></b></div>"
    )


def _graphs(rows: Sequence[Row]) -> list[str]:
    """That of the method with the best mean accuracy open, the others folded in."""
    best = best_row(rows)
    parts = []
    for row in rows:
        if row.graph is not None:
            svg = draw.as_svg(Graph.from_dict(row.graph))
            which = "Best mean accuracy: " if row is best else ""
            state = " open" if row is best else ""
            caption = escaped(which + row.ended_with)
            parts.append(f"<details{state}><summary>{caption}</summary><figure>{svg}</figure></details>")
    return parts
