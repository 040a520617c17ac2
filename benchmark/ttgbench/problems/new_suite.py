"""A suite file for tasks, a pool and budgets of one's own."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ttgbench.errors import InputError
from ttgbench.problems.suite import Suite, load_suite
from ttgbench.util.files import write_atomic
from ttgbench.util.yaml_input import validation_message


def new_suite(
    path: Path, tasks: Sequence[str], pool: str, budgets: Sequence[str], seeds: int, search_evaluations: float
) -> Suite:
    """Writes a problem for each task at each budget; paths become relative to the file. Raises InputError.

    A file that is there already is left as it is.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise InputError("must end in .yaml", source=path)
    if path.exists():
        raise InputError("is there already", source=path)
    problems = [
        {"name": _name(task, budget), "task": _relative(task, path), "pool": _relative(pool, path), "budget": budget}
        for task in tasks
        for budget in budgets
    ]
    data: dict[str, Any] = {
        "schema": 1,
        "name": re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).strip("-._")[:64] or "suite",
        "version": 1,
        "description": f"{', '.join(Path(task).name for task in tasks)} at {', '.join(budgets)} per query.",
        "methods": ["single_model", "self_consistency", "random_search"],
        "seeds": seeds,
        "search_evaluations": search_evaluations,
        "problems": problems,
    }
    try:
        Suite.model_validate(data)
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None
    try:
        write_atomic(path, yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))
    except UnicodeEncodeError:
        raise InputError("names in it must be text that UTF-8 can hold", source=path) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", source=path) from None
    return load_suite(str(path))


def _name(task: str, budget: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{Path(task).name}-{budget}").strip("-._")[:64]


def _relative(name: str, path: Path) -> str:
    """A name stays a name; a path is written as seen from the file, so that both can be moved together."""
    if not (os.sep in name or name.endswith((".yaml", ".yml"))) or not Path(name).exists():
        return name
    seen = os.path.relpath(name, path.parent)
    return seen if "/" in seen or seen.endswith((".yaml", ".yml")) else f"./{seen}"
