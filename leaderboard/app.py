"""The Space's entry point: the page is the package's `ttgbench.leaderboard`."""

import runpy

runpy.run_module("ttgbench.leaderboard.app", run_name="__main__")
