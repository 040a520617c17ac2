"""What a contained process may use; `GRADED` is for model-written programs under their tests."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FILES = 64
MAX_FILE_BYTES = 8 << 20
MAX_DISK_BYTES = 64 << 20
"""All that one child may keep in its temporary folder; a folder or file counts 4 KiB at least."""
MAX_THREADS = 64
MAX_BUSY = 20
"""A job on a busy machine may take so many times its wall limit."""
MAX_OUTPUT_BYTES = 64 << 10
"""What a program may print, unless its caller says otherwise."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one contained process may use."""

    cpu_seconds: int = 5
    """The kernel ends the process when it has used this much processor time, by a signal that says so."""
    wall_seconds: float = 15.0
    """Counted by the fork server, from the fork on, without the time for which the process waited for a busy core."""
    memory_bytes: int = 1 << 30
    """Address space."""


GRADED = Limits(cpu_seconds=10, wall_seconds=30.0)
"""Of a graded program and of its tests, each. Processor time decides, so that a busy machine changes no verdict; the
wall limit is for code that waits. The slowest reference solution of HumanEval and MBPP needs two to three seconds.
The grader raises its version when a limit changes."""
