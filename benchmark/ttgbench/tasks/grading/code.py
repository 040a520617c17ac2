"""Grading of code: model-written functions against their tests, in the sandbox.

    judge("def add(a, b): return a + b", "assert add(1, 2) == 3")

The code and the tests run in two processes: the tests call the functions under test from afar, so nothing that the code
does to its own interpreter reaches the verdict (see sandbox/inside/judge.py). What each may use is in
sandbox/inside/limits.py.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ttgbench.errors import InputError
from ttgbench.sandbox import GRADED, Limits, Sandbox, choose
from ttgbench.tasks.grading.program import continued, extract, finished
from ttgbench.tasks.task import CORRECT, UNANSWERED, UNGRADABLE, WRONG, Grade

GRADER = "code/2"
"""Grades are stored under it; it changes when a verdict may."""


@dataclass(frozen=True, slots=True)
class CodeItem:
    """One program and what it has to pass."""

    candidate: str
    """The whole program, as extracted from the model's output."""
    tests: str
    """Statements; they pass when they run to their end. They may use any top-level name of the candidate's."""
    entry_point: str | None = None
    """The name that is the candidate's even where `setup` or Python itself defines it too."""
    setup: str = ""
    """Trusted code that runs before the candidate, and before the tests. What it defines, the tests take from here:
    helpers that decide a verdict belong here, not to the candidate."""


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """Whether a program passed, and what happened."""

    passed: bool
    status: str
    """"passed", "failed" (a test), "error" (does not load), "crashed" (its process ended, or used too much),
    "timeout", or "ungradable" (the tests are at fault)."""
    detail: str
    """One line for a reader; "" where passed."""
    layer: str
    """The containment in force."""


def humaneval(row: Mapping[str, str], program: str) -> CodeItem:
    """HumanEval's item for a whole program. `row` as in the data set: prompt, test, entry_point.

    The prompt's own helpers (`poly`, `encode_shift`) are the trusted ones. Raises InputError.
    """
    try:
        tests = f"{row['test']}\n\ncheck({row['entry_point']})\n"
        return CodeItem(program, tests, row["entry_point"], row["prompt"])
    except KeyError as error:
        raise InputError("a HumanEval row has prompt, test and entry_point", field=str(error)) from None


def mbpp(row: Mapping[str, str | Sequence[str]], program: str) -> CodeItem:
    """MBPP's item: all asserts of `test_list`, after `test_setup_code` (which may use the candidate's classes).

    Raises InputError.
    """
    try:
        tests = [str(row.get("test_setup_code", "")), *row["test_list"]]
    except KeyError as error:
        raise InputError("an MBPP row has test_list", field=str(error)) from None
    names = tested_names(row)
    return CodeItem(program, "\n".join(tests) + "\n", names[0] if names and _BUILTINS.issuperset(names) else None)


def judge(
    candidate: str,
    tests: str,
    entry_point: str | None = None,
    setup: str = "",
    *,
    limits: Limits = GRADED,
    sandbox: Sandbox | None = None,
) -> CodeVerdict:
    """Runs `tests` against `candidate`; the arguments are CodeItem's. `sandbox`: default is what `choose` gives.

    Raises SandboxUnavailable: nothing has been run then, and nothing is to be graded.
    """
    result = (sandbox or choose()).judge(candidate, tests, entry_point, setup, limits)
    return CodeVerdict(result.status == "passed", result.status, result.detail, result.layer)


def judge_many(
    items: Iterable[CodeItem], jobs: int = 1, *, limits: Limits = GRADED, sandbox: Sandbox | None = None
) -> list[CodeVerdict]:
    """The items' verdicts, in order; `jobs` at a time. Raises SandboxUnavailable."""
    sandbox = sandbox or choose()

    def one(item: CodeItem) -> CodeVerdict:
        return judge(item.candidate, item.tests, item.entry_point, item.setup, limits=limits, sandbox=sandbox)

    with ThreadPoolExecutor(max(1, jobs)) as threads:
        return list(threads.map(one, items))


def grade(output: str, doc: Mapping[str, Any]) -> Grade:
    """The verdict of all tests. `doc`: a row of HumanEval or of MBPP. Raises as `grade_many` does."""
    return grade_many([output], [doc], jobs=1)[0]


def grade_many(outputs: Sequence[str], docs: Sequence[Mapping[str, Any]], jobs: int | None = None) -> list[Grade]:
    """One grade per output, in order; UNGRADABLE where the tests are at fault. `jobs`: default is one per core.

    Raises SandboxUnavailable: nothing has been run then, and nothing is to be graded.
    """
    programs = [extract(output, tested_names(doc)) for output, doc in zip(outputs, docs, strict=True)]
    items = [_item(doc, program) for doc, program in zip(docs, programs, strict=True) if program is not None]
    verdicts = iter(judge_many(items, jobs or os.cpu_count() or 1) if items else [])
    return [Grade(UNANSWERED, None) if text is None else _grade(next(verdicts), text) for text in programs]


def _grade(verdict: CodeVerdict, program: str) -> Grade:
    status = UNGRADABLE if verdict.status == "ungradable" else CORRECT if verdict.passed else WRONG
    return Grade(status, program.strip("\n"))


def _item(doc: Mapping[str, Any], program: str) -> CodeItem:
    names = tested_names(doc)
    if "entry_point" not in doc:
        return mbpp(doc, finished(program, names))
    # A base model continues the prompt; whoever answers with a program writes the function's head again.
    whole = re.search(rf"^[ \t]*(?:async\s+)?def\s+{re.escape(names[0])}\b", program, re.MULTILINE)
    return humaneval(doc, finished(program, names) if whole else continued(doc["prompt"], program, names[0]))


def tested_names(doc: Mapping[str, Any]) -> list[str]:
    """What the tests want of the candidate. Those of MBPP call what its reference (`code`) defines, which may be named
    like a built-in; where there is no reference, what is no built-in, and only if there is nothing else a built-in."""
    if "entry_point" in doc:
        return [str(doc["entry_point"])]
    tests = " ".join(map(str, doc.get("test_list", ())))
    defined = re.findall(r"^(?:async\s+)?(?:def|class)\s+(\w+)", str(doc.get("code", "")), re.MULTILINE)
    called = list(dict.fromkeys(re.findall(r"(?<![.\w])([A-Za-z_]\w*)\s*\(", tests)))
    mine = [name for name in called if name in defined] or called
    return [name for name in mine if name not in _BUILTINS] or [n for n in mine if n not in _TYPES] or mine


_BUILTINS = frozenset(dir(builtins))
_TYPES = frozenset(name for name in _BUILTINS if isinstance(getattr(builtins, name), type)) - {"filter", "map", "zip"}
