"""The checks of a submission that execute its code: the conformance suite, and runs in isolation beside runs here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ttgbench.errors import BudgetExhausted, InputError, SandboxUnavailable, TTGBenchError
from ttgbench.graphs.graph import Graph
from ttgbench.methods.conformance import Finding
from ttgbench.methods.conformance.checks import check_each
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.problems.method import SearchMethod, load_method
from ttgbench.run.isolation import IsolationLimits, load_isolated

DRY_RUNS = {"a small problem": Toy(evaluations=3.0), "a tiny budget": Toy(evaluations=0.3)}
"""What is run in isolation, twice the same way as here."""
DRY_RUN_LIMITS = IsolationLimits(seconds=120.0)


def code_findings(folder: Path) -> Iterator[Finding]:
    """The checks that execute the submission's code, here."""
    loaded = finding("can be imported", lambda: load_method(path_of(folder)))
    yield loaded
    if loaded.fault is None:
        yield from check_each(load_method(path_of(folder)))
        for name, toy in DRY_RUNS.items():
            yield finding(f"isolated, {name}: the same run", lambda toy=toy: _dry_run(folder, toy))  # type: ignore[misc]


def path_of(folder: Path) -> str:
    """As a path, even where it looks like a bundled name."""
    return str(folder.resolve())


def finding(name: str, action: Callable[[], object]) -> Finding:
    """Whether an action goes through; what it raises is the fault. Raises SandboxUnavailable."""
    try:
        action()
    except SandboxUnavailable:
        raise
    except TTGBenchError as error:
        return Finding(name, str(error))
    return Finding(name, None)


def _dry_run(folder: Path, toy: Toy) -> None:
    """The same run here and in isolation, without files and network. Raises InputError if it is not."""
    method = load_isolated(path_of(folder), DRY_RUN_LIMITS, quiet=True)
    if method.metadata.needs_agent:
        from ttgbench.methods.conformance.agents import ToyAgent

        here, there = Sitting(toy, agent=ToyAgent()), Sitting(toy, agent=ToyAgent())
    else:
        here, there = Sitting(toy), Sitting(toy)
    inside = _ends(load_method(path_of(folder)).search, here)
    isolated = _ends(method.search, there)
    if isolated != inside:
        raise InputError(f"in isolation it ends with {isolated}, here with {inside}")
    if method.metadata.deterministic and there.events != here.events:
        raise InputError("in isolation it takes another course; something outside of problem and rng decides")


def _ends(search: SearchMethod, sitting: Sitting) -> str:
    try:
        graph = search(sitting.problem, np.random.default_rng(0))
    except BudgetExhausted:
        return "an exhausted budget"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    return f"graph {graph.key[:12]}" if isinstance(graph, Graph) else f"a {type(graph).__name__}"
