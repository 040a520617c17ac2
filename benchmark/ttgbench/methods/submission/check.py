"""Everything that a submission must hold before it is run for others. Its code runs in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ttgbench.errors import BudgetExhausted, InputError, SandboxUnavailable, TTGBenchError
from ttgbench.graphs.graph import Graph
from ttgbench.methods.conformance import Finding
from ttgbench.methods.conformance.checks import check_each
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.methods.submission.elsewhere import findings_elsewhere
from ttgbench.methods.submission.pack import pack
from ttgbench.problems.method import FoundMethod, Metadata, SearchMethod, find_method, load_method
from ttgbench.problems.published import DEFAULT, GraphMethod, published
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.run.isolation import IsolationLimits, load_isolated

DRY_RUNS = {"a small problem": Toy(evaluations=3.0), "a tiny budget": Toy(evaluations=0.3)}
"""What is run in isolation, twice the same way as here."""
DRY_RUN_LIMITS = IsolationLimits(seconds=120.0)
_PROBLEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check(folder: Path, suite: Suite | None = None) -> Iterator[Finding]:
    """All checks, one after another; those that need what has failed are left out.

    suite: published graphs are also held against its problems. Raises InputError if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError("no such submission folder", source=folder)
    yield (read := _finding("submission.yaml and method", lambda: find_method(_path(folder))))
    yield _finding("size, names and links", lambda: pack(folder))
    if read.fault is not None:
        return
    found = find_method(_path(folder))
    yield _finding("licence", lambda: check_licence(found.metadata))
    if found.metadata.kind == "graph":
        yield from _graph_findings(found, suite)
        return
    yield from findings_elsewhere(folder)


def code_findings(folder: Path) -> Iterator[Finding]:
    """The checks that execute the submission's code, here."""
    loaded = _finding("can be imported", lambda: load_method(_path(folder)))
    yield loaded
    if loaded.fault is None:
        yield from check_each(load_method(_path(folder)))
        for name, toy in DRY_RUNS.items():
            yield _finding(f"isolated, {name}: the same run", lambda toy=toy: _dry_run(folder, toy))  # type: ignore[misc]


def _path(folder: Path) -> str:
    """As a path, even where it looks like a bundled name."""
    return str(folder.resolve())


def _finding(name: str, action: Callable[[], object]) -> Finding:
    try:
        action()
    except SandboxUnavailable:
        raise
    except TTGBenchError as error:
        return Finding(name, str(error))
    return Finding(name, None)


def check_licence(metadata: Metadata) -> None:
    """Others may only run what they have a licence for. Raises InputError."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonicalize_license_expression(metadata.licence)
    except InvalidLicenseExpression:
        message = f"must be an SPDX expression such as MIT or Apache-2.0, not {metadata.licence!r}"
        raise InputError(message, field="licence") from None


def _graph_findings(found: FoundMethod, suite: Suite | None) -> Iterator[Finding]:
    for problem, path in published(found.path).items():
        if problem != DEFAULT and not _PROBLEM.fullmatch(problem):
            yield Finding(f"graphs/{path.name}", "is not named after a problem")
        else:
            yield _finding(f"graphs/{path.name}", lambda problem=problem: GraphMethod(found.path).graph(problem))  # type: ignore[misc]
    if suite is not None:
        yield from _space_findings(found, suite)


def _space_findings(found: FoundMethod, suite: Suite) -> Iterator[Finding]:
    """Whether each problem's graph is within the problem's space and budget."""
    from ttgbench.run.session import Session

    def check_in_space(spec: ProblemSpec) -> None:
        reason = session.context(suite, spec).space.contains(GraphMethod(found.path).graph(spec.name))
        if reason is not None:
            raise InputError(reason, field=spec.name)

    with Session(None, None) as session:
        for spec in suite.problems:
            yield _finding(f"{spec.name}: in its space", lambda spec=spec: check_in_space(spec))  # type: ignore[misc]


def _dry_run(folder: Path, toy: Toy) -> None:
    """The same run here and in isolation, without files and network. Raises InputError if it is not."""
    method = load_isolated(_path(folder), DRY_RUN_LIMITS, quiet=True)
    if method.metadata.needs_agent:
        from ttgbench.methods.conformance.agents import ToyAgent

        here, there = Sitting(toy, agent=ToyAgent()), Sitting(toy, agent=ToyAgent())
    else:
        here, there = Sitting(toy), Sitting(toy)
    inside = _ends(load_method(_path(folder)).search, here)
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
