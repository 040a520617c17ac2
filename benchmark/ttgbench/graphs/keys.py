"""Content addresses: the key of a node says everything that its generations depend on, so they can be shared.

As in git's trees, a key contains the keys it builds on: sha256(head + sorted keys of the predecessors + replica), where
head = sha256(prompt version, role, model fingerprint, sampling fingerprint). Isomorphic graphs have the same keys, and
a node that occurs in two graphs has one key in both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ttgbench.errors import UnknownName
from ttgbench.graphs.graph import Graph


@dataclass(frozen=True, slots=True)
class KeyContext:
    """What keys depend on besides the graph. The mappings must not change afterwards."""

    prompts: Mapping[str, str]
    """Role name to the version of its prompt."""
    models: Mapping[str, str]
    """Model name to the fingerprint of its card."""
    sampling: str
    """Fingerprint of the sampling parameters."""
    _heads: dict[tuple[str, str | None], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def head(self, role: str, model: str | None) -> str:
        """Hash (64 hex digits) of all that a key depends on besides the wiring; a role without a model samples nothing.

        Raises UnknownName.
        """
        head = self._heads.get((role, model))
        if head is None:
            if role not in self.prompts:
                raise UnknownName("role", role, self.prompts)
            if model is not None and model not in self.models:
                raise UnknownName("model", model, self.models)
            drawn = [None, None] if model is None else [self.models[model], self.sampling]
            text = json.dumps([self.prompts[role], role, *drawn])
            head = self._heads[role, model] = hashlib.sha256(text.encode()).hexdigest()
        return head


def node_keys(graph: Graph, context: KeyContext) -> dict[str, str]:
    """Node id to key (32 hex digits), in canonical order; the keys within a graph differ.

    Siblings that agree in role, model and predecessors are replicas 0, 1, 2, ... in the graph's canonical order: they
    may feed different nodes, so any other order would change keys when a graph is renumbered. Raises UnknownName.
    """
    keys: dict[str, str] = {}
    replicas: dict[str, int] = {}
    for node_id in graph.order:
        node = graph[node_id]
        base = context.head(node.role, node.model) + "".join(sorted([keys[p] for p in graph.predecessors(node_id)]))
        replica = replicas.get(base, 0)
        replicas[base] = replica + 1
        keys[node_id] = hashlib.sha256(f"{base}{replica}".encode()).hexdigest()[:32]
    return keys


def seed_for(node_key: str, question_id: str, universe: int) -> int:
    """Seed of one generation, 0 <= seed < 2**31; independent of when and beside what it is asked for."""
    digest = hashlib.sha256(json.dumps([node_key, question_id, universe]).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
