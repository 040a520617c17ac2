"""The leaderboard: `ttgbench leaderboard --results DIR` here, `python app.py` in a Hugging Face Space."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from ttgbench.leaderboard.parts.assemble import assemble
from ttgbench.leaderboard.parts.health import health_route
from ttgbench.leaderboard.parts.look import LAUNCH
from ttgbench.leaderboard.parts.source import Source, refresh_seconds
from ttgbench.leaderboard.parts.watch import SECONDS, watch
from ttgbench.report.unfinished import is_run_folder

if __name__ == "__main__":
    folder = os.environ.get("TTGBENCH_RESULTS_DIR")
    if folder and is_run_folder(Path(folder)):
        watch(Path(folder), refresh_seconds(SECONDS)).launch(**{**LAUNCH, "footer_links": []})
    else:
        source = Source.from_environment()
        demo = assemble(source)
        source.keep_fresh()
        demo.launch(**LAUNCH, app_kwargs={"routes": [health_route(source)]})
