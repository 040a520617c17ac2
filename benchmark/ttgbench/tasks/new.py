"""A new task folder from `tasks/template`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.util.plugins import bundled_folder

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def make_task(name: str, parent: Path) -> Path:
    """The new folder `parent/name`. Raises InputError for a bad name or a folder that is there already."""
    if not NAME.fullmatch(name):
        message = f"must be 1 to 64 letters, digits, '.', '_' or '-', not {name[:80]!r}"
        raise InputError(message, source="ttgbench task new")
    folder = parent / name
    try:
        shutil.copytree(bundled_folder("tasks") / "template", folder, ignore=shutil.ignore_patterns("__pycache__"))
        for path in folder.iterdir():
            path.write_text(path.read_text("utf-8").replace("my_task", name), "utf-8")
    except FileExistsError:
        raise InputError("is there already", source=folder) from None
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror or error}", source=folder) from None
    return folder
