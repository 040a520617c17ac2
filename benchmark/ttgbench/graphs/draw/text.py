"""A graph for human eyes: as text for the terminal, as a Mermaid flowchart, as a self-contained SVG."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from ttgbench.graphs.draw.svg import as_svg, text_width
from ttgbench.graphs.graph import Graph, Node
from ttgbench.util.text import counted

__all__ = ["as_mermaid", "as_svg", "as_text"]

TEXT_WIDTH = 100


def as_text(graph: Graph) -> str:
    """A list by level; nodes that agree in role, model, predecessors and successors share a line."""
    groups = _interchangeable(graph)
    label = {node.id: _label(group) for group in groups for node in group}
    columns = [(label[group[0].id], group[0].role, group[0].model or "-") for group in groups]
    widths = [max(map(text_width, column)) for column in zip(*columns, strict=True)]
    level_of = {node_id: i for i, level in enumerate(graph.levels) for node_id in level}
    nodes = counted(len(graph.nodes), "node")
    lines = [f"{nodes}, width {graph.width}, depth {graph.depth}; {graph.sink} gives the answer"]
    for level in range(graph.depth):
        lines.append(f"level {level + 1}")
        for group, cells in zip(groups, columns, strict=True):
            if level_of[group[0].id] == level:
                before = set(graph.predecessors(group[0].id))
                reads = ", ".join(label[other[0].id] for other in groups if other[0].id in before)
                row = "  ".join(cell + " " * (w - text_width(cell)) for cell, w in zip(cells, widths, strict=True))
                indent = 2 + sum(widths) + 2 * len(widths)
                lines.append(f"  {row}  " + _wrapped(f"← {reads}", indent) if reads else f"  {row.rstrip()}")
    return "\n".join(lines)


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, left to right. Labels hold node id, role and model, whatever characters these contain."""
    name = {node.id: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        detail = node.role if node.model is None else f"{node.role} · {node.model}"
        lines.append(f'    {name[node.id]}["{_entities(node.id)}<br/>{_entities(detail)}"]')
    lines += [f"    {name[source]} --> {name[target]}" for source, target in graph.edges]
    return "\n".join(lines)


def _interchangeable(graph: Graph) -> list[list[Node]]:
    groups: dict[object, list[Node]] = {}
    for node in graph.nodes:
        wiring = frozenset(graph.predecessors(node.id)), frozenset(graph.successors(node.id))
        groups.setdefault((node.role, node.model, *wiring), []).append(node)
    return list(groups.values())


def _label(group: Sequence[Node]) -> str:
    ids = [node.id for node in group]
    return ", ".join(ids) if len(ids) <= 3 else f"{ids[0]} … {ids[-1]} ({len(ids)} nodes)"


def _wrapped(text: str, indent: int) -> str:
    lines = textwrap.wrap(text, max(TEXT_WIDTH - indent, 30), break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * (indent + 2)).join(lines)


def _entities(text: str) -> str:
    """Mermaid's own entity codes for everything that could be markup."""
    return "".join(c if c.isalnum() or c in " .-_·" else f"#{ord(c)};" for c in text)
