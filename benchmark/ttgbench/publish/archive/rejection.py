"""Why a file of somebody's results is refused: a reason that machines can count, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from ttgbench.errors import InputError

REASONS: Mapping[str, str] = {
    "bad-name": "a folder or file has a name that is not allowed here",
    "symlink": "a symbolic link, or anything else that is no plain file or folder",
    "unexpected-file": "a file that does not belong there",
    "missing-file": "a file that has to be there is not",
    "unreadable": "the file system refuses to read it",
    "too-large": "larger than its kind of file may be, as it is or unpacked",
    "bad-gzip": "not one whole gzip stream with the header that the package writes, and nothing else",
    "schema": "not the JSON that belongs there; the message names the field",
    "not-canonical": "not written the way the package writes it, byte for byte",
    "hash-mismatch": "not the file that run.json was written for",
    "run-id-mismatch": "the folder's name is not the run's content address",
    "name-mismatch": "the folders' names do not say what run.json says",
    "suite-unknown": "no suite of this name is known here",
    "suite-mismatch": "another Major.Minor or another suite hash: shares no table with the rest",
    "not-sorted": "cells are not sorted by problem and seed",
    "duplicate-cell": "two results for one problem and seed",
    "incomplete": "cells are missing, or there are cells that the suite does not have",
    "cell-mismatch": "a cell contradicts run.json or the suite",
    "log-mismatch": "a log contradicts its cell",
    "duplicate-run": "the same results are there twice",
    "not-append-only": "changes or removes something that was there before",
    "forged-badge": "its verification.json says more than has been verified",
    # What only a verification finds:
    "no-submission": "the method is not in the archive, so nothing can be run again",
    "bad-submission": "the archived submission is not acceptable, or not the one that run.json describes",
    "agent-unknown": "the search agent is no chat model of a shipped pool, so its replies cannot be replayed",
    "no-store": "the generations are not in the archive, so nothing can be replayed",
    "store-invalid": "the archived generations are damaged or contradict themselves",
    "store-lacks": "a generation that the run needs is not in the archive",
    "not-recorded": "a generation that is not the one of the suite's recording",
    "grades-differ": "grading the raw answers again gives other grades",
    "task-mismatch": "another version of a task or grader than the one here",
    "replay-differs": "running the method again on the recorded generations gives other bytes",
    "hard-coded": "a search method that spent nothing, or that finds worse graphs where models have other names",
    "tokens-differ": "the same text or prompt has another number of tokens when it is generated again",
    "no-engine": "cells are to be run again live, and no engine was given for the models or the search agent",
    "rerun-differs": "a live run differs by more than chance allows",
}
"""Every reason and what it means."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One file or folder that is left out."""

    path: str
    """Relative to the results folder, made printable."""
    reason: str
    """A key of REASONS."""
    message: str
    """One sentence for a reader. Names in it come from the file: escape it like any hostile text."""


class Rejected(InputError):
    """A file is refused; `reason` is a key of REASONS."""

    def __init__(self, reason: str, message: str, *, source: object = None, field: str | None = None) -> None:
        assert reason in REASONS
        self.reason = reason
        super().__init__(message, source=source, field=field)

    def rejection(self, root: PurePath, path: PurePath) -> Rejection:
        """As a record, with the path relative to `root`."""
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        message = ": ".join(part for part in (self.field, self.message) if part)
        source = PurePath(self.source) if self.source else path
        inside = source.relative_to(root) if source.is_relative_to(root) else inside
        return Rejection(printable(str(inside)), self.reason, printable(message))


def printable(text: str) -> str:
    """Control characters and bytes that are no text, shown as escapes; at most 2,000 characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text[:2000])
