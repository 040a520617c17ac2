"""What the methods of arXiv 2511.00086 say to the search agent, written anew after the released code, and its answers.

The three insights and the hints stand here alone: a prompt holds those that are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, Field

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.solvers.frame import Frame, Tables, broken_rule
from ttgbench.methods.solvers.language import situation
from ttgbench.methods.solvers.mixes import FINAL, Mix, written_mix
from ttgbench.problems.problem import Problem

INSIGHTS: Mapping[int, str] = {
    1: "Tasks prefer particular families and sizes of models, and differ in whether many small or few large ones win "
    "at equal price.",
    2: "Width and depth each help up to an optimum that depends on the task, then hurt: long prompts confuse weak "
    "models, in deep chains later nodes overwrite right answers, and many weak models drown a good one. Avoid high "
    "in-degrees and long chains.",
    3: "The optima depend on each other: the wider a graph, the earlier more depth hurts; the deeper, the earlier more "
    "width does.",
}
HINTS = (
    "Grow outwards from the final node: settle first what it reads. Let the nodes that one node reads differ in model. "
    "Put larger models where many answers are read."
)
RULES = (
    "Keep the node ids. Raise an edge's probability only if the last graph had that edge and did well; lower the edges "
    "of graphs that did badly. No cycles; leave the final node's role and model alone. A fuser must read at least one "
    "assistant and no fuser; a node that reads nothing is an assistant."
)
SYSTEM = "You do research on systems of several language models that answer questions together."


class Pick(BaseModel):
    """Two of the listed mixes, by number."""

    first: int
    second: int


class NodeLine(BaseModel):
    """A node of the next graph, and what it reads."""

    id: str
    role: str
    model: str
    reads: list[str]


class EdgeProbability(BaseModel):
    """One entry of the edge table."""

    source: str
    target: str
    probability: float = Field(ge=0, le=1)


class KindProbability(BaseModel):
    """One entry of the table of roles or of models."""

    node: str
    name: str
    """The role or model."""
    probability: float = Field(ge=0, le=1)


class NextGraph(BaseModel):
    """What is to be learnt, the next graph, and the entries of the tables that change."""

    feedback: str
    nodes: list[NodeLine]
    final_reads: list[str]
    edges: list[EdgeProbability]
    kinds: list[KindProbability] = []


class NewTables(BaseModel):
    """The tables as they are to be."""

    edges: list[EdgeProbability]
    kinds: list[KindProbability] = []


def mix_question(
    problem: Problem, mixes: Sequence[Mix], figures: Mapping[str, float], insights: Collection[int]
) -> list[dict[str, str]]:
    """Which two mixes are most promising. figures: what single models reached; may be empty."""
    names = problem.space.pool.names
    listed = "\n".join(f"{i}: {written_mix(mix, names)}" for i, mix in enumerate(mixes))
    measured = "\n".join(f"- {name}: {value:.1%}" for name, value in figures.items())
    known = " ".join(INSIGHTS[i] for i in (1, 2) if i in insights)
    parts = [
        situation(problem),
        f"Measured on this task, each model alone:\n{measured}" if measured else "",
        f"Known of such graphs: {known}" if known else "",
        f"These mixes of models all spend the same budget:\n{listed}",
        "Pick the two most promising, by number. Answer as JSON.",
    ]
    return turns("\n\n".join(part for part in parts if part))


def graph_question(
    problem: Problem,
    frame: Frame,
    mix: Mix | None,
    tables: Tables,
    last: tuple[Graph, float],
    *,
    insights: Collection[int],
    hints: bool,
    figures: Mapping[str, float],
) -> str:
    """The next graph and table, given the last graph and its value."""
    graph, value = last
    required = "" if mix is None else f"Models that the nodes must run: {written_mix(mix, frame.models)}."
    known = " ".join(INSIGHTS[i] for i in sorted(insights) if i in (2, 3))
    measured = ", ".join(f"{name} {figure:.1%}" for name, figure in figures.items())
    parts = [
        f"{situation(problem)}\n{required}",
        f"The last graph reached {value:.1%}:\n{graph_lines(graph, frame)}",
        f"Probabilities of edges, by source:\n{edge_lines(tables, frame)}",
        f"Probabilities of roles and models:\n{kind_lines(tables, frame)}",
        f"Rules: {RULES}" + (f" {HINTS}" if hints else ""),
        f"Known of such graphs: {known}" if known else "",
        f"Each model alone reached: {measured}." if measured else "",
        "Say in at most 60 words what is to be learnt, write the next graph with all of its nodes, and the "
        "probabilities that change. Answer as JSON.",
    ]
    return "\n\n".join(part for part in parts if part)


def tables_question(
    problem: Problem, frame: Frame, tables: Tables, drawn: Sequence[tuple[Graph, float]]
) -> list[dict[str, str]]:
    """The tables rewritten, given graphs drawn from them and their values."""
    shown = "\n".join(f"Reached {value:.1%}:\n{graph_lines(graph, frame)}" for graph, value in drawn)
    return turns(
        f"{situation(problem)}\n\nGraphs are drawn from tables of probabilities. The last ones:\n{shown}\n\n"
        f"Probabilities of edges, by source:\n{edge_lines(tables, frame)}\n\n"
        f"Probabilities of roles:\n{kind_lines(tables, frame, models=False)}\n\nRules: {RULES}\n\n"
        "Rewrite both tables so that better graphs are drawn. Answer as JSON; entries that you leave out stay."
    )


def turns(question: str) -> list[dict[str, str]]:
    """A system turn and the question."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


