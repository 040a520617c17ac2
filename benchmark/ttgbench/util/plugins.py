"""Plugins: task and submission folders, found by name or path, and loaded as packages.

A name is looked up among the bundled plugins (in an installed wheel inside the package, in a checkout beside it), then
as a folder; whatever holds a path separator is a path.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, cast

from ttgbench.errors import InputError, UnknownName

Kind = Literal["tasks", "submissions"]
Bundle = Literal["tasks", "submissions", "leaderboard", "recording"]
MARKERS = {"tasks": "task.yaml", "submissions": "submission.yaml"}
"""The file that makes a folder a plugin."""
_SINGULAR = {"tasks": "task", "submissions": "method"}
_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_folder(kind: Bundle) -> Path:
    """A folder of the checkout that the wheel brings along: there, else in the checkout."""
    inside = _PACKAGE / "_bundled" / kind
    beside = _PACKAGE.parent if kind == "recording" else _PACKAGE.parents[1]
    return inside if inside.is_dir() else beside / kind


def plugin_names(kind: Kind) -> list[str]:
    """Names of the bundled plugins; the template is none."""
    marked = bundled_folder(kind).glob(f"*/{MARKERS[kind]}")
    return sorted(path.parent.name for path in marked if path.parent.name != "template")


def find_plugin(kind: Kind, name_or_path: str) -> Path:
    """The folder of a plugin. Raises UnknownName with near matches, InputError for a folder that is no plugin."""
    looks_like_path = any(separator in name_or_path for separator in ("/", os.sep)) or name_or_path in (".", "..")
    if not looks_like_path and name_or_path in plugin_names(kind):
        return bundled_folder(kind) / name_or_path
    try:
        folder = Path(name_or_path).expanduser()
        if folder.name == MARKERS[kind] and folder.is_file():
            return folder.parent.resolve()
        if folder.is_dir():
            if not (folder / MARKERS[kind]).is_file():
                raise InputError(f"holds no {MARKERS[kind]}", source=folder)
            return folder.resolve()
        if looks_like_path:
            raise InputError(f"no such {_SINGULAR[kind]} folder", source=folder)
    except (OSError, ValueError, RuntimeError):
        raise InputError(f"is not a usable path: {name_or_path[:80]!r}", source=_SINGULAR[kind]) from None
    raise UnknownName(_SINGULAR[kind], name_or_path, plugin_names(kind))


def load_package(folder: Path) -> ModuleType:
    """Imports a folder as a package with a name of its own, once per process. Its code runs; this is no sandbox.

    Modules of the folder are then `importlib.import_module(f"{package.__name__}.method")`; relative imports work.
    """
    folder = folder.resolve()
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    stem = "".join(c if c.isalnum() else "_" for c in folder.name)
    name = f"ttgbench_plugin_{stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    init = folder / "__init__.py"
    if init.is_file():
        spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    else:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and relative imports look it up
    if spec.loader is not None:
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise InputError(f"cannot be imported: {type(error).__name__}: {error}", source=init) from None
    return module


def load_function(folder: Path, dotted: str) -> Callable[..., Any]:
    """`utils.rows` of a plugin folder: the function `rows` of its `utils.py`. Raises InputError."""
    module_name, _, name = dotted.rpartition(".")
    path = folder / f"{module_name}.py"
    if not module_name.isidentifier() or not name.isidentifier():
        raise InputError(f"must be file.function, such as utils.rows, not {dotted[:80]!r}", source=folder)
    if not path.is_file():
        raise InputError(f"no such file; {dotted!r} names a function in it", source=path)
    try:
        module = importlib.import_module(f"{load_package(folder).__name__}.{module_name}")
    except (Exception, SystemExit) as error:
        raise InputError(f"cannot be imported: {type(error).__name__}: {error}", source=path) from None
    function = getattr(module, name, None)
    if not callable(function):
        raise InputError(f"holds no function {name!r}", source=path)
    return cast("Callable[..., Any]", function)
