"""A graph as one self-contained SVG: no script, no font, nothing fetched; readable on light and dark."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

from ttgbench.graphs.draw.layout import Layout, lay_out
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.roles import ROLES
from ttgbench.util.text import counted

BOX_SPACE, WIRE_HEIGHT, MARGIN, TIP = 14.0, 14.0, 8.0, 7.0
LINE = 15.0
"""Height of a line of text in a box."""
CHARACTER = 6.7
"""Mean width of a character at the font size used."""
MAX_CHARACTERS = 28


def _colours(theme: Literal["light", "dark"]) -> str:
    """Style rules of every role, from the roles' files."""
    shades = {name: getattr(role.colours, theme) for name, role in ROLES.items()}
    return "\n".join(f".ttg-graph .{name} rect{{fill:{c.fill};stroke:{c.stroke}}}" for name, c in shades.items())


STYLE = f"""
.ttg-graph text{{font:12px system-ui,sans-serif;text-anchor:middle;fill:#1f2937}}
.ttg-graph .id{{font-weight:600}}
.ttg-graph .edge{{fill:none;stroke:#8b94a3;stroke-width:1.2}}
.ttg-graph .tip{{fill:#8b94a3}}
.ttg-graph rect{{fill:#eef0f3;stroke:#6b7280}}
{_colours("light")}
.ttg-graph .sink rect{{stroke-width:2.5}}
@media (prefers-color-scheme:dark){{
.ttg-graph text{{fill:#f3f4f6}}
.ttg-graph rect{{fill:#374151;stroke:#9ca3af}}
{_colours("dark")}
}}
"""


def text_width(text: str) -> int:
    """Width in the columns of a terminal: East Asian characters take two."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def as_svg(graph: Graph, notes: Mapping[str, str] | None = None) -> str:
    """Levels from left to right. An output that skips levels passes between the nodes there, never across one.

    notes: by node id, a third line in its box.
    """
    lines = {node.id: _lines(node, (notes or {}).get(node.id)) for node in graph.nodes}
    box_height = 8 + LINE * max(map(len, lines.values()))
    layout = lay_out(graph, box_height + BOX_SPACE, WIRE_HEIGHT)
    lefts, rights = _column_edges(graph, layout, lines)
    width, height = rights[-1] + MARGIN, layout.height + 2 * MARGIN
    title = f"Collaboration graph of {counted(len(graph.nodes), 'node')}; {graph.sink} gives the answer"
    boxes = {(node_id, column) for column, level in enumerate(graph.levels) for node_id in level}
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ttg-graph" role="img" {size}>',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
    ]
    for source, target in layout.links:
        left, right = rights[source[1]], lefts[target[1]]
        y, to = (layout.middle[stop] + MARGIN for stop in (source, target))
        parts.append(_link(left, y, right, to, through=None if target in boxes else rights[target[1]]))
    for column, level in enumerate(graph.levels):
        for node_id in level:
            top = layout.middle[node_id, column] + MARGIN - box_height / 2
            area = rights[column] - lefts[column], box_height
            parts.append(_box(graph, node_id, lines[node_id], (lefts[column], top), area))
    return "\n".join([*parts, "</svg>"])


def _column_edges(graph: Graph, layout: Layout, lines: Mapping[str, Sequence[str]]) -> tuple[list[float], list[float]]:
    """Left and right end of each column; more links between two columns leave more room between them."""
    gaps = [0] * len(layout.columns)
    for _, (_, column) in layout.links:
        gaps[column] += 1
    lefts: list[float] = []
    rights: list[float] = []
    for column, level in enumerate(graph.levels):
        widest = max(text_width(line) for node_id in level for line in lines[node_id])
        lefts.append(rights[-1] + 36 + min(2 * gaps[column], 90) if rights else MARGIN)
        rights.append(lefts[-1] + math.ceil(widest * CHARACTER) + 20)
    return lefts, rights


def _link(left: float, y: float, right: float, to: float, through: float | None) -> str:
    """From column to column; ends in an arrow at a node, or goes straight on `through` the next column as a wire."""
    end = right - TIP if through is None else right
    bend = (end - left) / 2
    curve = f"M{left:.1f} {y:.1f}C{left + bend:.1f} {y:.1f} {end - bend:.1f} {to:.1f} {end:.1f} {to:.1f}"
    if through is not None:
        return f'<path class="edge" d="{curve}H{through:.1f}"/>'
    tip = f"M{right:.1f} {to:.1f}l-{TIP:.0f} -3.5v7z"
    return f'<path class="edge" d="{curve}"/><path class="tip" d="{tip}"/>'


def _box(
    graph: Graph, node_id: str, lines: Sequence[str], corner: tuple[float, float], size: tuple[float, float]
) -> str:
    node, (left, top), (width, height) = graph[node_id], corner, size
    kind = node.role if node.role in ROLES else "other"
    kind += " sink" if node_id == graph.sink else ""
    x = left + width / 2
    texts = "".join(
        f'<text class="{("id", "of", "note")[number]}" x="{x:.1f}" y="{top + 16 + LINE * number:.1f}">'
        f"{escape(line)}</text>"
        for number, line in enumerate(lines)
    )
    return (
        f'<g class="{kind}"><title>{escape(f"{node.id}: {_detail(node)}")}</title>'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.0f}" rx="6"/>{texts}</g>'
    )


def _detail(node: Node) -> str:
    return node.role if node.model is None else f"{node.role} · {node.model}"


def _lines(node: Node, note: str | None) -> list[str]:
    texts = (node.id, _detail(node), *([] if note is None else [note]))
    return [text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…" for text in texts]
