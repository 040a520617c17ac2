"""Left-padded sampling with one random generator per row: the part of the transformers engine that needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from ttgbench.engines.base import Sampling
from ttgbench.engines.stops import before_stop, end_tokens

Row = tuple[list[int], Sampling, int]
"""Prompt tokens, sampling parameters, seed."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one row said."""

    text: str
    """Without the stop string."""
    tokens: int
    """Generated, the one that ended it included."""
    finish_reason: str


class Decoder:
    """A causal language model and its tokenizer on one device."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        self.device, self.dtype = model.device, str(model.dtype).removeprefix("torch.")
        self.context = int(getattr(model.config, "max_position_embeddings", None) or 1 << 30)
        self._ends = end_tokens(model.generation_config, tokenizer)
        self._pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(self._ends, default=0)

    @classmethod
    def load(cls, model: str, revision: str | None, device: str, dtype: str) -> Decoder:
        """From a folder or the Hub. device and dtype: "auto" or torch's names."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if dtype == "auto":
            dtype = "float32" if device == "cpu" else "bfloat16"
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would draw over ours
        pinned = {} if revision is None else {"revision": revision}
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, **pinned)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype), **pinned)
        return cls(loaded.to(device), tokenizer)

    def tokens_of_text(self, text: str) -> list[int]:
        """With the tokenizer's special tokens (BOS)."""
        return list(self._tokenizer(text)["input_ids"])

    def tokens_of_chat(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """By the tokenizer's chat template, up to where the assistant begins."""
        turns = [{"role": role, "content": content} for role, content in messages]
        shown = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return list(self._tokenizer(shown, add_special_tokens=False)["input_ids"])

    @torch.inference_mode()
    def generate(self, rows: Sequence[Row]) -> list[Output]:
        """One output per row. A row's text depends on its seed, and on the batch only through rounding."""
        width = max(len(tokens) for tokens, _, _ in rows)
        ids = torch.tensor([[self._pad] * (width - len(t)) + t for t, _, _ in rows], device=self.device)
        mask = torch.tensor([[0] * (width - len(t)) + [1] * len(t) for t, _, _ in rows], device=self.device)
        states = [_State(self._tokenizer, self._ends, *row) for row in rows]
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        cache = transformers.DynamicCache(config=self._model.config)
        live = list(range(len(rows)))
        while True:
            logits = self._model(
                input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache,
                use_cache=True, logits_to_keep=1,
            ).logits[:, -1].float().cpu()  # fmt: skip
            drawn = [states[row].draw(logits[place]) for place, row in enumerate(live)]
            going = [place for place, row in enumerate(live) if states[row].reason is None]
            if not going:
                return [state.output() for state in states]
            if len(going) <= len(live) // 2:  # half of the rows are done: go on with the others only
                index = torch.tensor(going, device=self.device)
                cache.batch_select_indices(index)
                mask, positions = mask[index], positions[index]
                drawn, live = [drawn[place] for place in going], [live[place] for place in going]
            ids = torch.tensor([[token] for token in drawn], device=self.device)
            mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)
            positions = positions[:, -1:] + 1


class _State:
    """One row under way."""

    def __init__(self, tokenizer: Any, ends: set[int], prompt: list[int], sampling: Sampling, seed: int) -> None:
        self._tokenizer, self._ends, self._sampling = tokenizer, ends, sampling
        self._seen = set(prompt)
        self._said: list[int] = []
        self._random = torch.Generator().manual_seed(seed)
        self._text: str | None = None
        self.reason: str | None = None

    def draw(self, logits: torch.Tensor) -> int:
        """The next token; after the row's end, any."""
        if self.reason is not None:
            return self._said[-1]
        token = sample(logits, self._sampling, self._seen, self._random)
        self._said.append(token)
        self._seen.add(token)
        if token in self._ends or self._stopped():
            self.reason = "stop"
        elif len(self._said) >= self._sampling.max_tokens:
            self.reason = "length"
        return token

    def output(self) -> Output:
        """When it has ended."""
        text = self._text if self._text is not None else self._decoded(self._said)
        return Output(text, len(self._said), self.reason or "length")

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    def _stopped(self) -> bool:
        """Whether a stop string has been said; then the text ends before the first one."""
        self._text = before_stop(self._said, self._sampling.stop, self._decoded)
        return self._text is not None


def sample(logits: torch.Tensor, sampling: Sampling, seen: set[int], random: torch.Generator) -> int:
    """One token from float32 logits of shape (vocabulary,), by vLLM's rules and order.

    Repetition penalty on prompt and answer, temperature (0: the most likely token), then min_p, top_k and top_p.
    """
    if sampling.repetition_penalty != 1.0:
        index = torch.tensor(sorted(seen))
        values = logits[index]
        factor = sampling.repetition_penalty
        logits = logits.clone()
        logits[index] = torch.where(values > 0, values / factor, values * factor)
    if sampling.temperature <= 0:
        return int(logits.argmax())
    logits = logits / sampling.temperature
    if sampling.min_p > 0:
        probabilities = logits.softmax(-1)
        logits = logits.masked_fill(probabilities < sampling.min_p * probabilities.max(), -torch.inf)
    if 0 < sampling.top_k < logits.numel():
        logits = logits.masked_fill(logits < logits.topk(sampling.top_k).values[-1], -torch.inf)
    if sampling.top_p < 1.0:
        ordered, order = logits.sort(descending=True)
        before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
        logits = logits.clone()
        logits[order[before >= sampling.top_p]] = -torch.inf
    return int(torch.multinomial(logits.softmax(-1), 1, generator=random))
