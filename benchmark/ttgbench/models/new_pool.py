"""A pool file from what is known of some models: the rest is derived, priced by what is shipped, or asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ttgbench.errors import InputError
from ttgbench.models.pool import NEEDED, ModelCard, Pool, load_pool, pool_names
from ttgbench.util.files import printable, write_atomic
from ttgbench.util.yaml_input import validation_message

HEAD = """\
# Written by `ttgbench pool new` on {today} from {sources}; see what it says, and change what is not so.
# Standard speeds are a convention, derived from `parameters` (see ttgbench/models/pool.py).
{unpriced}"""
UNPRICED = """\
# Unpriced: {names}. No budget in dollars can be kept with them before they have
# price_in, price_out (dollars per million tokens), price_date and price_source.
"""
PRICE = ("price_in", "price_out", "price_date", "price_source")


def new_pool(
    name: str, found: Sequence[tuple[str, Mapping[str, Any]]], given: Mapping[str, Any], price_date: date
) -> Pool:
    """The pool of the models that were `found`: of each, the file or service that told it, and its fields.

    given: fields for those models that lack them; prices among them are of `price_date`. Raises InputError that names
    every field that is missing, of every model, in words, or what is wrong with the first wrong one.
    """
    if "price_in" in given or "price_out" in given:
        given = {"price_date": price_date, "price_source": "given by hand", **given}
    cards = [{**given, **_known_price(fields), **fields} for _, fields in found]
    lacking = [
        f"{card.get('name', 'a model')}: {field} ({words})"
        for card in cards
        for field, words in NEEDED.items()
        if card.get(field) is None
    ]
    if lacking:
        raise InputError("not told, so give them: " + "; ".join(lacking), source="ttgbench pool new")
    twice = {card["name"] for card in cards if sum(other["name"] == card["name"] for other in cards) > 1}
    if twice:
        raise InputError(f"several models are called {', '.join(sorted(twice))}", source="ttgbench pool new")
    return Pool(name=name, models=tuple(_card(source, card) for (source, _), card in zip(found, cards, strict=True)))


def _card(source: str, fields: Mapping[str, Any]) -> ModelCard:
    try:
        return ModelCard.model_validate(fields)
    except ValidationError as error:
        raise InputError(validation_message(error), source=printable(source), field=str(fields["name"])) from None


def _known_price(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of the shipped card of the same model, with its date and source."""
    wanted = str(fields.get("hub_id", "")).lower()
    for pool in pool_names():
        for card in load_pool(pool):
            if card.price_date is not None and wanted == card.hub_id.lower():
                return {field: getattr(card, field) for field in PRICE}
    return {}


def write_pool(pool: Pool, path: Path, sources: Sequence[str], today: date) -> None:
    """Writes the file, whole or not at all. Raises InputError where there is one already."""
    if path.exists():
        raise InputError("is there already", source=path)
    cards = [_shown(card) for card in pool]
    names = ", ".join(card.name for card in pool if not card.priced)
    head = HEAD.format(
        today=today, sources=", ".join(map(printable, sources)), unpriced=UNPRICED.format(names=names) if names else ""
    )
    data = {"schema": 1, "name": pool.name, "description": pool.description, "models": cards}
    try:
        write_atomic(path, head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", source=path) from None


def _shown(card: ModelCard) -> dict[str, Any]:
    data = card.model_dump(mode="json", exclude_none=True)
    for weights in data["weights"]:
        weights.pop("revision", None) if weights["kind"] == "path" else None
    unknown = () if card.priced else PRICE
    return {key: value for key, value in data.items() if value not in ([], None) and key not in unknown}
