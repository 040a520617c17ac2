"""`ttgbench list` and `ttgbench doctor`: what there is, and what is usable here."""

from __future__ import annotations

from typing import Any

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table
from ttgbench.errors import TTGBenchError

list_app = typer.Typer(help="List what there is to choose from.", no_args_is_help=True)


def _show(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json(rows)
    elif rows:
        out.print(table(None, *rows[0], rows=[list(row.values()) for row in rows]))


@list_app.command()
def tasks(json: JsonFlag = False) -> None:
    """Tasks that are bundled."""
    from ttgbench.tasks.folder import load_task, task_names

    cards = [load_task(name).card for name in task_names()]
    _show(
        [{"task": c.name, "version": c.version, "domain": c.domain, "description": c.description} for c in cards], json
    )


@list_app.command()
def models(json: JsonFlag = False) -> None:
    """Models of every shipped pool."""
    from ttgbench.models.pool import load_pool, pool_names

    rows = [
        {
            "model": card.name,
            "pool": name,
            "hub id": card.hub_id,
            "parameters": f"{card.parameters:,}",
            "context": card.context_length,
            "licence": card.licence,
        }
        for name in pool_names()
        for card in load_pool(name)
    ]
    _show(rows, json)


@list_app.command()
def pools(json: JsonFlag = False) -> None:
    """Named sets of models."""
    from ttgbench.models.pool import load_pool, pool_names

    loaded = [load_pool(name) for name in pool_names()]
    _show(
        [{"pool": pool.name, "models": ", ".join(pool.names), "description": pool.description} for pool in loaded], json
    )


@list_app.command()
def roles(json: JsonFlag = False) -> None:
    """Roles a node can have, with the version of their prompts."""
    from ttgbench.graphs.roles import PROMPT_SETS, ROLES

    rows = [
        {
            "role": role.name,
            "needs model": role.needs_model,
            "needs predecessors": role.needs_predecessors,
            **{f"prompts {chosen}": role.version(chosen) or "" for chosen in PROMPT_SETS},
        }
        for role in ROLES.values()
    ]
    _show(rows, json)


@list_app.command()
def engines(json: JsonFlag = False) -> None:
    """Engines, and whether they can be used here."""
    from ttgbench.engines import availability

    _show([{"engine": e.name, "usable": e.usable, "reason": e.reason} for e in availability()], json)


@list_app.command()
def methods(json: JsonFlag = False) -> None:
    """Bundled search methods."""
    from ttgbench.problems.method import load_method
    from ttgbench.util.plugins import plugin_names

    loaded = [load_method(name).metadata for name in plugin_names("submissions")]
    _show([{"method": m.name, "needs agent": m.needs_agent, "description": m.description} for m in loaded], json)


@list_app.command()
def suites(json: JsonFlag = False) -> None:
    """Shipped suites."""
    from ttgbench.problems.suite import load_suite, suite_names

    loaded = [load_suite(name) for name in suite_names()]
    rows = [
        {"suite": s.name, "version": s.version, "problems": len(s.problems), "description": s.description}
        for s in loaded
    ]
    _show(rows, json)


def doctor(json: JsonFlag = False) -> None:
    """What engines, models, sandboxes and GPUs are usable here, and why not."""
    rows = [*_engine_rows(), *_model_rows(), *_sandbox_rows(), *_gpu_rows()]
    if json:
        print_json(rows)
        return
    out.print(table(None, "kind", "name", "usable", "detail", rows=[[*map(str, row.values())] for row in rows]))


def _row(kind: str, name: str, usable: bool, detail: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "usable": usable, "detail": detail}


def _engine_rows() -> list[dict[str, Any]]:
    from ttgbench.engines import availability

    return [_row("engine", engine.name, engine.usable, engine.reason) for engine in availability()]


def _model_rows() -> list[dict[str, Any]]:
    from ttgbench.models.pool import load_pool
    from ttgbench.models.weights import cached_path

    rows = []
    for card in load_pool("embedded"):
        path = cached_path(card)
        detail = str(path) if path else "not fetched yet: `ttgbench models fetch`, or the demo does it"
        rows.append(_row("model", card.name, path is not None, detail))
    return rows


def _sandbox_rows() -> list[dict[str, Any]]:
    try:
        from ttgbench.sandbox import choose

        return [_row("sandbox", choose().layer, True, "model-written code runs contained")]
    except TTGBenchError as error:
        return [_row("sandbox", "none", False, str(error))]


def _gpu_rows() -> list[dict[str, Any]]:
    import shutil
    import subprocess

    tool = shutil.which("nvidia-smi")
    if tool is None:
        return [_row("gpu", "none", False, "nvidia-smi is not on the PATH")]
    query = [tool, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError) as error:
        return [_row("gpu", "none", False, f"nvidia-smi failed: {error}")]
    return [_row("gpu", line.split(",")[0], True, line.split(",", 1)[1].strip()) for line in lines]
