"""Checks the token counts that a server reports against the model's own tokenizer, where that is at hand.

Only counts that are too low matter: they would make a graph look cheaper than it is. A chat template adds tokens, and a
model may spell a text in more tokens than its tokenizer would, so a server may well report more.
"""

from __future__ import annotations

from collections.abc import Callable

from ttgbench.engines.base import Request
from ttgbench.errors import EngineError
from ttgbench.models.pool import ModelCard

Counter = Callable[[str], int]
"""Tokens of a text."""

SHARE, SLACK = 0.9, 2
"""At least this share of the local count, less this many tokens: joints between texts may merge tokens."""


def local_counter(card: ModelCard) -> Counter | None:
    """The tokenizer of the card's Hub repository if it lies in the Hub's cache; None without it. Fetches nothing."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(card.hub_id, "tokenizer.json", revision=card.revision)
    if not isinstance(path, str):
        return None
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None
    tokenizer = Tokenizer.from_file(path)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def check_counts(count: Counter, request: Request, text: str, tokens_in: int, tokens_out: int) -> None:
    """Raises EngineError if the server reports clearly fewer tokens than the texts have."""
    prompt = request.prompt
    shown = [prompt.text] if prompt.text is not None else [message.content for message in prompt.messages]
    for kind, reported, counted in (
        ("prompt", tokens_in, sum(map(count, shown))),
        ("answer", tokens_out, count(text)),
    ):
        if reported < SHARE * counted - SLACK:
            message = f"the server counts {reported} tokens of {kind}, the model's own tokenizer {counted}"
            raise EngineError(f"{message}; its counts cannot be billed")
