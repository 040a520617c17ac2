"""Which documents of a data set are in search, validation and test: planned once, then kept in `manifest.csv`.

The plan (`metadata.ttgbench.splits`) says from which of the data set's own splits ours are taken, and how many. Rows
are drawn by their content, not by their place: the same documents give the same splits on any machine.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ttgbench.errors import InputError
from ttgbench.tasks.file import SplitPlan
from ttgbench.tasks.groups import COLUMN, choose, group_of
from ttgbench.util.files import replacing

Doc = Mapping[str, Any]
MANIFEST = "manifest.csv"
COLUMNS = ("split", "source", "row", "sha256", "stratum")
MAX_MANIFEST_BYTES = 1 << 26
_PRIORITY = {"test": 0, "validation": 1}
"""Where two documents ask the same question, the test split keeps it."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One question of a split, by where its document stands in the data set and what it must be."""

    split: str
    source: str
    """The data set's own split."""
    row: int
    """Place in it, after the task's process_docs."""
    sha256: str
    stratum: str | None


class _Entry(NamedTuple):
    """A document that can be drawn."""

    row: ManifestRow
    text: str
    """Fingerprint of what is shown to a model."""
    group: str | None


def content_hash(doc: Doc) -> str:
    """sha256 of a document: its JSON with sorted keys, without `cluster`, which says how questions are grouped and not
    what is asked."""
    content = {name: value for name, value in doc.items() if name != COLUMN}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint(text: str) -> str:
    """Equal for texts that differ in case, spacing and punctuation alone; signs of mathematics and code count."""
    return " ".join(re.findall(r"\w+|[-+*/^=<>\\%!&|~]", text.casefold()))


