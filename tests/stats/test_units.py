"""Only questions, or clusters of them, count as independent observations."""

import numpy as np
import pytest

from ttgbench.stats import questions_as_units


def test_every_axis_but_the_question_is_averaged():
    scores = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_allclose(questions_as_units(scores, ("seed", "question", "universe")), scores.mean(axis=(0, 2)))


@pytest.mark.parametrize(
    "axes", [("question", "seed", "universe"), ("question x seed", "universe"), ("universe", "seed"), ("question",) * 2]
)
def test_pooled_or_unnamed_axes_are_refused(axes):
    with pytest.raises(ValueError, match="axes"):
        questions_as_units(np.zeros((6, 2)), axes)


def test_seeds_stacked_as_if_they_were_new_questions_are_refused():
    with pytest.raises(ValueError, match="'q1' occurs 2 times"):
        questions_as_units(np.zeros((4, 1)), ("question", "universe"), question_ids=["q0", "q1", "q1", "q2"])


def test_every_question_needs_its_id():
    with pytest.raises(ValueError, match="3 question ids for 4 questions"):
        questions_as_units(np.zeros((4, 1)), ("question", "universe"), question_ids=["a", "b", "c"])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_could_not_be_scored_is_never_averaged_in(bad):
    with pytest.raises(ValueError, match="1 values that are not finite"):
        questions_as_units([[1.0, bad]], ("question", "universe"))


def test_no_questions_is_an_error():
    with pytest.raises(ValueError, match="empty"):
        questions_as_units(np.zeros((0, 3)), ("question", "universe"))
