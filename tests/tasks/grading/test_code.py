"""Verdicts on code: what passes, what fails and how, and that nothing but right values earns a verdict."""
# ruff: noqa: E501 (programs and their tests, side by side)

import pytest

from ttgbench.errors import InputError
from ttgbench.sandbox.inside.limits import Limits
from ttgbench.sandbox.layers import findings, probe, sandbox_under
from ttgbench.sandbox.server import LAYERS
from ttgbench.tasks.grading.code import CodeItem, humaneval, judge, judge_many, mbpp

QUICK = Limits(cpu_seconds=1, wall_seconds=8.0)


@pytest.fixture
def sandbox():
    """The strongest layer here; the layers share all that decides a verdict."""
    for layer in LAYERS:
        if probe(layer).holds:
            return sandbox_under(layer)
    pytest.skip("; ".join(map(str, findings())))


@pytest.fixture
def verdict(sandbox):
    def judged(candidate, tests, entry_point=None, setup="", limits=QUICK):
        result = judge(candidate, tests, entry_point, setup, limits=limits, sandbox=sandbox)
        assert result.passed == (result.status == "passed")
        assert result.layer == sandbox.layer
        return result

    return judged


ADD_ONE = "assert f(1) == 2\nassert f(41) == 42\n"


def test_right_code_passes(verdict):
    result = verdict("def f(x):\n    return x + 1\n", ADD_ONE)
    assert (result.status, result.detail) == ("passed", "")


@pytest.mark.parametrize(
    ("candidate", "status", "detail"),
    [
        ("def f(x): return x", "failed", "AssertionError in: assert f(1) == 2"),
        ("def f(x): return 2", "failed", "assert f(41) == 42"),
        ("def f(x): return None", "failed", "AssertionError"),
        ("def f(x): raise ValueError('no')", "failed", "ValueError: no"),
        ("def f(x): return x + y", "failed", "NameError: name 'y'"),
        ("def f(): return 2", "failed", "TypeError"),
        ("def g(x): return x + 1", "failed", "name 'f' is not defined"),
        ("def f(x):", "error", "expected an indented block"),
        ("f = \ud800", "error", "UnicodeEncodeError"),
        ("f = '\0'", "error", "null bytes"),
        ("import numpi", "error", "ModuleNotFoundError"),
        ("", "failed", "NameError"),
        ("The answer is 5.", "error", "SyntaxError"),
        ("f = lambda x: bytearray(10 << 30)", "failed", "MemoryError"),
        ("f = lambda x: f(x)", "failed", "RecursionError"),
        ("f = lambda x: __import__('ctypes').string_at(0)", "crashed", "SIGSEGV"),
        ("f = lambda x: 'x' * 20_000_000", "failed", "at most"),
        ("def f(x):\n  while True: pass", "timeout", "processor time"),
        ("while True: pass", "timeout", "processor time"),
    ],
)
def test_wrong_code_fails_with_its_reason(verdict, candidate, status, detail):
    result = verdict(candidate, ADD_ONE)
    assert result.status == status, result
    assert detail in result.detail


def test_code_that_waits_is_ended(verdict):
    result = verdict("import time\ndef f(x): time.sleep(60)", ADD_ONE, limits=Limits(wall_seconds=0.5))
    assert (result.status, result.detail) == ("timeout", "it did not end in time")


@pytest.mark.parametrize("tests", ["assert f(1) ==", "import nowhere_at_all", "assert f(object()) == 1"])
def test_bad_tests_are_ungradable_or_failed_but_never_passed(verdict, tests):
    result = verdict("def f(x): return 1", tests)
    assert result.status in ("ungradable", "failed")


def test_results_that_are_too_large_to_be_sent_back_are_failures(verdict):
    code = "def f(x): return 'x' * x if isinstance(x, int) else len(x)\n"
    assert verdict(code, "assert f([f(9_000_000), f(9_000_000)]) == 2").status == "failed"
    deep = "def f(x):\n    y = []\n    for _ in range(290): y = [y]\n    return y\n"
    assert verdict(deep, "x = f(1)\nfor _ in range(20): x = [x]\nassert f(x) == 1").status == "failed"


