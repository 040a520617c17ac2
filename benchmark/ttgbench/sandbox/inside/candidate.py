"""The candidate's process: runs model-written code, then does what the judge asks of its objects.

Nothing here is secret or trusted: the code under test can replace all of it, and gains only what it could have had by
returning other values.
"""

from __future__ import annotations

import builtins
import operator
import sys
import types
from collections import deque
from collections.abc import Callable
from typing import Any

from . import codec
from .channel import Channel

OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": operator.call,
    "getattr": getattr,
    "setattr": setattr,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "len": len,
    "bool": bool,
    "iter": iter,
    "next": next,
    "eq": operator.eq,
    "isinstance": isinstance,
    "str": str,
    "repr": repr,
}
"""What the judge may ask; `name` (a top-level name of the code) comes on top."""

_MUTABLE = (list, dict, set, bytearray, deque)


class Callback:
    """A function that lives at the judge, as the candidate sees it."""

    def __init__(self, host: Host, number: int) -> None:
        self.host, self.number = host, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.host.call_back(self.number, args, kwargs)


class Host:
    """Keeps the objects that the judge refers to, and answers it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.names: dict[str, Any] = {}

    def load(self, setup: str, code: str) -> bool:
        """Runs the code as module `solution` and reports to the judge how that went."""
        module = types.ModuleType("solution")
        sys.modules["solution"] = module
        self.names = module.__dict__
        try:
            for source, name in ((setup, "<setup>"), (code, "<candidate>")):
                exec(compile(source, name, "exec", dont_inherit=True), self.names)
        except BaseException as error:
            self.channel.send(["raised", *self.describe(error)])
            return False
        self.channel.send(["value", None, []])
        return True

    def serve(self) -> None:
        """Answers until the judge has gone."""
        try:
            while True:
                self.answer(self.channel.receive())
        except (EOFError, BrokenPipeError):
            pass

    def answer(self, request: Any) -> None:
        """Does one operation and sends ["value", result, changed arguments] or ["raised", type, arguments]."""
        try:
            name, encoded, encoded_named = request
            args = [codec.decode(item, self.resolve) for item in encoded]
            named = {key: codec.decode(item, self.resolve) for key, item in encoded_named.items()}
            before = self.snapshot(args, named)
            result = self.lookup(*args) if name == "name" else OPERATIONS[name](*args, **named)
            changed = [[key, item] for key, item in self.snapshot(args, named).items() if item != before[key]]
            reply = ["value", self.encode(result), changed]
        except BaseException as error:
            reply = ["raised", *self.describe(error)]
        try:
            self.channel.send(reply)
        except codec.Uncarried as error:
            self.channel.send(["raised", "OverflowError", [str(error)]])

    def lookup(self, name: str) -> Any:
        if name not in self.names:
            raise NameError(f"name {name!r} is not defined")
        return self.names[name]

    def snapshot(self, args: list[Any], named: dict[str, Any]) -> dict[int | str, Any]:
        """The mutable arguments as JSON trees: what differs after the call was changed in place."""
        items: list[tuple[int | str, Any]] = [*enumerate(args), *named.items()]
        return {key: self.encode(item) for key, item in items if type(item) in _MUTABLE}

    def call_back(self, number: int, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Calls the judge's function, answering what the judge asks meanwhile."""
        encoded = [self.encode(item) for item in args]
        self.channel.send(["callback", number, encoded, {key: self.encode(item) for key, item in named.items()}])
        while True:
            message = self.channel.receive()
            if message[0] == "returned":
                return codec.decode(message[1], self.resolve)
            if message[0] == "raised":
                raise getattr(builtins, message[1])(*message[2])
            self.answer(message)

    def encode(self, value: Any) -> Any:
        return codec.encode(value, self.refer)

    def refer(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Callback):
            return {"t": "function", "v": value.number}
        number = self.numbers.setdefault(id(value), len(self.objects))
        if number == len(self.objects):
            self.objects.append(value)  # kept for good: ids must not be reused
        return {"t": "object", "v": number}

    def resolve(self, tag: str, payload: Any) -> Any:
        return self.objects[payload] if tag == "object" else Callback(self, payload)

    def describe(self, error: BaseException) -> tuple[str, list[Any]]:
        """The nearest built-in type of an exception and its arguments, where those are data."""
        kind = next(t for t in type(error).__mro__ if getattr(builtins, t.__name__, None) is t)
        try:
            return kind.__name__, [codec.encode(item, _no_references) for item in error.args]
        except codec.Uncarried:
            return kind.__name__, [str(error)[:1000]]


def _no_references(value: Any) -> dict[str, Any]:
    raise codec.Uncarried(f"{type(value).__name__} is not data")
