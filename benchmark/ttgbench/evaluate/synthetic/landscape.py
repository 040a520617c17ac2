"""What the synthetic model knows of a split's questions: tables over models and questions, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import UnknownName
from ttgbench.evaluate.synthetic.coefficients import (
    CERTAINTY,
    LENGTH_OF_DIFFICULTY,
    LENGTH_SPREAD,
    MOST,
    READINGS,
    WRONG,
    Coefficients,
    Domain,
)
from ttgbench.evaluate.synthetic.draws import Bits, Floats, addresses, normals, uniforms
from ttgbench.evaluate.synthetic.task import answer_text
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.tasks.task import Question, Task

RIGHT, NOTHING = 0, WRONG + 1
"""Codes of the right answer and of none; between them those of the wrong ones."""
BUCKETS = 16
"""Wrong answers are drawn with probabilities in sixteenths."""
ROLES = tuple(READINGS)
"""Roles that run a model, by number."""


@dataclass(frozen=True, slots=True)
class Landscape:
    """Tables for m models and n questions. The last axis of every array but `wrong` is the question."""

    ids: tuple[str, ...]
    address: Bits
    """(n,)"""
    tokens: NDArray[np.int64]
    """(n,) tokens of the question."""
    chance: Floats
    """(m, n) probability that the model solves the question alone."""
    skill: Floats
    """(roles, m, n) recognition of a right answer among those read, in logits."""
    length: Floats
    """(m, n) expected tokens of an answer."""
    wrong: NDArray[np.int8]
    """(m, n, BUCKETS) codes that the model's wrong answers are drawn from."""
    answers: NDArray[np.object_]
    """(n, codes) what an answer reads like; None for NOTHING."""

    def take(self, chosen: NDArray[np.intp]) -> Landscape:
        """The same for these questions only."""
        parts = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "ids"}
        taken = {name: part.take(chosen, axis=0) for name, part in parts.items() if name in _FIRST}
        taken |= {name: part.take(chosen, axis=-1) for name, part in parts.items() if name not in (*_FIRST, "wrong")}
        wrong = self.wrong.take(chosen, axis=1)
        return replace(self, ids=tuple([self.ids[i] for i in chosen.tolist()]), wrong=wrong, **taken)


_FIRST = ("address", "tokens", "answers")


def landscape(task: Task, pool: Pool, split: str, numbers: Coefficients) -> Landscape:
    """The tables of a split. Raises UnknownName for a model or domain that the coefficients do not know."""
    for card in pool:
        if card.name not in numbers.abilities:
            raise UnknownName("synthetic model", card.name, numbers.abilities, field="pool")
    if task.card.domain not in numbers.domains:
        raise UnknownName("domain", task.card.domain, numbers.domains, field="task")
    domain, questions = numbers.domains[task.card.domain], task.questions(split)
    abilities = [numbers.abilities[card.name] for card in pool]
    ids = tuple(question.id for question in questions)
    names = [numbers.secret + name for name in ids]
    difficulty = _difficulty(domain, questions, names)
    logits = np.stack(
        [
            _logits(card, domain, ability.alone[task.card.domain], difficulty, names)
            for card, ability in zip(pool, abilities, strict=True)
        ]
    )
    size = np.exp(LENGTH_SPREAD * normals(names, "length") - LENGTH_SPREAD**2 / 2)
    effort = size * np.clip(1 + LENGTH_OF_DIFFICULTY * difficulty, 0.5, 2.0)
    recognition = np.array([domain.recognition + numbers.readings[role].recognition for role in ROLES])
    judgement = np.array([[ability.judgement] for ability in abilities])
    return Landscape(
        ids=ids,
        address=addresses(names, "question", numbers.label),
        tokens=np.rint(domain.question * size).astype(np.int64),
        chance=np.clip(_sigmoid(logits), CERTAINTY, 1 - CERTAINTY),
        skill=np.minimum(recognition[:, None, None] + judgement + numbers.slope * logits, MOST),
        length=domain.answer * np.array([ability.verbosity for ability in abilities])[:, None] * effort,
        wrong=np.stack([_wrong_answers(card.family, domain, names) for card in pool]),
        answers=_answers(questions),
    )


def _difficulty(domain: Domain, questions: Sequence[Question], names: Sequence[str]) -> Floats:
    """(n,) in logits, mean 0."""
    topics = normals([question.cluster for question in questions], "topic", names[0].split("/")[0])
    return domain.spread * normals(names, "difficulty") + domain.topic * topics


def _logits(card: ModelCard, domain: Domain, alone: float, difficulty: Floats, ids: Sequence[str]) -> Floats:
    """(n,) log odds that the model solves each question alone; `alone` of them on average."""
    spread = float(np.sqrt(domain.spread**2 + domain.topic**2 + domain.blind_spot**2 + domain.personal**2))
    ability = _ability(alone, spread)
    shared = domain.blind_spot * normals(ids, "family", card.family)
    own = domain.personal * normals(ids, "model", card.name)
    return ability - difficulty - shared - own


def _ability(alone: float, spread: float) -> float:
    """The ability whose mean chance over normally distributed difficulties is `alone`: bisection on a quadrature."""
    points = np.array([NormalDist().inv_cdf((i + 0.5) / 400) for i in range(400)]) * spread
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(middle - points).mean() < alone else (low, middle)
    return low


def _wrong_answers(family: str, domain: Domain, ids: Sequence[str]) -> NDArray[np.int8]:
    """(n, BUCKETS) codes: the family's favourite in `trap` of the buckets, then the others in turn."""
    everybody = 1 + np.floor(WRONG * uniforms(ids, "trap")).astype(np.int8)
    own = 1 + np.floor(WRONG * uniforms(ids, "trap", family)).astype(np.int8)
    favourite = np.where(uniforms(ids, "shared", family) < domain.shared_trap, everybody, own)
    turns = np.arange(BUCKETS) - round(BUCKETS * domain.trap)
    others = 1 + (favourite[:, None] + turns % (WRONG - 1)) % WRONG
    return np.where(turns < 0, favourite[:, None], others).astype(np.int8)


def _answers(questions: Sequence[Question]) -> NDArray[np.object_]:
    texts: list[list[str | None]] = [[answer_text(q.index, code) for code in range(NOTHING)] for q in questions]
    return np.array([[*row, None] for row in texts], dtype=object)


def _sigmoid(logits: Floats | float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.asarray(logits))))
