"""Programs out of outputs, and their grades through the task."""

import pytest

from ttgbench.errors import SandboxUnavailable
from ttgbench.tasks.grading import code
from ttgbench.tasks.task import CORRECT, UNANSWERED, UNGRADABLE, WRONG

ROW = {
    "prompt": 'def inc(x):\n    """Adds one."""\n',
    "entry_point": "inc",
    "test": "def check(f):\n    assert f(1) == 2\n",
}
MBPP = {"test_list": ["assert inc(1) == 2", "assert inc(5) == 6"], "test_setup_code": ""}
GOOD = "def inc(x):\n    return x + 1\n"


@pytest.mark.parametrize(
    ("output", "program"),
    [
        (GOOD, GOOD),
        (f"Here it is:\n```python\n{GOOD}```\nDone.", GOOD),
        (f"```\n{GOOD}", GOOD),
        (f"```python\n{GOOD}```\nUse it so:\n```python\nprint(inc(1))\n```", GOOD),
        (f"```py\ndef inc(x): pass\n```\nBetter:\n```py\n{GOOD}```", GOOD),
        (f"~~~Python\n{GOOD}~~~", GOOD),
        ("", None),
        (" \n", None),
        ("```python\n```", None),
    ],
)
def test_extract(output, program):
    assert code.extract(output, ["inc"]) == program


def test_grades():
    outputs = [GOOD, "    return x + 1\n", "    return x\n", f"```python\n{GOOD}```", "", "I cannot."]
    statuses = [grade.status for grade in code.grade_many(outputs, [ROW] * len(outputs))]
    assert statuses == [CORRECT, CORRECT, WRONG, CORRECT, UNANSWERED, WRONG]


def test_all_asserts_of_mbpp_count():
    assert code.grade(GOOD, MBPP).status == CORRECT
    assert code.grade("def inc(x): return 2", MBPP).status == WRONG
    assert code.grade("def other(x): return 2", MBPP).status == WRONG


def test_broken_tests_are_ungradable():
    assert code.grade(GOOD, {**MBPP, "test_list": ["assert inc(1 =="]}).status == UNGRADABLE


def test_no_sandbox_no_verdict(monkeypatch):
    def none():
        raise SandboxUnavailable("nothing holds")

    monkeypatch.setattr(code, "choose", none)
    with pytest.raises(SandboxUnavailable):
        code.grade(GOOD, MBPP)
    assert code.grade("", MBPP).status == UNANSWERED
