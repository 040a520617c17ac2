"""Other names for models, families, task and problem: a method that searches does not care, one that remembers does.

The new names sort as the old ones do, so that a method for which names are mere labels takes the very same course.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Aliases:
    """Models' names and what an isolated method is told instead."""

    told: Mapping[str, str]
    meant: Mapping[str, str]

    @classmethod
    def of(cls, names: Iterable[str]) -> Aliases:
        """model-000, model-001, ... in the order of the names."""
        told = {name: f"model-{number:03d}" for number, name in enumerate(sorted(names))}
        return cls(told, {alias: name for name, alias in told.items()})

    def problem(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """A problem in its wire form, under other names. Sizes, prices and questions stay."""
        space = data["space"]
        families = sorted({card["family"] for card in space["pool"]["models"]})
        cards = [
            {
                **card,
                "name": self.told[card["name"]],
                "hub_id": self.told[card["name"]],
                "family": f"family-{families.index(card['family']):03d}",
                "weights": [],
            }
            for card in space["pool"]["models"]
        ]
        pool = {**space["pool"], "name": "pool", "description": "", "models": cards}
        task = {**data["task"], "name": "task"}
        return {**data, "name": "problem", "task": task, "space": {**space, "pool": pool}}

    def evaluation(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """An evaluation in its wire form, as it is told."""
        nodes = [[node, key, self.told.get(model, model)] for node, key, model in data["nodes"]]
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
