"""Cheating submissions, each made as a cheat would make it, with all hashes right; and honest ones, which pass."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import yaml
from forge import content, edit, edit_store, first, put, reseal

from ttgbench.engines.base import Completion
from ttgbench.engines.echo import EchoEngine
from ttgbench.methods.submission.pack import pack
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Rejected, read_archive, write_archive
from ttgbench.publish.verification import Options, verify
from ttgbench.run.experiment import run_suite
from ttgbench.run.isolation import load_isolated
from ttgbench.run.recorded import recorded_store
from ttgbench.run.run import cell_folder, run_cell
from ttgbench.run.session import Session
from ttgbench.tasks.folder import load_task

SUITE = Suite.model_validate(
    tiny.suite("math", search=4, test=40, space={"roles": ["assistant", "fuser", "vote"], "max_nodes": 4}, **tiny.REAL)
)
SUITES = {"tiny-v1": SUITE}
LIVE = Options(rerun=1, engine="echo")
HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def make_archive(folder: Path, method: str | Path, session: Session) -> Path:
    """Runs the tiny suite with `session` and archives it."""
    [result] = run_suite(folder / "run", SUITE, [str(method)], 1, session, "echo", lambda *_: None)
    store = session.store.path
    return write_archive(folder / "run", result.method.name, folder / "results", store=store)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    with Session(folder / "store.sqlite", "echo") as session:
        return make_archive(folder, "random_search", session)


@pytest.fixture
def archive(honest: Path, tmp_path: Path) -> Path:
    """A copy that a test may forge."""
    copied = tmp_path / "results" / "tiny-v1" / "random_search" / honest.name
    return shutil.copytree(honest, copied)


def refused(path: Path, options: Options = Options()) -> Rejected:
    with pytest.raises(Rejected) as caught:
        verify(path, options, suites=SUITES)
    return caught.value


def test_an_honest_run_is_replay_verified_and_run_again_live(archive):
    found = verify(archive, suites=SUITES)
    assert (found.badge, found.cells, found.rerun) == ("replay-verified", 1, 0)
    assert found.grades > 0
    assert found.run_id == archive.name
    again = verify(archive, LIVE, suites=SUITES)
    assert (again.badge, again.rerun) == ("re-run", 1)


def test_a_live_run_needs_an_engine(archive):
    assert refused(archive, Options(rerun=1)).reason == "no-engine"


def test_only_what_the_run_used_is_archived(tmp_path):
    """Another method in the same store changes no byte of the archive."""
    with Session(tmp_path / "store.sqlite", "echo") as session:
        alone = make_archive(tmp_path / "one", "single_model", session)
        make_archive(tmp_path / "two", "self_consistency", session)
        assert make_archive(tmp_path / "three", "single_model", session).name == alone.name


# Edited results.


def test_edited_scores(archive):
    def better(cell):
        cell["test"][0]["scores"] = [[1.0] * 40]

    forged = reseal(edit(archive, "cells.jsonl.gz", better))
    error = refused(forged)
    assert error.reason == "replay-differs"
    assert "test.0.scores" in str(error)


def test_edited_spend_in_cell_and_log(archive):
    def cheaper(cell):
        cell["search"]["spent"] -= 1
        cell["search"]["by_category"]["evaluation"] -= 1

    edit(archive, "cells.jsonl.gz", cheaper)
    spent = json.loads(content(archive / "cells.jsonl.gz"))["search"]["spent"]
    edit(
        archive,
        "logs.jsonl.gz",
        lambda log: [e.update(spent=min(e["spent"], spent)) for e in log["events"] if "spent" in e],
    )
    error = refused(reseal(archive))
    assert error.reason == "replay-differs"
    assert "spent" in str(error)


def test_a_test_accuracy_of_another_graph(archive):
    def other(cell):
        cell["test"][0]["nominal"]["flops"] //= 2

    assert refused(reseal(edit(archive, "cells.jsonl.gz", other))).reason == "replay-differs"


def test_a_killed_search_counts_up_to_where_it_was_killed_and_is_replayed_until_there(tmp_path, write_method):
    body = "for n in range(9):\n    g = problem.space.sample(rng)\n    problem.recommend(g)\n    problem.evaluate(g)"
    method = write_method(body + "\n    if n == 1:\n        import os; os._exit(7)")
    with Session(tmp_path / "store.sqlite", "echo") as session:
        context = session.context(SUITE, SUITE.problems[0])
        run_cell(context, load_isolated(str(method)), 0, cell_folder(tmp_path / "run", "math", "mine", 0))
        path = make_archive(tmp_path, method, session)
    [cell] = read_archive(path, suites=SUITES).cells
    assert (cell.status, cell.error) == ("died", "MethodDied: ended without a result (exit code 7)")
    assert cell.final is not None
    assert verify(path, suites=SUITES).badge == "replay-verified"
    edit(path, "logs.jsonl.gz", lambda log: log["events"].pop(1))  # as if the first graph had never been recommended
    assert refused(reseal(path)).reason == "replay-differs"


# Edited generations.


def test_edited_token_counts(archive):
    edit_store(archive, lambda rows: first(rows, lambda row: replace(row, tokens_out=row.tokens_out + 50)))
    error = refused(reseal(archive))
    assert error.reason == "replay-differs"


def test_edited_grades(archive):
    def flattering(rows):
        return [(row, tuple((grader, "correct", "7") for grader, _, _ in grades)) for row, grades in rows]

    error = refused(reseal(edit_store(archive, flattering)))
    assert error.reason == "grades-differ"
    assert "graded again" in str(error)


def test_swapped_rows(archive):
    """Texts of two questions change places, seeds stay where they were."""

    def swap(rows):
        index = [i for i, (row, _) in enumerate(rows) if row.model is not None][:2]
        (one, first_grades), (two, second_grades) = rows[index[0]], rows[index[1]]
        rows[index[0]] = (replace(one, text=two.text, tokens_out=two.tokens_out), first_grades)
        rows[index[1]] = (replace(two, text=one.text, tokens_out=one.tokens_out), second_grades)
        return rows

    assert refused(reseal(edit_store(archive, swap))).reason in ("replay-differs", "grades-differ")


def test_rows_under_another_question(archive):
    def move(rows):
        return first(rows, lambda row: replace(row, question_id=f"{row.question_id}9"))

    error = refused(reseal(edit_store(archive, move)))
    assert error.reason == "store-invalid"
    assert "seed" in str(error)


def test_one_generation_twice(archive):
    assert refused(reseal(edit_store(archive, lambda rows: [rows[0], *rows]))).reason == "store-invalid"


def test_missing_rows(archive):
    assert refused(reseal(edit_store(archive, lambda rows: rows[: len(rows) // 2]))).reason == "store-lacks"


def test_no_parquet_at_all(archive):
    (archive / "store.parquet").write_bytes(b"PAR1" + b"\0" * 1000 + b"PAR1")
    assert refused(reseal(archive)).reason == "store-invalid"


def test_no_store(archive):
    (archive / "store.parquet").unlink()
    assert refused(reseal(archive)).reason == "no-store"


# Engines that know the answers: everything is consistent, only a live run tells.


class Oracle(EchoEngine):
    """An "endpoint" that looks the answers up."""

    def __init__(self) -> None:
        super().__init__()
        task = load_task("micro_math")
        self.answers = {
            question.text: str(question.doc["answer"])
            for split in ("search", "test")
            for question in task.questions(split)
        }

    async def generate(self, request) -> Completion:
        done = await super().generate(request)
        shown = "\n".join(message.content for message in request.prompt.messages) + (request.prompt.text or "")
        asked = max(self.answers, key=shown.rfind)  # after the examples
        return replace(done, text=self.answers[asked])


class Cheap(EchoEngine):
    """An "endpoint" that says what the model says, and counts half of it."""

    async def generate(self, request) -> Completion:
        done = await super().generate(request)
        return replace(done, tokens_in=1 + done.tokens_in // 2)


@contextlib.contextmanager
def cheating_bench(folder: Path, engine: EchoEngine) -> Iterator[Session]:
    with Session(folder / "store.sqlite", "echo") as session:
        session._engines_for = lambda pool: {card.name: engine for card in pool}  # type: ignore[method-assign]
        yield session


@pytest.mark.parametrize(("engine", "reason"), [(Oracle, "rerun-differs"), (Cheap, "tokens-differ")])
def test_an_endpoint_that_cheats_is_found_by_a_live_run_only(tmp_path, engine, reason):
    with cheating_bench(tmp_path, engine()) as session:
        forged = make_archive(tmp_path, "single_model", session)
    assert verify(forged, suites=SUITES).badge == "replay-verified"
    assert refused(forged, LIVE).reason == reason


# Submissions.


def test_a_hard_coded_graph(tmp_path, write_method):
    method = write_method("return single('smollm2-135m')")
    with Session(tmp_path / "store.sqlite", "echo") as session:
        forged = make_archive(tmp_path, method, session)
    error = refused(forged)
    assert error.reason == "hard-coded"
    assert "kind: graph" in str(error)


def test_a_hard_coded_graph_behind_a_show_of_searching(tmp_path, write_method):
    body = "problem.evaluate(problem.space.sample(rng), [0])\nproblem.recommend(single('smollm2-135m'))"
    method = write_method(body + "\nreturn single('smollm2-135m')")
    with Session(tmp_path / "store.sqlite", "echo") as session:
        forged = make_archive(tmp_path, method, session)
    error = refused(forged)
    assert error.reason == "hard-coded"
    assert "under other names of the models it ends as crashed" in str(error)


def test_a_method_that_is_not_the_one_that_ran(archive, write_method):
    other = write_method("problem.recommend(single('smollm2-135m'))\nproblem.evaluate(single('smollm2-135m'))")
    shutil.copy(Path(__file__).parents[3] / "submissions" / "random_search" / "submission.yaml", other)
    (archive / "submission.zip").write_bytes(pack(other))
    assert refused(reseal(archive)).reason in ("replay-differs", "store-lacks")


def test_a_method_that_declares_something_else(archive, write_method):
    other = write_method("return problem.space.sample(rng)")
    (archive / "submission.zip").write_bytes(pack(other))
    assert refused(reseal(archive)).reason == "bad-submission"


def test_no_submission(archive):
    (archive / "submission.zip").unlink()
    assert refused(reseal(archive)).reason == "no-submission"


@pytest.mark.parametrize(
    ("name", "size", "text"),
    [("../../escaped.py", 1, "no name for a file"), ("bomb.py", 64 << 20, "larger than 2 MiB")],
)
def test_hostile_zip_files(archive, tmp_path, name, size, text):
    """More of them in tests/submission."""
    with zipfile.ZipFile(archive / "submission.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, b"0" * size)
    error = refused(reseal(archive))
    assert error.reason == "bad-submission"
    assert text in str(error)
    assert not list(tmp_path.rglob("*escaped*"))


def test_no_zip_file(archive):
    (archive / "submission.zip").write_bytes(b"PK\3\4" + b"\0" * 100)
    assert refused(reseal(archive)).reason == "bad-submission"


# Claims.


def test_a_badge_that_nobody_gave(archive):
    claim = {"schema": 1, "run_id": archive.name, "badge": "re-run", "package_version": "0.1.0", "cells": 1}
    claim |= {"grades": 1, "rerun": 1}
    (archive / "verification.json").write_text(json.dumps(claim, sort_keys=True, indent=1) + "\n")
    assert read_archive(archive, suites=SUITES).badge == "re-run"
    assert refused(archive).reason == "forged-badge"


def test_fewer_seeds_than_the_suite(archive):
    suites = {"tiny-v1": SUITE.model_copy(update={"seeds": 2})}
    changed = suites["tiny-v1"].hash
    for name in ("cells.jsonl.gz", "logs.jsonl.gz"):
        put(archive / name, content(archive / name).replace(SUITE.hash.encode(), changed.encode()))
    forged = reseal(archive, lambda record: record["suite"].update(hash=changed))
    with pytest.raises(Rejected) as caught:
        verify(forged, suites=suites)
    assert caught.value.reason == "incomplete"
    assert verify(forged, Options(fewer_seeds=True), suites=suites).badge == "replay-verified"


def test_a_grader_of_another_version(archive):
    edit(archive, "cells.jsonl.gz", lambda cell: cell.update(grader="exact/0", task_version=9))
    forged = reseal(archive, lambda record: record["tasks"]["micro_math"].update(grader="exact/0", version=9))
    assert refused(forged).reason == "task-mismatch"


# Hostile text.


def test_html_in_every_text_field_is_data(tmp_path, write_method):
    """It is kept as it is, verified like any other, and comes out as text."""
    method = write_method("problem.evaluate(single('smollm2-135m'))\nraise ValueError(HTML)", name="mine")
    text = (method / "method.py").read_text()
    (method / "method.py").write_text(text.replace("def search", f"HTML = {HTML!r}\ndef search"))
    metadata = {"name": "mine", "version": "<b>1</b>", "description": HTML, "authors": [HTML, "\u202e\x00\x1b[31m"]}
    metadata |= {"paper": f"javascript:{HTML}", "licence": HTML, "departures": [HTML]}
    (method / "submission.yaml").write_text(yaml.safe_dump(metadata))
    with Session(tmp_path / "store.sqlite", "echo") as session:
        path = make_archive(tmp_path, method, session)
    found = read_archive(path, suites=SUITES)
    assert found.record.method.description == HTML
    assert HTML in str(found.cells[0].error)
    assert verify(path, suites=SUITES).badge == "replay-verified"


def test_rows_that_the_recording_of_the_suite_does_not_hold(honest, tmp_path):
    """On a recorded suite a better answer, seed, tokens, grades and all, is still not the one that was recorded."""
    recording = honest / "store.parquet"
    spec = {"file": str(recording), "sha256": hashlib.sha256(recording.read_bytes()).hexdigest()}
    changed = {**SUITE.model_dump(mode="json", by_alias=True), "recorded": spec, "search_universes": 1}
    suite = Suite.model_validate(changed)
    with Session(recorded_store(suite.recorded), None) as session:
        run_suite(tmp_path / "run", suite, ["random_search"], 1, session, "none", lambda *_: None)
    archive = write_archive(tmp_path / "run", "random_search", tmp_path / "results")
    suites = {"tiny-v1": suite}
    assert verify(archive, suites=suites).badge == "replay-verified"

    forged = reseal(edit_store(archive, lambda rows: first(rows, lambda row: replace(row, text=f"{row.text} "))))
    with pytest.raises(Rejected) as caught:
        verify(forged, suites=suites)
    assert caught.value.reason == "not-recorded"
