"""For methods: tree search over edits."""

from ttgbench.methods.solvers.aflow import Planner, grow

__all__ = ["Planner", "grow"]
