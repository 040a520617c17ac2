"""`/health`: whether the page has a board to show, for monitors and for whoever mends it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ttgbench._version import __version__
from ttgbench.leaderboard.parts.source import Source, State


def health(state: State) -> dict[str, Any]:
    """What is shown and what is wrong: "ok", "stale" where a newer state could not be read, or "nothing to show"."""
    shown = {} if state.board is None else state.board.manifest["suites"]
    return {
        "status": "nothing to show" if not shown else "stale" if state.problem else "ok",
        "problem": state.problem,
        "ttgbench": __version__,
        "board": None if state.board is None else state.board.hash,
        "suites": sorted(shown),
        "runs": sum(facts["runs"] for facts in shown.values()),
        "left_out": 0 if state.board is None else len(state.board.manifest["left_out"]),
    }


def health_route(source: Source) -> Route:
    """200 as long as there is something to show, else 503."""

    async def answer(request: Request) -> JSONResponse:
        found = health(source.state)
        return JSONResponse(found, 200 if found["runs"] else 503)

    return Route("/health", answer)
