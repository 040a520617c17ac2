"""Runs of a suite with anchors, made up without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import parallel, single
from ttgbench.problems import anchors
from ttgbench.problems.method import Metadata
from ttgbench.problems.suite import Suite
from ttgbench.run.experiment import Manifest, write_manifest
from ttgbench.run.results import CellResult, Incumbent, NominalCost, SearchSpend, TestScore
from ttgbench.run.run import cell_folder

MODELS = ("llama-3.2-1b", "llama-3.2-3b", "gemma-3-1b")
QUESTIONS = 60


def graphs_of(method: str) -> list[Graph]:
    """Six graphs, others for methods with names of another length."""
    model = MODELS[len(method) % len(MODELS)]
    return [single(model), *(parallel(model, k, sink="vote") for k in range(2, 7))]


def made_up_suite(tasks: int, seeds: int = 6) -> Suite:
    """One problem per task."""
    problem = {"pool": "paper", "budget": "10 units", "evaluator": "synthetic"}
    return Suite.model_validate(
        {
            "schema": 1,
            "name": "made-up",
            "version": 1,
            "description": "for tests",
            "seeds": seeds,
            "search_evaluations": 80,
            "checkpoints": [5, 20, 80],
            "score_incumbents": "all",
            "margin": 0.05,
            "problems": [{**problem, "name": f"p{i}", "task": f"task{i}"} for i in range(tasks)],
        }
    )


def cell(suite: Suite, problem: int, method: str, seed: int, skill: float, rng: np.random.Generator) -> CellResult:
    """A run whose incumbents get better until they reach `skill`."""
    incumbents, scores = [], []
    graphs = graphs_of(method)
    for step, graph in enumerate(graphs):
        right = (rng.random(QUESTIONS) < skill * (step + 1) / len(graphs)).astype(float)
        incumbents.append(Incumbent(at=0.5 * 3**step / 4, key=graph.key))
        scores.append(
            TestScore(
                key=graph.key,
                graph=graph.canonical().to_dict(),
                nominal=NominalCost(flops=10**12, units=step + 1, dollars=1e-5, seconds=1.0),
                value=float(right.mean()),
                accuracy=float(right.mean()),
                flops=1e12 * (step + 1),
                dollars=1e-5,
                seconds=1.0,
                tokens_in=100,
                tokens_out=50,
                statuses={"correct": int(right.sum())},
                universes=(1 << 20,),
                scores=(tuple(right),) if graph is graphs[-1] else (),
            )
        )
    return CellResult(
        suite=suite.name,
        suite_version=suite.version,
        suite_hash=suite.hash,
        problem=f"p{problem}",
        task=f"task{problem}",
        task_version=1,
        grader="exact/1",
        method=Metadata(name=method, description="", authors=("nobody",), licence="MIT"),
        seed=seed,
        status="finished",
        search=SearchSpend(
            metric="flops", limit=80 * 10**15, spent=75 * 10**15, full_evaluation=10**15, by_category={"evaluation": 75}
        ),
        incumbents=tuple(incumbents),
        question_ids=tuple(f"q{i}" for i in range(QUESTIONS)),
        test=tuple(scores),
    )


@pytest.fixture
def anchored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Suite]:
    """Makes a suite of so many tasks whose anchors are 0.2 and 0.9, or other upper ones."""

    def make(tasks: int, ones: tuple[float, ...] = ()) -> Suite:
        folder = tmp_path / "anchors"
        folder.mkdir(exist_ok=True)
        monkeypatch.setattr(anchors, "ANCHORS", folder)
        graph = single("llama-3.2-1b").to_dict()
        anchor = {"zero": 0.2, "one": 0.9, "kind": "best-known", "zero_graph": graph, "one_graph": graph}
        problems = {f"p{i}": {**anchor, "one": ones[i] if ones else 0.9} for i in range(tasks)}
        text = json.dumps({"schema": 1, "suite": "made-up-v1", "method": "made up", "problems": problems})
        (folder / "made-up-v1.json").write_text(text)
        return made_up_suite(tasks)

    return make


@pytest.fixture
def write_runs(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run folder: methods with their skills on all problems of a suite."""

    def write(suite: Suite, skills: dict[str, float], seeds: int = 6, name: str = "runs") -> Path:
        out = tmp_path / name
        rng = np.random.default_rng(1)
        write_manifest(
            out, Manifest(package_version="0", suite=suite, methods=tuple(skills), seeds=seeds, engine="none")
        )
        for problem in range(len(suite.problems)):
            for method, skill in skills.items():
                for seed in range(seeds):
                    folder = cell_folder(out, f"p{problem}", method, seed)
                    folder.mkdir(parents=True)
                    result = cell(suite, problem, method, seed, skill, rng)
                    (folder / "result.json").write_text(result.to_json())
        return out

    return write
