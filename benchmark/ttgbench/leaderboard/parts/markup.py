"""HTML from values: every value is escaped here, once."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ttgbench.errors import InputError
from ttgbench.graphs.draw import text as draw
from ttgbench.graphs.graph import Graph
from ttgbench.util.text import counted, escaped

NODE_COSTS = """<p class="ttg-note">In each node: its nominal cost per query and its share of the graph's. A unit is
what the pool's smallest model nominally costs when it answers alone.</p>"""


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], label: str) -> str:
    """A plain table; columns whose name ends in "#" are numbers."""
    side = ["num" if column.endswith("#") else "" for column in columns]
    head = "".join(
        f"<th scope='col' class='{kind}'>{escaped(column.rstrip('#'))}</th>"
        for column, kind in zip(columns, side, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td class='{kind}'>{escaped(str(cell))}</td>" for cell, kind in zip(row, side, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f"<div class='ttg-scroll' role='region' tabindex='0' aria-label='{escaped(label)}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(rows: Sequence[tuple[str, Any]], label: str) -> str:
    """Names and values, one per line."""
    body = "".join(
        f"<tr><th scope='row' class='key'>{escaped(name)}</th><td>{escaped(str(value))}</td></tr>"
        for name, value in rows
    )
    return (
        f"<div class='ttg-scroll ttg-facts' role='region' tabindex='0' aria-label='{escaped(label)}'>"
        f"<table><tbody>{body}</tbody></table></div>"
    )


def number(value: float | None, places: int = 3) -> str:
    """Three decimals, or a dash."""
    return "–" if value is None else f"{value:.{places}f}"


def figures(value: float | None) -> str:
    """Three significant digits, or a dash."""
    return "–" if value is None else f"{float(f'{value:.3g}'):,.6g}"


def in_units(value: float) -> str:
    """Three significant digits, with the word."""
    return counted(float(f"{value:.3g}"), "unit")


def graph_figure(data: dict[str, Any] | None, of: str = "", units: Sequence[float] | None = None) -> str:
    """A graph drawn, or a sentence where it cannot be. of: what it belongs to, for screen readers; units: what each of
    its nodes costs, where that is known: see NODE_COSTS."""
    if data is None:
        return "<p class='ttg-note'>No graph.</p>"
    try:
        graph = Graph.from_dict(data)
        drawn = draw.as_svg(graph, _shares(graph, units or ()))
        label = escaped(f"The graph of {of}" if of else "The graph")
        return f"<div class='ttg-figure' role='region' tabindex='0' aria-label='{label}'>{drawn}</div>"
    except InputError as error:
        return f"<p class='ttg-problem'>{escaped(str(error))}</p>"


def _shares(graph: Graph, units: Sequence[float]) -> dict[str, str] | None:
    """What stands in each node: its cost and its share of the graph's."""
    whole = sum(units)
    if len(units) != len(graph.nodes) or not whole > 0:
        return None
    words = [f"{in_units(cost)} · {cost / whole:.0%}" if cost else "no cost" for cost in units]
    return {node.id: text for node, text in zip(graph.nodes, words, strict=True)}


def graph_download(text: str, key: str) -> str:
    """A link that saves a graph's JSON as a file, without asking the server."""
    data = base64.b64encode(f"{text}\n".encode()).decode()
    name = f"graph-{escaped(key[:12])}.json"
    return f"<a download='{name}' href='data:application/json;base64,{data}'>Download the graph as JSON</a>"


def plot_files(plot: str, name: str) -> str:
    """Buttons that save the plot with this element id as a figure or as its data; save.js listens to them."""
    titles = {"svg": "SVG", "png": "PNG", "csv": "CSV"}
    buttons = "".join(
        f"<button type='button' data-plot='{escaped(plot)}' data-kind='{kind}' data-name='{escaped(name)}' "
        f"aria-label='Save {escaped(name.replace('-', ' '))} as {title}'>{title}</button>"
        for kind, title in titles.items()
    )
    return f"<p class='ttg-files'>{buttons}</p>"


def note(text: str) -> str:
    """A paragraph in small type."""
    return f"<p class='ttg-note'>{escaped(text)}</p>"
