"""Recording a bounded space: complete, resumable, the same bytes, replayed without an engine."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, MissingGeneration, UnknownName
from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.store.store import Store
from ttgbench.problems.anchors import AnchorFile
from ttgbench.problems.recorded import RecordedSpec
from ttgbench.problems.suite import load_suite, suite_names
from ttgbench.publish.archive import Rejected
from ttgbench.publish.recording.export import FILES, export
from ttgbench.publish.recording.hub import push
from ttgbench.publish.recording.plan import census, load_recipe, prepare, record
from ttgbench.publish.verification import Options, verify
from ttgbench.run import session as session_module
from ttgbench.run.recorded import recorded_path, store_of
from ttgbench.run.session import Session

SPACE = {
    "pool": "embedded",
    "budget": "3.2 units",
    "space": {"roles": ["assistant", "fuser", "vote"], "max_nodes": 3, "max_width": 2, "max_depth": 2},
    "search_questions": 3,
    "test_questions": 4,
}


@pytest.fixture
def space(tmp_path: Path) -> str:
    path = tmp_path / "space.yaml"
    path.write_text(yaml.safe_dump(SPACE))
    return str(path)


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    """A suite on the same space whose seeds share two search universes."""
    path = tmp_path / "suite.yaml"
    suite = {
        "schema": 1,
        "name": "small",
        "version": 3,
        "description": "for tests",
        "methods": ["random_search"],
        "seeds": 3,
        "search_evaluations": 3,
        "search_universes": 2,
        "problems": [{"name": "math", "task": "micro_math", **SPACE}],
    }
    path.write_text(yaml.safe_dump(suite))
    return path


def recorded(source: str, folder: Path, tasks: tuple[str, ...] = ("micro_math",)) -> dict:
    recipe = load_recipe(source, tasks)
    with Session(folder / "store.sqlite", "echo") as session:
        subjects = prepare(session, recipe)
        record(subjects)
        return export(subjects, recipe, session.store, folder / "out")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The space recorded and exported, to be read: store.sqlite and out/."""
    folder = tmp_path_factory.mktemp("recording")
    (folder / "space.yaml").write_text(yaml.safe_dump(SPACE))
    recorded(str(folder / "space.yaml"), folder)
    return folder


def manifest_of(recording: Path) -> dict:
    return json.loads((recording / "out" / "recording.json").read_text())


def test_everything_that_any_graph_needs_is_generated_once(space, tmp_path):
    recipe = load_recipe(space, ["micro_math"])
    with Session(tmp_path / "store.sqlite", "echo") as session:
        [subject] = prepare(session, recipe)
        before = census(subject, session.store)
        assert (before.missing, before.recorded_votes) == (before.generations, 0)
        record([subject])
        after = census(subject, session.store)
        assert (after.missing, after.recorded_votes) == (0, after.votes)
        info = session.store.info()
        assert info.generations == before.generations + before.votes == 7 * before.node_keys
        assert sum(info.models.values()) == before.generations
    with Session(tmp_path / "store.sqlite", None) as replay:
        [again] = prepare(replay, recipe)
        universe = {"search": 0, "test": TEST_UNIVERSE}
        for split, count in (("search", 3), ("test", 4)):
            evaluations = again.evaluator.evaluate(list(again.space.enumerate()), range(count), universe[split], split)
            assert len(evaluations) == before.graphs
        with pytest.raises(MissingGeneration):
            again.evaluator.evaluate(again.graphs[:1], range(4), universe=0, split="search")


