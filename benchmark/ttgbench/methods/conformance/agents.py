"""Search agents that no method may stumble over: garbage, half answers, wrong names, far too much, nothing at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ttgbench.errors import EngineError
from ttgbench.models.pool import ModelCard
from ttgbench.problems.arguments import Messages, Schema
from ttgbench.problems.views import Reply
from ttgbench.testing import toy_pool

KINDS = ("plausible", "garbage", "truncated", "endless", "silent", "failing")
"""plausible: fits the schema, with names and numbers drawn at random; silent: empty replies; failing: EngineError."""
WORDS = ("ant", "bee", "cat", "dog", "assistant", "fuser", "vote", "n0", "n1", "n99", "", "all")


class ToyAgent:
    """An Agent of one of KINDS. Deterministic in its arguments."""

    def __init__(self, kind: str = "plausible") -> None:
        self.kind, self.calls = kind, 0
        self.card: ModelCard = toy_pool("ant")["ant"]

    def worst_case(self, messages: Messages) -> tuple[int, int]:
        """One token per byte; 200 tokens out."""
        return sum(len(turn["content"].encode()) for turn in messages), 200

    def ask(self, messages: Messages, schema: Schema | None, universe: int, repeat: int) -> Reply:
        """See `Agent.ask`."""
        self.calls += 1
        if self.kind == "failing":
            raise EngineError("the agent's server is gone")
        asked = json.dumps([list(map(dict, messages)), schema, universe, repeat], sort_keys=True)
        digest = hashlib.sha256(asked.encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        fitting = json.dumps(instance(schema or {}, rng))
        text = {
            "garbage": "\u0000{ nonsense \ud83d" + digest.hex(),
            "truncated": fitting[: len(fitting) // 2],
            "endless": "{" * 60_000,
            "silent": "",
        }.get(self.kind, fitting)
        size = sum(len(turn["content"]) for turn in messages)
        return Reply(text, tokens_in=1 + size // 4, tokens_out=1 + len(text) // 2)


def instance(schema: Mapping[str, Any], rng: np.random.Generator, root: Mapping[str, Any] | None = None) -> Any:
    """A random value that fits a JSON schema of the kind that pydantic writes, as far as types and enums go."""
    root = schema if root is None else root
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], rng, root)
    for options in ("anyOf", "oneOf"):
        if options in schema:
            return instance(schema[options][int(rng.integers(len(schema[options])))], rng, root)
    if "enum" in schema:
        return schema["enum"][int(rng.integers(len(schema["enum"])))]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: instance(part, rng, root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        count = rng.integers(schema.get("minItems", 1), 1 + min(4, schema.get("maxItems", 4)))
        return [instance(schema.get("items", {}), rng, root) for _ in range(int(count))]
    if kind == "string":
        return WORDS[int(rng.integers(len(WORDS)))]
    if kind == "boolean":
        return bool(rng.integers(2))
    if kind == "null":
        return None
    low, high = schema.get("minimum", 0), schema.get("maximum", 6)
    return int(rng.integers(int(low), int(high) + 1)) if kind == "integer" else float(rng.uniform(low, high))
