"""Engines generate text. `launch` gives one per model of a pool; each starts when it is first used.

engines = launch("llama_cpp", pool)                  # embedded, in this process
engines = launch("http://127.0.0.1:8000/v1", pool)   # any OpenAI-compatible server
engines = launch("vllm:dtype=float16", pool)         # one vLLM server per model; options follow the name
engines = launch("echo", pool)                       # a deterministic toy
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from ttgbench.engines import options
from ttgbench.engines.base import Completion, Engine, Message, Prompt, Request, Sampling
from ttgbench.errors import InputError, UnknownName
from ttgbench.models.pool import ModelCard
from ttgbench.util.extras import missing

__all__ = [
    "Availability",
    "Completion",
    "Engine",
    "Message",
    "Prompt",
    "Request",
    "Sampling",
    "availability",
    "check_name",
    "engine_names",
    "launch",
]

LAUNCHERS = {
    "echo": ("ttgbench.engines.echo", None, "a deterministic toy: no model behind it"),
    "llama_cpp": ("ttgbench.engines.llama_cpp", "xllamacpp", "llama.cpp servers in this process, GGUF weights"),
    "transformers": ("ttgbench.engines.transformers", "torch", "torch in this process, where vLLM cannot be had"),
    "vllm": ("ttgbench.engines.vllm.engine", "vllm", "one vLLM server process per model, placed on the GPUs"),
}
"""Name -> (module that is a Launcher, optional dependency, what it is)."""

URL_ENGINE = "an URL such as http://127.0.0.1:8000/v1"


class Launcher(Protocol):
    """The module behind a name."""

    def make(self, cards: Sequence[ModelCard], slots: int | None, text: str) -> Mapping[str, Engine]:
        """An engine for each model. Starts nothing yet. text: the options, as `options.parse` reads them."""
        ...


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an engine can be used here, and why (not)."""

    name: str
    usable: bool
    reason: str


def engine_names() -> list[str]:
    """Names that `launch` knows, besides URLs."""
    return sorted(LAUNCHERS)


def check_name(spec: str) -> None:
    """Raises UnknownName if the spec is neither for one of `engine_names()` nor an URL."""
    name, _ = options.split(spec)
    if name not in LAUNCHERS and "://" not in spec:
        raise UnknownName("engine", name, [*LAUNCHERS, URL_ENGINE], source="--engine")


def launch(spec: str, cards: Iterable[ModelCard], *, slots: int | None = None) -> Mapping[str, Engine]:
    """One engine per model card, by model name.

    spec: a name of `engine_names()`, options behind it ("vllm:key=value,key=value" or "vllm:options.yaml"), one URL
    for all models, or "model=URL,model=URL". slots: requests in flight per model (default: the engine's own). Raises
    UnknownName, InputError, MissingExtra.
    """
    cards = list(cards)
    check_name(spec)
    name, text = options.split(spec)
    if name not in LAUNCHERS:
        from ttgbench.engines.client import OpenAIEngine
        from ttgbench.engines.token_check import local_counter

        urls = _urls(spec, cards)
        return {
            card.name: OpenAIEngine(urls[card.name], card, slots=slots or 32, count=local_counter(card))
            for card in cards
        }
    launcher = cast(Launcher, importlib.import_module(LAUNCHERS[name][0]))
    return launcher.make(cards, slots, text)


def availability() -> list[Availability]:
    """Every engine, for `ttgbench doctor`."""
    rows = []
    for name, (_, dependency, what) in LAUNCHERS.items():
        hint = None if dependency is None else missing(dependency)
        rows.append(Availability(name, hint is None, hint or what))
    return [*rows, Availability("openai", True, f"any OpenAI-compatible server: {URL_ENGINE}")]


def _urls(spec: str, cards: list[ModelCard]) -> dict[str, str]:
    names = [card.name for card in cards]
    if "=" not in spec.split("://")[0]:
        return dict.fromkeys(names, _checked(spec))
    urls = {}
    for part in spec.split(","):
        name, _, url = part.partition("=")
        if name.strip() not in names:
            raise UnknownName("model", name.strip(), names, source="--engine")
        urls[name.strip()] = _checked(url.strip())
    lacking = [name for name in names if name not in urls]
    if lacking:
        raise InputError(f"no URL for {', '.join(lacking)}", source="--engine")
    return urls


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")) or any(c.isspace() for c in url):
        raise InputError(f"must be {URL_ENGINE}, not {url[:80]!r}", source="--engine")
    return url
