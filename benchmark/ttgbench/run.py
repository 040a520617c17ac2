"""One run: a method on a problem with a seed, logged, ended by the harness's own test evaluation."""

from __future__ import annotations

import hashlib
import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ttgbench.cost import nominal_cost, unit_flops
from ttgbench.errors import BudgetExhausted, EngineError, MissingGeneration, StoreError
from ttgbench.evaluate.base import TEST_UNIVERSE, Evaluation, Evaluator
from ttgbench.graph import Graph
from ttgbench.ledger import Ledger
from ttgbench.method import LoadedMethod
from ttgbench.problem import Agent, Problem, QuestionView, TaskView, full_evaluation
from ttgbench.results import (
    LOG_NAME,
    RESULT_NAME,
    CellResult,
    Incumbent,
    NominalCost,
    SearchSpend,
    Status,
    TestScore,
    write_atomic,
)
from ttgbench.space import SearchSpace
from ttgbench.suite import ProblemSpec, Suite
from ttgbench.task import Question, TaskCard

INFRASTRUCTURE = (EngineError, MissingGeneration, StoreError, KeyboardInterrupt)
"""Not the method's fault: the run is not recorded, and goes on when it is started again."""


@dataclass(frozen=True)
class Arena:
    """A problem with everything that answers it: made once, used by every method and seed."""

    suite: Suite
    spec: ProblemSpec
    card: TaskCard
    space: SearchSpace
    search_questions: Sequence[Question]
    test_questions: Sequence[Question]
    evaluator: Evaluator
    agent: Agent | None = None

    @property
    def search_limit(self) -> int:
        """What a run may spend, in the ledger's metric."""
        return int(self.suite.search_evaluations * full_evaluation(self.space, len(self.search_questions)))


class RunLog:
    """JSON lines, one per event, no clocks: same run, same bytes. Also remembers the incumbents."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.recommended: list[tuple[int, str]] = []
        self.graphs: dict[str, dict[str, Any]] = {}

    def __call__(self, event: Mapping[str, Any]) -> None:
        if "graph" in event:
            self.graphs[event["key"]] = event["graph"]
        if event["event"] == "recommend":
            self.recommended.append((event["spent"], event["key"]))
        self._stream.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._stream.flush()

    def incumbent(self, spend: float) -> str | None:
        """Key of the graph recommended last at or before this spend."""
        return next((key for spent, key in reversed(self.recommended) if spent <= spend), None)


def cell_folder(out: Path, problem: str, method: str, seed: int) -> Path:
    """Where a run's log and result lie."""
    return out / problem / method / f"seed-{seed:03d}"