def graph_lines(graph: Graph, frame: Frame) -> str:
    """One line per node: id, model, role, what it reads; nodes that are not there are called unused."""
    there = {node.id for node in graph.nodes}
    lines = []
    for name in (*frame.ids, FINAL):
        if name in there:
            reads = ", ".join(graph.predecessors(name)) or "nothing"
            lines.append(f"{name}: {graph[name].model}, {graph[name].role}, reads {reads}")
        else:
            lines.append(f"{name}: unused")
    return "\n".join(lines)


def edge_lines(tables: Tables, frame: Frame) -> str:
    """One line per source."""
    names = (*frame.ids, FINAL)
    return "\n".join(
        f"{name}: " + ", ".join(f"{names[j]} {row[j]:.3f}" for j in range(len(names)) if j != i)
        for i, (name, row) in enumerate(zip(frame.ids, tables.edges, strict=True))
    )


def kind_lines(tables: Tables, frame: Frame, models: bool = True) -> str:
    """One line per node."""
    lines = []
    for i, name in enumerate(frame.ids):
        entries = [f"{role} {p:.2f}" for role, p in zip(frame.roles, tables.roles[i], strict=True)]
        if models:
            entries += [f"{model} {p:.2f}" for model, p in zip(frame.models, tables.models[i], strict=True)]
        lines.append(f"{name}: {', '.join(entries)}")
    return "\n".join(lines)


def read_next(form: NextGraph, frame: Frame, mix: Mix | None) -> Graph:
    """The graph that was written; nodes from which the final one cannot be reached are left out, as they would not run.

    Raises InputError (GraphError) for other ids, other counts of models than the mix's, a role's rule broken, a cycle,
    or a graph outside the space.
    """
    if sorted(line.id for line in form.nodes) != sorted(frame.ids):
        raise InputError(f"the nodes must be {', '.join(frame.ids)}, each once", source="the reply")
    counts = Counter(line.model for line in form.nodes)
    if mix is not None and tuple(counts.get(name, 0) for name in frame.models) != mix:
        raise InputError(f"the nodes must run {written_mix(mix, frame.models)}", source="the reply")
    reads = {line.id: list(dict.fromkeys(line.reads)) for line in form.nodes}
    reads[FINAL] = list(dict.fromkeys(form.final_reads))
    unknown = sorted({source for sources in reads.values() for source in sources} - set(frame.ids))
    if unknown:
        raise InputError(f"there is no node {unknown[0]!r} that could be read", source="the reply")
    useful, frontier = {FINAL}, [FINAL]
    for name in frontier:
        new = [source for source in reads[name] if source not in useful]
        useful.update(new)
        frontier += new
    nodes = [Node(line.id, line.role, line.model) for line in form.nodes if line.id in useful]
    edges = [(source, name) for name in (*frame.ids, FINAL) if name in useful for source in reads[name]]
    graph = Graph.from_dict(_as_json([*nodes, frame.final], edges), models=frame.models)
    reason = broken_rule(graph) or frame.space.contains(graph)
    if reason is not None:
        raise InputError(f"the graph is not allowed: {reason}", source="the reply")
    return graph


def _as_json(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> dict[str, object]:
    written = [{"id": node.id, "role": node.role, "model": node.model} for node in nodes]
    return {"schema": 1, "nodes": written, "edges": [list(edge) for edge in edges]}


def read_tables(
    edges: Sequence[EdgeProbability], kinds: Sequence[KindProbability], frame: Frame, tables: Tables
) -> Tables:
    """The tables with these entries, rows of roles and models normalised around them.

    Raises InputError for a node, role or model that is not there, and changes nothing.
    """
    place = {name: i for i, name in enumerate((*frame.ids, FINAL))}
    made = Tables(tables.edges.copy(), tables.roles.copy(), tables.models.copy())
    for entry in edges:
        i, j = place.get(entry.source, -1), place.get(entry.target, -1)
        if min(i, j) < 0 or i == frame.count or i == j:
            raise InputError(f"there is no edge from {entry.source!r} to {entry.target!r}", source="the reply")
        made.edges[i, j] = entry.probability
    for kind in kinds:
        i = place.get(kind.node, -1)
        names, table = (frame.roles, made.roles) if kind.name in frame.roles else (frame.models, made.models)
        if not 0 <= i < frame.count or kind.name not in names:
            raise InputError(f"node {kind.node!r} has no role or model {kind.name!r}", source="the reply")
        _set(table[i], names.index(kind.name), kind.probability)
    made.settle()
    return made


def _set(row: np.ndarray, index: int, probability: float) -> None:
    """Gives one entry this probability, the others what is left in their proportions."""
    row *= (1 - probability) / max(1e-9, 1 - row[index])
    row[index] = probability
