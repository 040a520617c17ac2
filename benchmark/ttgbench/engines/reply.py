"""Reads a server's replies: answers, and errors under whatever status they come. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ttgbench.engines.retry import Retry, refusal
from ttgbench.errors import EngineError, WrongModel
from ttgbench.util.text import one_line

MAX_TOKENS = 10**9
"""More than this no server counts in one reply."""

_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}|-\d{8}")
_BROKEN_OFF = ("error", "abort")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered and counted. `reasoning`: what it tells apart as thinking."""

    text: str
    reasoning: str
    finish_reason: str
    tokens_in: int
    tokens_out: int


def read(reply: Any, model: str) -> Reply:
    """A completion as the client library parses it.

    Raises Retry or EngineError for an error that comes as an answer, WrongModel, EngineError for what is no answer.
    """
    _check_no_error(reply)
    answered = getattr(reply, "model", None) or model
    if not _same(str(answered), model):
        raise WrongModel(f"asked for {model!r}, {str(answered)[:80]!r} answered")
    try:
        choice = reply.choices[0]
        _check_no_error(choice)
        reason = choice.finish_reason if isinstance(choice.finish_reason, str) else "unknown"
        source = choice if hasattr(choice, "text") else choice.message
        text, thought = _parts(choice.text if source is choice else source.content)
        counts = _count(reply.usage.prompt_tokens), _count(reply.usage.completion_tokens)
    except (AttributeError, LookupError, TypeError) as error:
        raise EngineError(f"the reply lacks choices or usage: {one_line(str(error))}") from None
    if reason in _BROKEN_OFF:
        raise Retry(f"the answer was broken off: finish_reason {reason!r}", reached=True)
    if not all(0 <= count <= MAX_TOKENS for count in counts):
        raise EngineError(f"usage: impossible token counts {counts[0]:.6g} and {counts[1]:.6g}")
    reasoning = thought or _first_text(source, "reasoning_content", "reasoning")
    if counts[1] == 0 and (text or reasoning):
        raise EngineError("usage: an answer of 0 tokens that holds text; its counts cannot be billed")
    return Reply(text, reasoning, one_line(reason), *counts)


def listed(reply: Any) -> list[dict[str, Any]]:
    """What a server says of each of its models, `id` first. Raises Retry and EngineError."""
    _check_no_error(reply)
    data = getattr(reply, "data", None)
    if not isinstance(data, list):
        raise EngineError("lists no models")
    return [
        {"id": one_line(model.id), **(getattr(model, "model_extra", None) or {})}
        for model in data
        if isinstance(getattr(model, "id", None), str)
    ]


def _check_no_error(holder: Any) -> None:
    """Some services answer 200 and say in the body that they failed."""
    error = getattr(holder, "error", None)
    if not error:
        return
    given: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    words = str(given.get("message") or given)
    for key in ("code", "status"):
        if re.fullmatch(r"[45]\d\d", str(given.get(key))):
            raise refusal(int(given[key]), words)
    raise EngineError(f"an error came as an answer: {one_line(words)}")


def _same(answered: str, model: str) -> bool:
    """Services that take a name without a date answer with the dated one: name-2026-01-31 or name-20260131."""
    return answered == model or (answered.startswith(model) and _DATE.fullmatch(answered, len(model)) is not None)


def _count(tokens: Any) -> int:
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        raise TypeError(f"a token count is a {type(tokens).__name__}")
    return tokens


def _parts(content: Any) -> tuple[str, str]:
    """Text and thinking of a message's content: a text, or a list of typed parts. Raises TypeError, KeyError."""
    if content is None or isinstance(content, str):
        return _whole(content or ""), ""
    if not isinstance(content, list):
        raise TypeError(f"the content is a {type(content).__name__}")
    texts, thoughts = [], []
    for part in content:
        match part:
            case str(text) | {"type": "text" | "output_text", "text": str(text)}:
                texts.append(text)
            case {"type": "thinking" | "reasoning" as kind}:
                thoughts.append(str(part.get(kind) or part.get("text") or ""))
            case _:
                raise TypeError(f"a part of the content is no text: {str(part)[:80]}")
    return _whole("".join(texts)), _whole("".join(thoughts))


def _first_text(message: Any, *names: str) -> str:
    found = (getattr(message, name, None) for name in names)
    return next((_whole(each) for each in found if isinstance(each, str) and each), "")


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can spell and no file can hold."""
    return text.encode(errors="replace").decode()
