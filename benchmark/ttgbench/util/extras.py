"""Optional dependencies: which extra brings which module, in one table."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from ttgbench.errors import MissingExtra

EXTRAS = {
    "xllamacpp": "cpu",
    "vllm": "vllm",
    "torch": "torch",
    "transformers": "torch",
    "optuna": "solvers",
    "ray": "ray",
    "gradio": "leaderboard",
    "networkx": "graph",
    "reasoning_gym": "tasks",
}


def missing(module: str) -> str | None:
    """What to install to get this module, or None if it is there. Does not import it."""
    if importlib.util.find_spec(module) is not None:
        return None
    return f"needs {module}: pip install 'ttgbench[{EXTRAS[module]}]'"


def require(module: str) -> ModuleType:
    """Imports an optional dependency. Raises MissingExtra with the command that installs it."""
    hint = missing(module)
    if hint is not None:
        raise MissingExtra(hint)
    return importlib.import_module(module)
