"""Puts `tasks/` and `submissions/` into the wheel, but not into an editable install (which would hold stale copies)."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundlePlugins(BuildHookInterface):
    """Adds the plugin folders of the checkout to a standard wheel as `ttgbench/tasks` and `ttgbench/submissions`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for folder in ("tasks", "submissions"):
            source = Path(self.root) / folder
            if source.is_dir():
                build_data["force_include"][str(source)] = f"ttgbench/{folder}"
