"""Is a task fit for use? Splits disjoint and as the manifest says, reference answers right, no test question leaked."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ttgbench.errors import InputError, TTGBenchError
from ttgbench.stats.units import cluster_numbers, effective_clusters
from ttgbench.tasks.file import SplitPlan
from ttgbench.tasks.folder import LmEvalTask
from ttgbench.tasks.splits import fingerprint, quota_of
from ttgbench.tasks.task import CORRECT, Question, groups_of
from ttgbench.util.text import counted

GRADED = 200
"""Reference answers that are graded per split; every prefix of a split holds its strata in proportion."""
NEAR = 0.8
"""Jaccard similarity of three-word shingles from which two questions are near duplicates."""
FEW_GROUPS = 5
"""Splits with fewer groups than that, of one size, are warned of."""
_COMMON = 500
"""A shingle of more questions than that is a turn of phrase and finds nothing."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check."""

    level: Literal["ok", "warning", "error"]
    about: str
    message: str


def check_task(task: LmEvalTask) -> Iterator[Finding]:
    """Findings in order; reading stops where a split cannot be loaded."""
    card = task.card
    yield Finding("ok", "task.yaml", f"{card.name} version {card.version}, grader {card.grader}, from {card.source}")
    yield from _card(task)
    try:
        splits = {split: task.questions(split) for split in card.splits}
    except InputError as error:
        yield Finding("error", "data", str(error))
        return
    sizes = ", ".join(f"{split} {len(questions)}" for split, questions in splits.items())
    listed = "as the manifest lists them" if task.manifest else "no manifest: split by content when loaded"
    yield Finding("ok", "splits", f"{sizes}; {listed}; sha256 {task.splits_hash()}")
    yield from _planned(task)
    yield from _groups(splits)
    yield from _unlike_groups(task, splits)
    yield from _references(task, splits)
    yield from _leaks(task, splits)


def reference_output(task: LmEvalTask, question: Question) -> str:
    """The reference answer as a model would write it."""
    target = task.target(question.doc)
    boxed = task.file.metadata.ttgbench.grader == "math" and "\\boxed" not in target
    return f"\\boxed{{{target}}}" if boxed else target


def _card(task: LmEvalTask) -> Iterator[Finding]:
    block = task.file.metadata.ttgbench
    missing = [name for name in ("licence", "citation", "answer_format") if getattr(block, name) in ("", "unknown")]
    if block.lengths is None:
        missing.append("lengths")
    if missing:
        yield Finding("warning", "task.yaml", f"metadata.ttgbench should name {', '.join(missing)}")
    if task.file.dataset_path and not (task.file.dataset_kwargs or {}).get("revision"):
        yield Finding("warning", "task.yaml", "dataset_kwargs should pin a revision: the data may change")


def _planned(task: LmEvalTask) -> Iterator[Finding]:
    """The manifest beside what the data give now: the same unless it was made by hand or the plan was edited."""
    if task.manifest is not None and task.manifest != task.planned_rows():
        yield Finding("warning", "manifest.csv", "differs from what `ttgbench task manifest` makes of these data")


def _groups(splits: Mapping[str, Sequence[Question]]) -> Iterator[Finding]:
    """How many independent groups the questions are in; a group in two splits makes them depend on one another."""
    if not any(question.cluster for questions in splits.values() for question in questions):
        return
    groups = {split: {question.cluster or question.id for question in questions} for split, questions in splits.items()}
    of = counted(len(set().union(*groups.values())), "group")
    total = f"{counted(sum(map(len, splits.values())), 'question')} in {of}"
    each = ", ".join(f"{split} {len(splits[split])} in {len(found)}" for split, found in groups.items())
    yield Finding("ok", "groups", f"{total}: {each}")
    for left, right in itertools.combinations(splits, 2):
        if torn := sorted(groups[left] & groups[right]):
            yield Finding("warning", f"{left} and {right}", f"groups in both: {_few(torn)}")


