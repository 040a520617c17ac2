"""Budgets per query: read from text, exact in every metric, what they allow."""

from __future__ import annotations

import numpy as np
import pytest

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.shapes import parallel, single
from ttgbench.models.budget import Budget
from ttgbench.models.pool import load_pool, pool_names
from ttgbench.tasks.task import Lengths

PAPER = load_pool("paper")
MATH = Lengths(202, 275)


@pytest.mark.parametrize("name", pool_names())
def test_one_unit_is_the_smallest_model_alone(name):
    pool = load_pool(name)
    smallest = single(pool.smallest.name)
    assert Budget("units", 1).nominal(smallest, pool, MATH) == 1
    assert Budget("units", 1).allows(smallest, pool, MATH)
    assert not Budget("units", 0.999).allows(smallest, pool, MATH)


@pytest.mark.parametrize("metric", ["units", "flops", "dollars", "seconds"])
def test_a_budget_allows_exactly_what_it_can_pay(metric):
    graph = parallel("llama-3.2-3b", 4, "fuser")
    nominal = Budget(metric, 1).nominal(graph, PAPER, MATH)
    assert Budget(metric, nominal * (1 + 1e-9)).allows(graph, PAPER, MATH)
    assert not Budget(metric, nominal * (1 - 1e-9)).allows(graph, PAPER, MATH)


@pytest.mark.parametrize(
    ("text", "metric", "limit"),
    [
        ("18 units", "units", 18),
        ("1 unit", "units", 1),
        ("2e12 flops", "flops", 2e12),
        ("2E12FLOPs", "flops", 2e12),
        (" 0.001 dollars ", "dollars", 0.001),
        (".5 $", "dollars", 0.5),
        ("3 s", "seconds", 3),
        ("3. seconds", "seconds", 3),
    ],
)
def test_budgets_are_read_from_text(text, metric, limit):
    budget = Budget.parse(text)
    assert budget == Budget(metric, limit)
    assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize(
    "text",
    [
        *("", "18", "units", "18 unitss", "-3 units", "0 units", "1e999 flops", "nan units", "inf s", "1,5 s", "1 2 s"),
        *("9" * 5000 + " s", "١ s", None, 7),
    ],
)
def test_other_text_is_refused_with_what_would_be_right(text):
    with pytest.raises(InputError, match=r"budget: (must be|the limit must be|unknown)"):
        Budget.parse(text)


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True, "3", None, 1e300, 10**400])
def test_a_limit_is_a_positive_finite_number(limit):
    with pytest.raises(InputError, match="positive number"):
        Budget("units", limit)


def test_an_unknown_metric_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'flops'"):
        Budget("flop", 1)


def test_limits_are_decimals_as_written():
    assert Budget("dollars", 0.3).limit_amount(PAPER, MATH) == 300_000_000_000
    assert Budget("units", 2.5).limit_amount(PAPER, MATH) == 5 * 968_942_601_216 // 2
    assert Budget("units", np.float64(2)).limit_amount(PAPER, MATH) == 2 * 968_942_601_216
