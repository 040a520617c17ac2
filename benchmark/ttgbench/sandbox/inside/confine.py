"""How a forked child locks itself in before it runs foreign code. Order matters: each step takes away what the next
steps no longer need."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import resource
import signal
import stat
from collections.abc import Sequence

from . import kernel
from .limits import MAX_FILE_BYTES, MAX_FILES, Limits

_LOW, _HIGH = 10, 100  # a child's own descriptors lie below _LOW, the fork server's below _HIGH


def confine(limits: Limits, rules: int, program: bytes, parent: int, folder: str, descriptors: Sequence[int]) -> None:
    """Locks this process in: `descriptors` become 0, 1, 2, ...; `folder` becomes the current one.

    Other descriptors stay open (see `close_others`). Raises OSError; the process must then end at once.
    """
    kernel.die_with_parent(signal.SIGKILL, parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _order(descriptors)
    os.environ.clear()
    os.chdir(folder)
    random.seed(0)  # the same verdict each time
    # SIGXCPU first: whoever reaps the process sees from it alone why it ended. SIGKILL is for who ignores that.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    for kind, limit in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MAX_FILES),
    ):
        resource.setrlimit(kind, (limit, limit))
    kernel.drop_capabilities()
    kernel.restrict(rules, program)


def close_others(count: int) -> None:
    """Closes all descriptors but the first `count`."""
    os.closerange(count, 2 * _HIGH)


def own_descriptors(control: int) -> tuple[int, int]:
    """Keeps the fork server's descriptors between the children's low ones and _HIGH; the new numbers of `control` and
    of /dev/null. Raises OSError."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * _HIGH, 2 * _HIGH))
    moved = fcntl.fcntl(control, fcntl.F_DUPFD_CLOEXEC, _LOW)
    null = fcntl.fcntl(os.open(os.devnull, os.O_RDWR), fcntl.F_DUPFD_CLOEXEC, _LOW)
    for number in range(3, _LOW):
        os.dup2(null, number, inheritable=False)
    return moved, null


def _order(descriptors: Sequence[int]) -> None:
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _HIGH) for descriptor in descriptors]
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, number, inheritable=False)
        os.close(descriptor)


def threads(pid: int) -> int:
    """Number of threads of a process that has not been reaped; 0 once it has ended."""
    with open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("Threads:")), 0)


def waited(pid: int) -> float:
    """Seconds for which a process that has not been reaped could have run, had a core been free; 0 where the kernel
    does not count them."""
    try:
        with open(f"/proc/{pid}/schedstat") as counts:
            return int(counts.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def too_much_disk(folder: str, limit: int, pid: int, largest: int) -> bool:
    """Whether a process that has not been reaped keeps more than `limit` bytes, beneath its `folder` or without a name.

    largest: the most that one of its files can hold; a file that is only mapped counts as much.
    """
    named = _named_bytes(folder, limit)
    return named > limit or named + _nameless_bytes(folder, limit, pid, largest) > limit


def _nameless_bytes(folder: str, limit: int, pid: int, largest: int) -> int:
    """What it keeps of files that stand in no folder any more, by descriptors of any thread and by mappings."""
    files: dict[tuple[int, int], int] = {}
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            descriptors = f"/proc/{pid}/task/{thread}/fd"
            for name in os.listdir(descriptors):
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(f"{descriptors}/{name}")
                    if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                        files[found.st_dev, found.st_ino] = _size(found)
        inodes = {inode for _, inode in files}
        with open(f"/proc/{pid}/maps", errors="replace") as maps:
            for line in maps:  # address, rights, offset, device, inode, path
                parts = line.rstrip("\n").split(maxsplit=5)
                path = parts[-1]
                if path.startswith(folder) and path.endswith(" (deleted)") and int(parts[4]) not in inodes:
                    files[0, int(parts[4])] = largest
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return 0
    except OSError:
        return limit + 1
    return sum(files.values())


def _size(found: os.stat_result) -> int:
    """Blocks may lie beyond the end of a file, and holes before it."""
    return max(4096, found.st_size, 512 * found.st_blocks)


def _named_bytes(folder: str, limit: int) -> int:
    """What the files beneath `folder` hold, counted until `limit` is passed; symbolic links are not followed."""
    total, folders = 0, [folder]
    while folders and total <= limit:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    total += _size(entry.stat(follow_symlinks=False))
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):  # gone meanwhile
            continue
        except OSError:  # too deep, or not meant to be counted
            return limit + 1
    return total


def wipe(folder: str) -> None:
    """Empties `folder` of whatever hostile code has left; nobody else may use it meanwhile. Raises OSError.

    Deep trees are flattened while they are taken apart: neither recursion nor path length sets a limit.
    """
    moved = 0
    while names := os.listdir(folder):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
                continue
            os.chmod(path, 0o700)
            for child in os.listdir(path):
                moved += 1
                os.rename(os.path.join(path, child), os.path.join(folder, f".{moved}-{os.getpid()}"))
            os.rmdir(path)
