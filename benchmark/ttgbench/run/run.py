"""One run: a method on a problem with a seed, logged, ended by the harness's own test evaluation."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np

from ttgbench.errors import (
    BudgetExhausted,
    EngineError,
    InputError,
    MethodStopped,
    MissingGeneration,
    SandboxUnavailable,
    StoreError,
)
from ttgbench.evaluate.base import MAX_REDRAWS, Evaluator
from ttgbench.graphs.graph import Graph
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.method import LoadedMethod, Metadata
from ttgbench.problems.problem import Log, Problem, end_search
from ttgbench.problems.views import Agent, QuestionView, TaskView
from ttgbench.run.context import ProblemContext
from ttgbench.run.results import LOG_NAME, RESULT_NAME, CellResult, Status
from ttgbench.run.score import score_log
from ttgbench.util.files import write_atomic
from ttgbench.util.lines import lines_of

LOG_PART = f".{LOG_NAME}.part"
ERROR_NAME = "error.txt"
SPENDING = {"evaluate": "evaluation", "ask": "agent", "withheld": ""}
"""Events after which more is spent, and on what, where the event does not say it itself."""
MAX_ERROR = 100_000
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
INFRASTRUCTURE = (EngineError, MissingGeneration, StoreError)
"""Not the method's fault: the run is not recorded, and goes on when it is started again."""


class Watched:
    """An evaluator or agent that remembers its failures: they end the run, whatever the method makes of them."""

    def __init__(self, inner: Any, failures: list[BaseException]) -> None:
        self._inner, self._failures = inner, failures

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        return self._watch(value) if callable(value) else value

    def _watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            except INFRASTRUCTURE as error:
                self._failures.append(error)
                raise

        return call


class RunLog:
    """JSON lines, one per event, no clocks: same run, same bytes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._process = stream, os.getpid()

    def __call__(self, event: Mapping[str, Any]) -> None:
        if os.getpid() != self._process:
            raise InputError("belongs to the process that runs the search; a fork of it cannot use it", field="problem")
        self._stream.write(_ENCODER.encode(event) + "\n")
        self._stream.flush()


def cell_folder(out: Path, problem: str, method: str, seed: int) -> Path:
    """Where a run's log and result lie."""
    return out / problem / method / f"seed-{seed:03d}"


def run_cell(context: ProblemContext, method: LoadedMethod, seed: int, folder: Path) -> CellResult:
    """Runs one cell and writes its log, then its result, into `folder`.

    What the method does wrong is recorded as a status; what it raised stands in `error.txt`. Raises EngineError,
    MissingGeneration or StoreError for what is not its fault; started again, the run then goes on from the store.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / LOG_PART
    with part.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        log = RunLog(stream)
        ledger = Ledger(context.search_limit)
        log(_start(context, method.metadata, seed))
        status, error = _search(context, method, seed, ledger, log, folder)
        log(_end(status, error, ledger.spent, ledger.by_category))
    return _score(context, method.metadata, seed, folder)


def record_killed(
    context: ProblemContext, method: Metadata, seed: int, folder: Path, status: Literal["timeout", "died"], error: str
) -> CellResult:
    """Ends the log that a killed process left in `folder`, and writes the result of what had been found by then."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / LOG_PART
    events = _whole_events(part)
    if not events:
        events = [_start(context, method, seed)]
    spends: dict[str, int] = {}
    before = 0
    for event in events:
        if event["event"] in SPENDING:
            category = event.get("category") or SPENDING[event["event"]]
            spends[category] = spends.get(category, 0) + event["spent"] - before
            before = event["spent"]
    with part.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        log = RunLog(stream)
        for event in [*events, _end(status, error, before, spends)]:
            log(event)
    return _score(context, method, seed, folder)


def _whole_events(path: Path) -> list[dict[str, Any]]:
    """The events of a log that may end in the middle of a line, or may not be there."""
    if not path.exists():
        return []
    *lines, _ = path.read_text("utf-8", errors="replace").split("\n")
    return [json.loads(line) for line in lines]


def _start(context: ProblemContext, method: Metadata, seed: int) -> dict[str, Any]:
    return {
        "event": "start",
        "suite": context.suite.hash,
        "problem": context.spec.name,
        "method": method.name,
        "version": method.version,
        "seed": seed,
        "limit": context.search_limit,
    }


