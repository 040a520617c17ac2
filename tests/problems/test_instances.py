"""The shipped instances: all there, all fit by the filter, and what the package draws today."""

import pytest

from ttgbench.evaluate.synthetic.family import VERSION, draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.graphs.graph import Graph
from ttgbench.problems.family import reference
from ttgbench.problems.family.family import INSTANCES, TUNING, objective_of, space_of
from ttgbench.problems.family.record import read_instances, shipped
from ttgbench.problems.suite import load_suite

SHIPPED = read_instances(shipped("synthetic-v2"))


def test_there_are_fifteen_of_each_stratum_and_all_are_fit():
    assert SHIPPED.version == VERSION
    assert set(SHIPPED.instances) == set(STRATA)
    for records in SHIPPED.instances.values():
        assert len(records) == INSTANCES
        assert [reference.refusal(record) for record in records] == [None] * INSTANCES
    kept = INSTANCES * len(STRATA)
    assert SHIPPED.drawn == kept + sum(SHIPPED.refused.values())


@pytest.mark.parametrize("name", sorted(STRATA)[::3])
def test_anchors_lie_in_the_spaces_of_their_instances(name):
    for number, record in enumerate(SHIPPED.instances[name][::5]):
        instance = draw_instance(STRATA[name], SHIPPED.salt, 1 + 5 * number, record.attempt)
        space = space_of(instance)
        for graph in (record.zero_graph, record.one_graph):
            assert space.contains(Graph.from_dict(graph)) is None


def test_a_record_can_be_made_again():
    name, number = "fuse-vote-large-mid", 6
    record = SHIPPED.instances[name][number - 1]
    instance = draw_instance(STRATA[name], SHIPPED.salt, number, record.attempt)
    again = reference.assess(instance, space_of(instance), objective_of(instance), record.attempt)
    assert again.one_graph == record.one_graph
    for field in ("zero", "one", "template", "random", "ceiling", "exact_zero", "exact_one"):
        assert getattr(again, field) == pytest.approx(getattr(record, field), abs=2e-6)


def test_tuning_and_ranking_share_no_instance():
    tuned, ranked, exact = (load_suite(f"synthetic-{part}v2") for part in ("tuning-", "", "exact-"))
    numbers = [{suite.family.number(seed) for seed in range(suite.seeds)} for suite in (tuned, ranked, exact)]
    assert numbers[0] == set(range(1, TUNING + 1))
    assert numbers[1] == numbers[2] == set(range(TUNING + 1, INSTANCES + 1))
    assert len({tuned.hash, ranked.hash, exact.hash}) == 3


def test_the_first_suite_says_what_took_its_place():
    assert load_suite("synthetic-v1").superseded_by == "synthetic-v2"
    assert load_suite("synthetic-v2").superseded_by is None
