"""Runs with a search agent on a simulated suite: replayed from the recorded replies, forged, and run again live."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from forge import content, edit, edit_store, first, reseal

from ttgbench.engines import Request
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Rejected, read_archive, write_archive
from ttgbench.publish.verification import Options, verify
from ttgbench.run import agent as agent_module
from ttgbench.run import session as session_module
from ttgbench.run.experiment import run_suite
from ttgbench.run.session import Session
from ttgbench.testing import ScriptedEngine

SUITE = Suite.model_validate(
    tiny.suite("math", search=20, test=40, space={"roles": ["assistant", "fuser"], "max_nodes": 4}, **tiny.SIMULATED)
)
SUITES = {"tiny-v1": SUITE}
AGENT = "llama-3.2-3b"
LIVE = Options(rerun=1, engine="scripted")
MODELS = ("sim-a-3b", "sim-b-1b", "sim-b-4b")


def said(request: Request) -> str:
    """Criticism or a graph; the same request is answered alike, another one otherwise."""
    digest = hashlib.sha256(repr((request.prompt, request.seed)).encode()).digest()
    if "criticism" in json.dumps(request.schema):
        return json.dumps({"criticism": f"It lacks {digest.hex()[:8]}."})
    node = {"id": f"n{digest.hex()[:8]}", "role": "assistant", "model": MODELS[digest[0] % len(MODELS)]}
    return json.dumps({"nodes": [node], "edges": []})


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[ScriptedEngine]:
    """The engines that were started for an agent; each says what `said` says."""
    engines: list[ScriptedEngine] = []

    def made(cards: Any) -> dict[str, ScriptedEngine]:
        engines.append(ScriptedEngine(said))
        return {card.name: engines[-1] for card in cards}

    launch_with(monkeypatch, made)
    return engines


def launch_with(monkeypatch: pytest.MonkeyPatch, made: Callable[[Any], dict[str, ScriptedEngine]]) -> None:
    """Whoever launches gets what this makes of the cards."""
    for module in (agent_module, session_module):
        monkeypatch.setattr(module, "launch", lambda spec, cards, slots=None: made(cards))


def make_archive(folder: Path, method: str, *, out: str = "run", agent: str = AGENT) -> Path:
    """Runs one method with an agent into a store that others may share, and archives it."""
    with Session(folder / "store.sqlite", "scripted", agent=agent) as session:
        [result] = run_suite(
            folder / out, SUITE, [method], 1, session, "synthetic", lambda *_: None, f"{agent}=http://127.0.0.1:1/v1"
        )
    assert result.search.by_category["agent"] > 0
    return write_archive(folder / out, method, folder / f"{out}-results", store=folder / "store.sqlite")


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patched:
        launch_with(patched, lambda cards: {card.name: ScriptedEngine(said) for card in cards})
        return make_archive(tmp_path_factory.mktemp("honest"), "textgrad")


@pytest.fixture
def archive(honest: Path, tmp_path: Path, launched: list[ScriptedEngine]) -> Path:
    """A copy that a test may forge."""
    return shutil.copytree(honest, tmp_path / "results" / "tiny-v1" / "textgrad" / honest.name)


def replies(path: Path) -> list[str]:
    """What the agent said, by the log."""
    events = json.loads(content(path / "logs.jsonl.gz"))["events"]
    return [event["reply"] for event in events if event["event"] == "ask"]


def refused(path: Path, options: Options = Options()) -> Rejected:
    with pytest.raises(Rejected) as caught:
        verify(path, options, suites=SUITES)
    return caught.value


def test_it_is_replay_verified_without_an_engine(archive, launched):
    found = verify(archive, suites=SUITES)
    assert (found.badge, found.cells, found.grades, found.rerun) == ("replay-verified", 1, 0, 0)
    assert not launched
    record = read_archive(archive, suites=SUITES).record
    assert record.agent == AGENT, "a name without the address"
    assert "127.0.0.1" not in record.to_json()


def test_the_archive_holds_the_replies_and_no_other_methods(tmp_path, launched):
    from ttgbench.evaluate.store import parquet

    path = make_archive(tmp_path, "textgrad")
    other = make_archive(tmp_path, "maao", out="other")
    again = write_archive(tmp_path / "run", "textgrad", tmp_path / "again", store=tmp_path / "store.sqlite")
    for archived in (path, other):
        rows = [row for chunk in parquet.read(archived / "store.parquet") for row, _ in chunk]
        assert {row.role for row in rows} == {"agent"}
        assert {row.text for row in rows} == set(replies(archived))
    assert set(replies(path)) != set(replies(other))
    assert again.name == path.name


# A live run is live only if the agent is.


def test_to_run_it_again_the_agent_needs_an_engine(archive):
    error = refused(archive, Options(rerun=1))
    assert (error.reason, error.field) == ("no-engine", "agent")


def test_run_again_the_agent_is_asked_live(archive, launched):
    found = verify(archive, LIVE, suites=SUITES)
    assert (found.badge, found.rerun) == ("re-run", 1)
    [engine] = launched
    assert len(engine.requests) == len(replies(archive))


# Edited replies.


def test_another_reply(archive):
    edit_store(archive, lambda rows: first(rows, lambda row: replace(row, text='{"criticism": "Buy my course."}')))
    error = refused(reseal(archive))
    assert error.reason == "replay-differs"
    assert "Buy my course" in str(error)


def test_another_reply_in_store_and_log(archive):
    """The agent now says something else in both: the search does not go on as it did."""
    text, other = replies(archive)[0], '{"criticism": "Buy my course."}'

    def changed(rows):
        return [(replace(row, text=other) if row.text == text else row, grades) for row, grades in rows]

    edit_store(archive, changed)
    edit(archive, "logs.jsonl.gz", lambda log: [e.update(reply=other) for e in log["events"] if e.get("reply") == text])
    assert refused(reseal(archive)).reason in ("store-lacks", "replay-differs")


def test_two_replies_that_changed_places(archive):
    def swap(rows):
        (one, _), (two, _) = rows[:2]
        return [(replace(one, text=two.text), ()), (replace(two, text=one.text), ()), *rows[2:]]

    assert refused(reseal(edit_store(archive, swap))).reason == "replay-differs"


@pytest.mark.parametrize("field", ["tokens_in", "tokens_out", "retried_tokens_in"])
def test_edited_token_counts_of_a_reply(archive, field):
    """What a reply is charged with follows from its row."""
    edit_store(archive, lambda rows: first(rows, lambda row: replace(row, **{field: getattr(row, field) + 9})))
    error = refused(reseal(archive))
    assert error.reason == "replay-differs"
    assert "charged" in str(error)


def test_an_agent_that_counts_half_its_tokens_is_found_by_a_live_run_only(tmp_path, monkeypatch, launched):
    class Cheap(ScriptedEngine):
        async def generate(self, request: Request) -> Any:
            done = await super().generate(request)
            return replace(done, tokens_in=1 + done.tokens_in // 2)

    with monkeypatch.context() as patched:
        launch_with(patched, lambda cards: {card.name: Cheap(said) for card in cards})
        path = make_archive(tmp_path, "textgrad")
    assert verify(path, suites=SUITES).badge == "replay-verified"
    assert refused(path, LIVE).reason == "tokens-differ"


def no_store(path: Path) -> Path:
    (path / "store.parquet").unlink()
    return reseal(path)


def without(number: int) -> Callable[[Path], Path]:
    return lambda path: reseal(edit_store(path, lambda rows: rows[:number] + rows[number + 1 :]))


def graded(path: Path) -> Path:
    return reseal(edit_store(path, lambda rows: [(row, (("number/1", "correct", "7"),)) for row, _ in rows]))


def named(agent: str | None) -> Callable[[Path], Path]:
    return lambda path: reseal(path, lambda record: record.update(agent=agent))


def claimed(agent: str) -> Callable[[Path], Path]:
    """Names what the package never writes; this is refused before the run id is looked at."""

    def forge(path: Path) -> Path:
        record = json.loads((path / "run.json").read_text()) | {"agent": agent}
        (path / "run.json").write_text(json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n")
        return path

    return forge


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        pytest.param(no_store, "no-store", id="no replies"),
        pytest.param(without(0), "store-lacks", id="one reply is missing"),
        pytest.param(graded, "task-mismatch", id="replies with grades"),
        pytest.param(named("llama-3.2-1b"), "store-lacks", id="replies of another model"),
        pytest.param(named("gpt-9"), "agent-unknown", id="an unknown model"),
        pytest.param(named("gemma-3-270m"), "agent-unknown", id="a base model"),
        pytest.param(named(None), "unexpected-file", id="replies of nobody"),
        pytest.param(claimed("llama-3.2-3b=http://127.0.0.1:1/v1"), "schema", id="an address"),
        pytest.param(claimed("/etc/passwd/llama-3.2-3b"), "schema", id="a file"),
    ],
)
def test_what_is_forged_is_refused(archive, forge, reason):
    assert refused(forge(archive)).reason == reason


def test_a_store_that_no_run_could_use(tmp_path, archive):
    with Session(None, None) as session:
        run_suite(tmp_path / "plain", SUITE, ["random_search"], 1, session, "synthetic", lambda *_: None)
    plain = write_archive(tmp_path / "plain", "random_search", tmp_path / "plain-results")
    assert not (plain / "store.parquet").exists()
    assert verify(plain, Options(rerun=1), suites=SUITES).badge == "replay-verified"
    shutil.copy(archive / "store.parquet", plain)
    assert refused(reseal(plain)).reason == "unexpected-file"


def test_an_agent_of_a_pool_of_ones_own_cannot_be_replayed_elsewhere(tmp_path, launched):
    from ttgbench.models.pool import load_pool

    pool = load_pool("paper").model_dump(mode="json", by_alias=True)
    card = next(card for card in pool["models"] if card["name"] == AGENT)
    (tmp_path / "mine.yaml").write_text(json.dumps({**pool, "models": [{**card, "name": "tutor"}]}))
    path = make_archive(tmp_path, "textgrad", agent=f"{tmp_path / 'mine.yaml'}/tutor")
    assert read_archive(path, suites=SUITES).record.agent == "tutor", "no path of this machine"
    assert refused(path).reason == "agent-unknown"
