"""`ttgbench list`: what there is to choose from."""

from __future__ import annotations

from typing import Any

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table

app = typer.Typer(help="List what there is to choose from.", no_args_is_help=True)


def _show(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json(rows)
    elif rows:
        out.print(table(None, *rows[0], rows=[list(row.values()) for row in rows]))


@app.command()
def tasks(json: JsonFlag = False) -> None:
    """Tasks that are bundled."""
    from ttgbench.tasks.folder import load_task, task_names

    cards = [load_task(name).card for name in task_names()]
    _show(
        [{"task": c.name, "version": c.version, "domain": c.domain, "description": c.description} for c in cards], json
    )


@app.command()
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


@app.command()
def pools(json: JsonFlag = False) -> None:
    """Named sets of models."""
    from ttgbench.models.pool import load_pool, pool_names

    loaded = [load_pool(name) for name in pool_names()]
    _show(
        [{"pool": pool.name, "models": ", ".join(pool.names), "description": pool.description} for pool in loaded], json
    )


@app.command()
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


@app.command()
def engines(json: JsonFlag = False) -> None:
    """Engines, and whether they can be used here."""
    from ttgbench.engines import availability

    _show([{"engine": e.name, "usable": e.usable, "reason": e.reason} for e in availability()], json)


@app.command()
def methods(json: JsonFlag = False) -> None:
    """Bundled search methods."""
    from ttgbench.problems.method import load_method
    from ttgbench.util.plugins import plugin_names

    loaded = [load_method(name).metadata for name in plugin_names("submissions")]
    _show([{"method": m.name, "needs agent": m.needs_agent, "description": m.description} for m in loaded], json)


@app.command()
def suites(json: JsonFlag = False) -> None:
    """Shipped suites."""
    from ttgbench.problems.suite import load_suite, suite_names

    loaded = [load_suite(name) for name in suite_names()]
    rows = [
        {"suite": s.name, "version": s.version, "problems": len(s.problems), "description": s.description}
        for s in loaded
    ]
    _show(rows, json)
