"""A new submission folder from the template."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.util.plugins import bundled_folder

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CACHES = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
_GRAPH = '{"schema": 1, "nodes": [{"id": "a", "role": "assistant", "model": "MODEL"}], "edges": []}\n'
_GRAPHS_YAML = """\
name: {name}
version: "1"
kind: graph
description: One sentence on where these graphs come from.
authors: [Who found the graphs]
paper: null
licence: Apache-2.0
"""


def new(folder: Path, *, graphs: bool = False) -> Path:
    """Makes a submission folder, named after its last part; returns it.

    graphs: published graphs rather than a method. Raises InputError if the name is no method's name or is taken.
    """
    name = folder.name
    if not _NAME.fullmatch(name):
        raise InputError("a method's name has small letters, digits, _ and -, at most 64", source=str(folder))
    if folder.exists() or folder.is_symlink():
        raise InputError("is there already; nothing was changed", source=folder)
    try:
        if graphs:
            (folder / "graphs").mkdir(parents=True)
            (folder / "graphs" / "default.json").write_text(_GRAPH, "utf-8")
            (folder / "submission.yaml").write_text(_GRAPHS_YAML.format(name=name), "utf-8")
        else:
            shutil.copytree(bundled_folder("submissions") / "template", folder, ignore=_CACHES)
            path = folder / "submission.yaml"
            path.write_text(re.sub(r"(?m)^name: .*$", f"name: {name}", path.read_text("utf-8"), count=1), "utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", source=folder) from None
    return folder