def splits_hash(rows: Iterable[ManifestRow]) -> str:
    """sha256 over all splits: equal if and only if they hold the same documents in the same order."""
    lines = [f"{row.split},{row.sha256}" for row in sorted(rows, key=lambda row: row.split)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def plan_splits(
    plan: Mapping[Any, SplitPlan],
    documents: Callable[[str], Sequence[Doc]],
    text_of: Callable[[Doc], str],
    stratum_of: Callable[[Doc], str | None],
    seed: str,
) -> Iterator[tuple[str, list[ManifestRow]]]:
    """The splits one after another, test first, so that whoever wants test alone loads no other source.

    documents: all documents of one of the data set's own splits. text_of: what is shown to a model; a question that an
    earlier split asks is left out. Every prefix of a split holds the strata in proportion. Where several splits are of
    one source and its documents are in groups, a group is in one split whole, and sizes are as near to the counts as
    groups allow. Raises InputError for fewer groups than splits.
    """
    taken: set[str] = set()
    queues: dict[str, list[_Entry]] = {}
    whole: dict[str, list[_Entry]] = {}
    """Splits of whole groups."""
    for split in sorted(plan, key=lambda name: _PRIORITY.get(name, 2)):
        source = plan[split].source
        if source not in queues:
            entries = [
                _Entry(
                    ManifestRow("", source, i, content_hash(doc), stratum_of(doc)),
                    fingerprint(text_of(doc)),
                    group_of(doc),
                )
                for i, doc in enumerate(documents(source))
            ]
            queues[source] = _stratified(_distinct(entries), seed)
            whole |= _whole_groups(plan, source, queues[source], seed)
        left = [entry for entry in whole.get(split, queues[source]) if entry.text not in taken]
        chosen = left if split in whole else left[: quota_of(plan, split, len(queues[source]))]
        taken.update(entry.text for entry in chosen)
        yield split, [ManifestRow(split, *astuple(entry.row)[1:]) for entry in chosen]


def _distinct(entries: list[_Entry]) -> list[_Entry]:
    return list({entry.text: entry for entry in reversed(entries)}.values())


def _whole_groups(
    plan: Mapping[Any, SplitPlan], source: str, entries: list[_Entry], seed: str
) -> dict[str, list[_Entry]]:
    """The splits of one source where it has several and groups; else none. The one without a count gets the rest."""
    splits = [name for name in plan if plan[name].source == source]
    if len(splits) < 2 or not any(entry.group for entry in entries):
        return {}
    groups: dict[str | int, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.row.row if entry.group is None else entry.group, []).append(entry)
    if len(groups) < len(splits):
        message = f"groups of questions: {len(groups)}, splits: {len(splits)}; a group is in one split whole"
        raise InputError(message, source=seed, field=f"{source}, column {COLUMN!r}")
    # One question stands for each group, so that the order does not depend on the groups' sizes.
    members = {min(each, key=lambda entry: entry.row.sha256): each for each in groups.values()}
    order = [members[entry] for entry in _stratified(list(members), seed)]
    found = {}
    splits.sort(key=lambda name: (not plan[name].count, _PRIORITY.get(name, 2)))
    for number, split in enumerate(splits, 1):
        sizes, quota = [*map(len, order)], quota_of(plan, split, len(entries))
        chosen = set(choose(sizes, quota, len(splits) - number) if plan[split].count else range(len(order)))
        found[split] = _stratified([entry for place in sorted(chosen) for entry in order[place]], seed)
        order = [group for place, group in enumerate(order) if place not in chosen]
    return found


def quota_of(plan: Mapping[Any, SplitPlan], split: str, available: int) -> int:
    """How many rows; without a count those that the others leave. A source that is too small (part of a data set) is
    shared in proportion to the counts; a split without one then gets as many as all of them."""
    counts = [other.count for other in plan.values() if other.source == plan[split].source]
    sharing = sum(counts)
    if sharing >= available and not all(counts):
        sharing *= 2
    elif sharing <= available:
        return plan[split].count or available - sharing
    return max(1, (plan[split].count or sharing // 2) * available // sharing)


def _stratified(entries: list[_Entry], seed: str) -> list[_Entry]:
    """Systematic sampling: the k-th of a stratum's n rows, in an order that is its own, stands at (k + offset) / n."""
    strata: dict[str | None, list[tuple[int, _Entry]]] = {}
    for entry in entries:
        strata.setdefault(entry.row.stratum, []).append((_number(seed, entry.row.sha256), entry))
    placed = []
    for stratum, members in strata.items():
        members.sort(key=lambda member: (member[0], member[1].row.row))
        offset = _number(seed, f"stratum {stratum}") / 2**64
        placed += [((k + offset) / len(members), number, entry) for k, (number, entry) in enumerate(members)]
    return [entry for _, _, entry in sorted(placed, key=lambda item: (*item[:2], item[2].row.row))]


def _number(seed: str, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")


def read_manifest(folder: Path) -> list[ManifestRow] | None:
    """The rows of `manifest.csv`, None if the task has none. Raises InputError naming the line."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise InputError(f"is larger than {MAX_MANIFEST_BYTES} bytes", source=path)
    rows: list[ManifestRow] = []
    try:
        rows += map(_parsed, csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    except (KeyError, TypeError, ValueError, csv.Error):
        message = "must have the columns split, source, row (a number), sha256 (64 hexadecimal digits) and stratum"
        raise InputError(message, source=path, field=f"line {len(rows) + 2}") from None
    return rows


def _parsed(entry: Mapping[str, str]) -> ManifestRow:
    if not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]) or not entry["split"]:
        raise ValueError
    return ManifestRow(
        entry["split"], entry["source"], int(entry["row"]), entry["sha256"], entry.get("stratum") or None
    )


def write_manifest(folder: Path, rows: Iterable[ManifestRow]) -> Path:
    """Writes `manifest.csv` whole or not at all."""
    path = folder / MANIFEST
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(["" if value is None else value for value in astuple(row)] for row in rows)
    return path


def pick(
    documents: Callable[[str], Sequence[Doc]], rows: Sequence[ManifestRow], task: str
) -> list[tuple[ManifestRow, Doc]]:
    """The manifest's documents. Raises InputError with both hashes where a document is not what it was."""
    picked = []
    for row in rows:
        source = documents(row.source)
        if not 0 <= row.row < len(source):
            message = f"the data set changed: it has {len(source)} rows, the manifest names row {row.row}"
            raise InputError(message, source=task, field=row.source)
        found = content_hash(source[row.row])
        if found != row.sha256:
            raise InputError(
                f"the data set changed: the manifest says sha256 {row.sha256}, the document found has {found}",
                source=task,
                field=f"{row.source}, row {row.row}",
            )
        picked.append((row, source[row.row]))
    return picked
