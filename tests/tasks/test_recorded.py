"""A recording is read under the graders that it was made with."""

import pytest

from ttgbench.errors import InputError
from ttgbench.evaluate.store.store import Store
from ttgbench.problems.suite import load_suite
from ttgbench.run.recorded import as_recorded, recorded_store
from ttgbench.run.session import Session
from ttgbench.tasks.folder import load_task


def test_a_shipped_recording_keeps_its_graders():
    suite = load_suite("recorded-micro-v1")
    with Session(recorded_store(suite.recorded), None) as session:
        for spec in suite.problems:
            assert session.context(suite, spec).card.grader in session.store.graders(spec.task)


def test_its_own_grader_is_kept_where_nothing_is_recorded_and_where_it_is():
    task = load_task("micro_math")
    with Store() as empty:
        assert as_recorded(task, empty) is task


def test_what_is_not_recorded_has_no_grade_under_an_older_grader():
    task = load_task("micro_math")
    suite = load_suite("recorded-micro-v1")
    with Store(recorded_store(suite.recorded), read_only=True) as recording:
        older = as_recorded(task, recording)
    if older.card.grader != task.card.grader:
        assert older.questions("search") == task.questions("search")
        with pytest.raises(InputError, match="record it anew"):
            older.grade(task.questions("search")[:1], ["5"])
