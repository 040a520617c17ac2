"""A Python function as a search method, without a folder: what a notebook hands over."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, cast

import numpy as np
from pydantic import ValidationError

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph
from ttgbench.problems.method import FUNCTION, LoadedMethod, Metadata, SearchMethod
from ttgbench.problems.problem import Problem

CONSTANTS = (bool, int, float, str, bytes, tuple)
"""Kinds of values of a module on which what its functions do may depend, and which can be told apart as text."""


def as_method(search: Callable[[Problem, np.random.Generator], Graph]) -> LoadedMethod:
    """The method that a callable is. It has the callable's `__name__`, and its version changes with the callable's
    source, defaults and closure and with the functions and constants of its module that it uses, so that after an edit
    it is run again. What it imports from elsewhere is not looked at.

    Raises InputError if it cannot be called or has no name that a method may have.
    """
    if not callable(search):
        raise InputError(f"must be a function search(problem, rng), not {type(search).__name__}", field="methods")
    name = _name(search).lower().strip("_")
    lines = (inspect.getdoc(search) or "A Python function.").splitlines()
    try:
        metadata = Metadata(
            name=name,
            version=hashlib.sha256(_identity(search).encode()).hexdigest()[:16],
            description=lines[0][:500],
            authors=("not stated",),
            licence="not stated",
            kind="function",
        )
    except ValidationError:
        message = f"a method's name has letters, digits, - and _, at most 64; {name[:80]!r} is none: use def"
        raise InputError(message, field="methods") from None
    return LoadedMethod(metadata, Path(f"{FUNCTION}{name}"), cast("SearchMethod", search))


def _name(search: object) -> str:
    inner = search.func if isinstance(search, partial) and not hasattr(search, "__name__") else search
    return str(getattr(inner, "__name__", type(inner).__name__))


def _identity(search: Callable[..., Any], read: frozenset[object] = frozenset()) -> str:
    """Differs between callables that do different things, as far as they can be read. read: is not read again."""
    if isinstance(search, partial):
        return repr((_identity(search.func), search.args, search.keywords))
    if not isinstance(search, FunctionType):
        return repr((_source(type(search)), vars(search) if hasattr(search, "__dict__") else search))
    bound = [cell.cell_contents for cell in search.__closure__ or ()]
    known = read | {search}
    beside = []
    for name in sorted(_names(search.__code__) & search.__globals__.keys()):
        value = search.__globals__[name]
        if isinstance(value, FunctionType) and value.__module__ == search.__module__ and value not in known:
            beside.append(_identity(value, known))
        elif isinstance(value, CONSTANTS):
            beside.append(repr((name, value)))
    return repr((_source(search), search.__defaults__, search.__kwdefaults__, bound, beside))


def _names(code: CodeType) -> set[str]:
    """What a function's body names, and the functions inside it."""
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _source(what: Any) -> str:
    try:
        return inspect.getsource(what)
    except (OSError, TypeError):  # typed into a plain interpreter
        code = getattr(what, "__code__", None)
        return _read(code) if code else repr(what)


def _read(code: CodeType) -> str:
    """A body in text that is the same in every process: functions inside it have an address in theirs."""
    constants = [_read(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return repr((code.co_code, code.co_names, constants))
