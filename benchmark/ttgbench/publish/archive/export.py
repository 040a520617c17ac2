"""Of a store that may hold many runs, the generations that one archived run used, as a Parquet file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.evaluate.base import redraw
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.generation import Graded
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import KeyContext, node_keys
from ttgbench.problems.suite import Suite
from ttgbench.run import agent
from ttgbench.run.results import CellResult
from ttgbench.run.score import logged
from ttgbench.run.session import Session

_CHUNK = 4096

Events = Sequence[dict[str, Any]]


def export_used(
    suite: Suite, cells: Sequence[tuple[CellResult, Events]], store: Path, target: Path, data_dir: Path | None = None
) -> None:
    """Writes the rows of every node that a cell evaluated, searching or testing, and of the replies that its search
    agent gave it. Same rows, same bytes.

    Raises InputError without the store, StoreError if it is damaged.
    """
    from ttgbench.evaluate.store import parquet

    if not store.is_file():
        raise InputError("no such store; name it with --store", source=store)
    wanted: set[tuple[str, int]] = set()
    contexts: dict[str, KeyContext | None] = {}
    with Session(store, None, data_dir=data_dir) as session:
        for cell, events in cells:
            if cell.problem not in contexts:
                spec = suite.spec(cell.problem)
                evaluator = session.context(suite, spec).evaluator
                contexts[cell.problem] = evaluator.key_context if isinstance(evaluator, GenerationEvaluator) else None
            if (context := contexts[cell.problem]) is not None:
                wanted |= _nodes(cell, events, suite.search_universe(cell.seed), context)
    replies = {(suite.search_universe(cell.seed), text) for cell, events in cells for text in _replies(events)}
    with Store(store, read_only=True) as opened:
        used = (row for row in opened.rows() if _is_used(row, wanted, replies))
        parquet.write(target, _chunks(used))


def _nodes(cell: CellResult, events: Events, searched: int, context: KeyContext) -> set[tuple[str, int]]:
    """(node key, universe) of all that a cell evaluated, having searched in this universe."""
    graphs = {event["key"]: event["graph"] for event in logged(events) if "graph" in event}
    evaluated = {
        (event["key"], repeat)
        for outer in events
        if outer["event"] in ("evaluate", "withheld")
        for repeat in [outer.get("repeat", 0)]
        for event in outer.get("graphs", [outer])
        if "key" in event
    }
    places: list[tuple[Any, tuple[int, ...]]] = [
        (graphs[key], (redraw(searched, repeat),)) for key, repeat in sorted(evaluated)
    ]
    places += [(score.graph, score.universes) for score in cell.test]
    return {
        (key, universe)
        for graph, universes in places
        for key in node_keys(Graph.from_dict(graph), context).values()
        for universe in universes
    }


def _replies(events: Events) -> Iterator[str]:
    """What the agent said. The log has no keys of its questions, so rows are known by universe and text: where it said
    the same to another method of the same store, that row comes along."""
    return (event["reply"] for event in events if "reply" in event)


def _is_used(row: Graded, wanted: set[tuple[str, int]], replies: set[tuple[int, str]]) -> bool:
    generation, _ = row
    if generation.role == agent.ROLE:
        return (generation.universe, generation.text) in replies
    return (generation.node_key, generation.universe) in wanted


def _chunks(rows: Iterable[Graded]) -> Iterator[list[Graded]]:
    """Always cut alike, whatever else was in the store."""
    iterator = iter(rows)
    while chunk := list(itertools.islice(iterator, _CHUNK)):
        yield chunk
