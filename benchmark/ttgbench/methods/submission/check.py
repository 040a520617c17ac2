"""Everything that a submission must hold before it is run for others. Its code runs in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.methods.conformance import Finding
from ttgbench.methods.submission.elsewhere import findings_elsewhere
from ttgbench.methods.submission.execute import finding, path_of
from ttgbench.methods.submission.pack import pack
from ttgbench.problems.method import FoundMethod, Metadata, find_method
from ttgbench.problems.published import DEFAULT, GraphMethod, published
from ttgbench.problems.suite import ProblemSpec, Suite

_PROBLEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check(folder: Path, suite: Suite | None = None) -> Iterator[Finding]:
    """All checks, one after another; those that need what has failed are left out.

    suite: published graphs are also held against its problems. Raises InputError if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError("no such submission folder", source=folder)
    yield (read := finding("submission.yaml and method", lambda: find_method(path_of(folder))))
    yield finding("size, names and links", lambda: pack(folder))
    if read.fault is not None:
        return
    found = find_method(path_of(folder))
    yield finding("licence", lambda: check_licence(found.metadata))
    if found.metadata.kind == "graph":
        yield from _graph_findings(found, suite)
        return
    yield from findings_elsewhere(folder)


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
            yield finding(f"graphs/{path.name}", lambda problem=problem: GraphMethod(found.path).graph(problem))  # type: ignore[misc]
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
            yield finding(f"{spec.name}: in its space", lambda spec=spec: check_in_space(spec))  # type: ignore[misc]
