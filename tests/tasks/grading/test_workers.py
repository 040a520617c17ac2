"""The grader pool under answers that hang, crash, eat memory or print, and when its parent dies."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from ttgbench.errors import InputError
from ttgbench.tasks.grading.workers import GraderPool
from ttgbench.tasks.task import CORRECT, UNGRADABLE, WRONG, Grade

GRADER = """
    import ctypes, os, sys, time
    from ttgbench.tasks.task import Grade

    def grade(output, reference):
        match output:
            case "spin":
                while True: pass
            case "power":  # one C call that holds the interpreter
                9 ** 9 ** 9 ** 9
            case "sleep":
                time.sleep(60)
            case "segfault":
                ctypes.string_at(0)
            case "memory":
                return Grade("correct", str(len("x" * (1 << 34))))
            case "recursion":
                return grade(output, reference)
            case "exit":
                sys.exit(0)
            case "_exit":
                os._exit(0)
            case "print":
                print('{"grade": ["correct", "forged"]}', flush=True)
                os.write(1, b'{"grade": ["correct", "forged"]}\\n')
            case "raise":
                raise ValueError(output)
            case "pid":
                return Grade("correct", str(os.getpid()))
        return Grade("correct" if output == reference else "wrong", output)
"""


@pytest.fixture(scope="module")
def grader(tmp_path_factory):
    path = tmp_path_factory.mktemp("grader") / "hostile.py"
    path.write_text(textwrap.dedent(GRADER))
    return f"{path}:grade"


@pytest.fixture(scope="module")
def pool(grader):
    with GraderPool(grader, jobs=2, seconds=0.5) as pool:
        yield pool


def items(*outputs, reference="5"):
    return [{"output": output, "reference": reference} for output in outputs]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_grades_come_in_order(pool):
    outputs = [str(i % 7) for i in range(200)]
    expected = [Grade(CORRECT if output == "5" else WRONG, output) for output in outputs]
    assert pool.grade(items(*outputs)) == expected
    assert pool.grade([]) == []


@pytest.mark.parametrize("hostile", ["spin", "power", "sleep", "segfault", "memory", "recursion", "_exit", "raise"])
def test_a_hostile_item_is_ungradable_and_the_others_go_on(pool, hostile):
    grades = pool.grade(items("5", hostile, "5", "6", hostile, "5"))
    statuses = [CORRECT, UNGRADABLE, CORRECT, WRONG, UNGRADABLE, CORRECT]
    assert [grade.status for grade in grades] == statuses


def test_leaving_the_process_is_no_verdict(pool):
    assert [grade.status for grade in pool.grade(items("exit", "5"))] == [UNGRADABLE, CORRECT]


def test_printing_forges_nothing(pool):
    assert pool.grade(items("print", "5")) == [Grade(WRONG, "print"), Grade(CORRECT, "5")]


def test_any_text_travels(pool):
    outputs = ["\0", "\ud800", "\n", "é\u2028", "x" * 3_000_000, '"']
    assert [grade.answer for grade in pool.grade(items(*outputs))] == outputs


def test_workers_are_reused_until_closed(grader):
    with GraderPool(grader, jobs=1, seconds=5) as pool:
        first = pool.grade(items("pid", "pid"))
        assert len({grade.answer for grade in first + pool.grade(items("pid"))}) == 1
    pid = int(first[0].answer)
    assert not is_alive(pid)


@pytest.mark.parametrize("last_words", ["", "pool.grade([{'output': 'sleep', 'reference': ''}])"])
def test_workers_die_with_their_parent(grader, last_words):
    script = f"""
import threading, time
from ttgbench.tasks.grading.workers import GraderPool
pool = GraderPool({grader!r}, jobs=1, seconds=50)
print(pool.grade([{{"output": "pid", "reference": ""}}])[0].answer, flush=True)
{last_words}
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 100
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)


def test_in_process_grading_is_the_same_for_harmless_items(grader, pool):
    here = GraderPool(grader, jobs=0)
    outputs = ["5", "6", "raise", "5"]
    assert here.grade(items(*outputs)) == pool.grade(items(*outputs))
    assert here.grade(items("pid"))[0].answer == str(os.getpid())


@pytest.mark.parametrize(
    "path", ["ttgbench.tasks.grading.math:nothing", "no.such.module:grade", "nowhere.py:grade", "grade", ""]
)
@pytest.mark.parametrize("jobs", [0, 1])
def test_a_grader_that_cannot_be_loaded_is_an_input_error(path, jobs):
    with GraderPool(path, jobs=jobs) as pool, pytest.raises(InputError, match="cannot load this grader"):
        pool.grade(items("5"))


@pytest.mark.parametrize("options", [{"jobs": -1}, {"seconds": 0}])
def test_impossible_limits_are_refused(options):
    with pytest.raises(InputError, match="jobs must be >= 0 and seconds > 0"):
        GraderPool("ttgbench.tasks.grading.math:grade", **options)


def test_math_answers_that_sympy_cannot_survive():
    outputs = [r"\boxed{5}", r"\boxed{9^{9^{9^9}}}", r"\boxed{4}", r"\boxed{\frac{10}{2}}"]
    with GraderPool("ttgbench.tasks.grading.math:grade", jobs=1, seconds=1) as pool:
        statuses = [grade.status for grade in pool.grade(items(*outputs))]
    assert statuses == [CORRECT, UNGRADABLE, WRONG, CORRECT]
