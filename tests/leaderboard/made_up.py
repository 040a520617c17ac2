"""Archives of made-up methods with made-up scores, seeded: nothing in them was ever measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ttgbench.graphs import shapes
from ttgbench.graphs.graph import Graph
from ttgbench.problems.anchors import Anchor
from ttgbench.problems.method import Metadata
from ttgbench.problems.rules_version import RULES
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.publish.archive import RunRecord, Verification, packed
from ttgbench.publish.archive.layout import CELLS, LOGS, content_name
from ttgbench.publish.archive.record import FileRef, Hardware, SuiteRef, TaskRef
from ttgbench.run.results import CellResult, Incumbent, NominalCost, SearchSpend, TestScore

SMALL, LARGE = "made-up-small", "made-up-large"
FULL = 1_000_000
"""Ledger units of one full evaluation."""
GRAPHS: tuple[Graph, ...] = (
    shapes.single(SMALL),
    shapes.parallel(SMALL, 3),
    shapes.single(LARGE),
    shapes.chain(SMALL, 3),
    shapes.parallel(SMALL, 5, "fuser", LARGE),
    shapes.layered([[SMALL] * 3, [LARGE] * 2], LARGE),
)


class AnchoredSuite(Suite):
    """A suite whose anchors are 0.4 and 0.9 on every problem."""

    @property
    def anchors(self) -> dict[str, Anchor]:  # type: ignore[override]
        one = Anchor(zero=0.4, one=0.9, kind="best-known", zero_graph={}, one_graph={})
        return {spec.name: one for spec in self.problems}


@dataclass(frozen=True)
class MadeUp:
    """One made-up method: skill is about the normalised score it ends with."""

    name: str
    skill: float
    needs_agent: bool = False
    badge: str = "self-reported"
    kind: str = "method"
    failing: int = 0
    """So many of its runs end without a graph."""
    seeds: int | None = None
    description: str = "made up for tests"
    error: str = "ValueError: made up"


METHODS = (
    MadeUp("made_up_alpha", 0.85, needs_agent=True, badge="re-run"),
    MadeUp("made_up_beta", 0.80, badge="replay-verified"),
    MadeUp("made_up_gamma", 0.45),
    MadeUp("made_up_delta", 0.05, badge="replay-verified"),
    MadeUp("made_up_broken", 0.5, failing=3),
    MadeUp("made_up_graph", 0.6, kind="graph"),
)


def suite(name: str = "made-up", problems: int = 4, seeds: int = 5, questions: int = 40, version: int = 1) -> Suite:
    """A suite of made-up problems under two budgets and two objectives."""
    return AnchoredSuite.model_validate(
        {
            "schema": 1,
            "name": name,
            "version": version,
            "description": "Made-up problems; no number here was measured",
            "seeds": seeds,
            "search_evaluations": 20,
            "checkpoints": [1, 2, 5, 10],
            "problems": [
                {
                    "name": f"problem-{number:02d}",
                    "task": f"task_{number // 2}",
                    "pool": "embedded",
                    "budget": f"{(6, 20)[number % 2]} units",
                    "objective": (
                        {"kind": "accuracy-latency", "weight": 0.02}
                        if number % 4 == 3
                        else {"kind": "accuracy", "weight": 0}
                    ),
                    "test_questions": questions,
                }
                for number in range(problems)
            ],
        }
    )


def write_all(root: Path, of: Suite, methods: Sequence[MadeUp] = METHODS, questions: int = 40) -> list[Path]:
    """One archive per method below a results folder."""
    return [write(root, of, method, questions) for method in methods]


def write(root: Path, of: Suite, method: MadeUp, questions: int = 40) -> Path:
    """One archive, as `ttgbench.publish.archive` reads it."""
    metadata = Metadata.model_validate(
        {
            "name": method.name,
            "description": method.description,
            "authors": ["Nobody"],
            "licence": "MIT",
            "needs_agent": method.needs_agent,
            **({"kind": method.kind} if "kind" in Metadata.model_fields else {}),
        }
    )
    seeds = method.seeds or of.seeds
    places = [(spec.name, seed) for spec in of.problems for seed in range(seeds)]
    failing = set(sorted(places)[: method.failing])
    cells = [
        _cell(of, metadata, method, name, seed, questions, (name, seed) in failing) for name, seed in sorted(places)
    ]
    files = {
        CELLS: "".join(cell.to_json() for cell in cells).encode(),
        LOGS: b"".join(_log(of, cell) for cell in cells),
    }
    record = RunRecord(
        package_version=_version(),
        rules=RULES,
        suite=SuiteRef(name=of.name, version=of.version, hash=of.hash),
        tasks={spec.task: TaskRef(version=1, grader="made-up-1") for spec in of.problems},
        method=metadata,
        kind=method.kind,
        engine="made-up",
        hardware=Hardware(system="made-up", cores=2),
        seeds=seeds,
        prices_date=date(2026, 1, 1),
        files={
            content_name(name): FileRef(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
            for name, data in files.items()
        },
    )
    folder = root / record.suite.label / method.name / record.run_id
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        packed.write_lines(folder / name, [data])
    (folder / "run.json").write_text(record.to_json())
    if method.badge != "self-reported":
        verification = Verification(
            run_id=record.run_id, badge=method.badge, package_version=_version(), cells=len(cells), grades=0
        )
        (folder / "verification.json").write_text(verification.to_json())
    return folder


def _cell(
    of: Suite, metadata: Metadata, method: MadeUp, problem: str, seed: int, questions: int, fails: bool
) -> CellResult:
    spec = next(spec for spec in of.problems if spec.name == problem)
    rng = np.random.default_rng([seed, *hashlib.sha256(f"{method.name} {problem}".encode()).digest()[:4]])
    incumbents: list[Incumbent] = []
    tests: dict[str, TestScore] = {}
    best = 0.0
    for at in () if fails else (20.0,) if method.kind == "graph" else (1.0, 2.0, 5.0, 10.0, 20.0):
        reach = method.skill * (1 - np.exp(-at / 4)) + rng.normal(0, 0.04)
        best = max(best, reach)
        number = int(np.clip(best * len(GRAPHS), 0, len(GRAPHS) - 1))
        graph = GRAPHS[number]
        tests.setdefault(graph.key, _test(graph, number, spec, questions))
        if not incumbents or incumbents[-1].key != graph.key:
            incumbents.append(Incumbent(at=0 if method.kind == "graph" else at, key=graph.key))
    spent = 0 if method.kind == "graph" else 20 * FULL
    return CellResult.model_validate(
        {
            "schema": 1,
            "suite": of.name,
            "suite_version": of.version,
            "suite_hash": of.hash,
            "problem": problem,
            "task": spec.task,
            "task_version": 1,
            "grader": "made-up-1",
            "method": metadata,
            "seed": seed,
            "status": "crashed" if fails else "finished",
            "error": method.error if fails else None,
            "search": SearchSpend(
                metric="flops",
                limit=20 * FULL,
                spent=spent,
                full_evaluation=FULL,
                by_category={"evaluation": spent} if spent else {},
            ),
            "incumbents": incumbents,
            "question_ids": [f"q{number}" for number in range(questions)],
            "test": list(tests.values()),
        }
    )


def _test(graph: Graph, number: int, spec: ProblemSpec, questions: int) -> TestScore:
    """What a graph scores depends on graph and problem alone, as it does where generations are recorded."""
    rng = np.random.default_rng([number, *hashlib.sha256(spec.name.encode()).digest()[:4]])
    chance = 0.4 + 0.5 * (number + 0.5) / len(GRAPHS)
    scores = (rng.random((2, questions)) < chance).astype(float)
    cost = float(len(graph.nodes) * (1 + 2 * sum(node.model == LARGE for node in graph.nodes)))
    right = int(scores.sum())
    return TestScore(
        key=graph.key,
        graph=graph.canonical().to_dict(),
        nominal=NominalCost(flops=int(cost * 1e9), units=cost, dollars=cost * 1e-6, seconds=0.1 * graph.depth),
        value=float(scores.mean()) - spec.objective.weight * 0.12 * graph.depth,
        accuracy=float(scores.mean()),
        universes=(1_000_000, 1_000_001),
        scores=tuple(map(tuple, scores.tolist())),
        statuses={"correct": right, "wrong": scores.size - right},
        flops=cost * 1.1e9,
        dollars=cost * 1.2e-6,
        seconds=0.12 * graph.depth,
        tokens_in=100.0 * len(graph.nodes),
        tokens_out=50.0 * len(graph.nodes),
    )


def _log(of: Suite, cell: CellResult) -> bytes:
    events: list[dict[str, Any]] = [
        {
            "event": "start",
            "suite": of.hash,
            "problem": cell.problem,
            "method": cell.method.name,
            "version": cell.method.version,
            "seed": cell.seed,
            "limit": cell.search.limit,
        }
    ]
    for incumbent in cell.incumbents:
        if cell.search.spent:
            spent = int(incumbent.at * FULL)
            events.append({"event": "recommend", "spent": spent, "key": incumbent.key})
    events.append({"event": "end", "status": cell.status, "error": cell.error, "spent": cell.search.spent})
    entry = {"problem": cell.problem, "seed": cell.seed, "events": events}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _version() -> str:
    from ttgbench import __version__

    return __version__
