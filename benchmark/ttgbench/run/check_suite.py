"""Is a suite fit for use? Its pools, tasks and spaces loaded, problem by problem, before anything is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ttgbench.errors import InputError, TTGBenchError
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.run.session import Session, first_questions


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: what it consists of, or what is wrong."""

    problem: str
    fault: str | None
    facts: str


def check_suite(suite: Suite, data_dir: Path | None = None) -> Iterator[Finding]:
    """One finding per problem, in order. Loads the questions, from the Hub where they are there."""
    with Session(None, None, data_dir=data_dir) as session:
        for spec in suite.problems:
            try:
                drawn = spec if suite.family is None else suite.spec_for(spec.name, 0)
                facts = "drawn anew for every seed" if suite.family is not None else _facts(session, drawn)
                yield Finding(spec.name, None, facts)
            except TTGBenchError as error:
                yield Finding(spec.name, str(error), "")


def _facts(session: Session, spec: ProblemSpec) -> str:
    task = session.task(spec.task)
    space = spec.load_space(task.card.lengths)
    sizes = []
    for split, count in (("search", spec.search_questions), ("test", spec.test_questions)):
        sizes.append(f"{len(first_questions(task, split, count))} {split}")
    if "vote" in space.roles and not task.card.votable:
        raise InputError(f"the answers of {task.card.name} cannot be voted on", field="space.roles")
    card = task.card
    return f"{card.name} version {card.version}, {card.grader}, {', '.join(sizes)} questions; {len(space.pool)} models"
