"""Held-out instances: a method that remembers falls back to what it is worth; a season keeps its promise."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError
from ttgbench.evaluate.synthetic.family import VERSION, draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.problems.family import reference
from ttgbench.problems.family.family import objective_of, space_of
from ttgbench.problems.family.record import InstanceFile, read_instances
from ttgbench.problems.family.season import Registry, commitment, read_registry, season_suite, write_registry
from ttgbench.problems.suite import Suite, load_suite, stratum_spec
from ttgbench.publish.archive import write_archive
from ttgbench.publish.verification import Options, verify
from ttgbench.run.experiment import run_suite
from ttgbench.run.session import Session

NAMES = ("fuse-vote-small-mid", "nofuse-vote-small-mid")
BY_HEART = """
import json
from pathlib import Path
from ttgbench import Graph
from ttgbench.shapes import single

KNOWN = json.loads((Path(__file__).parent / "known.json").read_text())


def search(problem, rng):
    graph = single(problem.space.pool.smallest.name)
    problem.evaluate(graph, [0])  # so that something is spent
    known = KNOWN.get(problem.questions[0].id)
    if known is None:
        return graph
    names = problem.space.pool.names  # by place in the pool, so that other names of the models do not matter
    nodes = [{**n, "model": names[int(n["model"][1:]) - 1]} if "model" in n else n for n in known["nodes"]]
    return Graph.from_dict({**known, "nodes": nodes})
