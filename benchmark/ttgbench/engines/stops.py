"""Where an answer stops: after a model's end tokens, and before a stop string.

Stop strings are the task's: `generation_kwargs.until` of its task.yaml, and so `Sampling.stop`. Servers are told them
and cut there; what a server left uncut the grader cuts (`tasks/grading/answer_text.py`). Cut here is what an engine in
this process draws token by token. No torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

STOP_WINDOW = 16
"""A stop string is looked for in the last so many tokens and its own length."""


def end_tokens(generation_config: Any, tokenizer: Any) -> set[int]:
    """Tokens after which a model says nothing: those of its generation config and its tokenizer's."""
    ends = getattr(generation_config, "eos_token_id", None)
    ends = [ends] if isinstance(ends, int) else list(ends or [])
    return {int(end) for end in [*ends, tokenizer.eos_token_id] if end is not None}


def before_stop(said: list[int], stops: Sequence[str], decode: Callable[[list[int]], str]) -> str | None:
    """The text of these tokens before its first stop string; None while it holds none.

    The last tokens alone are looked at first, as this is asked after each one.
    """
    if not stops:
        return None
    window = STOP_WINDOW + max(len(stop) for stop in stops)
    last = decode(said[-window:])
    if not any(stop in last for stop in stops):
        return None
    text = decode(said)
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else None
