"""What memory this machine has to spare: GPUs as nvidia-smi reports them, and the host."""

from __future__ import annotations

import os
import shutil
import subprocess

from ttgbench.errors import InputError

MIB = 1 << 20


def free_gpus() -> dict[int, int]:
    """Free bytes by index of each NVIDIA GPU that CUDA_VISIBLE_DEVICES lets us use; empty without one."""
    if shutil.which("nvidia-smi") is None:
        return {}
    query = ["nvidia-smi", "--query-gpu=index,memory.free", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=60, check=True)
        rows = [line.split(",") for line in done.stdout.splitlines() if line.strip()]
        found = {int(index): int(free) for index, free in rows}
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = found if visible is None else _indices(visible)
    return {index: free * MIB for index, free in sorted(found.items()) if index in allowed}


def free_host() -> int:
    """Bytes of memory that processes can still get."""
    with open("/proc/meminfo") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    raise InputError("does not say MemAvailable", source="/proc/meminfo")


def _indices(visible: str) -> set[int]:
    try:
        return {int(part) for part in visible.split(",") if part.strip()}
    except ValueError:
        raise InputError(f"must be numbers, not {visible[:80]!r}", source="CUDA_VISIBLE_DEVICES") from None
