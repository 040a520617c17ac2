"""A recording as a data set folder: the generations as Parquet, the table of all graphs, the anchors, and a card.

Times are left out of the Parquet file (zero), since no result depends on them: the same samples give the same bytes,
however often the recording was interrupted. The manifest is written last; it holds the hash of every other file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ttgbench._version import __version__
from ttgbench.errors import MissingGeneration
from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.store.store import Store, StoreInfo
from ttgbench.graphs.graph import Graph
from ttgbench.models.cost import nominal_cost, unit_flops
from ttgbench.problems.anchors import Anchor, AnchorFile
from ttgbench.publish.recording.card import card
from ttgbench.publish.recording.plan import AT_ONCE, Recipe, Subject
from ttgbench.util.files import write_atomic

DATA, TABLE, ANCHORS, MANIFEST, CARD = "data.parquet", "table.csv", "anchors.json", "recording.json", "README.md"
FILES = (DATA, TABLE, ANCHORS, MANIFEST, CARD)
SCHEMA = 1


@dataclass(frozen=True)
class TableRow:
    """What one graph of one problem achieved; means over questions and universes."""

    problem: str
    graph: str
    """Its key."""
    nodes: int
    depth: int
    units: float
    """Nominal cost."""
    search_value: float
    """The problem's objective on the search split."""
    test_value: float
    test_accuracy: float
    flops: float
    """Measured, per query, like the rest."""
    tokens_in: float
    tokens_out: float
    definition: dict[str, Any]


def export(subjects: Sequence[Subject], recipe: Recipe, store: Store, out: Path) -> dict[str, Any]:
    """Writes the folder from a complete store and returns its manifest. Starts no engine that is not running.

    Raises MissingGeneration if something was not recorded yet, StoreError.
    """
    rows = [row for subject in subjects for row in table(subject)]
    out.mkdir(parents=True, exist_ok=True)
    info = _write_data(subjects, store, out / DATA)
    write_atomic(out / TABLE, _csv(rows))
    write_atomic(out / ANCHORS, anchors(rows, subjects, recipe).to_json())
    manifest = _manifest(subjects, recipe, info)
    write_atomic(out / CARD, card(manifest))
    manifest["files"] = {name: _digest(out / name) for name in FILES if name != MANIFEST}
    write_atomic(out / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return manifest


def table(subject: Subject) -> list[TableRow]:
    """Every graph of the space with its values, in the order of the enumeration."""
    starts = range(0, len(subject.graphs), AT_ONCE)
    return [row for start in starts for row in _rows(subject, subject.graphs[start : start + AT_ONCE])]


def _rows(subject: Subject, graphs: Sequence[Graph]) -> list[TableRow]:
    by_split: dict[str, list[list[Evaluation]]] = {"search": [], "test": []}
    for portion in subject.portions:
        indices = range(len(portion.questions))
        by_split[portion.split].append(subject.evaluator.evaluate(graphs, indices, portion.universe, portion.split))
    return [
        _row(subject, graph, *([column[place] for column in by_split[split]] for split in ("search", "test")))
        for place, graph in enumerate(graphs)
    ]


def _row(subject: Subject, graph: Graph, search: list[Evaluation], test: list[Evaluation]) -> TableRow:
    objective, space = subject.spec.objective, subject.space

    def mean(name: str) -> float:
        return float(np.mean([getattr(evaluation, name).mean() for evaluation in test]))

    return TableRow(
        problem=subject.spec.name,
        graph=graph.key,
        nodes=len(graph.nodes),
        depth=graph.depth,
        units=nominal_cost(graph, space.pool, space.lengths).total.flops / unit_flops(space.pool, space.lengths),
        search_value=float(np.mean([objective.value(evaluation) for evaluation in search])),
        test_value=float(np.mean([objective.value(evaluation) for evaluation in test])),
        test_accuracy=mean("scores"),
        flops=mean("flops"),
        tokens_in=mean("tokens_in"),
        tokens_out=mean("tokens_out"),
        definition=graph.canonical().to_dict(),
    )


def anchors(rows: Sequence[TableRow], subjects: Sequence[Subject], recipe: Recipe) -> AnchorFile:
    """Per problem the best single model (zero) and the best graph of the table (one); ties go to the cheapest.

    Left out is a problem where no graph is better than the best single model: nothing could be compared on it.
    """
    found = {}
    for subject in subjects:
        mine = [row for row in rows if row.problem == subject.spec.name]
        zero, one = _best([row for row in mine if row.nodes == 1]), _best(mine)
        if one.test_value <= zero.test_value:
            continue
        found[subject.spec.name] = Anchor(
            zero=zero.test_value,
            one=one.test_value,
            kind="optimum",
            zero_graph=zero.definition,
            one_graph=one.definition,
        )
    return AnchorFile(suite=recipe.name, method="Every graph of each space was evaluated on test.", problems=found)


def _best(rows: Sequence[TableRow]) -> TableRow:
    return min(rows, key=lambda row: (-row.test_value, row.units, row.graph))


def _write_data(subjects: Sequence[Subject], store: Store, path: Path) -> StoreInfo:
    """The recording's rows alone, whatever else the store holds."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.sqlite")
    try:
        with Store(part) as chosen:
            for subject in subjects:
                _copy(subject, store, chosen)
            return chosen.export(path)
    finally:
        for left in path.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)


def _copy(subject: Subject, store: Store, chosen: Store) -> None:
    grader = subject.task.card.grader
    for portion in subject.portions:
        for key, use in subject.keys.items():
            ids = [(key, question.id, portion.universe) for question in portion.questions]
            found = store.get_many(ids)
            if len(found) < len(ids):
                lacking = f"{len(ids) - len(found)} of {len(ids)} generations of node {key}"
                where = f"split {portion.split!r}, universe {portion.universe}"
                raise MissingGeneration(f"{subject.spec.name}: {lacking} are missing, {where}; record them first")
            chosen.put_many([replace(row, started=0.0, seconds=0.0) for row in found.values()])
            if use.graded:
                grades = grades_of(subject.task, store, list(zip(ids, portion.questions, strict=True)))
                chosen.put_grades(grader, dict(zip(ids, grades, strict=True)))


def _csv(rows: Sequence[TableRow]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = list(TableRow.__dataclass_fields__)
    writer.writerow(names)
    for row in rows:
        values = {name: getattr(row, name) for name in names}
        values["definition"] = json.dumps(row.definition, separators=(",", ":"))
        writer.writerow([round(value, 9) if isinstance(value, float) else value for value in values.values()])
    return stream.getvalue()


def _manifest(subjects: Sequence[Subject], recipe: Recipe, info: StoreInfo) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "package_version": __version__,
        "generations": info.generations,
        "votes": info.generations - sum(info.models.values()),
        "engines": sorted(info.engines),
        "models": list(_models(subjects)),
        "search_universes": recipe.search_universes,
        "test_universes": recipe.test_universes,
        "problems": [
            {
                **subject.spec.model_dump(mode="json"),
                "task_version": subject.task.card.version,
                "task_licence": subject.task.card.licence,
                "grader": subject.task.card.grader,
                "graphs": len(subject.graphs),
                "node_keys": len(subject.keys),
                "questions": {portion.split: len(portion.questions) for portion in subject.portions},
            }
            for subject in subjects
        ],
    }


def _models(subjects: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    cards = {model.name: model for subject in subjects for model in subject.space.pool}
    for model in cards.values():
        yield {
            "name": model.name,
            "hub_id": model.hub_id,
            "revision": model.revision,
            "quantization": model.quantization,
            "licence": model.licence,
            "fingerprint": model.fingerprint,
        }


def _digest(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
