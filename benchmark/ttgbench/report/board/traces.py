"""What every node of the best graphs said on a few test questions, of suites that a shipped recording answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from ttgbench.errors import TTGBenchError
from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.trace import trace_outputs
from ttgbench.graphs.graph import Graph
from ttgbench.problems.recorded import RecordedSpec
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive.read import shipped_suites
from ttgbench.report.board.graphs import best_of
from ttgbench.run.recorded import as_recorded, recorded_store
from ttgbench.run.session import Session
from ttgbench.tasks.task import CORRECT
from ttgbench.util.text import visible

PROBLEMS, QUESTIONS = 24, 3
"""So many problems, the first of the suite, and questions of each."""
MAX_ASKED, MAX_SAID, MAX_ANSWER = 1500, 800, 120
"""Characters of a question, of what a node said and of an answer: the middle of what is longer is left out."""

Trace = dict[str, Any]
"""A record of `trace_outputs`."""


def trace_rows(suite: Suite, graphs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the best graph of each problem, and of the best of several nodes if that is another; graphs: rows of
    `graph_rows`.

    None of a suite that is not shipped with its recording, as nobody has said that its questions may be shown; none of
    what the recording lacks; none where it is not at hand.
    """
    if not isinstance(suite.recorded, RecordedSpec) or shipped_suites().get(suite.label) != suite:
        return []
    rows = list(graphs)
    several = best_of(row for row in rows if row["nodes"] > 1)
    pairs = [(graph, several.get(problem, graph)) for problem, graph in list(best_of(rows).items())[:PROBLEMS]]
    best = [graph for one, other in pairs for graph in ((one,) if one is other else (one, other))]
    try:
        with Session(recorded_store(suite.recorded), None) as session:
            return [row for graph in best for row in _rows_of(session, suite, graph)]
    except (TTGBenchError, OSError) as error:
        logging.getLogger(__name__).info("no traces of %s: %s", suite.label, error)
        return []


def _rows_of(session: Session, suite: Suite, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Of one graph. Raises TTGBenchError."""
    spec = suite.spec(row["problem"])
    if getattr(session.task(spec.task), "season", None) is not None:
        return []  # its test questions are held out
    context = session.context(suite, spec)
    task, asked = as_recorded(session.task(spec.task), session.store), context.test_questions
    graph = Graph.from_dict(json.loads(row["graph"]))
    evaluation = context.evaluator.evaluate([graph], range(len(asked)), TEST_UNIVERSE, "test")[0]
    traces = trace_outputs(evaluation, session.store, task, asked)
    place = {"suite": suite.label, "problem": row["problem"], "key": row["key"]}
    return [{**place, **_shown(trace)} for trace in telling(traces)]


def telling(traces: Sequence[Trace]) -> list[Trace]:
    """A few questions that show what a graph is for: the first that it gets right although one of its nodes does not,
    the first that it gets wrong although one of them gets it right, then the first of the others."""
    right = [trace for trace in traces if trace["status"] == CORRECT]
    wrong = [trace for trace in traces if trace["status"] != CORRECT]
    rescued = [trace for trace in right if any(status != CORRECT for status in _before_the_last(trace))]
    lost = [trace for trace in wrong if any(status == CORRECT for status in _before_the_last(trace))]
    first = [*rescued[:1], *lost[:1]]
    return [*first, *(trace for trace in traces if trace not in first)][:QUESTIONS]


def _before_the_last(trace: Trace) -> list[str]:
    return [node["status"] for node in trace["nodes"][:-1] if node["status"] is not None]


def _shown(trace: Trace) -> dict[str, Any]:
    """A trace with its texts cut, as the board keeps it."""
    nodes = [
        {**node, "text": _cut(node["text"], MAX_SAID), "answer": _cut(node["answer"], MAX_ANSWER)}
        for node in trace["nodes"]
    ]
    return {
        "question": trace["question"],
        "asked": _cut(trace["asked"].strip(), MAX_ASKED),
        "answer": _cut(trace["answer"], MAX_ANSWER),
        "status": trace["status"],
        "nodes": nodes,
    }


def _cut(text: str | None, most: int) -> str | None:
    """Its beginning and its end, where most answers stand."""
    if text is None:
        return None
    text = visible(text)
    if len(text) <= most:
        return text
    head = 2 * most // 3
    return f"{text[:head]} [… {len(text) - most:,} characters …] {text[head - most :]}"
