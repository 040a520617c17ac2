"""The judge's process: runs the tests. The functions under test live in another process and are called from here.

Every observation of the candidate (a result, a length, an element, an attribute) arrives as data of exact built-in
types, and every comparison of data is made here, by an interpreter that never ran the candidate's code. What is not
data is a `Remote`: it can be called, indexed, iterated and asked for attributes, but it never equals, and cannot be
compared with, data. So a verdict is earned by giving the right values, and by nothing else.

Three things work in one interpreter and not here: identity between an argument and a result, `except` with an exception
class of the candidate's, and arithmetic on the candidate's own classes.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from . import codec
from .channel import Channel


class Gone(BaseException):
    """The candidate's process has ended, or speaks nonsense. No `except Exception` of a test may swallow this."""


class Remote:
    """An object of the candidate's that is not data."""

    __slots__ = ("_client", "_number")
    _client: Client
    _number: int

    def __init__(self, client: Client, number: int) -> None:
        object.__setattr__(self, "_client", client)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._client.ask("call", self, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__"):
            raise AttributeError(name)  # copy, pickle and the like look for hooks here
        return self._client.ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._client.ask("setattr", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._client.ask("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._client.ask("setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        self._client.ask("delitem", self, key)

    def __len__(self) -> int:
        return int(self._client.ask("len", self))

    def __bool__(self) -> bool:
        return self._client.ask("bool", self) is True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._client.ask("iter", self)
        return iterator if isinstance(iterator, Remote) else iter(iterator)

    def __next__(self) -> Any:
        return self._client.ask("next", self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and self._client.ask("eq", self, other) is True

    def __hash__(self) -> int:
        return self._number

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, Remote) and self._client.ask("isinstance", instance, self) is True

    def __str__(self) -> str:
        return str(self._client.ask("str", self))

    def __repr__(self) -> str:
        return str(self._client.ask("repr", self))


class Client:
    """Asks the candidate's process."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.remotes: dict[int, Remote] = {}
        self.functions: list[Callable[..., Any]] = []
        self.gone: str | None = None

    def ask(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        """One operation in the candidate's process. Arguments that it changes in place change here too.

        Raises what the candidate raises (as its nearest built-in type), Gone, codec.Uncarried (an argument cannot go).
        """
        encoded = [[self.encode(item) for item in args], {key: self.encode(item) for key, item in kwargs.items()}]
        try:
            self.channel.send([operation, *encoded])
        except BrokenPipeError:
            self.leave("it ended before its tests")
        try:
            return self.answer(args, kwargs)
        except StopIteration as error:
            if operation == "next":
                raise
            raise RuntimeError("StopIteration") from error  # would end the test's own loops early, and in silence

    def answer(self, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """The candidate's answer to what was sent last. Raises what it raised, Gone."""
        try:
            while (reply := self.channel.receive())[0] == "callback":
                self.serve(*reply[1:])
            if reply[0] == "raised":
                error = self.rebuild(*reply[1:])
            else:
                _, result, changed = reply
                for key, tree in changed:
                    _assign((kwargs or {})[key] if isinstance(key, str) else args[key], self.decode(tree))
                return self.decode(result)
        except (EOFError, BrokenPipeError):
            self.leave("it ended before its tests")
        except (codec.Uncarried, LookupError, TypeError, ValueError, RecursionError) as nonsense:
            self.leave(f"what it sent is no answer ({type(nonsense).__name__}: {str(nonsense)[:200]})")
        raise error

    def leave(self, reason: str) -> NoReturn:
        self.gone = self.gone or reason
        raise Gone(reason) from None

    def serve(self, number: int, encoded: list[Any], named: dict[str, Any]) -> None:
        """Runs a function that a test gave away, for the candidate."""
        args = [self.decode(item) for item in encoded]
        kwargs = {key: self.decode(item) for key, item in named.items()}
        try:
            reply = ["returned", self.encode(self.functions[number](*args, **kwargs))]
        except Exception as error:
            kind = next(t for t in type(error).__mro__ if getattr(builtins, t.__name__, None) is t)
            reply = ["raised", kind.__name__, [str(error)]]
        self.channel.send(reply)

    def rebuild(self, name: str, args: list[Any]) -> BaseException:
        kind = getattr(builtins, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            self.leave(f"it raised {str(name)[:80]}")  # SystemExit, KeyboardInterrupt, ...
        try:
            return kind(*[self.decode(item) for item in args])
        except (TypeError, ValueError):  # some built-in exceptions want arguments of certain types
            return RuntimeError(f"{name}: {args}"[:1000])

    def encode(self, value: Any) -> Any:
        return codec.encode(value, self.refer)

    def decode(self, tree: Any) -> Any:
        return codec.decode(tree, self.resolve)

    def refer(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Remote):
            return {"t": "object", "v": value._number}
        if not callable(value):
            raise codec.Uncarried(f"a test passes a {type(value).__name__}, which cannot be sent to the candidate")
        self.functions.append(value)
        return {"t": "function", "v": len(self.functions) - 1}

    def resolve(self, tag: str, payload: Any) -> Any:
        if type(payload) is not int or tag not in ("object", "function"):
            raise codec.Uncarried(f"unknown tag {str(tag)[:80]!r}")
        return self.functions[payload] if tag == "function" else self.remotes.setdefault(payload, Remote(self, payload))


def _assign(target: Any, value: Any) -> None:
    """Gives a mutable container another container's contents, of the same type."""
    if type(target) is not type(value):
        raise TypeError("an argument changed its type")
    if isinstance(target, list | bytearray):
        target[:] = value
    else:
        target.clear()
        (target.extend if hasattr(target, "extend") else target.update)(value)


def judge(channel: Channel, setup: str, tests: str, entry_point: str | None) -> tuple[str, str]:
    """Runs the tests; (status, detail) with status "passed", "failed", "error" (the code does not load), "crashed" (its
    process ended or broke the protocol) or "ungradable" (the tests themselves are at fault)."""
    names: dict[str, Any] = {"__name__": "tests"}
    try:
        tree = ast.parse(tests, "<tests>")
        program = compile(tree, "<tests>", "exec", dont_inherit=True)
        exec(compile(setup, "<setup>", "exec", dont_inherit=True), names)
    except Exception as error:
        return "ungradable", f"the tests cannot run: {_text(error)}"
    client = Client(channel)
    try:
        client.answer()  # to the loading of the code, which nobody had to ask for
    except Gone as gone:
        return "crashed", str(gone)
    except Exception as error:
        return "error", f"the code does not load: {_text(error)}"
    try:
        _bring_names(client, tree, entry_point, names)
        exec(program, names)
    except BaseException as error:
        if client.gone is None:
            return _explain(error, tests)
    return ("crashed", client.gone) if client.gone else ("passed", "")


def _bring_names(client: Client, tree: ast.AST, entry_point: str | None, names: dict[str, Any]) -> None:
    """Gives the tests the candidate's names that they use and that neither the setup nor Python defines.

    The entry point is always the candidate's; NameError is raised where it has none. `math` in `math.isclose(...)` is
    always the library's.
    """
    modules = {n.value.id for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for name in sorted(used - names.keys() - vars(builtins).keys()):
        if name in modules and name in sys.stdlib_module_names:
            names[name] = importlib.import_module(name)
        elif name != entry_point:
            _bring(client, name, names)
    if entry_point:
        names[entry_point] = client.ask("name", entry_point)  # never what Python calls so


def _bring(client: Client, name: str, names: dict[str, Any]) -> None:
    # A name that is missing is one that the tests define themselves, or whose absence they will meet.
    with contextlib.suppress(NameError):
        names[name] = client.ask("name", name)


def _explain(error: BaseException, tests: str) -> tuple[str, str]:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == "<tests>" and f.lineno]
    where = f" in: {tests.splitlines()[lines[-1] - 1].strip()[:300]}" if lines else ""
    # What is too large to be sent is what the candidate made: a task's own values are small.
    unfit = isinstance(error, codec.Uncarried) and not isinstance(error, codec.TooLarge)
    return "ungradable" if unfit else "failed", _text(error) + where


def _text(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {str(error)[:300]}".removesuffix(": ")
    except Exception:  # a message with a huge integer has no text
        return type(error).__name__
