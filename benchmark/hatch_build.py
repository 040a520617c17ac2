"""Puts `tasks/`, `submissions/`, `leaderboard/`, the recorded banks and the rules into the wheel.

Not into an editable install, which would hold stale copies.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundlePlugins(BuildHookInterface):  # type: ignore[misc]
    """Adds these folders of the checkout to a standard wheel as `ttgbench/_bundled/tasks` and so on."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for folder in ("tasks", "submissions", "leaderboard", "benchmark/recording"):
            source = Path(self.root) / folder
            if source.is_dir():
                build_data["force_include"][str(source)] = f"ttgbench/_bundled/{source.name}"
        build_data["force_include"][str(Path(self.root) / "benchmark" / "README.md")] = "ttgbench/_bundled/RULES.md"
