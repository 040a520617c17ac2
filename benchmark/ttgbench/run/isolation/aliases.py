"""Other names for models, families, task, problem and questions: a method that searches does not care, one that
remembers does.

What was known by a name, by a place in a list or by a question's id is known no more. Sizes and prices stay, since
graphs are paid by them: whoever knows a problem by those is found out by fresh instances alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Naming:
    """How other names are made."""

    seed: int
    shuffled: bool = True
    """In any order. Else the new names sort as the old ones do, and a method for which names are mere labels takes the
    very same course, as it must where nothing else was recorded."""


@dataclass(frozen=True, slots=True)
class Aliases:
    """Models' names and what an isolated method is told instead; families and questions by their place."""

    told: Mapping[str, str]
    meant: Mapping[str, str]
    families: Mapping[str, str]
    questions: tuple[str, ...]
    shuffled: bool = False

    @classmethod
    def none(cls) -> Aliases:
        """Everything is called what it is called."""
        return cls({}, {}, {}, ())

    @classmethod
    def drawn(cls, models: Iterable[tuple[str, str]], questions: int, naming: Naming) -> Aliases:
        """model-0417, model-0023, ...: numbers that are drawn, and so for families and questions.

        models: (name, family).
        """
        names, families = zip(*models, strict=True)
        rng = np.random.default_rng(naming.seed)
        told = _numbered("model", sorted(names), rng, naming.shuffled)
        kinds = _numbered("family", sorted(set(families)), rng, naming.shuffled)
        ids = _numbered("question", [str(n) for n in range(questions)], rng, naming.shuffled)
        return cls(told, {alias: name for name, alias in told.items()}, kinds, tuple(ids.values()), naming.shuffled)

    def problem(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """A problem in its wire form, under other names; where they are shuffled, models are in the order of these."""
        space = data["space"]
        cards = [
            {
                **card,
                "name": self.told[card["name"]],
                "hub_id": self.told[card["name"]],
                "family": self.families[card["family"]],
                "weights": [],
            }
            for card in space["pool"]["models"]
        ]
        order = list(range(len(cards)))
        if self.shuffled:
            order.sort(key=lambda number: str(cards[number]["name"]))
        nodes = space["nodes"]
        if nodes is not None:
            limit, prices, final = nodes
            nodes = [limit, [prices[number] for number in order], self.told[final]]
        pool = {**space["pool"], "name": "pool", "description": "", "models": [cards[number] for number in order]}
        task = {**data["task"], "name": "task"}
        questions = [[alias, text] for alias, (_, text) in zip(self.questions, data["questions"], strict=True)]
        told = {**data, "name": "problem", "task": task, "questions": questions}
        found = {**space, "pool": pool, "nodes": nodes}
        return {**told, "space": found | ({"bank": self._bank(*space["bank"])} if "bank" in space else {})}

    def _bank(self, samples: Sequence[Any], second: Sequence[Any]) -> list[Any]:
        """The nodes of a bank; where names are shuffled, in their order too."""
        counts = [[self.told[model], count] for model, count in samples]
        nodes = [[role, self.told[model], [self.told[read] for read in reads]] for role, model, reads in second]
        return [sorted(counts), sorted(nodes)] if self.shuffled else [counts, nodes]

    def evaluation(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """An evaluation in its wire form, as it is told."""
        nodes = [[node, key, self.told.get(model, model), *rest] for node, key, model, *rest in data["nodes"]]
        return {**data, "nodes": nodes}

    def graph(self, data: Any) -> Any:
        """A graph in its JSON form, as it is meant: a model that was not told is not there. What is no graph stays."""
        if not self.told:
            return data
        try:
            nodes = [
                {**node, "model": self.meant.get(node["model"], "unheard-of")} if "model" in node else node
                for node in data["nodes"]
            ]
            return {**data, "nodes": nodes}
        except (KeyError, TypeError):
            return data


def _numbered(word: str, names: Sequence[str], rng: np.random.Generator, shuffled: bool) -> dict[str, str]:
    numbers = rng.choice(max(1000, 10 * len(names)), len(names), replace=False).tolist()
    numbers = numbers if shuffled else sorted(numbers)
    return {name: f"{word}-{number:04d}" for name, number in zip(names, numbers, strict=True)}
