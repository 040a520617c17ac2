"""What must hold between the parts of an archive: run.json and cells, cells and suite, logs and cells."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive.record import RunRecord
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.run.results import CellResult


def canonical(data: Any, *, sort_keys: bool = False) -> bytes:
    """One line of JSON as the package writes it. Raises ValueError for what is no JSON number or no text."""
    text = json.dumps(data, sort_keys=sort_keys, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"  # as logs are written


def cells(record: RunRecord, suite: Suite, found: Sequence[CellResult], *, source: object) -> None:
    """All cells that the suite wants, each once, in order, in agreement with run.json. Raises Rejected."""
    places = [(cell.problem, cell.seed) for cell in found]
    if places != sorted(places):
        raise Rejected("not-sorted", "must be sorted by problem, then seed", source=source)
    for before, after in itertools.pairwise(places):
        if before == after:
            raise Rejected("duplicate-cell", f"two results for {_named(*after)}", source=source)
    if record.seeds > suite.seeds:
        raise Rejected("incomplete", f"{record.seeds} seeds; the suite has {suite.seeds}", source=source, field="seeds")
    wanted = sorted((spec.name, seed) for spec in suite.problems for seed in range(record.seeds))
    if places != wanted:
        lacking = sorted(set(wanted) - set(places)) or sorted(set(places) - set(wanted))
        what = "lacks" if set(wanted) - set(places) else "has, besides what the suite wants,"
        raise Rejected("incomplete", f"{what} {_named(*lacking[0])} ({len(lacking)} in all)", source=source)
    if record.kind != record.method.kind:
        message = f"says {record.kind!r}, its method is of kind {record.method.kind!r}"
        raise Rejected("cell-mismatch", message, source=source, field="kind")
    for cell in found:
        _cell(record, cell, source)
    tasks = {cell.task for cell in found}
    if set(record.tasks) != tasks:
        message = f"names {', '.join(sorted(record.tasks))}; the cells are of {', '.join(sorted(tasks))}"
        raise Rejected("cell-mismatch", message, source=source, field="tasks")


def _cell(record: RunRecord, cell: CellResult, source: object) -> None:
    where = _named(cell.problem, cell.seed)
    suite, task = record.suite, record.tasks.get(cell.task)
    expected = {
        "suite": (cell.suite, suite.name),
        "suite_version": (cell.suite_version, suite.version),
        "suite_hash": (cell.suite_hash, suite.hash),
        "method": (cell.method, record.method),
        "task": (cell.task, cell.task if task else "one that run.json names"),
        "task_version": (cell.task_version, task.version if task else None),
        "grader": (cell.grader, task.grader if task else None),
    }
    for field, (got, want) in expected.items():
        if got != want:
            message = f"{where} says {str(got)[:80]!r}, run.json {str(want)[:80]!r}"
            raise Rejected("cell-mismatch", message, source=source, field=field)
    if not 0 <= cell.search.spent <= cell.search.limit:
        message = f"{where} spent {cell.search.spent:,} of {cell.search.limit:,}"
        raise Rejected("cell-mismatch", message, source=source, field="search.spent")
    if sum(cell.search.by_category.values()) != cell.search.spent:
        message = f"{where}: what was spent on what does not add up"
        raise Rejected("cell-mismatch", message, source=source, field="search.by_category")
    for score in cell.test:
        _test_score(cell, score, where, source)


def _test_score(cell: CellResult, score: Any, where: str, source: object) -> None:
    try:
        key = Graph.from_dict(score.graph).key
    except InputError as error:
        message = f"{where}: {error}"[:500]
        raise Rejected("cell-mismatch", message, source=source, field="test.graph") from None
    if key != score.key:
        raise Rejected("cell-mismatch", f"{where}: not the graph with this key", source=source, field="test.key")


def logs(entries: Iterable[Any], found: Sequence[CellResult], *, source: object) -> None:
    """One log per cell, in order, from "start" to "end", that says what the cell says. Raises Rejected."""
    count = 0
    for cell, entry in zip(found, _shaped(entries, source), strict=False):
        where = _named(cell.problem, cell.seed)
        problem = _log_problem(cell, entry)
        if problem is not None:
            raise Rejected("log-mismatch", f"{where}: {problem}", source=source, field=f"line {count + 1}")
        count += 1
    if count < len(found) or next(iter(entries), None) is not None:
        raise Rejected("log-mismatch", f"{len(found)} cells need as many logs", source=source)


def _shaped(entries: Iterable[Any], source: object) -> Iterable[dict[str, Any]]:
    for number, entry in enumerate(entries, 1):
        shaped = (
            isinstance(entry, dict)
            and list(entry) == ["problem", "seed", "events"]
            and isinstance(entry["events"], list)
            and len(entry["events"]) >= 2
            and all(isinstance(event, dict) and isinstance(event.get("event"), str) for event in entry["events"])
        )
        if not shaped:
            message = 'must be {"problem": ..., "seed": ..., "events": [...]} with two events or more'
            raise Rejected("schema", message, source=source, field=f"line {number}")
        yield entry


def _log_problem(cell: CellResult, entry: dict[str, Any]) -> str | None:
    """What contradicts the cell, or None."""
    events = entry["events"]
    first, last = events[0], events[-1]
    facts = [
        (entry["problem"], cell.problem, "problem"),
        (entry["seed"], cell.seed, "seed"),
        (first["event"], "start", "the first event"),
        (first.get("suite"), cell.suite_hash, "the start's suite"),
        (first.get("problem"), cell.problem, "the start's problem"),
        (first.get("method"), cell.method.name, "the start's method"),
        (first.get("seed"), cell.seed, "the start's seed"),
        (first.get("limit"), cell.search.limit, "the start's limit"),
        (last["event"], "end", "the last event"),
        (last.get("status"), cell.status, "the end's status"),
        (last.get("error"), cell.error, "the end's error"),
        (last.get("spent"), cell.search.spent, "the end's spend"),
    ]
    for got, want, name in facts:
        if type(got) is not type(want) or got != want:
            return f"{name} is {str(got)[:80]!r}, by the cell it is {str(want)[:80]!r}"
    spends = [event.get("spent", 0) for event in events if "spent" in event]
    if not all(type(spent) is int for spent in spends) or spends != sorted(spends):
        return "what was spent goes back or is no whole number"
    return None


def _named(problem: str, seed: int) -> str:
    return f"{problem[:80]} seed {seed}"
