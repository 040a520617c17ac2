"""`ttgbench models`: get the weights of models that run inside this process."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ttgbench.cli.common import JsonFlag, err, log, out, print_json, table
from ttgbench.errors import InputError
from ttgbench.models.pool import ModelCard, load_pool

app = typer.Typer(help="Fetch and verify model weights.", no_args_is_help=True)


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models of the pool; default: all.")] = None,
    pool: Annotated[str, typer.Option("--pool")] = "embedded",
    verify: Annotated[bool, typer.Option("--verify", help="Hash files again that are already there.")] = False,
    json: JsonFlag = False,
) -> None:
    """Fetch weights into the cache directory, check their hashes; what is there already is kept."""
    cards = load_pool(pool)
    chosen = [cards[name] for name in names] if names else list(cards)
    rows = fetch_all(chosen, verify=verify)
    if json:
        print_json(rows)
    else:
        out.print(table(None, "model", "path", rows=[[row["model"], row["path"]] for row in rows]))


def fetch_all(cards: list[ModelCard], *, verify: bool = False) -> list[dict[str, Any]]:
    """Fetches every card's weights with a progress line each. Raises InputError for a card without a source."""
    from ttgbench.models.weights import fetch as fetch_weights

    rows = []
    for card in cards:
        if not card.weights:
            raise InputError("has no weights to fetch; serve it and give the server's URL", source=card.name)
        with Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=err, transient=True
        ) as bar:
            step = bar.add_task(f"weights of {card.name}", total=None)

            def show(done: int, total: int | None, bar: Progress = bar, step: Any = step) -> None:
                bar.update(step, completed=done, total=total)

            path = fetch_weights(card, progress=show, verify=verify)
        log(f"{card.name}: {path}")
        rows.append({"model": card.name, "path": str(path)})
    return rows
