"""Model cards from a server's list of models, as far as it tells: each kind of server tells other things."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ttgbench.engines.client import OpenAIEngine
from ttgbench.errors import InputError, UnknownName
from ttgbench.models.pool import ModelCard

MOST = 20
"""Models that are taken without being named: services list hundreds."""
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bm])(?:-a(\d+(?:\.\d+)?)b)?(?![a-z0-9])")


def cards_from_server(url: str, names: Sequence[str] = (), today: date | None = None) -> list[dict[str, Any]]:
    """Fields of cards for the named models, or all of a short list. Raises EngineError, InputError, UnknownName."""
    listed = {str(model["id"]): model for model in asyncio.run(_listed(url))}
    for name in names:
        if name not in listed:
            raise UnknownName("model", name, listed, source=url)
    if not names and not 1 <= len(listed) <= MOST:
        some = ", ".join([*listed][:5])
        raise InputError(f"lists {len(listed)} models ({some}, ...); name some with --model", source=url)
    return [_fields(url, listed[name], today) for name in names or listed]


async def _listed(url: str) -> list[dict[str, Any]]:
    engine = OpenAIEngine(url, ModelCard.model_validate({"name": "any", "parameters": 1, "context_length": 1}))
    try:
        return await engine.models()
    finally:
        await engine.close()


def _fields(url: str, model: Mapping[str, Any], today: date | None) -> dict[str, Any]:
    told = str(model["id"])
    meta = model["meta"] if isinstance(model.get("meta"), dict) else {}
    parameters = parameters_in(told)
    if parameters is None and _positive(meta.get("n_params")):
        parameters = meta["n_params"]
    found = {
        "name": re.sub(r"[^A-Za-z0-9._-]", "-", told.rpartition("/")[2]).strip("-._")[:64] or "model",
        "hub_id": told if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?", told) else None,
        "family": re.match(r"[a-z]*", told.rpartition("/")[2].lower())[0] or None,  # type: ignore[index]
        "parameters": parameters,
        "hidden_size": meta.get("n_embd"),
        "context_length": next(filter(_positive, (model.get("max_model_len"), model.get("context_length"))), None)
        or meta.get("n_ctx_train"),
        **_prices(url, model.get("pricing"), today),
    }
    return {key: value for key, value in found.items() if value is not None}


def parameters_in(name: str) -> int | None:
    """What a name says: "qwen3-30b-a3b" -> 3e9 (those that are active), "SmolLM2-135M" -> 135e6, "gpt-4o" -> None."""
    found = _SIZE.search(name.lower())
    if found is None:
        return None
    size = float(found[3]) * 1e9 if found[3] else float(found[1]) * (1e9 if found[2] == "b" else 1e6)
    return (round(size) or None) if size <= 1e15 else None


def _prices(url: str, pricing: Any, today: date | None) -> dict[str, Any]:
    """OpenRouter's: dollars per token, as text; {} where they are not numbers."""
    try:
        if any(isinstance(pricing[key], bool) for key in ("prompt", "completion")):
            return {}
        per_in, per_out = (float(pricing[key]) * 1e6 for key in ("prompt", "completion"))
    except (KeyError, TypeError, ValueError):
        return {}
    if today is None or not (0 <= per_in <= 1e6 and 0 <= per_out <= 1e6):
        return {}
    prices = {"price_in": float(f"{per_in:.6g}"), "price_out": float(f"{per_out:.6g}")}
    return {**prices, "price_date": today, "price_source": f"the list of models at {url}"}


def _positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
