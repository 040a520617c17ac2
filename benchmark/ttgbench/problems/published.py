"""Published graphs as a method: a submission of `kind: graph` brings one graph per problem, and nothing is searched.

my_graphs/
    submission.yaml           kind: graph
    graphs/PROBLEM.json       the graph for one problem of the suite
    graphs/default.json       for every other problem; optional
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ttgbench.errors import InputError
from ttgbench.graphs.graph import MAX_BYTES, Graph

if TYPE_CHECKING:
    from ttgbench.problems.problem import Problem

FOLDER, DEFAULT = "graphs", "default"


@dataclass(frozen=True, slots=True)
class GraphMethod:
    """Returns the published graph of a problem. A SearchMethod that executes nothing."""

    folder: Path

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Graph:
        """See `SearchMethod`. Raises InputError if there is no graph for this problem, or none that is valid."""
        return self.graph(problem.name)

    def graph(self, problem: str) -> Graph:
        """The graph for the problem of this name. Raises InputError."""
        graphs = published(self.folder)
        path = graphs.get(problem) or graphs.get(DEFAULT)
        if path is None:
            message = f"no {FOLDER}/{problem}.json and no {FOLDER}/{DEFAULT}.json"
            raise InputError(message, source=self.folder)
        with path.open("rb") as stream:
            return Graph.from_json(stream.read(MAX_BYTES + 1), source=path)


def published(folder: Path) -> dict[str, Path]:
    """The graph files of a submission by problem. Raises InputError if there are none."""
    graphs = {path.stem: path for path in sorted((folder / FOLDER).glob("*.json")) if path.is_file()}
    if not graphs:
        raise InputError(f"a submission of kind graph needs {FOLDER}/<problem>.json", source=folder)
    return graphs
