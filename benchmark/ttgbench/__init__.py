"""TTG-Bench: benchmark of search methods that find compute-optimal test-time-scaling graphs.

    evaluation = ttgbench.evaluate(graph, task="micro_qa", budget="6 units")

Public names are imported when first used, so that `import ttgbench` stays fast.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ttgbench._version import __version__

_EXPORTS = {
    "Budget": "models.budget",
    "BudgetExhausted": "errors",
    "Evaluation": "evaluate.base",
    "Graph": "graphs.graph",
    "GraphError": "errors",
    "InputError": "errors",
    "Lengths": "tasks.task",
    "ModelCard": "models.pool",
    "Node": "graphs.graph",
    "Pool": "models.pool",
    "Results": "report.results",
    "Problem": "problems.problem",
    "SearchSpace": "problems.space.space",
    "Suite": "run.suite",
    "TTGBenchError": "errors",
    "compare": "report.compare",
    "evaluate": "run.evaluate",
    "evaluate_many": "run.evaluate",
    "load_method": "problems.method",
    "load_pool": "models.pool",
    "load_problem": "run.suite",
    "load_results": "report.board.results",
    "load_suite": "run.suite",
    "load_task": "tasks.folder",
    "read_results": "run.results",
    "run": "report.run",
}
_MODULES = ("baselines", "shapes")
"""Public, and imported when first used as well."""

__all__ = [
    "Budget",
    "BudgetExhausted",
    "Evaluation",
    "Graph",
    "GraphError",
    "InputError",
    "Lengths",
    "ModelCard",
    "Node",
    "Pool",
    "Problem",
    "Results",
    "SearchSpace",
    "Suite",
    "TTGBenchError",
    "__version__",
    "baselines",
    "compare",
    "evaluate",
    "evaluate_many",
    "load_method",
    "load_pool",
    "load_problem",
    "load_results",
    "load_suite",
    "load_task",
    "read_results",
    "run",
    "shapes",
]

if TYPE_CHECKING:
    from ttgbench import baselines, shapes
    from ttgbench.errors import BudgetExhausted, GraphError, InputError, TTGBenchError
    from ttgbench.evaluate.base import Evaluation
    from ttgbench.graphs.graph import Graph, Node
    from ttgbench.models.budget import Budget
    from ttgbench.models.pool import ModelCard, Pool, load_pool
    from ttgbench.problems.method import load_method
    from ttgbench.problems.problem import Problem
    from ttgbench.problems.space.space import SearchSpace
    from ttgbench.report.board.results import load_results
    from ttgbench.report.compare import compare
    from ttgbench.report.results import Results
    from ttgbench.report.run import run
    from ttgbench.run.evaluate import evaluate, evaluate_many
    from ttgbench.run.results import read_results
    from ttgbench.run.suite import Suite, load_problem, load_suite
    from ttgbench.tasks.folder import load_task
    from ttgbench.tasks.task import Lengths


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"ttgbench.{name}")
    if name not in _EXPORTS:
        raise AttributeError(f"module 'ttgbench' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ttgbench.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Face(ModuleType):
    """`evaluate` and `run` are functions here although folders have those names: importing from the folders must not
    hide them."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _EXPORTS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