def _unlike_groups(task: LmEvalTask, splits: Mapping[str, Sequence[Question]]) -> Iterator[Finding]:
    """Splits that are not of the size asked for, or say little, since groups are large and stay whole."""
    plan: dict[str, SplitPlan] = {}
    if task.manifest is None:
        plan.update(task.file.metadata.ttgbench.splits.items())
    for split, questions in splits.items():
        if not groups_of(questions):
            continue
        labels = cluster_numbers(groups_of(questions), len(questions))
        largest = f"the largest group holds {np.bincount(labels).max()} of them"
        same = [name for name in splits if split in plan and plan[name].source == plan[split].source]
        wanted = quota_of(plan, split, sum(len(splits[name]) for name in same)) if len(same) > 1 else len(questions)
        if abs(len(questions) - wanted) > wanted / 10:
            message = f"{counted(len(questions), 'question')} where the plan has {wanted}: groups stay whole; {largest}"
            yield Finding("warning", split, message)
        if (weight := effective_clusters(labels)) < FEW_GROUPS:
            message = f"its groups weigh as {weight:.1f} of one size: intervals will be wide; {largest}"
            yield Finding("warning", split, message)


def _references(task: LmEvalTask, splits: Mapping[str, Sequence[Question]]) -> Iterator[Finding]:
    for split, questions in splits.items():
        some = questions[:GRADED]
        try:
            grades = task.grade(some, [reference_output(task, question) for question in some])
        except TTGBenchError as error:
            yield Finding("warning", f"references of {split}", f"cannot be graded here: {error}")
            continue
        wrong = [f"{q.id} {g.status}" for q, g in zip(some, grades, strict=True) if g.status != CORRECT]
        if wrong:
            yield Finding("error", f"references of {split}", f"{len(wrong)} of {len(some)} not correct: {_few(wrong)}")
        else:
            yield Finding("ok", f"references of {split}", f"all {len(some)} graded are correct")


def _leaks(task: LmEvalTask, splits: Mapping[str, Sequence[Question]]) -> Iterator[Finding]:
    for left, right in itertools.combinations(splits, 2):
        texts = {fingerprint(question.text): question.id for question in splits[left]}
        exact = [f"{texts[key]} = {q.id}" for q in splits[right] if (key := fingerprint(q.text)) in texts]
        if exact:
            yield Finding("error", f"{left} and {right}", f"{counted(len(exact), 'question')} in both: {_few(exact)}")
        near = _near(splits[left], splits[right])
        if near and task.file.custom_dataset is not None:
            yield Finding("ok", f"{left} and {right}", f"{len(near)} questions are an earlier one with other values")
        elif near:
            yield Finding("warning", f"{left} and {right}", f"{len(near)} questions nearly in both: {_few(near)}")
        if not exact and not near:
            yield Finding("ok", f"{left} and {right}", "share no question, exactly or nearly")


def _near(left: Sequence[Question], right: Sequence[Question]) -> list[str]:
    """Questions on the right with their nearest on the left, where it is near; found through shared shingles."""
    shingles = [_shingles(question.text) for question in left]
    holders: dict[str, list[int]] = defaultdict(list)
    for i, found in enumerate(shingles):
        for shingle in found:
            holders[shingle].append(i)
    pairs = []
    for question in right:
        own = _shingles(question.text)
        candidates = {
            i for shingle in own if len(holders.get(shingle, ())) <= _COMMON for i in holders.get(shingle, ())
        }
        similar = [(len(own & shingles[i]) / len(own | shingles[i]), -i) for i in candidates]
        likeness, nearest = max(similar, default=(0.0, 0))
        if likeness >= NEAR and fingerprint(left[-nearest].text) != fingerprint(question.text):
            pairs.append(f"{left[-nearest].id} ~ {question.id}")
    return pairs


def _shingles(text: str) -> frozenset[str]:
    words = fingerprint(text).split()
    return frozenset(" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more
