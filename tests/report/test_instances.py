"""Runs on drawn instances: each is scored by the anchors of its own."""

import numpy as np
import pytest

from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.graphs.shapes import single
from ttgbench.problems.family.record import InstanceRecord
from ttgbench.problems.method import load_method
from ttgbench.problems.suite import Suite, stratum_spec
from ttgbench.report.scores import normalised, scores_of
from ttgbench.run.run import run_cell
from ttgbench.run.session import Session

NAME = next(iter(STRATA))
GRAPH = single("m1").to_dict()


def record(zero, one):
    return InstanceRecord(
        attempt=0, zero=zero, one=one, zero_graph=GRAPH, one_graph=GRAPH, template=0.5, random=-1.0, ceiling=0.95,
        exact_zero=zero, exact_one=one,
    )  # fmt: skip


SUITE = Suite.model_validate(
    {
        "name": "drawn", "version": 1, "description": "", "search_evaluations": 2, "test_universes": 2,
        "problems": [stratum_spec(NAME)],
        "family": {"salt": "test", "first": 1, "count": 2, "records": {NAME: [record(0.0, 1.0), record(-1.0, 3.0)]}},
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder, method = tmp_path_factory.mktemp("runs"), load_method("single_model")
    with Session(None, None) as session:
        return [
            run_cell(session.context(SUITE, SUITE.problems[0], seed), method, seed, folder / str(seed))
            for seed in range(2)
        ]


def test_each_run_is_scored_by_its_own_anchors(cells):
    values = [cell.final.value for cell in cells]
    scores = scores_of("single_model", SUITE, [NAME], [cells])
    np.testing.assert_allclose(scores.scores()[0], [values[0], (values[1] + 1) / 4])
    np.testing.assert_allclose(scores.regrets()[0], [100 * (1 - values[0]), 100 * (3 - values[1])])
    assert normalised(SUITE, NAME, 1, values[1]) == pytest.approx((values[1] + 1) / 4)
    assert cells[0].question_ids != cells[1].question_ids
