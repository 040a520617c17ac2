"""Drawn problems: the same everywhere, another one for every seed, within bounds, and closed to who lacks the salt."""

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.evaluate.synthetic.family import draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.graphs.shapes import single
from ttgbench.problems.family import reference
from ttgbench.problems.family.family import objective_of, space_of
from ttgbench.problems.family.record import InstanceRecord
from ttgbench.problems.suite import Suite
from ttgbench.run.session import Session
from ttgbench.run.suite import load_problem

FIRST = "fuse-vote-small-low"
GRAPH = single("m1").to_dict()
RECORD = InstanceRecord(
    attempt=0, zero=0.4, one=0.6, zero_graph=GRAPH, one_graph=GRAPH, template=0.5, random=-1.0, ceiling=0.95,
    exact_zero=0.41, exact_one=0.61,
)  # fmt: skip


def a_suite(track="sampled", salt="test", first=1, count=3):
    other = RECORD.model_copy(update={"attempt": 1, "one": 0.8})
    records = {name: [RECORD, other, RECORD] for name in STRATA}
    family = {"salt": salt, "first": first, "count": count, "track": track, "records": records}
    return Suite.model_validate(
        {
            "name": "drawn",
            "version": 1,
            "description": "",
            "search_evaluations": 3,
            "test_universes": 2,
            "family": family,
        }
    )


def drawn(instance):
    return json.dumps([asdict(instance.coefficients.domains["simulated"]), instance.facts()], default=str)


def test_a_draw_is_the_same_everywhere():
    """Published instances are what this function drew: a change must raise the prior's version."""
    text = "".join(drawn(draw_instance(stratum, "synthetic-v2", 6, 2)) for stratum in STRATA.values())
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "c2f78448e3cf61e02ddb470508c25621fdfa1b2916419473fa507adc5b9c635b"
    )


def test_every_corner_is_there():
    assert len(STRATA) == 24
    for corner in ("fuser", "vote", "many_small", "wide"):
        assert sum(getattr(stratum, corner) for stratum in STRATA.values()) == 12
    assert sum(stratum.latency for stratum in STRATA.values()) == 6


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(sorted(STRATA)), st.text("abc123", min_size=1, max_size=8), st.integers(1, 15), st.integers(0, 9)
)
def test_any_draw_is_a_problem(name, salt, number, attempt):
    instance = draw_instance(STRATA[name], salt, number, attempt)
    space = space_of(instance)
    rng = np.random.default_rng(0)
    assert 3 <= len(instance.pool) <= 8
    assert [card.name for card in instance.pool] == [f"m{i + 1}" for i in range(len(instance.pool))]
    assert [card.parameters for card in instance.pool] == sorted(card.parameters for card in instance.pool)
    assert 6 <= instance.units <= 110
    assert space.contains(space.sample(rng)) is None
    assert all(0.1 < ability.alone["simulated"] < 0.8 for ability in instance.coefficients.abilities.values())
    assert ("vote" in instance.roles) == instance.task.card.votable


def test_seeds_run_on_different_instances():
    suite = a_suite()
    pools = [suite.instance(FIRST, seed).pool for seed in range(4)]
    assert pools[0] != pools[1] != pools[2]
    assert pools[3] == pools[0]
    assert a_suite(first=2, count=2).instance(FIRST, 0).pool == pools[1]
    assert suite.anchor(FIRST, 1).one == 0.8
    assert suite.anchors[FIRST].one == pytest.approx(2 / 3)
    assert a_suite("exact").anchor(FIRST, 0).zero == 0.41


def test_an_instance_without_a_record_is_refused():
    with pytest.raises(InputError, match="no instance 4"):
        a_suite(first=4).instance(FIRST, 0)


def test_what_is_shown_tells_nothing_without_the_salt():
    """All that is drawn hangs on what is not shown: with the same questions, models and numbers, other answers."""
    instance = draw_instance(STRATA[FIRST], "secret", 1)
    shown = [question.id for question in instance.task.questions("search")] + [str(card) for card in instance.pool]
    assert "secret" not in "".join(shown)
    guess = replace(instance.coefficients, secret="")
    graph = single("m1")
    seen, guessed = (
        SyntheticEvaluator(instance.task, instance.pool, numbers).evaluate([graph], range(200), 0, "search")[0]
        for numbers in (instance.coefficients, guess)
    )
    assert abs(np.corrcoef(seen.scores, guessed.scores)[0, 1]) < 0.25


def test_a_run_meets_its_instance():
    suite = a_suite()
    problems = [load_problem(suite, FIRST, seed) for seed in (0, 1)]
    assert problems[0].questions[0].id != problems[1].questions[0].id
    assert problems[0].space.budget != problems[1].space.budget
    values = [problem.objective.value(problem.evaluate(single("m1"))) for problem in problems]
    assert values[0] != values[1]


def test_the_exact_track_returns_what_the_run_is_scored_by():
    suite = a_suite("exact")
    with Session(None, None) as session:
        context = session.context(suite, suite.spec(FIRST), 1)
    graph = space_graph(context)
    searched = context.evaluator.evaluate([graph], range(200), 5, "search")[0]
    tested = context.evaluator.evaluate([graph], range(200), 1 << 20, "test")[0]
    assert searched.accuracy == tested.accuracy
    assert len(set(searched.scores.tolist()) - {0.0, 1.0}) > 0
    yardstick = reference.Yardstick(context.evaluator, context.spec.objective, (1,), 1)
    assert reference._exact(yardstick, graph) == context.spec.objective.value(tested)


def space_graph(context):
    return context.space.sample(np.random.default_rng(3))


def test_a_record_says_why_it_is_refused():
    fit = RECORD.model_dump()
    for change, reason in (
        ({}, None), ({"one": 0.44}, "gap"), ({"template": 0.86}, "template"), ({"random": -3.1}, "random"),
        ({"ceiling": 0.89}, "ceiling"),
    ):  # fmt: skip
        assert reference.refusal(InstanceRecord(**{**fit, **change})) == reason


def test_seconds_count_where_the_stratum_says_so():
    for stratum in STRATA.values():
        instance = draw_instance(stratum, "x", 1)
        assert (objective_of(instance).kind == "accuracy-latency") == stratum.latency
