"""The definition of a small suite, as data that a test may change."""

from __future__ import annotations

from typing import Any

REAL = {"task": "micro_math", "pool": "embedded", "budget": "4 units"}
SIMULATED = {"task": "synthetic_math", "pool": "synthetic", "budget": "18 units", "evaluator": "synthetic"}


def suite(
    *names: str, search: int, test: int, seeds: int = 1, evaluations: float = 3, **problem: Any
) -> dict[str, Any]:
    """Problems of these names, else alike. search, test: questions; problem: its further fields."""
    chosen = {**problem, "search_questions": search, "test_questions": test}
    return {
        "schema": 1,
        "name": "tiny",
        "version": 1,
        "description": "for tests",
        "seeds": seeds,
        "search_evaluations": evaluations,
        "problems": [{"name": name, **chosen} for name in names],
    }
