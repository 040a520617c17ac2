"""TTG-Bench: benchmark of search methods that find compute-optimal test-time-scaling graphs.

Public names are imported when first used, so that `import ttgbench` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_EXPORTS = {
    "Budget": "cost",
    "BudgetExhausted": "errors",
    "Evaluation": "evaluate.base",
    "Graph": "graph",
    "GraphError": "errors",
    "InputError": "errors",
    "ModelCard": "pool",
    "Node": "graph",
    "Pool": "pool",
    "Problem": "problem",
    "SearchSpace": "space",
    "TTGBenchError": "errors",
    "load_method": "method",
    "load_pool": "pool",
    "load_results": "board.results",
    "load_suite": "suite",
    "load_task": "lm_eval_task",
    "read_results": "results",
}

__all__ = [
    "Budget",
    "BudgetExhausted",
    "Evaluation",
    "Graph",
    "GraphError",
    "InputError",
    "ModelCard",
    "Node",
    "Pool",
    "Problem",
    "SearchSpace",
    "TTGBenchError",
    "__version__",
    "load_method",
    "load_pool",
    "load_results",
    "load_suite",
    "load_task",
    "read_results",
]

if TYPE_CHECKING:
    from ttgbench.board.results import load_results
    from ttgbench.cost import Budget
    from ttgbench.errors import BudgetExhausted, GraphError, InputError, TTGBenchError
    from ttgbench.evaluate.base import Evaluation
    from ttgbench.graph import Graph, Node
    from ttgbench.lm_eval_task import load_task
    from ttgbench.method import load_method
    from ttgbench.pool import ModelCard, Pool, load_pool
    from ttgbench.problem import Problem
    from ttgbench.results import read_results
    from ttgbench.space import SearchSpace
    from ttgbench.suite import load_suite


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'ttgbench' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ttgbench.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