def _end(status: Status, error: str | None, spent: int, by_category: Mapping[str, int]) -> dict[str, Any]:
    return {
        "event": "end",
        "status": status,
        "error": error,
        "spent": spent,
        "by_category": dict(sorted(by_category.items())),
    }


def make_problem(
    context: ProblemContext,
    seed: int,
    ledger: Ledger,
    log: Log,
    *,
    evaluator: Evaluator | None = None,
    agent: Agent | None = None,
) -> Problem:
    """The problem as a method meets it, drawing from the search universe of this seed.

    evaluator, agent: used instead of the context's.
    """
    card = context.card
    return Problem(
        name=context.spec.name,
        task=TaskView(card.name, card.domain, card.description, card.max_tokens),
        space=context.space,
        objective=context.spec.objective,
        questions=[QuestionView(question.id, question.text) for question in context.search_questions],
        universe=context.suite.search_universe(seed),
        evaluator=evaluator or context.evaluator,
        ledger=ledger,
        log=log,
        agent=agent or context.agent,
        redraws=0 if context.suite.search_universes else MAX_REDRAWS,
        project=context.project,
    )


def method_rng(problem: str, seed: int) -> np.random.Generator:
    """The generator a method gets: depends on problem and seed alone."""
    digest = hashlib.sha256(problem.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def _search(
    context: ProblemContext, method: LoadedMethod, seed: int, ledger: Ledger, log: RunLog, folder: Path
) -> tuple[Status, str | None]:
    failures: list[BaseException] = []
    evaluator = cast("Evaluator", Watched(context.evaluator, failures))
    agent = None if context.agent is None else cast("Agent", Watched(context.agent, failures))
    problem = make_problem(context, seed, ledger, log, evaluator=evaluator, agent=agent)
    try:
        return _outcome(context, method, problem, method_rng(context.spec.name, seed), folder)
    finally:
        end_search(problem)
        if failures:
            raise failures[0]


def _outcome(
    context: ProblemContext, method: LoadedMethod, problem: Problem, rng: np.random.Generator, folder: Path
) -> tuple[Status, str | None]:
    """How the search ended, and what it raised; what it returned is its last recommendation."""
    try:
        graph = _unforked(method, problem, rng)
    except BudgetExhausted as error:
        return ("exhausted" if problem.incumbent is not None else "no_graph"), _one_line(error)
    except MethodStopped as error:
        return error.status, _one_line(error)
    except SandboxUnavailable:
        raise
    except BaseException as error:  # whatever a method raises is its result, SystemExit included
        if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            raise
        (folder / ERROR_NAME).write_text(traceback.format_exc()[-MAX_ERROR:], "utf-8", errors="backslashreplace")
        return "crashed", _one_line(error)
    if not isinstance(graph, Graph):
        return "no_graph", f"search returned {type(graph).__name__}, not a Graph"
    reason = context.space.contains(graph)
    if reason is not None:
        return "over_budget" if "budget" in reason else "no_graph", f"returned graph: {reason}"[:500]
    problem.recommend(graph)
    return "finished", None


def _unforked(method: LoadedMethod, problem: Problem, rng: np.random.Generator) -> Graph:
    """The search, in this process only: a fork that the method made ends here and does not go on as the harness."""
    process = os.getpid()
    try:
        return method.search(problem, rng)
    finally:
        if os.getpid() != process:
            os._exit(1)


def _one_line(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = f"{name}: {str(error)[:500]}" if not isinstance(error, BudgetExhausted) else str(error)[:500]
    except Exception:  # its __str__ is the method's code
        text = name
    return text.encode("utf-8", "backslashreplace").decode()


def _score(context: ProblemContext, method: Metadata, seed: int, folder: Path) -> CellResult:
    """Scores what a whole log holds, and puts log and result in their places, the result last."""
    part = folder / LOG_PART
    result = score_log(context, method, seed, lines_of(part.read_text("utf-8")))
    part.replace(folder / LOG_NAME)
    write_atomic(folder / RESULT_NAME, result.to_json())
    return result
