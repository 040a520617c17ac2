"""The simulated landscape has the three features that are reported for real models."""

import pytest

from checks.landscape import POOL, WIDTHS, Domain, best_widths, winners

UNIVERSES = 8
MARGIN = 0.01
"""Several standard errors of a difference on common random numbers."""


@pytest.fixture(scope="module")
def domains():
    return {name: Domain(name, UNIVERSES) for name in ("math", "code", "qa")}


def test_tasks_differ_in_the_model_that_wins(domains):
    first = {name: {budget: best[0] for budget, best in winners(domain).items()} for name, domain in domains.items()}
    families = {name: {POOL[best["model"]].family for best in found.values()} for name, found in first.items()}
    assert families["math"] == {"sim-b"}
    assert families["code"] == {"sim-a"}
    # Many small against few large: in mathematics several samples beat the one large model that costs as much ...
    at_80 = {entry["model"]: entry["accuracy"] for entry in winners(domains["math"])["80 units"]}
    assert first["math"]["80 units"]["nodes"] >= 3
    assert at_80["sim-b-4b"] > at_80["sim-a-70b"] + MARGIN
    # ... where facts are asked for, it beats all that the small ones can do together.
    at_80 = {entry["model"]: entry["accuracy"] for entry in winners(domains["qa"])["80 units"]}
    assert at_80["sim-a-70b"] > max(at_80[model] for model in ("sim-a-1b", "sim-b-1b", "sim-a-3b", "sim-b-4b")) + MARGIN


@pytest.mark.parametrize("model", ["sim-a-3b", "sim-b-4b"])
@pytest.mark.parametrize("name", ["math", "code"])
def test_width_and_depth_have_an_inner_optimum(domains, name, model):
    for curve in (domains[name].by_width(model), domains[name].by_depth(model)):
        assert max(curve) > curve[0] + MARGIN
        assert max(curve) > curve[-1] + MARGIN
        assert 1 <= curve.index(max(curve)) <= len(curve) - 3


def test_the_best_width_moves_when_depth_grows(domains):
    for name in ("math", "code"):
        widths = best_widths(domains[name], "sim-a-3b")
        assert widths[4] < widths[1]
    # Not by luck: at depth 4 the width that is best at depth 1 loses.
    math = domains["math"]
    shallow, deep = math.by_width("sim-a-3b", 1), math.by_width("sim-a-3b", 4)
    assert deep[shallow.index(max(shallow))] < max(deep) - MARGIN
    assert len(deep) == len(WIDTHS)
