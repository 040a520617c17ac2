"""The leaderboard: `ttgbench leaderboard --results DIR` here, `python app.py` in a Hugging Face Space."""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from ttgbench.leaderboard.parts.assemble import assemble
from ttgbench.leaderboard.parts.health import health_route
from ttgbench.leaderboard.parts.look import LAUNCH
from ttgbench.leaderboard.parts.source import Source

source = Source.from_environment()
demo = assemble(source)

if __name__ == "__main__":
    source.keep_fresh()
    demo.launch(**LAUNCH, app_kwargs={"routes": [health_route(source)]})
