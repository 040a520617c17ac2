"""Which questions of a bank a seed searches on, and which it is tested on: a list that never changes.

Groups of questions stand in the order of a hash of suite, task, seed and group, so that no library's random numbers,
and no other task, seed or group, have a part in it. The first ones are searched, the others tested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from ttgbench.errors import InputError
from ttgbench.tasks.task import Question, groups_of


def split_questions(
    questions: Sequence[Question], salt: str, search: int, test: int
) -> tuple[list[Question], list[Question]]:
    """Search and test questions, no group among both, each in the order of `questions`.

    salt: what this split is of, such as "pilot-v1 gsm_symbolic 7". search: how many are searched; what is left of the
    last group is not asked at all. test: how many are tested; 0: all others. Raises InputError if there are too few.
    """
    labels = groups_of(questions) or tuple(question.id for question in questions)
    order = sorted(set(labels), key=lambda label: hashlib.sha256(f"{salt} {label}".encode()).digest())
    place = {label: number for number, label in enumerate(order)}
    ranked = sorted(zip((place[label] for label in labels), questions, strict=True), key=lambda pair: pair[0])
    searched, rest = ranked[:search], ranked[search:]
    last = searched[-1][0] if searched else -1
    tested = [question for number, question in rest if number > last]
    if not searched or len(searched) < search or not tested or len(tested) < test:
        found = f"{len(questions)} questions in {len(order)} groups"
        message = f"{found} do not give {search} to search on and {test or 'any'} to test on, no group among both"
        raise InputError(message, source=salt, field="search_questions")
    return _in_order(question for _, question in searched), _in_order(tested[: test or len(tested)])


def _in_order(questions: Iterable[Question]) -> list[Question]:
    return sorted(questions, key=lambda question: question.index)
