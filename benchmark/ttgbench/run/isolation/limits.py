"""What one run of a method may use: time, memory, disk, threads, calls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IsolationLimits:
    """What one run of a method may use, apart from its search budget."""

    seconds: float = 3600.0
    """Wall time of the method itself; the harness's evaluations do not count."""
    memory_bytes: int = 8 << 30
    """Address space."""
    output_bytes: int = 16 << 20
    """What it may print."""
    disk_bytes: int = 64 << 20
    """What it may keep in its temporary folder."""
    threads: int = 256
    calls: int = 1_000_000
    """How often it may ask its problem for something."""
