"""What is said of a run under way: read from its folder, and from what evaluators report."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from ttgbench.cli import progress
from ttgbench.cli.progress import RichProgress, Runs, duration
from ttgbench.run.run import LOG_PART, cell_folder


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(folder: Path, *events: dict[str, object]) -> None:
    folder.mkdir(parents=True)
    lines = [json.dumps(event, separators=(",", ":")) + "\n" for event in ({"event": "start", "limit": 200}, *events)]
    (folder / LOG_PART).write_text("".join(lines))


def cell(folder: Path, method: str, seed: int) -> SimpleNamespace:
    place = cell_folder(folder, "math", method, seed)
    job = SimpleNamespace(folder=place)
    named = {"spec": SimpleNamespace(name="math"), "method": SimpleNamespace(name=method)}
    return SimpleNamespace(**named, seed=seed, job=lambda out: job)


def test_a_run_under_way_is_shown_with_its_time_and_its_spend(tmp_path, clock):
    runs = Runs(tmp_path, total=4, methods=2, clock=clock)
    runs._since = 0
    assert runs.lines() == ["0 of 4 runs, 0 s so far"]
    begin(cell_folder(tmp_path, "math", "slow", 0), {"event": "evaluate", "spent": 50, "reply": '"spent":99'})
    clock.now = 10
    runs.look()
    clock.now = 70
    assert runs.lines() == ["0 of 4 runs, 70 s so far", "slow on math, seed 000: 60 s, 25% of its budget spent"]


def test_what_is_left_is_told_from_runs_of_the_same_method(tmp_path, clock):
    runs = Runs(tmp_path, total=4, methods=2, clock=clock)
    runs._since = 0
    for method, seconds in (("quick", 10), ("slow", 100)):
        place = cell_folder(tmp_path, "math", method, 0)
        begin(place)
        clock.now += 10
        runs.look()
        clock.now += seconds
        (place / LOG_PART).unlink()
        runs(cell(tmp_path, method, 0), "an error of infrastructure")
    assert runs.lines()[0] == "2 of 4 runs, 2 min so far, about 2 min left"


def test_the_log_of_an_earlier_command_is_no_run(tmp_path, clock):
    begin(cell_folder(tmp_path, "math", "killed", 0))
    runs = Runs(tmp_path, total=1, clock=clock)
    runs._since += 60
    assert runs.lines() == ["0 of 1 run, 0 s so far"]


def test_generations_are_told_with_tokens_and_hits(clock):
    told = RichProgress(clock=clock)
    assert told.lines() == []
    told.planned(100, recorded=40)
    told.done(10, 200, 50, int(2e12))
    clock.now = 10
    told.done(20, 400, 350, int(1e12))
    (line,) = told.lines()
    assert line.startswith("30 of 60 generations, 40 more from the store, 100 tokens/s, 3.00 TFLOP spent")
    assert line.endswith("about 10 s left")


def test_a_line_now_and_then_where_nobody_watches(clock, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(progress, "log", said.append)
    monkeypatch.setattr(progress, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    with RichProgress(clock=clock) as told:
        told.planned(5, recorded=5)
        while not said:
            told._end.wait(0.001)
    assert said[0] == "0 of 0 generations, 5 more from the store"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (99, "99 s"), (100, "2 min"), (7500, "2 h 05 min")])
def test_durations_are_short(seconds, text):
    assert duration(seconds) == text
