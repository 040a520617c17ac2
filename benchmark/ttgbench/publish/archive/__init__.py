"""Archived results: finished runs as plain files that anybody can check, and a board can be made of.

    results/<suite label>/<method>/<run id>/
        run.json            what was run with what, and the hash of every other file     (record.py)
        cells.jsonl.gz      one cell result per line, sorted by problem and seed
        logs.jsonl.gz       the cells' anytime logs, in the same order
        submission.zip      the method itself; optional, needed for any verification
        store.parquet       the generations, grades and agent's replies that the run used; optional
        verification.json   what somebody else has checked; optional, not among the hashed files

layout.py       which files there are and how large they may be
packed.py       the lines of cells and logs as gzip files
rejection.py    why a file is left out: a reason for machines and a sentence for people
read.py         `read_archive`, `find_archives`: everything is checked, nothing is believed
write.py        `write_archive`: from a folder that `ttgbench run` has finished
"""

from ttgbench.publish.archive.read import Archive, find_archives, read_archive
from ttgbench.publish.archive.record import RunRecord, Verification
from ttgbench.publish.archive.rejection import REASONS, Rejected, Rejection
from ttgbench.publish.archive.write import write_archive

__all__ = [
    "REASONS",
    "Archive",
    "Rejected",
    "Rejection",
    "RunRecord",
    "Verification",
    "find_archives",
    "read_archive",
    "write_archive",
]
