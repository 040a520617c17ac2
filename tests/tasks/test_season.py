"""Seasons: a secret test split that was committed to before."""

import shutil

import pytest

from ttgbench.errors import InputError
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.season import VARIABLE, commitment
from ttgbench.util.plugins import bundled_folder

SECRET = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(bundled_folder("tasks") / "micro_math", tmp_path / "micro_math")
    lines = [f"{n}: {{commitment: {commitment('micro_math', n, f'{SECRET} {n}')}}}" for n in (1, 2)]
    (tmp_path / "micro_math" / "seasons.yaml").write_text("\n".join(lines))
    return tmp_path / "micro_math"


def test_without_the_secret_test_is_the_public_one(folder):
    assert load_task(str(folder)).questions("test") == load_task("micro_math").questions("test")


def test_a_season_has_questions_of_its_own(folder, monkeypatch):
    public = load_task(str(folder))
    season = load_task(str(folder), season_seed=f"{SECRET} 2")
    questions = season.questions("test")
    assert len(questions) == len(public.questions("test"))
    assert questions[0].id.startswith("micro_math@1/test-s2/0000-")
    assert season.questions("search") == public.questions("search")
    seen = {q.text for split in ("search", "validation") for q in public.questions(split)}
    assert not seen & {q.text for q in questions}
    assert {q.text for q in questions} != {q.text for q in public.questions("test")}
    monkeypatch.setenv(VARIABLE, f"{SECRET} 1")
    assert load_task(str(folder)).questions("test")[0].id.startswith("micro_math@1/test-s1/")


def test_the_secret_may_stand_in_a_file(folder, tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET} 1\n")
    again = load_task(str(folder), season_seed=str(tmp_path / "secret")).questions("test")
    assert again == load_task(str(folder), season_seed=f"{SECRET} 1").questions("test")


def test_a_wrong_secret_is_refused(folder):
    with pytest.raises(InputError, match=r"fits no commitment .*season 1"):
        load_task(str(folder), season_seed="another secret of some length")
    with pytest.raises(InputError, match="at least 16 characters"):
        load_task(str(folder), season_seed="short")


def test_tasks_without_seasons_do_not_care():
    assert load_task("micro_qa", season_seed="whatever").season is None


def test_bad_seasons_file(folder):
    (folder / "seasons.yaml").write_text("1: {commitment: abc}")
    with pytest.raises(InputError, match=r"seasons\.yaml: 1\.commitment"):
        load_task(str(folder), season_seed=SECRET)
