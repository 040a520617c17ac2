"""The search agent: one chat model behind `problem.ask`, recorded like every other generation.

    with Store(Path("runs.sqlite")) as store:
        agent = load_agent("llama-3.1-8b=http://127.0.0.1:8000/v1", store)

A reply is stored under a key that says everything it depends on: model card, sampling parameters, messages, schema.
Asked the same again, the next reply is drawn; other universes draw other replies. So a run that was killed, and a
replay without an engine, get the same replies, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Sequence

from ttgbench.engines import Engine, Message, Prompt, Request, Sampling, background, launch
from ttgbench.errors import ContextOverflow, InputError, MissingGeneration, UnknownName
from ttgbench.evaluate.store.generation import Generation
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.keys import seed_for
from ttgbench.models.pool import ModelCard, Pool, load_pool, pool_names
from ttgbench.problems.arguments import Messages, Schema
from ttgbench.problems.views import Reply

ROLE = "agent"
"""What the store names as the role of a reply."""
OVERFLOW = "overflow"
"""Finish reason of a question that was longer than the model's context: an empty reply that cost nothing."""
SAMPLING = Sampling(temperature=0.7, top_p=1.0, max_tokens=1024)
MOST_TOKENS = 131_072
"""Of one reply: what the longest reasoning models write."""
_LIMITS = re.compile(r"(?P<tokens>[0-9]{1,6})(,(?P<temperature>[0-9](\.[0-9]{1,3})?))?")
TURN_TOKENS = 16
"""What a chat template adds to a turn, at most."""


def worst_case(card: ModelCard, messages: Messages, sampling: Sampling) -> tuple[int, int]:
    """Most tokens in (one per byte, at most the context) and out."""
    size = sum(len(turn["content"].encode()) + TURN_TOKENS for turn in messages)
    return min(size, card.context_length), sampling.max_tokens


class EngineAgent:
    """The Agent of a problem, over any engine. engine: None replays what the store holds."""

    def __init__(self, card: ModelCard, store: Store, engine: Engine | None, sampling: Sampling = SAMPLING) -> None:
        self.card, self.sampling = card, sampling
        self._store, self._engine = store, engine

    def worst_case(self, messages: Messages) -> tuple[int, int]:
        """See `Agent.worst_case`."""
        return worst_case(self.card, messages, self.sampling)

    def ask(self, messages: Messages, schema: Schema | None, universe: int, repeat: int) -> Reply:
        """See `Agent.ask`. Raises StoreError besides."""
        key, question = self.key(messages, schema), f"agent/{repeat}"
        row = self._store.get_many([(key, question, universe)]).get((key, question, universe))
        if row is None:
            if self._engine is None:
                raise MissingGeneration(
                    f"the store lacks reply {repeat} of agent {self.card.name} to question {key}, universe {universe}"
                )
            row = background.run(self._generate(self._engine, messages, schema, (key, question, universe)))
            row = self._store.put_many([row])[0]
        return Reply(row.text, row.tokens_in + row.retried_tokens_in, row.tokens_out + row.retried_tokens_out)

    def key(self, messages: Messages, schema: Schema | None) -> str:
        """Content address of a question, 32 hex digits."""
        turns = [[turn["role"], turn["content"]] for turn in messages]
        identity = [ROLE, self.card.fingerprint, self.sampling.fingerprint, turns, schema]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]

    def close(self) -> None:
        """Frees the engine. May be called twice."""
        if self._engine is not None:
            background.run(self._engine.close())

    async def _generate(
        self, engine: Engine, messages: Messages, schema: Schema | None, identity: tuple[str, str, int]
    ) -> Generation:
        prompt = Prompt(tuple(Message(turn["role"], turn["content"]) for turn in messages))
        seed, started = seed_for(*identity), time.time()
        text, reason, counts, seconds = "", OVERFLOW, (0, 0, 0, 0, 1), 0.0
        try:
            done = await engine.generate(Request(self.card.name, prompt, self.sampling, seed, schema))
        except ContextOverflow:
            pass
        else:
            text, reason, seconds = done.text.encode("utf-8", "replace").decode(), done.finish_reason, done.seconds
            retried = done.retried_tokens_in, done.retried_tokens_out
            counts = (done.tokens_in, done.tokens_out, *retried, done.attempts)
        return Generation(
            node_key=identity[0],
            question_id=identity[1],
            universe=identity[2],
            role=ROLE,
            model=self.card.name,
            engine=engine.name,
            seed=seed,
            tokens_in=counts[0],
            tokens_out=counts[1],
            retried_tokens_in=counts[2],
            retried_tokens_out=counts[3],
            attempts=counts[4],
            dropped_inputs=0,
            finish_reason=reason,
            started=started,
            seconds=seconds,
            text=text,
        )


def agent_sampling(spec: str) -> Sampling:
    """How the agent of a spec is sampled: "MODEL@TOKENS" or "MODEL@TOKENS,TEMPERATURE"; default: SAMPLING.

    Raises InputError.
    """
    model, at, options = spec.partition("=")[0].rpartition("@")
    if not at:
        return SAMPLING
    match = _LIMITS.fullmatch(options)
    temperature = SAMPLING.temperature if match is None or match["temperature"] is None else float(match["temperature"])
    if match is None or not model or not 1 <= int(match["tokens"]) <= MOST_TOKENS or temperature > 2:
        wanted = f"MODEL@TOKENS or MODEL@TOKENS,TEMPERATURE, up to {MOST_TOKENS} tokens and temperature 2"
        raise InputError(f"must be {wanted}, e.g. deepseek-r1@16384,0.1, not {spec[:60]!r}", field="agent")
    return Sampling(temperature=temperature, top_p=SAMPLING.top_p, max_tokens=int(match["tokens"]))


def load_agent(spec: str, store: Store, *, engine: str | None = "llama_cpp", pools: Sequence[Pool] = ()) -> EngineAgent:
    """The agent that "MODEL", "MODEL@TOKENS,TEMPERATURE" or either with "=ENGINE" names. ENGINE: as for `launch`.

    MODEL: a chat model of `pools` or of a shipped pool, or "pool.yaml/MODEL". engine None: replay only. Raises
    UnknownName, InputError, MissingExtra.
    """
    card, sampling = agent_card(spec, pools), agent_sampling(spec)
    started = None if engine is None else launch(own_engine(spec) or engine, [card])[card.name]
    return EngineAgent(card, store, started, sampling)


def own_engine(spec: str) -> str | None:
    """ENGINE of "MODEL=ENGINE"; None if the spec is "MODEL"."""
    return spec.partition("=")[2] or None


def agent_card(spec: str, pools: Sequence[Pool] = ()) -> ModelCard:
    """The model of an agent's spec. Raises UnknownName, and InputError if it cannot chat or its limits are none."""
    agent_sampling(spec)
    folder, _, model = spec.partition("=")[0].partition("@")[0].rpartition("/")
    found = [load_pool(folder)] if folder else [*pools, *map(load_pool, pool_names())]
    for pool in found:
        if model in pool:
            if pool[model].prompting != "chat":
                raise InputError("is a base model; the search agent must be a chat model", source=model)
            return pool[model]
    known = {card.name for pool in found for card in pool}
    raise UnknownName("model", model, known, source="--agent")
