"""What a search method hands to its problem, checked: it may be of any type and any size."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ttgbench.errors import InputError

MAX_ITEMS = 100_000
MAX_TURNS = 1000
SPEAKERS = ("system", "user", "assistant")
Messages = Sequence[Mapping[str, str]]
"""Chat turns, each with "role" (one of SPEAKERS) and "content"."""
Schema = Mapping[str, Any]
"""A JSON schema."""


def listed(values: Any, field: str, what: str) -> list[Any]:
    """The values as a list. what: what they should be. Raises InputError."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InputError(f"must be a list of {what}, not {type(values).__name__}", field=field)
    found = list(itertools.islice(values, MAX_ITEMS + 1))
    if len(found) > MAX_ITEMS:
        raise InputError(f"must be at most {MAX_ITEMS:,} {what}", field=field)
    return found


def checked_messages(messages: Any, schema: Any) -> tuple[list[dict[str, str]], str]:
    """Copies of the chat turns, and what identifies the question. Raises InputError."""
    turns = []
    for turn in listed(messages, "messages", "chat turns"):
        role, content = (turn.get("role"), turn.get("content")) if isinstance(turn, Mapping) else (None, None)
        if role not in SPEAKERS or not isinstance(content, str):
            raise InputError(f"each needs a role ({', '.join(SPEAKERS)}) and a content, both strings", field="messages")
        turns.append({"role": str(role), "content": content.encode("utf-8", "replace").decode()})
    if not turns or len(turns) > MAX_TURNS:
        raise InputError(f"must be 1 to {MAX_TURNS} chat turns, not {len(turns)}", field="messages")
    try:
        identity = json.dumps([turns, schema], sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"must be a JSON schema: {error}", field="schema") from None
    if schema is not None and not isinstance(schema, Mapping):
        raise InputError(f"must be a JSON schema, not {type(schema).__name__}", field="schema")
    return turns, identity
