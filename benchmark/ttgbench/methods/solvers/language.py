"""What is said to a language model that searches: the problem, what was tried, and the forms of its answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, Field

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.roles import ROLES
from ttgbench.graphs.shapes import single
from ttgbench.models.cost import nominal_node_cost
from ttgbench.problems.problem import Problem
from ttgbench.problems.space.space import SearchSpace

INSIGHTS = (
    "Known of such graphs: (1) tasks prefer certain models, and either many small ones or few large ones; "
    "(2) more width and more depth each help up to a point, then hurt; (3) the best width changes with the depth."
)


class NodeForm(BaseModel):
    """A node as a language model writes it."""

    id: str
    role: str
    model: str | None = None


class GraphForm(BaseModel):
    """A graph as a language model writes it. Edges are pairs (from, to).

    Lengths are not limited here: engines that hold a model to a schema are slow at counting; `Graph` has its limits.
    """

    nodes: list[NodeForm]
    edges: list[Annotated[list[str], Field(min_length=2, max_length=2)]]


def _aggregates(role: str) -> bool:
    return role in ROLES and ROLES[role].aggregates


def read_graph(form: GraphForm, space: SearchSpace) -> Graph:
    """The graph that was written. Raises InputError (GraphError) that says why it cannot be used."""
    nodes = [node.model_dump(exclude={"model"} if _aggregates(node.role) else None) for node in form.nodes]
    graph = Graph.from_dict({"schema": 1, "nodes": nodes, "edges": form.edges}, models=space.pool.names)
    reason = space.contains(graph)
    if reason is not None:
        raise InputError(f"the graph is not allowed: {reason}", source="the reply")
    return graph


def situation(problem: Problem) -> str:
    """Task, objective, models with what they cost, roles, limits: about 200 tokens for seven models."""
    space, objective = problem.space, problem.objective
    aim = "accuracy" if objective.kind == "accuracy" else "accuracy minus a penalty for latency"
    lines = [
        f"We look for a graph of language models that answers questions of the task {problem.task.name!r} "
        f"({problem.task.domain}: {problem.task.description[:200]}) with the highest {aim}.",
        "A graph is acyclic and has one sink, whose output is the answer. Every node has a role and a model.",
        "Roles: " + "; ".join(f"{role}: {ROLES[role].summary}" for role in space.roles) + ".",
        f"Models, with the share of the budget of {space.budget} per question that one answer costs:",
    ]
    for card in space.pool:
        share = space.budget.amount(nominal_node_cost(card, 0, space.lengths)) / space.limit
        lines.append(f"- {card.name} (family {card.family}, {card.parameters / 1e9:.1f}B parameters): {share:.1%}")
    lines.append(
        f"Every answer that a node reads makes it dearer. At most {space.max_nodes} nodes, {space.max_width} on a "
        f"level, {space.max_depth} levels, {space.max_in_degree} inputs of a node."
    )
    return "\n".join(lines)


def written(graph: Graph) -> str:
    """A graph in the form that the model is to use, on one line."""
    data = graph.canonical().to_dict()
    return json.dumps({"nodes": data["nodes"], "edges": data["edges"]}, separators=(",", ":"))


def tried(graphs: Iterable[tuple[Graph, float]]) -> str:
    """What was tried, one line each."""
    return "\n".join(f"{value:.4f}  {written(graph)}" for graph, value in graphs)


def example(problem: Problem) -> str:
    """A small graph in the right form."""
    return written(single(problem.space.pool.smallest.name))
