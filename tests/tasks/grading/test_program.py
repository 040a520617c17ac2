"""Programs out of outputs, and their grades through the task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import SandboxUnavailable
from ttgbench.tasks.grading import code
from ttgbench.tasks.grading.program import continued, extract, finished
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
        # any language, any fence, anywhere
        (f"```python3.11\n{GOOD}```", GOOD),
        (f'```python title="a.py" linenos\n{GOOD}```', GOOD),
        (f"```{{.python .numberLines}}\n{GOOD}```", GOOD),
        (f"```text\n{GOOD}```", GOOD),
        (f"````\n{GOOD}````", GOOD),
        (f"~~~~ py\n{GOOD}~~~~", GOOD),
        (f"```python\r\n{GOOD}```".replace("\n", "\r\n"), GOOD),
        (f"\ufeff```python\n{GOOD}```", GOOD),
        (f"```python\n{GOOD}```<|im_end|>", GOOD),
        ("1. It adds:\n\n    ```python\n    def inc(x):\n        return x + 1\n    ```", GOOD),
        ("> ```python\n> def inc(x):\n>     return x + 1\n> ```", GOOD),
        (f"<details>\n```python\n{GOOD}```\n</details>", GOOD),
        # which block
        (f"```python\n{GOOD}```\nIn a shell:\n```bash\ndef inc(x): no\n```", GOOD),
        (f"```python\n{GOOD}```\nAnd cut off:\n```python\ndef inc(x):\n    return (", GOOD),
        (f"```python\nimport math\n```\n```python\n{GOOD}```", GOOD),
        (
            "```python\nONE = 1\n```\n```python\ndef inc(x): return x + ONE\n```",
            "ONE = 1\n\ndef inc(x): return x + ONE\n",
        ),
        (f"{GOOD}```\nIt adds one.", GOOD[:-1]),
        # what is around the code
        (f"<think>\n```python\ndef inc(x): pass\n```\n</think>\n{GOOD}", f"\n{GOOD}"),
        ("<think>def inc(x): pass", None),
        (f"Here it is:\n\n{GOOD}\nIt adds one.", f"{GOOD}\n"),
    ],
)
def test_extract(output, program):
    assert code.extract(output, ["inc"]) == program


@pytest.mark.parametrize(
    ("program", "kept"),
    [
        (GOOD, GOOD),
        (f"{GOOD}\ndef dec(x):\n    return (", f"{GOOD}\n"),
        (f"{GOOD}\nassert inc(", f"{GOOD}\n"),
        (f"{GOOD}\nclass", f"{GOOD}\n"),
        (f"{GOOD}assert inc(1) == 3\nprint(inc(1))\n", GOOD),
        (f"{GOOD}inc(1)\n", f"{GOOD}inc(1)\n"),
        ("def inc(x):\n    return (x +", "def inc(x):\n    return (x +"),
        ("    def inc(x):\n        return x + 1\n", GOOD),
        ("def inc(x):\n    return x \u2212 -1\n", "def inc(x):\n    return x - -1\n"),
        ("def inc(x):\n    return x +\u00a01\n", "def inc(x):\n    return x + 1\n"),
        ("def inc(x):\n    return \u201c\u2013\u201d\n", 'def inc(x):\n    return "-"\n'),
        ("def inc(x):\n    return '\u2013\u00a0' # \u2013\n", "def inc(x):\n    return '\u2013\u00a0' # \u2013\n"),
        ("def inc(x):\n    return '\u2013' \u2013 1\n", "def inc(x):\n    return '\u2013' - 1\n"),
    ],
)
def test_finished(program, kept):
    assert finished(program, ["inc"]) == kept


@pytest.mark.parametrize(
    "body", ["    return x + 1\n", "return x + 1\n", "y = 1\n    return x + y\n", "y = 1\nreturn x + y"]
)
@pytest.mark.parametrize("more", ["", "\n\ndef dec(x):\n    return (", "\n\nassert inc(1) == 3\n", "\n\nprint(inc("])
def test_a_body_is_continued_as_far_as_it_is_valid(body, more):
    program = continued(ROW["prompt"], body + more, "inc")
    names = {}
    exec(program, names)
    assert names["inc"](1) == 2


@given(st.text(alphabet="def inc(x):\n    return `~>-'\"#\\1", max_size=80), st.booleans())
def test_any_output_makes_a_program_or_none(output, fenced):
    program = code.extract(f"```python\n{output}" if fenced else output, ["inc"])
    if program is not None:
        assert finished(program, ["inc"]) == finished(finished(program, ["inc"]), ["inc"])


def test_grades():
    outputs = [GOOD, "    return x + 1\n", "    return x\n", f"```python\n{GOOD}```", "", "I cannot."]
    statuses = [grade.status for grade in code.grade_many(outputs, [ROW] * len(outputs))]
    assert statuses == [CORRECT, CORRECT, WRONG, CORRECT, UNANSWERED, WRONG]


def test_all_asserts_of_mbpp_count():
    assert code.grade(GOOD, MBPP).status == CORRECT
    assert code.grade("def inc(x): return 2", MBPP).status == WRONG
    assert code.grade("def other(x): return 2", MBPP).status == WRONG


POWER = {"code": "def pow(a, b): return a ** b", "test_list": ["assert pow(2, 3) == 8"]}


@pytest.mark.parametrize("doc", [POWER, {"test_list": POWER["test_list"]}])
def test_a_built_in_is_no_answer(doc):
    assert code.grade("def pow(a, b): return a ** b", doc).status == CORRECT
    assert code.grade("def pow(a, b): return a + b", doc).status == WRONG
    assert code.grade("x = 1", doc).status == WRONG


def test_a_candidate_replaces_no_built_in_that_the_tests_use():
    doc = {"code": "def inc(x): return x + 1", "test_list": ["assert sorted(inc([1])) == [1, 2]"]}
    assert code.tested_names(doc) == ["inc"]
    assert code.grade("def inc(x): return x\ndef sorted(x): return [1, 2]", doc).status == WRONG


def test_broken_tests_are_ungradable():
    assert code.grade(GOOD, {**MBPP, "test_list": ["assert inc(1 =="]}).status == UNGRADABLE


def test_no_sandbox_no_verdict(monkeypatch):
    def none():
        raise SandboxUnavailable("nothing holds")

    monkeypatch.setattr(code, "choose", none)
    with pytest.raises(SandboxUnavailable):
        code.grade(GOOD, MBPP)
    assert code.grade("", MBPP).status == UNANSWERED


OWN, OTHER = "```python\ndef f():\n    return 1\n```", "```python\ndef f():\n    return 2\n```"


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (f"{OWN}\n\nQuestion: write f again\n{OTHER}", 1),
        (f"{OWN}\n\n[1] {OTHER}\n\n[2] {OTHER}", 1),
        (f"{OWN}\n\n### Problem 2\n{OTHER}", 1),
        (f"{OWN}\n\nThis can be shorter:\n{OTHER}", 2),
        (f"[1] is wrong, so:\n{OTHER}", 2),
        (f"Problem: write f\n{OTHER}", 2),
        ('```python\ndef f():\n    """\n    Question: what?\nQuestion: what?\n    """\n    return 2\n```', 2),
    ],
)
def test_programs_of_made_up_questions_and_of_inputs_are_not_the_answer(output, value):
    scope = {}
    exec(extract(output, ["f"]), scope)
    assert scope["f"]() == value
