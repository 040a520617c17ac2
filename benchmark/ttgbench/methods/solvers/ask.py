"""Asking the search agent for something definite: JSON of a stated form, checked, asked again, then a fallback.

class Choice(BaseModel):
    model: str

question = [{"role": "user", "content": "Which model?"}]
name = ask_json(problem, question, Choice, read=lambda choice: choice.model, fallback=lambda: "ant")
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ttgbench.errors import InputError
from ttgbench.problems.problem import Problem

T = TypeVar("T", bound=BaseModel)
R = TypeVar("R")

RETRIES = 2
MAX_REPLY = 200_000
"""Characters of a reply that are looked at."""
QUOTED = 600
"""Characters of an unusable reply that are shown to the agent again."""


def ask_json(
    problem: Problem,
    messages: Sequence[Mapping[str, str]],
    form: type[T],
    *,
    read: Callable[[T], R],
    fallback: Callable[[], R],
    retries: int = RETRIES,
    decides: bool = False,
) -> R:
    """What `read` makes of the agent's answer, or the fallback if `retries` further attempts were unusable, too.

    form: what the answer must be; its JSON schema goes along with the question. read: may raise InputError, whose
    message is then shown to the agent. decides: the problem is told whether agent or fallback decided. Every reply is
    billed, usable or not. Raises BudgetExhausted, EngineError.
    """
    schema, asked = _schema(form), list(messages)
    for _ in range(retries + 1):
        reply = problem.ask(asked, schema)
        try:
            found = read(parse(reply.text, form))
        except InputError as error:
            said = reply.text[:QUOTED] or "(nothing)"
            complaint = f"That cannot be used: {str(error)[:QUOTED]}. Answer with one JSON object of the stated form."
            asked = [*messages, {"role": "assistant", "content": said}, {"role": "user", "content": complaint}]
        else:
            if decides:
                problem.decided("agent")
            return found
    if decides:
        problem.decided("fallback")
    return fallback()


@cache
def _schema(form: type[BaseModel]) -> Mapping[str, Any]:
    """Made once: pydantic takes milliseconds to make it."""
    return form.model_json_schema()


def parse(text: str, form: type[T]) -> T:
    """The first JSON object in a text that has this form; prose or a code fence around it does not matter.

    Raises InputError that says what is wrong.
    """
    decoder, text = json.JSONDecoder(), text[:MAX_REPLY]
    wrong = "it holds no JSON object"
    for start in _braces(text):
        try:
            data: Any = decoder.raw_decode(text, start)[0]
            return form.model_validate(data)
        except ValidationError as error:
            wrong = _wrong(error)
        except (ValueError, RecursionError) as error:
            wrong = f"it is no valid JSON: {error}"
    raise InputError(wrong, source="the reply")


def _wrong(error: ValidationError) -> str:
    """What an agent is told of its reply. Part of a prompt, so recorded replies depend on every character of it."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'top level'}: {item['msg'].removeprefix('Value error, ')} "
        f"(got {repr(item['input'])[:60]})"
        for item in error.errors(include_url=False)[:8]
    )


def _braces(text: str, most: int = 20) -> list[int]:
    """Where the first so many opening braces are."""
    places: list[int] = []
    start = text.find("{")
    while start >= 0 and len(places) < most:
        places.append(start)
        start = text.find("{", start + 1)
    return places