def run_cell(arena: Arena, method: LoadedMethod, seed: int, folder: Path) -> CellResult:
    """Runs one cell and writes its log, then its result, into `folder`.

    What the method does wrong is recorded as a status. Raises EngineError, MissingGeneration or StoreError for
    what is not its fault; started again, the run then goes on from the store.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{LOG_NAME}.part"
    with part.open("w", encoding="utf-8") as stream:
        log = RunLog(stream)
        ledger = Ledger(arena.search_limit)
        status, error = _search(arena, method, seed, ledger, log)
        log({"event": "end", "status": status, "error": error, "spent": ledger.spent})
    result = _result(arena, method, seed, ledger, log, status, error)
    part.replace(folder / LOG_NAME)
    write_atomic(folder / RESULT_NAME, result.to_json())
    return result


def make_problem(arena: Arena, seed: int, ledger: Ledger, log: RunLog) -> Problem:
    """The problem as a method meets it, drawing from the search universe of this seed."""
    longest = max(len(question.text.encode()) for question in arena.search_questions)
    card = arena.card
    return Problem(
        name=arena.spec.name,
        task=TaskView(card.name, card.domain, card.description, card.max_tokens, longest),
        space=arena.space,
        objective=arena.spec.objective,
        questions=[QuestionView(question.id, question.text) for question in arena.search_questions],
        universe=arena.suite.search_universe(seed),
        evaluator=arena.evaluator,
        ledger=ledger,
        log=log,
        agent=arena.agent,
    )


def method_rng(problem: str, seed: int) -> np.random.Generator:
    """The generator a method gets: depends on problem and seed alone."""
    digest = hashlib.sha256(problem.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def _search(arena: Arena, method: LoadedMethod, seed: int, ledger: Ledger, log: RunLog) -> tuple[Status, str | None]:
    log(
        {
            "event": "start",
            "suite": arena.suite.hash,
            "problem": arena.spec.name,
            "method": method.name,
            "version": method.metadata.version,
            "seed": seed,
            "limit": ledger.limit,
        }
    )
    problem = make_problem(arena, seed, ledger, log)
    try:
        graph = method.search(problem, method_rng(arena.spec.name, seed))
    except BudgetExhausted as error:
        return ("exhausted", str(error)) if problem.incumbent is not None else ("no_graph", str(error))
    except INFRASTRUCTURE:
        raise
    except BaseException as error:  # whatever a method raises is its result, SystemExit included
        traceback.print_exc(file=sys.stderr)
        return "crashed", f"{type(error).__name__}: {str(error)[:500]}"
    if not isinstance(graph, Graph):
        return "no_graph", f"search returned {type(graph).__name__}, not a Graph"
    reason = arena.space.contains(graph)
    if reason is not None:
        return "over_budget" if "budget" in reason else "no_graph", f"returned graph: {reason}"[:500]
    problem.recommend(graph)
    return "finished", None


def _result(
    arena: Arena,
    method: LoadedMethod,
    seed: int,
    ledger: Ledger,
    log: RunLog,
    status: Status,
    error: str | None,
) -> CellResult:
    per_evaluation = full_evaluation(arena.space, len(arena.search_questions))
    points = [(at, log.incumbent(at * per_evaluation)) for at in arena.suite.checkpoints]
    points.append((ledger.spent / per_evaluation, log.incumbent(ledger.spent)))
    keys = list(dict.fromkeys(key for _, key in points if key is not None))
    return CellResult(
        suite=arena.suite.name,
        suite_version=arena.suite.version,
        suite_hash=arena.suite.hash,
        problem=arena.spec.name,
        task=arena.card.name,
        task_version=arena.card.version,
        grader=arena.card.grader,
        method=method.metadata,
        seed=seed,
        status=status,
        error=error,
        search=SearchSpend(
            metric=arena.space.budget.ledger_metric,
            limit=arena.search_limit,
            spent=ledger.spent,
            full_evaluation=per_evaluation,
            by_category=dict(sorted(ledger.by_category.items())),
        ),
        incumbents=tuple(Incumbent(at=at, key=key) for at, key in points),
        question_ids=tuple(question.id for question in arena.test_questions),
        test=tuple(test_scores(arena, [Graph.from_dict(log.graphs[key]) for key in keys])),
    )


def test_scores(arena: Arena, graphs: Sequence[Graph]) -> list[TestScore]:
    """The harness's final evaluation: all test questions in every test universe."""
    universes = tuple(TEST_UNIVERSE + number for number in range(arena.suite.test_universes))
    indices = range(len(arena.test_questions))
    rows = [arena.evaluator.evaluate(graphs, indices, universe, "test") for universe in universes]
    return [_score(arena, graph, universes, [row[position] for row in rows]) for position, graph in enumerate(graphs)]


def _score(arena: Arena, graph: Graph, universes: tuple[int, ...], evaluations: list[Evaluation]) -> TestScore:
    statuses: dict[str, int] = {}
    for evaluation in evaluations:
        for status in evaluation.statuses:
            statuses[status] = statuses.get(status, 0) + 1

    def mean(values: list[Any]) -> float:
        return float(np.mean(np.stack(values)))

    return TestScore(
        key=graph.key,
        graph=graph.canonical().to_dict(),
        nominal=nominal(arena.space, graph),
        universes=universes,
        scores=tuple(tuple(float(score) for score in evaluation.scores) for evaluation in evaluations),
        statuses=dict(sorted(statuses.items())),
        flops=mean([e.flops for e in evaluations]),
        dollars=mean([e.picodollars for e in evaluations]) / 1e12,
        seconds=mean([e.latency_ns for e in evaluations]) / 1e9,
        tokens_in=mean([e.tokens_in for e in evaluations]),
        tokens_out=mean([e.tokens_out for e in evaluations]),
    )


def nominal(space: SearchSpace, graph: Graph) -> NominalCost:
    """Nominal cost of a graph in all metrics."""
    total = nominal_cost(graph, space.pool, space.lengths).total
    return NominalCost(
        flops=total.flops,
        units=total.flops / unit_flops(space.pool, space.lengths),
        dollars=total.picodollars / 1e12,
        seconds=total.nanoseconds / 1e9,
    )
