"""`ttgbench pool`: describe models of one's own."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table
from ttgbench.errors import InputError
from ttgbench.util.text import counted

app = typer.Typer(help="Describe and look at models.", no_args_is_help=True)


@app.command()
def new(
    hub: Annotated[list[str] | None, typer.Option("--hub", help="A repository of the Hub; repeatable.")] = None,
    gguf: Annotated[list[Path] | None, typer.Option("--gguf", help="A GGUF file; repeatable.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="A server, http://HOST/v1; its models.")] = None,
    model: Annotated[list[str] | None, typer.Option("--model", help="Of the server's; default: all.")] = None,
    path: Annotated[Path, typer.Option("--out", help="The pool's file.")] = Path("pool.yaml"),
    parameters: Annotated[str | None, typer.Option("--parameters", help="Where not told, such as 8b.")] = None,
    context: Annotated[int | None, typer.Option("--context-length", min=1, help="Tokens, where not told.")] = None,
    price_in: Annotated[float | None, typer.Option("--price-in", min=0, help="Dollars per million tokens.")] = None,
    price_out: Annotated[float | None, typer.Option("--price-out", min=0, help="The same for answers.")] = None,
) -> None:
    """Write a pool from config.json on the Hub, a GGUF's header or a server's list of models.

    Prices are those of the shipped pools or of the server, else what is given; without any, the model is unpriced.
    """
    from ttgbench.engines.served_models import cards_from_server
    from ttgbench.models.from_gguf import card_from_gguf
    from ttgbench.models.from_hub import card_from_hub
    from ttgbench.models.new_pool import new_pool, write_pool

    today = date.today()
    if path.suffix not in (".yaml", ".yml"):
        raise InputError("must end in .yaml", source=path)
    if path.exists():
        raise InputError("is there already", source=path)
    if (price_in is None) != (price_out is None):
        raise InputError("needs both --price-in and --price-out, or neither", source="ttgbench pool new")
    found = [(name, card_from_hub(name)) for name in hub or ()]
    found += [(str(file), card_from_gguf(file)) for file in gguf or ()]
    found += [(url, card) for card in cards_from_server(url, model or (), today)] if url else []
    if not found:
        raise InputError("needs --hub ID, --gguf FILE or --url URL", source="ttgbench pool new")
    given: dict[str, Any] = {
        "parameters": None if parameters is None else _count(parameters),
        "context_length": context,
        "price_in": price_in,
        "price_out": price_out,
    }
    name = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem).strip("-._")[:64] or "pool"
    pool = new_pool(name, found, {key: value for key, value in given.items() if value is not None}, today)
    write_pool(pool, path, [*(hub or ()), *(file.name for file in gguf or ()), *([url] if url else ())], today)
    show(str(path), json=False)


def _count(text: str) -> int:
    """As in a card. Raises InputError."""
    from ttgbench.models.pool import read_count

    try:
        return int(read_count(text))
    except ValueError as error:
        raise InputError(f"{error}, not {text[:40]!r}", source="--parameters") from None


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="POOL", help="A shipped pool or a YAML file.")],
    json: JsonFlag = False,
) -> None:
    """Print a pool's models with all that was derived."""
    from ttgbench.models.cost import UNPRICED
    from ttgbench.models.pool import load_pool

    pool = load_pool(name)
    if json:
        print_json(pool.model_dump(mode="json", by_alias=True))
        return
    rows = [
        [
            card.name,
            f"{card.parameters:,}",
            card.layers,
            card.hidden_size,
            f"{card.context_length:,}",
            f"{card.price_in:g}, {card.price_out:g}" if card.priced else UNPRICED,
            f"{card.prefill_speed:g}, {card.decode_speed:g}",
            card.prompting,
        ]
        for card in pool
    ]
    columns = (
        "model",
        "parameters#",
        "layers#",
        "hidden#",
        "context#",
        "$/M in, out",
        "tokens/s in, out",
        "as",
    )
    out.print(table(f"{pool.name}: {counted(len(pool), 'model')}", *columns, rows=rows))
