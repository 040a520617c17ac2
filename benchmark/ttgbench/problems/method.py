"""Search methods: the Protocol, the metadata of a submission folder, and how one is loaded."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph
from ttgbench.problems.problem import Problem
from ttgbench.problems.published import GraphMethod, published
from ttgbench.util.plugins import find_plugin, load_package
from ttgbench.util.yaml_input import read_yaml, validation_message

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment of processes that run methods: what libraries sum must not depend on how many cores a machine has."""

FUNCTION = "function:"
"""Before the name of a method that is a Python function, where others have a path."""


class SearchMethod(Protocol):
    """Looks for the best graph of a problem. Touches nothing but its problem and its rng."""

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Graph:
        """Returns a graph of `problem.space`. BudgetExhausted may be let through: the incumbent then counts."""
        ...


class Metadata(BaseModel):
    """`submission.yaml`: what a method declares about itself. It is part of the method."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    version: str = Field(default="1", max_length=32)
    kind: Literal["method", "graph", "function"] = "method"
    """"method": `method.py` searches; "graph": the folder brings its graphs, and nothing is searched; "function": a
    Python function without a folder, which cannot be submitted."""
    description: str = Field(max_length=500)
    authors: tuple[str, ...] = Field(min_length=1, max_length=50)
    """Authors of the method, not of this implementation."""
    paper: str | None = Field(default=None, max_length=300)
    licence: str = Field(max_length=100)
    deterministic: bool = True
    """Same problem and same rng, same graph."""
    needs_agent: bool = False
    """Calls `problem.ask`."""
    departures: tuple[str, ...] = ()
    """Where the implementation departs from its paper."""


@dataclass(frozen=True, slots=True)
class FoundMethod:
    """A submission folder, of whose code nothing was run."""

    metadata: Metadata
    path: Path

    @property
    def name(self) -> str:
        return self.metadata.name


@dataclass(frozen=True, slots=True)
class LoadedMethod(FoundMethod):
    """A method ready to run."""

    search: SearchMethod


def find_method(name_or_path: str) -> FoundMethod:
    """Reads what a submission folder declares, by bundled name or by path. Raises InputError naming file and field."""
    if name_or_path.startswith(FUNCTION):
        message = "was run as a Python function; to replay or submit it, put it into a submission folder"
        raise InputError(message, source=name_or_path.removeprefix(FUNCTION))
    folder = find_plugin("submissions", name_or_path)
    return FoundMethod(load_metadata(folder), folder)


def load_method(name_or_path: str) -> LoadedMethod:
    """Loads a submission folder (`submission.yaml` and `method.py`, or `graphs/`) by bundled name or by path.

    Loading executes the submission's code; it is no sandbox. Raises InputError naming file and field.
    """
    found = find_method(name_or_path)
    search = GraphMethod(found.path) if found.metadata.kind == "graph" else _search_function(found.path)
    return LoadedMethod(found.metadata, found.path, search)


def load_metadata(folder: Path) -> Metadata:
    """What a submission folder declares about itself; executes nothing. Raises InputError naming file and field."""
    path = folder / "submission.yaml"
    try:
        metadata = Metadata.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None
    if metadata.kind == "function":
        raise InputError("must be method or graph: this is a folder", source=path, field="kind")
    if metadata.kind == "graph":
        published(folder)
    elif not (folder / "method.py").is_file():
        raise InputError("a submission folder needs a method.py with search(problem, rng)", source=folder)
    return metadata


def _search_function(folder: Path) -> SearchMethod:
    package = load_package(folder)
    path = folder / "method.py"
    try:
        module = importlib.import_module(f"{package.__name__}.method")
    except (Exception, SystemExit) as error:
        raise InputError(f"cannot be imported: {type(error).__name__}: {error}", source=path) from None
    search: Callable[..., Graph] | None = getattr(module, "search", None)
    if not callable(search):
        raise InputError("must define a function search(problem, rng) -> Graph", source=path, field="search")
    return search
