"""What lies in a bank's folder: segments that are recorded, that are broken, that are missing, or another plan's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ttgbench.errors import InputError, StoreError, TTGBenchError
from ttgbench.evaluate.generation_evaluator import key_context
from ttgbench.evaluate.store import parquet
from ttgbench.evaluate.store.generation import GenerationId
from ttgbench.graphs.keys import node_keys
from ttgbench.models.pool import load_pool
from ttgbench.problems.bank.plan import BankPlan, Segment, differences, load_bank, segments
from ttgbench.tasks.folder import load_task

MAX_PLANS = 50
"""At most so many YAML files are looked through for the plan that a segment belongs to."""
_QUESTION = re.compile(r"(?P<split>.+@\d+/.+?)(-s\d+)?/(?P<index>\d+)-[0-9a-f]+")
"""An id as tasks write it; a season has its number behind the split."""

_Place = tuple[str, int]
"""Task, version and split as ids have them, and a universe."""


@dataclass(frozen=True)
class BankFolder:
    """A plan's segments as they lie in a folder, each in the order in which they are recorded."""

    done: tuple[Segment, ...]
    broken: tuple[Segment, ...]
    """Cut short or damaged: recorded again."""
    missing: tuple[Segment, ...]
    """Broken ones included."""


def look(plan: BankPlan, folder: Path, data_dir: Path | None = None) -> BankFolder:
    """Reads of every segment which node answered which question, and nothing else.

    Raises InputError if the folder is a file, or a segment another plan's: then it says which, and how the two differ.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file; a bank's segments lie in a folder", source=folder, field="--out")
    wanted = _Wanted(plan, data_dir)
    done: list[Segment] = []
    broken: list[Segment] = []
    missing: list[Segment] = []
    for segment in segments(plan):
        path = folder / segment.name
        if not path.is_file():
            missing.append(segment)
            continue
        try:
            fault = wanted.fault(segment, parquet.identities(path))
        except StoreError:
            broken.append(segment)
            missing.append(segment)
            continue
        if fault is not None:
            raise InputError(_foreign(plan, folder, segment, fault, data_dir), source=folder, field="--out")
        done.append(segment)
    return BankFolder(tuple(done), tuple(broken), tuple(missing))


def nothing_finished(plan: BankPlan, folder: Path, data_dir: Path | None = None) -> str:
    """One sentence for a folder without a finished segment of a plan; whose segments lie there instead."""
    message = f"no finished segment of {plan.name} in {folder}"
    others = sorted(path.name for path in folder.glob("[!.]*.parquet")) if folder.is_dir() else []
    owner = _owner(plan, folder, others, data_dir) if others else None
    if owner is not None:
        path, other = owner
        message += f"; those that lie there belong to {other.name} ({path})"
    return message


class _Wanted:
    """What a segment of a plan must hold. Tasks are loaded once, their questions never drawn."""

    def __init__(self, plan: BankPlan, data_dir: Path | None) -> None:
        self._plan, self._data_dir = plan, data_dir
        self._known: dict[str, tuple[str, frozenset[str]]] = {}

    def fault(self, segment: Segment, held: set[GenerationId]) -> str | None:
        """Why a file with these generations is not this segment; None if it is."""
        version, keys = self._of(segment.task)
        nodes: dict[_Place, dict[int, set[str]]] = {}
        for key, question, universe in held:
            found = _QUESTION.fullmatch(question)
            if found is not None:
                place = found["split"], universe
                nodes.setdefault(place, {}).setdefault(int(found["index"]), set()).add(key)
        own = f"{version}/{segment.split}", segment.universe
        asked = range(segment.start, segment.stop)
        if {place: set(answered) for place, answered in nodes.items()} != {own: set(asked)}:
            return f"it holds {_shown(nodes)}; {self._plan.name} asks {_shown({own: asked})}"
        lacking = max(len(keys - answered) for answered in nodes[own].values())
        if lacking:
            return (
                f"it lacks {lacking} of the {len(keys)} nodes of {self._plan.name}, which differ in samples, "
                "second-level nodes, sampling, prompts or model cards"
            )
        return None

    def _of(self, name: str) -> tuple[str, frozenset[str]]:
        """The task's name and version as its questions say it, and the keys of the plan's nodes that run a model."""
        if name not in self._known:
            plan, card = self._plan, load_task(name, data_dir=self._data_dir).card
            context = key_context(card, load_pool(plan.pool), plan.sampling.on(card), plan.prompts)
            keys: set[str] = set()
            for graph in plan.graphs():
                own = node_keys(graph, context)
                keys |= {own[node.id] for node in graph.nodes if node.model is not None}
            self._known[name] = f"{card.name}@{card.version}", frozenset(keys)
        return self._known[name]


def _foreign(plan: BankPlan, folder: Path, segment: Segment, fault: str, data_dir: Path | None) -> str:
    owner = _owner(plan, folder, [segment.name], data_dir)
    if owner is None:
        return f"{segment.name} is of another plan: {fault}. Give {plan.name} a folder of its own"
    path, other = owner
    unlike = "; ".join(differences(plan, other)) or fault
    return (
        f"{segment.name} belongs to the plan {other.name} ({path}). {plan.name} differs from it in {unlike}. "
        f"Give {plan.name} a folder of its own"
    )


def _owner(plan: BankPlan, folder: Path, names: Iterable[str], data_dir: Path | None) -> tuple[Path, BankPlan] | None:
    """The plan beside the folder of which these files are segments."""
    for path in sorted(folder.resolve().parent.glob("*.y*ml"))[:MAX_PLANS]:
        try:
            other = load_bank(path)
            wanted, planned = _Wanted(other, data_dir), {segment.name: segment for segment in segments(other)}
            if other != plan and all(
                name in planned and wanted.fault(planned[name], parquet.identities(folder / name)) is None
                for name in names
            ):
                return _near(path), other
        except TTGBenchError:  # another kind of file, or one that its author still has to mend
            continue
    return None


def _near(path: Path) -> Path:
    """As it is called from where we are, if it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _shown(places: Mapping[_Place, Iterable[int]]) -> str:
    parts = [
        f"questions {min(indices)} to {max(indices)} of {split} in universe {universe}"
        for (split, universe), indices in sorted(places.items())
    ]
    return ", ".join(parts) or "no question"
