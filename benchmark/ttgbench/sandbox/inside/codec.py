"""Values as JSON: how calls and results travel between the judge and the candidate, who do not trust each other.

Only data travels: what arrives is built from exact builtin types, so nothing that the sender defined (no `__eq__`, no
`__reduce__`) ever runs at the receiver. A subclass travels as its builtin base. Everything else is *referred to*: the
caller's `refer` makes a tagged reference of it, the other side's `resolve` makes something of the reference.

    scalar, list                    themselves (large integers as hexadecimal text: decimal is quadratic)
    {"t": tag, "v": payload}        a type in the table below, or a reference
"""

from __future__ import annotations

import datetime
import json
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_DEPTH = 300
MAX_BYTES = 16 << 20
"""Longest message, bytes of JSON."""

_PLAIN_INT = 1 << 63


class Uncarried(Exception):
    """A value cannot be sent, or what arrived is not a message."""


class TooLarge(Uncarried):
    """A value is too long or too deep to be sent."""


def _pairs(mapping: Any) -> list[list[Any]]:
    return [[key, value] for key, value in dict.items(mapping)]


# tag -> (type, what to send, how to rebuild it from the decoded payload)
_TYPES: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "int": (int, hex, lambda text: int(text, 16)),
    "complex": (complex, lambda c: [c.real, c.imag], lambda parts: complex(*parts)),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "bytearray": (bytearray, bytearray.hex, bytearray.fromhex),
    "tuple": (tuple, list, tuple),
    "set": (set, list, set),
    "frozenset": (frozenset, list, frozenset),
    "deque": (deque, lambda d: [list(d), d.maxlen], lambda parts: deque(*parts)),
    "slice": (slice, lambda s: [s.start, s.stop, s.step], lambda parts: slice(*parts)),
    "range": (range, lambda r: [r.start, r.stop, r.step], lambda parts: range(*parts)),
    "Counter": (Counter, _pairs, lambda pairs: Counter(dict(pairs))),
    "OrderedDict": (OrderedDict, _pairs, OrderedDict),
    "dict": (dict, _pairs, dict),
    "keys": (type({}.keys()), list, lambda keys: dict.fromkeys(keys).keys()),
    "items": (type({}.items()), list, lambda pairs: dict(pairs).items()),
    "values": (type({}.values()), list, lambda values: dict(enumerate(values)).values()),
    "Decimal": (Decimal, str, Decimal),
    "Fraction": (Fraction, lambda f: [f.numerator, f.denominator], lambda parts: Fraction(*parts)),
    "datetime": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "time": (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    "timedelta": (
        datetime.timedelta,
        lambda d: [d.days, d.seconds, d.microseconds],
        lambda parts: datetime.timedelta(*parts),
    ),
}
_TAGS = {entry[0]: tag for tag, entry in _TYPES.items()}

# Types themselves, as in `assert kind(3) is int`. Data types only: `type` could build classes out of what was sent.
_PLAIN: tuple[type, ...] = (bool, float, str, list, type(None), *_TAGS)
_CLASSES = {kind.__name__: kind for kind in _PLAIN}


def encode(value: Any, refer: Callable[[Any], dict[str, Any]], depth: int = MAX_DEPTH) -> Any:
    """The JSON tree of `value`. Raises TooLarge where it is too deep (or contains itself), and what `refer` raises."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _PLAIN_INT:
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if depth == 0:
        raise TooLarge(f"a value is nested more than {MAX_DEPTH} deep")
    if isinstance(value, list):
        return [encode(item, refer, depth - 1) for item in value]
    if isinstance(value, type) and _CLASSES.get(value.__name__) is value:
        return {"t": "class", "v": value.__name__}
    tag = _TAGS.get(type(value)) or next((t for t, entry in _TYPES.items() if isinstance(value, entry[0])), None)
    if tag is None:
        return refer(value)
    return {"t": tag, "v": encode(_TYPES[tag][1](value), refer, depth - 1)}


def decode(tree: Any, resolve: Callable[[Any, Any], Any]) -> Any:
    """The value of a JSON tree. `resolve(tag, payload)` makes something of a reference.

    Raises Uncarried for whatever `encode` could not have made.
    """
    if isinstance(tree, list):
        return [decode(item, resolve) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tag, payload = tree.get("t"), tree.get("v")
    try:
        if tag == "class":
            return _CLASSES[str(payload)]
        if tag in _TYPES:
            return _TYPES[tag][2](decode(payload, resolve))
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise Uncarried(f"not a {tag}: {error}") from None
    return resolve(tag, payload)


def dumps(tree: Any) -> bytes:
    """One message. Raises TooLarge where it is longer than MAX_BYTES."""
    data = json.dumps(tree, separators=(",", ":")).encode()
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a message of {len(data)} bytes; at most {MAX_BYTES} can be carried")
    return data


def loads(data: bytes) -> Any:
    """The tree of one message. Raises Uncarried."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Uncarried(f"not a message: {type(error).__name__}") from None
