"""A deterministic toy engine: no model, the same request gives the same text on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ttgbench.engines import options
from ttgbench.engines.base import Completion, Engine, Prompt, Request
from ttgbench.models.pool import ModelCard

WORDS = ("yes", "no", "A", "B", "C", "Paris", "hot", "True", "False", "up")


class EchoEngine:
    """Answers a number from 0 to 19 or one of WORDS, drawn by a hash of model, prompt and seed.

    One token is four bytes of prompt, or one word of answer.
    """

    name = "echo/1"

    def __init__(self, slots: int = 32) -> None:
        self.slots = slots

    async def generate(self, request: Request) -> Completion:
        """See `Engine.generate`; never fails."""
        shown = _text(request.prompt)
        digest = hashlib.sha256(f"{request.model}\n{request.seed}\n{shown}".encode()).digest()
        answer = str(digest[1] % 20) if digest[0] < 128 else WORDS[digest[1] % len(WORDS)]
        tokens = 1 + digest[2] % min(4, request.sampling.max_tokens)
        return Completion(answer, tokens_in=1 + len(shown) // 4, tokens_out=tokens, finish_reason="stop", seconds=0.0)

    async def close(self) -> None:
        """Nothing to free."""


def make(cards: Sequence[ModelCard], slots: int | None, text: str) -> Mapping[str, Engine]:
    """The same toy for every card."""
    options.parse(options.Options, text, "echo")
    return {card.name: EchoEngine(slots or 32) for card in cards}


def _text(prompt: Prompt) -> str:
    if prompt.text is not None:
        return prompt.text
    return "\n".join(f"{message.role}: {message.content}" for message in prompt.messages)