def test_the_export_names_the_best_graph_of_the_table(space, tmp_path):
    Path(space).write_text(yaml.safe_dump({**SPACE, "test_questions": 60}))
    manifest = recorded(space, tmp_path)
    with (tmp_path / "out" / "table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    [problem] = manifest["problems"]
    assert len(rows) == problem["graphs"] == len({row["graph"] for row in rows})
    anchors = AnchorFile.model_validate_json((tmp_path / "out" / "anchors.json").read_bytes())
    best = max(float(row["test_value"]) for row in rows)
    alone = max(float(row["test_value"]) for row in rows if row["nodes"] == "1")
    assert best > alone, "the toy engine no longer makes a graph better than a model alone; take more questions"
    found = anchors.problems["micro_math"]
    assert (found.zero, found.one) == pytest.approx((alone, best))
    one = json.dumps(found.one_graph, separators=(",", ":"))
    assert {row["test_value"] for row in rows if row["definition"] == one} == {str(best)}


def test_the_manifest_holds_the_hash_of_every_file(space, tmp_path, recording):
    out = recording / "out"
    assert recorded(space, tmp_path) == manifest_of(recording)
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    for name, facts in manifest_of(recording)["files"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == facts["sha256"]


def test_the_card_states_licences_in_words_and_for_the_hub(recording):
    text = (recording / "out" / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "other"
    assert [entry["data_files"] for entry in front["configs"]] == ["data.parquet", "table.csv"]
    assert "ai.google.dev/gemma/terms" in text
    assert "Llama" not in text


def test_other_rows_of_the_store_do_not_get_into_the_export(space, tmp_path, recording):
    with Session(tmp_path / "both" / "store.sqlite", "echo") as session:
        task = session.task("micro_math")
        [subject] = prepare(session, load_recipe(space, ["micro_math"]))
        subject.evaluator.evaluate(subject.graphs[:1], range(len(task.questions("search"))), 5, "search")
    recorded(space, tmp_path / "both")
    same = [(folder / "out" / "data.parquet").read_bytes() for folder in (recording, tmp_path / "both")]
    assert same[0] == same[1]


def test_an_incomplete_recording_is_not_exported(space, tmp_path):
    recipe = load_recipe(space, ["micro_math"])
    with Session(tmp_path / "store.sqlite", "echo") as session:
        subjects = prepare(session, recipe)
        subjects[0].evaluator.evaluate(subjects[0].graphs[:1], range(3), 0, "search")
    with Session(tmp_path / "store.sqlite", None) as replay, pytest.raises(MissingGeneration):
        export(prepare(replay, recipe), recipe, replay.store, tmp_path / "out")


SLOW = """
import asyncio, sys
from ttgbench.engines import echo
fast = echo.EchoEngine.generate
async def slow(self, request):
    await asyncio.sleep(0.05)
    return await fast(self, request)
echo.EchoEngine.generate = slow
from ttgbench.publish.archive import Rejected
from ttgbench.cli import app
app(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_killed_recording_goes_on_and_gives_the_same_bytes(space, tmp_path, recording):
    store = tmp_path / "killed" / "store.sqlite"
    command = ["record", "--space", space, "-t", "micro_math", "--engine", "echo", "--slots", "2"]
    process = subprocess.Popen([sys.executable, "-c", SLOW, *command, "--store", str(store)], stderr=subprocess.DEVNULL)
    made = 0
    while made < 20 and process.poll() is None:
        time.sleep(0.05)
        if store.exists():
            with Store(store, read_only=True) as watched:
                made = watched.info().generations
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    with Store(store) as left:
        kept = left.info().generations
        assert left.verify() == []
    manifest = recorded(space, tmp_path / "killed")
    assert 20 <= kept < manifest["generations"]
    for name in FILES:
        assert (tmp_path / "killed" / "out" / name).read_bytes() == (recording / "out" / name).read_bytes()


@pytest.fixture
def recorded_suite(suite_file, tmp_path, monkeypatch) -> Path:
    """The suite with its recording; to start an engine fails."""
    manifest = recorded(str(suite_file), tmp_path, ())
    digest = manifest["files"]["data.parquet"]["sha256"]
    suite = yaml.safe_load(suite_file.read_text())
    suite["recorded"] = {"file": str(tmp_path / "out" / "data.parquet"), "sha256": digest}
    suite_file.write_text(yaml.safe_dump(suite))
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(session_module, "launch", lambda *_, **__: pytest.fail("an engine was started"))
    return suite_file


def test_a_recorded_suite_runs_and_replays_without_an_engine(recorded_suite, tmp_path):
    run = ["run", "--suite", str(recorded_suite), "--out", str(tmp_path / "run"), "--json"]
    first = CliRunner().invoke(app, run, catch_exceptions=False)
    assert first.exit_code == 0, first.output
    assert [cell["status"] for cell in json.loads(first.stdout)] == ["finished"] * 3
    assert CliRunner().invoke(app, ["replay", str(tmp_path / "run")], catch_exceptions=False).exit_code == 0
    [store] = (tmp_path / "cache" / "recorded").glob("*.sqlite")
    assert store.name == f"{load_suite(str(recorded_suite)).recorded.sha256[:32]}.sqlite"


def test_results_on_a_recorded_suite_are_replayed_from_the_recording(recorded_suite, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    submit = ["submit", "random_search", "--suite", str(recorded_suite), "--results", "results"]
    assert CliRunner().invoke(app, submit, catch_exceptions=False).exit_code == 0
    suite = load_suite(str(recorded_suite))
    [archive] = (tmp_path / "results" / suite.label / "random_search").iterdir()
    found = verify(archive, Options(rerun=2), suites={suite.label: suite})
    assert (found.badge, found.rerun) == ("replay-verified", 0)  # nothing live answers there
    recording = store_of(suite, tmp_path / "none")
    for file in recording.parent.iterdir():
        file.unlink()
    Store(recording).close()  # as if the archived generations were not those of the recording
    with pytest.raises(Rejected) as caught:
        verify(archive, Options(rerun=2), suites={suite.label: suite})
    assert caught.value.reason == "not-recorded"


@pytest.fixture
def frozen_beside_code(tmp_path, monkeypatch, suite_file):
    """Runs the script as if the package's own folders were others, and the suite's file were shipped."""
    script = Path(__file__).parents[2] / "benchmark" / "reference" / "freeze.py"
    spec = importlib.util.spec_from_file_location("freeze", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    package = tmp_path / "package"
    (package / "recorded").mkdir(parents=True)
    shipped = package / "small-v3.yaml"
    shipped.write_text(suite_file.read_text())
    monkeypatch.setattr(module, "FOLDER", package / "recorded")
    monkeypatch.setattr(module, "SUITES", package)
    monkeypatch.setattr(module, "anchor_path", lambda label: package / "anchors" / f"{label}.json")
    monkeypatch.setattr(module, "load_suite", lambda label: load_suite(str(shipped)))

    def run(folder: Path) -> Path:
        monkeypatch.setattr(sys, "argv", ["freeze.py", str(folder)])
        module.main()
        return package

    return run


def test_freezing_puts_a_recording_beside_the_code(suite_file, tmp_path, frozen_beside_code):
    manifest = recorded(str(suite_file), tmp_path, ())
    for _ in range(2):  # a second time changes nothing
        package = frozen_beside_code(tmp_path / "out")
        suite = load_suite(str(package / "small-v3.yaml"))
        assert suite.recorded is not None
        assert suite.recorded.file == "small-v3.parquet"
        assert suite.recorded.sha256 == manifest["files"]["data.parquet"]["sha256"]
        data = (package / "recorded" / "small-v3.parquet").read_bytes()
        assert hashlib.sha256(data).hexdigest() == suite.recorded.sha256
        assert AnchorFile.model_validate_json((package / "anchors" / "small-v3.json").read_bytes()).suite == "small-v3"


def test_a_smaller_recording_than_the_suites_is_not_frozen(suite_file, tmp_path, frozen_beside_code):
    recipe = load_recipe(str(suite_file), questions=2)
    with Session(tmp_path / "store.sqlite", "echo") as session:
        subjects = prepare(session, recipe)
        record(subjects)
        export(subjects, recipe, session.store, tmp_path / "out")
    with pytest.raises(InputError, match="search_questions"):
        frozen_beside_code(tmp_path / "out")


def test_a_recording_with_another_hash_is_refused(recording, tmp_path, monkeypatch, suite_file):
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    spec = RecordedSpec(file=str(recording / "out" / "data.parquet"), sha256="0" * 64)
    suite = load_suite(str(suite_file)).model_copy(update={"recorded": spec})
    with pytest.raises(InputError, match="sha256"):
        store_of(suite, tmp_path / "own.sqlite")
    assert not (tmp_path / "cache" / "recorded").exists()
    with pytest.raises(InputError, match="neither shipped nor a file"):
        recorded_path("nothing.parquet")


def test_seeds_share_the_recorded_search_universes(suite_file, tiny_suite):
    suite = load_suite(str(suite_file))
    assert [suite.search_universe(seed) for seed in range(5)] == [0, 1, 0, 1, 0]
    assert [tiny_suite.search_universe(seed) for seed in range(3)] == [0, 1, 2]


def test_a_suite_is_recorded_with_all_its_universes_or_fewer(suite_file):
    whole = load_recipe(str(suite_file))
    assert (whole.name, whole.search_universes, whole.test_universes) == ("small-v3", 2, 1)
    less = load_recipe(str(suite_file), questions=3, universes=1)
    assert (less.search_universes, less.problems[0].search_questions, less.problems[0].test_questions) == (1, 3, 3)


def test_wrong_recipes_are_refused(space, suite_file, tmp_path):
    with pytest.raises(InputError, match="task"):
        load_recipe(space)
    with pytest.raises(InputError, match="task"):
        load_recipe(str(suite_file), ["micro_qa"])
    with pytest.raises(UnknownName):
        load_recipe("no-such-suite")
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe(str(tmp_path / "none.yaml"), ["micro_math"])
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(yaml.safe_dump({**SPACE, "budjet": "3 units"}))
    with pytest.raises(InputError, match="budjet"):
        load_recipe(str(wrong), ["micro_math"])
    with Session(None, None) as session, pytest.raises(InputError, match="recorded"):
        prepare(session, load_recipe("synthetic-v1"))


def test_a_dry_run_says_how_much_it_is(space, tmp_path):
    options = ["--space", space, "-t", "micro_math", "--store", str(tmp_path / "none.sqlite")]
    result = CliRunner().invoke(app, ["record", *options, "--dry-run", "--rate", "2", "--json"], catch_exceptions=False)
    plan = json.loads(result.stdout)
    assert plan["missing"] == plan["problems"][0]["generations"] == 7 * plan["problems"][0]["model_keys"]
    assert plan["seconds"] == plan["missing"] / 2
    assert not (tmp_path / "none.sqlite").exists()


def test_a_recording_is_pushed_as_one_commit(recording, hub):
    out = recording / "out"
    push(out, f"{hub.user}/micro", manifest_of(recording)["files"]["data.parquet"]["sha256"])
    files = hub.files(f"{hub.user}/micro")
    assert {name: files[name] for name in FILES} == {name: (out / name).read_bytes() for name in FILES}


def test_what_the_hub_refuses_becomes_one_message(recording, hub, monkeypatch):
    with pytest.raises(InputError, match="no exported recording"):
        push(recording, "session/micro", "0" * 64)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match="the upload failed"):
        push(recording / "out", "session/micro", "0" * 64)
    with pytest.raises(InputError, match="the upload failed"):
        push(recording / "out", "not a name", "0" * 64)


SHIPPED = [name for name in suite_names() if isinstance(load_suite(name).recorded, RecordedSpec)]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_has_its_hash_and_answers_every_method(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    suite = load_suite(name)
    with Session(store_of(suite, tmp_path / "own.sqlite"), None) as session:
        for spec in suite.problems:
            context = session.context(suite, spec)
            graphs = list(context.space.enumerate())
            indices = range(len(context.test_questions))
            values = [
                spec.objective.value(evaluation)
                for evaluation in context.evaluator.evaluate(graphs, indices, TEST_UNIVERSE, "test")
            ]
            assert suite.anchors is not None
            assert max(values) == pytest.approx(suite.anchors[spec.name].one)
