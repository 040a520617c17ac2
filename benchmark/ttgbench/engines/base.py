"""The engine seam: what is asked of a model, what comes back, and the Protocol between them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Either chat messages (instruction-tuned models) or plain text (base models), never both."""

    messages: tuple[Message, ...] = ()
    text: str | None = None

    @property
    def size(self) -> int:
        """UTF-8 bytes of everything the model is shown."""
        if self.text is not None:
            return len(self.text.encode())
        return sum(len(message.content.encode()) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every parameter that changes which text is drawn. All are always sent to the server."""

    temperature: float = 0.7
    top_p: float = 1.0
    top_k: int = 0
    """0: no limit."""
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Stable hash of all parameters; part of every node key."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Request:
    """One generation asked of one model."""

    model: str
    """Name of the model card."""
    prompt: Prompt
    sampling: Sampling
    seed: int
    """0 <= seed < 2**31, derived from (node key, question, universe)."""
    schema: Mapping[str, Any] | None = None
    """JSON schema that constrains the output, where the engine can."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back, as counted by the server."""

    text: str
    tokens_in: int
    tokens_out: int
    finish_reason: str
    """"stop" or "length"."""
    seconds: float
    attempts: int = 1
    retried_tokens_in: int = 0
    """Prompt tokens of failed attempts; they are billed."""
    retried_tokens_out: int = 0
    reasoning: str = ""
    """What the server tells apart as thinking. It is in `tokens_out`, and no part of the answer."""


class Engine(Protocol):
    """Generates text for one model. Must allow `slots` concurrent calls of `generate`."""

    name: str
    """What is recorded with each generation, versions included, e.g. "llama_cpp/xllamacpp-2026.10.11549"."""
    slots: int
    """Requests worth having in flight at once."""

    async def generate(self, request: Request) -> Completion:
        """Raises EngineError (ContextOverflow, WrongModel) when the request failed for good."""
        ...

    async def close(self) -> None:
        """Frees connections, processes and memory. May be called twice."""
        ...