"""


def instances(salt: str, count: int) -> InstanceFile:
    """Instances of two strata, looked at with less care than shipped ones, and not filtered."""

    def record(name: str, number: int) -> object:
        instance = draw_instance(STRATA[name], salt, number)
        return reference.assess(instance, space_of(instance), objective_of(instance), 0)

    found = {name: [record(name, number + 1) for number in range(count)] for name in NAMES}
    return InstanceFile(salt=salt, version=VERSION, drawn=count * 2, refused={}, instances=found)


@pytest.fixture(scope="module")
def held() -> tuple[InstanceFile, InstanceFile]:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("PROPOSALS", 40), ("RANDOMS", 4), ("MODELS", 1), ("FINAL", 8), ("CANDIDATES", 4)):
            patched.setattr(reference, name, value)
        return instances("public", 2), instances("secret", 2)


def suite_of(public: InstanceFile) -> Suite:
    family = {"salt": "public", "first": 1, "count": 2, "records": dict(public.instances)}
    problems = [stratum_spec(name) for name in NAMES]
    data = {"name": "drawn", "version": 1, "description": "", "search_evaluations": 2, "seeds": 2, "family": family}
    return Suite.model_validate({**data, "problems": problems, "test_universes": 4})


def by_heart(folder: Path, suite: Suite) -> Path:
    """A submission that carries the best graph of every public instance."""
    folder.mkdir()
    known = {}
    for spec in suite.problems:
        for seed in range(2):
            instance, anchor = suite.instance(spec.name, seed), suite.anchor(spec.name, seed)
            known[instance.task.questions("search")[0].id] = anchor.one_graph
    (folder / "known.json").write_text(json.dumps(known))
    (folder / "method.py").write_text(BY_HEART)
    metadata = {"name": "by_heart", "version": "1", "description": "Remembers.", "authors": ["nobody"]}
    (folder / "submission.yaml").write_text(yaml.safe_dump({**metadata, "licence": "Apache-2.0"}))
    return folder


def test_who_knows_the_optima_by_heart_falls_back_on_a_season(tmp_path, held):
    public, secret = held
    suite = suite_of(public)
    with Session(None, None) as session:
        run_suite(
            tmp_path / "run", suite, [str(by_heart(tmp_path / "by_heart", suite))], 2, session, "echo", lambda *_: None
        )
    archive = write_archive(tmp_path / "run", "by_heart", tmp_path / "results")
    found = verify(archive, Options(season=secret), suites={suite.label: suite}).season
    assert found is not None
    assert found.season == commitment("secret")
    assert found.public > 0.8
    assert found.held_out < 0.2
    assert found.runs == 4
    assert found.flagged
    assert "secret" not in found.to_json()
    one = secret.model_copy(update={"instances": {name: records[:1] for name, records in secret.instances.items()}})
    with pytest.raises(InputError, match="at least two instances"):
        verify(archive, Options(season=one), suites={suite.label: suite})


def test_a_suite_with_the_same_problems_for_all_seeds_has_no_season(held):
    with pytest.raises(InputError, match="families"):
        season_suite(load_suite("demo"), held[1])


def test_instances_are_read_as_they_were_written(tmp_path, held):
    path = tmp_path / "instances.json"
    path.write_text(held[0].to_json())
    assert read_instances(path) == held[0]


TODAY = date(2026, 11, 29)


def test_a_season_is_opened_closed_and_revealed():
    registry = Registry().open("synthetic-v2", "salt", TODAY)
    assert registry.seasons[0].sha256 == commitment("salt")
    with pytest.raises(InputError, match="open season"):
        registry.open("synthetic-v2", "other", TODAY)
    with pytest.raises(InputError, match="is open"):
        registry.reveal(1, "salt")
    closed = registry.close(1, TODAY)
    with pytest.raises(InputError, match="not the salt"):
        closed.reveal(1, "other")
    assert closed.reveal(1, "salt").seasons[0].salt == "salt"
    with pytest.raises(InputError, match="earlier season"):
        closed.open("synthetic-v2", "salt", TODAY)
    assert [season.number for season in closed.open("synthetic-v2", "other", TODAY).seasons] == [1, 2]
    with pytest.raises(InputError, match="no season 7"):
        registry.close(7, TODAY)


@pytest.mark.parametrize("salt", ["", "a b", "x" * 201, "ü"])
def test_a_salt_is_plain_text(salt):
    with pytest.raises(InputError, match="letters"):
        commitment(salt)


def test_the_command_line_keeps_the_list(tmp_path):
    path = tmp_path / "seasons.json"
    write_registry(path, Registry().open("synthetic-v2", "salt", TODAY))
    runner = CliRunner()
    assert runner.invoke(app, ["season", "close", "1", "--registry", str(path)]).exit_code == 0
    assert runner.invoke(app, ["season", "reveal", "1", "--salt", "salt", "--registry", str(path)]).exit_code == 0
    assert read_registry(path).seasons[0].salt == "salt"
    shown = runner.invoke(app, ["season", "show", "--registry", str(path), "--json"])
    assert Counter(season["sha256"] for season in json.loads(shown.stdout)) == {commitment("salt"): 1}


@pytest.fixture
def opening(tmp_path, held, monkeypatch):
    """`season open` with a search that takes no time, and stops at its `stop`-th instance."""
    from ttgbench.problems.family import make

    drawn = [record for records in held[1].instances.values() for record in records]

    class Opening:
        stop, part, out = None, tmp_path / ".secret.json.part", tmp_path / "secret.json"
        calls: ClassVar[list] = []

        def __call__(self, *options):
            out = ["--out", str(self.out), "--registry", str(tmp_path / "seasons.json")]
            result = CliRunner().invoke(app, ["season", "open", "--instances", "2", *out, *options])
            if isinstance(result.exception, TTGBenchError):
                raise result.exception
            return result

    opening = Opening()
    opening.calls.clear()

    def find(stratum, salt, number):
        opening.calls.append((stratum, salt, number))
        if len(opening.calls) == opening.stop:
            raise KeyboardInterrupt
        return make.Found(stratum=stratum, number=number, refused=(), record=drawn[number % len(drawn)])

    monkeypatch.setattr(make, "find", find)
    monkeypatch.setattr(make, "ProcessPoolExecutor", lambda jobs: ThreadPoolExecutor(1))
    return opening


def test_an_interrupted_season_goes_on_with_its_salt(opening):
    opening.stop = 5
    opening()
    assert not opening.out.exists()
    [salt] = {salt for _, salt, _ in opening.calls}
    known = len(opening.part.read_text().splitlines()) - 1
    before = len(opening.calls)
    opening.part.write_text(opening.part.read_text() + '{"stratum":"half')
    with pytest.raises(InputError, match="another salt"):
        opening("--salt", "other")
    assert len(opening.calls) == before
    opening.stop = None
    opening()
    assert {one for _, one, _ in opening.calls} == {salt}
    assert len(opening.calls) == before + 2 * len(STRATA) - known
    assert read_instances(opening.out).salt == salt
    assert not opening.part.exists()


@pytest.mark.parametrize("line", ["", "{", '{"stratum": 1}', "\udcff"])
def test_a_broken_line_of_a_search_is_named(opening, line):
    opening.stop = 3
    opening()
    head, *rest = opening.part.read_text().splitlines()
    opening.part.write_text("\n".join([head, line, *rest, ""]), errors="surrogateescape")
    before = len(opening.calls)
    with pytest.raises(InputError, match=r"secret\.json\.part: line 2: "):
        opening()
    assert len(opening.calls) == before


def test_a_season_of_a_suite_without_a_family_is_refused_before_anything_is_searched(opening, tmp_path):
    with pytest.raises(InputError, match="seasons are of families"):
        opening("--suite", "synthetic-v1")
    assert [opening.calls, [*tmp_path.iterdir()]] == [[], []]
