"""The codec: data survives the way there and back; nothing but data comes out of it."""

import contextlib
import datetime
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.sandbox.inside import codec


def refuse(*_):
    raise codec.Uncarried("a reference")


def there_and_back(value):
    return codec.decode(codec.loads(codec.dumps(codec.encode(value, refuse))), refuse)


keys = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False)
values = st.recursive(
    keys | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_data_survives(value):
    result = there_and_back(value)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        1 << 20_000,
        -(2**63),
        float("inf"),
        "\ud800",
        bytearray(b"x"),
        frozenset({1}),
        range(3, 9, 2),
        slice(1, None, 2),
        deque([1, 2], maxlen=2),
        Counter("aab"),
        OrderedDict([("b", 1), ("a", 2)]),
        Decimal("1.10"),
        Fraction(1, 3),
        datetime.date(2020, 2, 29),
        datetime.datetime(2020, 2, 29, 12, 30),
        datetime.timedelta(days=-1, microseconds=5),
        {(1, (2, "x")): {1.5: None}},
        int,
        [list, type(None), Counter],
    ],
    ids=lambda value: type(value).__name__,
)
def test_special_values_survive(value):
    result = there_and_back(value)
    assert result == value
    assert type(result) is type(value)


def test_subclasses_become_their_builtin_base():
    class Sly(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

    Point = namedtuple("Point", "x y")
    Colour = IntEnum("Colour", ["RED"])
    groups = defaultdict(list, a=[1])
    for value, plain in ((Sly(3), 3), (Point(1, 2), (1, 2)), (Colour.RED, 1), (groups, {"a": [1]})):
        result = there_and_back(value)
        assert result == plain
        assert type(result) is type(plain)
    assert there_and_back(Sly(3)) != 4


def test_what_contains_itself_is_not_carried():
    loop: list = []
    loop.append(loop)
    with pytest.raises(codec.Uncarried, match="deep"):
        codec.encode(loop, refuse)


def test_long_messages_are_not_sent():
    with pytest.raises(codec.Uncarried, match="bytes"):
        codec.dumps("x" * (codec.MAX_BYTES + 1))


@pytest.mark.parametrize("data", [b"", b"\xff", b"{", b"[" * 100_000, b'{"t": '])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(codec.Uncarried):
        codec.loads(data)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"t": "eval", "v": "1"},
        {"t": "class", "v": "type"},
        {"t": "class", "v": ["int"]},
        {"t": "int", "v": "zz"},
        {"t": "int", "v": 5},
        {"t": "dict", "v": [1]},
        {"t": "dict", "v": [[[], 1]]},
        {"t": "set", "v": [[1]]},
        {"t": "Fraction", "v": [1, 0]},
        {"t": "range", "v": [1, 2, 0]},
        {"t": "bytes", "v": None},
        {"t": ["tuple"], "v": []},
        [{"t": "date", "v": "yesterday"}],
    ],
)
def test_hostile_trees_are_refused(tree):
    with pytest.raises(codec.Uncarried):
        codec.decode(tree, refuse)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda i: st.lists(i) | st.fixed_dictionaries({"t": st.sampled_from([*codec._TYPES, "class", "?"]), "v": i}),
        max_leaves=8,
    )
)
def test_decoding_ends_in_data_or_in_a_refusal(tree):
    with contextlib.suppress(codec.Uncarried):
        codec.decode(tree, refuse)
