"""Every error that ttgbench raises on purpose.

TTGBenchError                 anything a user can act on; the command line prints it without a traceback
├── InputError                something from outside is wrong: names source, field and what would be right
│   ├── GraphError            a graph breaks rules; holds every issue found
│   └── UnknownName           no such model, role, task, ...; offers near matches
├── MissingExtra              an optional dependency is not installed; says which extra to install
├── BudgetExhausted           the ledger refuses a reservation; nothing was spent
├── MissingGeneration         a replay met a generation that was never recorded
├── StoreError                a store file is foreign, corrupt or contradicts what is recorded
├── SandboxUnavailable        no containment holds on this machine
├── MethodStopped             an isolated method's process came to an end that is no result
│   ├── MethodTimeout         it ran past its limit
│   └── MethodDied            it ended by itself, broke the protocol or used too much of something
├── HubError                  the Hugging Face Hub refuses or fails; says what to do
└── EngineError               a model server failed for good
    ├── ContextOverflow       the prompt does not fit the model's context
    ├── EngineLost            a server of ours died more often than it may be started again
    └── WrongModel            the server serves another model than the one asked for
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal


class TTGBenchError(Exception):
    """Base of all deliberate errors; `str(error)` is one clear message. Travels between processes whole."""

    def __reduce__(self) -> Any:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[TTGBenchError], arguments: tuple[Any, ...], state: dict[str, Any]) -> TTGBenchError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


def named(kind: str, message: str) -> TTGBenchError:
    """The error of another process, of which only the class's name and the message travelled."""
    found: Any = globals().get(kind)
    chosen = found if isinstance(found, type) and issubclass(found, TTGBenchError) else TTGBenchError
    return _restored(chosen, (message,), {"message": message, "source": None, "field": None})


class InputError(TTGBenchError):
    """Something from outside is wrong.

    source: file, option or service the input came from; field: the place inside it.
    """

    def __init__(self, message: str, *, source: object = None, field: str | None = None) -> None:
        self.message, self.source, self.field = message, None if source is None else str(source), field
        super().__init__(": ".join(part for part in (self.source, field, message) if part))


@dataclass(frozen=True, slots=True)
class GraphIssue:
    """One broken rule. `node` is None where the whole graph is meant."""

    node: str | None
    rule: str
    message: str


class GraphError(InputError):
    """A graph breaks at least one rule; `issues` lists all that were found."""

    def __init__(self, issues: Sequence[GraphIssue], *, source: object = None) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.message for issue in self.issues), source=source)


class UnknownName(InputError):
    """`name` is not among `known`; the message offers near matches."""

    def __init__(
        self,
        kind: str,
        name: object,
        known: Iterable[str],
        *,
        source: object = None,
        field: str | None = None,
    ) -> None:
        super().__init__(unknown_name_message(kind, name, known), source=source, field=field)


class MissingExtra(TTGBenchError):
    """An optional dependency is missing."""


class BudgetExhausted(TTGBenchError):
    """A reservation does not fit what is left. Nothing was spent."""


class MissingGeneration(TTGBenchError):
    """A replay needs a generation that the store does not hold."""


class StoreError(TTGBenchError):
    """A store file cannot be used, or an import contradicts it."""


class SandboxUnavailable(TTGBenchError):
    """Model-written code cannot be run safely here."""


class HubError(TTGBenchError):
    """The Hugging Face Hub refuses or fails for good."""


class MethodStopped(TTGBenchError):
    """An isolated method's process came to an end that is no result. `status`: as in `CellResult.status`."""

    status: Literal["timeout", "died"] = "died"


class MethodTimeout(MethodStopped):
    """It ran past its limit."""

    status = "timeout"


class MethodDied(MethodStopped):
    """It ended without a result, broke the protocol or used too much of something."""


class EngineError(TTGBenchError):
    """A model server failed after all retries."""


class ContextOverflow(EngineError):
    """A prompt is longer than the model's context allows."""


class EngineLost(EngineError):
    """A model server died more often than it may be started again."""


class WrongModel(EngineError):
    """The server answers with another model than the one asked for."""


def unknown_name_message(kind: str, name: object, known: Iterable[str]) -> str:
    """One sentence: what is unknown, what is near, what there is (at most twenty names)."""
    names = sorted(known)
    shown = str(name) if len(str(name)) <= 80 else str(name)[:77] + "..."
    near = difflib.get_close_matches(shown, names, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(repr(n) for n in near)}?" if near else f"known: {', '.join(names[:20]) or 'none'}"
    )
    return f"unknown {kind} {shown!r}; {hint}"
