"""Is a suite fit for use? Its pools, tasks and spaces loaded, problem by problem, before anything is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ttgbench.errors import InputError, TTGBenchError
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.run.bank import SuiteBank
from ttgbench.run.session import Session, first_questions
from ttgbench.tasks.task import groups_of
from ttgbench.util.text import counted


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
                if (bank := session.bank(suite)) is not None:
                    facts = _bank_facts(bank, suite, spec)
                else:
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
    models = counted(len(space.pool), "model")
    return f"{card.name} version {card.version}, {card.grader}, {', '.join(sizes)} questions; {models}"


def _bank_facts(bank: SuiteBank, suite: Suite, spec: ProblemSpec) -> str:
    """Of a problem on a bank: every seed's split is made, and the anchors compared with the table of all graphs."""
    splits = [bank.split(suite, spec, seed) for seed in range(suite.seeds)]
    asked, card = bank.asked(spec), bank.task(spec).card
    bank.check_anchor(suite, spec)
    table = bank.table(suite, spec)
    groups = len(set(groups_of(asked))) or len(asked)
    tested = sorted({len(test) for _, test in splits})
    draws = f"{spec.search_questions} search and {'/'.join(map(str, tested))} test questions"
    single, best = table.single, float(table.values.max())
    values = f"best single model {single:.3f}, random graph {table.random:.3f}, best {best:.3f}"
    recorded = f"{card.name} version {card.version}, {card.grader}; "
    recorded += f"{counted(len(asked), 'recorded question')} in {counted(groups, 'group')}"
    return f"{recorded}, of which each seed draws {draws}; {counted(len(table.graphs), 'graph')}: {values}"