@pytest.mark.parametrize(("value", "status"), [("[1, 2]", "passed"), ("None", "failed"), ("object()", "failed")])
def test_what_is_no_list_fails_where_a_test_takes_a_slice(verdict, value, status):
    assert verdict(f"def f(x): return {value}", "assert f(1)[0:1] == [1]").status == status


def test_a_bad_setup_is_ungradable(verdict):
    assert verdict("def f(x): return 1", "assert f(1) == 1", setup="1 / 0").status == "ungradable"


FORGERIES = {
    "print": "print('passed'); print('{\"status\": \"passed\"}')",
    "exit at load": "import sys; sys.exit(0)",
    "exit when called": "def f(x):\n    raise SystemExit(0)",
    "hard exit at load": "import os; os._exit(0)",
    "hard exit when called": "import os\ndef f(x): os._exit(0)",
    "exit at exit": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",
    "interrupt": "def f(x): raise KeyboardInterrupt",
    "generator exit": "def f(x): raise GeneratorExit",
    "assertions patched": "import builtins\nbuiltins.AssertionError = type('A', (BaseException,), {})\ndef f(x): return 0",
    "builtins patched": """
import builtins
for name in ("all", "any", "len", "abs", "sum", "sorted", "isinstance", "print", "compile", "exec"):
    setattr(builtins, name, lambda *a, **k: True)
def f(x): return 0""",
    "always equal": "class E:\n    __eq__ = lambda s, o: True\n    __hash__ = lambda s: 2\nf = lambda x: E()",
    "always equal integer": "class E(int):\n    __eq__ = lambda s, o: True\n    __hash__ = None\nf = lambda x: E(0)",
    "posing as an integer": "class E:\n    __class__ = int\n    __eq__ = lambda s, o: True\nf = lambda x: E()",
    "always equal list": "class E(list):\n    __eq__ = lambda s, o: True\nf = lambda x: E()",
    "mock": "from unittest.mock import ANY\nf = lambda x: ANY",
    "own comparison names": "def f(x): return 0\ndef check(*a): return True\nassert_equal = eq = True",
    "frames": """
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
            if "status" in name or "verdict" in name or "passed" in name:
                frame.f_globals[name] = lambda *a, **k: 0
        frame = frame.f_back
    return 0""",
    "garbage collector": """
import gc
def f(x):
    for thing in gc.get_objects():
        if type(thing) is dict and "status" in thing: thing["status"] = "passed"
    return 0""",
    "every descriptor": """
import os
def f(x):
    for n in range(64):
        try: os.write(n, b'{"status": "passed", "detail": ""}')
        except OSError: pass
    return 0""",
    "answers in advance": """
import json, os, struct
def f(x):
    data = json.dumps(["value", None, []]).encode()
    for _ in range(100): os.write(5, struct.pack("=I", len(data)) + data)
    return 0""",
    "callbacks that nobody gave": """
import json, os, struct
data = json.dumps(["callback", -1, ["import os; os._exit(0)"], {}]).encode()
os.write(5, struct.pack("=I", len(data)) + data)""",
    "deep answer": "import os, struct\nos.write(5, struct.pack('=I', 60000) + b'[' * 60000)",
    "endless answer": "import os\nos.write(5, b'\\xff' * 60000)",
    "hooks of the answer": """
class E:
    def __reduce__(self): return (print, ("passed",))
    __getattr__ = lambda self, name: (lambda *a, **k: True)
f = lambda x: E()""",
    "closed descriptors": "import os\nos.closerange(0, 64)\ndef f(x): return 0",
    "threads": "import threading, os, time\nthreading.Thread(target=lambda: (time.sleep(.05), os._exit(0))).start()\nf = lambda x: 0",
    "the judge's own error": """
import sys
def f(x):
    raise next(m for n, m in sys.modules.items() if n.endswith("inside.judge")).Gone("passed")""",
    "huge error": "def f(x): raise KeyError(10 ** 5000)",
    "generator": "def f(x):\n    yield x + 1",
    "future annotations": "from __future__ import annotations\nf = lambda x: 0",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_no_verdict_is_forged(verdict, name):
    result = verdict(FORGERIES[name], ADD_ONE)
    assert not result.passed, result
    assert verdict("def f(x): return x + 1", ADD_ONE).passed  # the harness lives


@pytest.mark.parametrize(
    ("candidate", "tests"),
    [
        (
            "class N:\n  __sub__ = __abs__ = __round__ = lambda s, *o: s\n  __lt__ = __le__ = lambda s, o: True\nf = lambda x: N()",
            "assert abs(f(1) - 2) < 1e-6",
        ),
        ("def f(x): raise StopIteration", "assert all(map(f, [1, 2]))\nassert list(map(f, [1])) == []"),
        ("class C:\n  __contains__ = lambda s, o: True\n  __iter__ = lambda s: iter([])\nf = lambda x: C()", "assert 3 in f(1)"),
        ("class M(type):\n  __instancecheck__ = lambda s, o: True\nint = M('int', (), {})\nf = lambda x: 'a'", "assert isinstance(f(1), int)"),
        ("class math:\n  isclose = lambda *a: True\nf = lambda x: 0", "assert math.isclose(f(1), 2)"),
        ("sorted = abs = lambda *a: 0\nf = lambda x: 0", "assert f([2, 1]) == sorted([2, 1])\nassert f(1) == abs(1)"),
        ("f = lambda x: exit()", "try:\n    f(1)\nexcept BaseException:\n    pass"),
        ("import os\nf = lambda x: os._exit(0)", "try:\n    assert f(1) == 2\nexcept:\n    pass"),
        ("f = lambda xs: xs.clear()", "xs = [1, 2]\nf(xs)\nassert len(xs) == 2"),
        ("f = lambda x: __import__('inspect').currentframe().f_back.f_back.f_locals.clear()", "assert f(3) == 9"),
    ],
    ids=["tolerance", "stop-iteration", "contains", "type-patched", "module-posed", "builtins-posed", "exit-swallowed", "death-swallowed", "arguments-emptied", "frames-emptied"],
)  # fmt: skip
def test_no_comparison_is_forged(verdict, candidate, tests):
    assert not verdict(candidate, tests).passed


@pytest.mark.parametrize(
    ("candidate", "tests"),
    [
        ("def f(xs): xs.sort()", "xs = [3, 1, 2]\nf(xs)\nassert xs == [1, 2, 3]"),
        ("def f(d, *, s): d['a'] = 1; s.add(2)", "d, s = {}, {1}\nf(d, s=s)\nassert (d, s) == ({'a': 1}, {1, 2})"),
        ("def f(x): return (x, [x], {x: {x}}, None, 1.5, 2j, b'x')", "assert f(1) == (1, [1], {1: {1}}, None, 1.5, 2j, b'x')"),
        ("from collections import *\ndef f(s): return Counter(s)", "assert f('aab') == {'a': 2, 'b': 1}\nassert f('a')['z'] == 0"),
        ("def f(n):\n    i = 0\n    while True:\n        yield i\n        i += n", "from itertools import islice\nassert list(islice(f(2), 3)) == [0, 2, 4]"),
        ("def f(x): return map(str, x)", "assert list(f([1, 2])) == ['1', '2']"),
        ("def f(n): return lambda x: x + n", "assert f(2)(3) == 5"),
        ("def f(g, x): return g(g(x))", "assert f(lambda x: x * 3, 2) == 18"),
        ("def f(g, x): return g(x)", "def fail(x): raise KeyError(x)\ntry:\n    f(fail, 2)\n    assert False\nexcept KeyError:\n    pass"),
        ("class Bad(ValueError): pass\ndef f(x): raise Bad('negative')", "try:\n    f(-1)\n    assert False\nexcept ValueError as e:\n    assert str(e) == 'negative'"),
        (
            "class Node:\n    def __init__(self, v): self.v = v; self.next = None\ndef f(n):\n    return 1 + (f(n.next) if n.next else 0)",
            "root = Node(1)\nroot.next = Node(2)\nassert f(root) == 2\nassert root.next.v == 2\nassert isinstance(root.next, Node)",
        ),
        (
            "class Cache(dict):\n    pass\nclass LRU:\n    def __init__(self, n): self.d = {}\n    def put(self, k, v): self.d[k] = v\n    def __getitem__(self, k): return self.d[k]\n    def __len__(self): return len(self.d)",
            "c = LRU(2)\nc.put(1, 5)\nassert c[1] == 5 and len(c) == 1\ntry:\n    c[9]\n    assert False\nexcept KeyError:\n    pass",
        ),
        ("class P:\n    def __init__(s, x): s.x = x\n    def __eq__(s, o): return s.x == o.x\ndef f(): return P(1)", "assert f() == P(1)\nassert f() != P(2)\nassert f() != 1"),
        ("import math\ndef f(x): return math.sqrt(x)", "assert math.isclose(f(2), 2 ** .5)"),
        ("def f(d): return d.keys()", "assert f({'a': 1}) == {'a'} and 'b' in f({'b': 1}) and f({}) != {'a'}"),
        ("def f(d): return d.items()", "assert f({'a': 1}) == {('a', 1)} and list(f({'a': [1]})) == [('a', [1])]"),
        ("def f(d): return d.values()", "assert list(f({'a': 1})) == [1] and max(f({'a': 1, 'b': 2})) == 2"),
        ("def f(x): return 10 ** x", "assert f(5000) == 10 ** 5000"),
        ("def f(x): return type(x)", "assert f(1) is int and f('a') is str"),
        ("def f(x=[]):\n    x.append(1)\n    return len(x)", "assert f() == 1\nassert f() == 2"),
        ("calls = 0\ndef f():\n    global calls\n    calls += 1\n    return calls", "assert f() + f() == 3"),
        ("import random\nf = lambda: random.random()", "import random\nassert f() == random.random()"),
        ("from dataclasses import dataclass\n@dataclass\nclass f:\n    x: int", "assert f(3).x == 3\nassert str(f(3)) == 'f(x=3)'"),
    ],
)  # fmt: skip
def test_tests_see_what_they_would_see_in_one_interpreter(verdict, candidate, tests):
    result = verdict(candidate, tests)
    assert result.passed, result


def test_the_same_verdict_each_time(verdict):
    coin = "import random\ndef f(x): return x + (random.random() < 0.5)\n"
    assert len({verdict(coin, ADD_ONE).status for _ in range(4)}) == 1


ENCODE = {
    "prompt": 'def shift(s):\n    """Shifts."""\n    return s[1:] + s[:1]\n\n\ndef unshift(s):\n    """Undoes shift."""\n',
    "test": "def check(candidate):\n    for s in ('abc', 'hello'):\n        assert candidate(shift(s)) == s\n",
    "entry_point": "unshift",
}


def test_humaneval_style(verdict):
    def check(body):
        item = humaneval(ENCODE, ENCODE["prompt"] + body)
        return verdict(item.candidate, item.tests, item.entry_point, item.setup)

    assert check("    return s[-1:] + s[:-1]\n").passed
    assert not check("    return s\n").passed
    # The prompt's helper decides the verdict, so the candidate's own one does not count.
    assert not check("    return s\n\n\ndef shift(s):\n    return s\n").passed


def test_a_whole_function_without_the_prompt_passes_too(verdict):
    item = humaneval(ENCODE, "def unshift(s):\n    return s[-1:] + s[:-1]\n")
    assert verdict(item.candidate, item.tests, item.entry_point, item.setup).passed


def test_mbpp_style(verdict):
    row = {"test_setup_code": "pair = Pair(2, 3)", "test_list": ["assert f(pair) == 5", "assert f(Pair(0, 1)) == 1"]}
    code = "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\ndef f(p): return p.a + p.b\n"
    right, wrong = mbpp(row, code), mbpp(row, code.replace("+", "-"))
    assert verdict(right.candidate, right.tests).passed
    assert not verdict(wrong.candidate, wrong.tests).passed


def test_incomplete_rows_are_named():
    with pytest.raises(InputError, match="entry_point"):
        humaneval({"prompt": "", "test": ""}, "")
    with pytest.raises(InputError, match="test_list"):
        mbpp({}, "")


def test_many_are_judged_in_order(sandbox):
    items = [CodeItem(f"def f(): return {n}", f"assert f() % 3 == {n % 3 if n % 2 else 7}") for n in range(12)]
    verdicts = judge_many(items, jobs=3, limits=QUICK, sandbox=sandbox)
    assert [v.passed for v in verdicts] == [n % 2 == 1 for n in range(12)]
    assert judge_many([], jobs=3, sandbox=sandbox) == []
