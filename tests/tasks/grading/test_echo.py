"""What an output repeats of its prompt is never its answer."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.tasks.folder import load_task
from ttgbench.tasks.grading.answer_text import readings
from ttgbench.tasks.grading.echo import find, without_copies
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG

FORMAT = "Reason step by step. End with a line that holds #### and the final number, such as #### 42."
QUESTION = "Anna has 3 boxes with 6 eggs each. How many eggs does she have?"


@cache
def question_of(name):
    task = load_task(name)
    return task, task.questions("search")[0], task.target(task.questions("search")[0].doc)


def status(name, output):
    task, question, right = question_of(name)
    filled = output.format(right=right, question=question.text, answer_format=task.card.answer_format)
    return task.grade([question], [filled])[0].status


@pytest.mark.parametrize("name", ["gsm_symbolic", "logic_qa", "code_output", "micro_math", "micro_qa", "micro_code"])
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("{right}\n\n{answer_format}", CORRECT),
        ("{answer_format}\nAnswer: {right}", CORRECT),
        ("{question}\nAnswer: {right}", CORRECT),
        ("Answer: {right}\n\n{question}\n{answer_format}", CORRECT),
        ("Answer: {right}\n\n[1] Answer: 1234567\n[2] Answer: 7654321", CORRECT),
        ("Answer: 7654321\n\n[1] Answer: {right}\n[2] Answer: {right}", WRONG),
        ("{question}\n\n{answer_format}", UNANSWERED),
        ("{answer_format}", UNANSWERED),
        ("<think>{right}", UNANSWERED),
    ],
)
def test_no_task_takes_its_prompt_for_an_answer(name, output, expected):
    assert status(name, output) == expected


@pytest.mark.parametrize(
    ("output", "left"),
    [
        (f"\\boxed{{18}}\n{FORMAT}", "\\boxed{18}"),
        ("18. End with a line that holds #### and the final number, such as #### 42", "18."),
        ("18\nPlease end with a line that holds ####\nand the final number, such as #### 42.", "18 Please"),
        ("#### 42", "#### 42"),
        ("A line that holds 42", "A line that holds 42"),
        (f"{QUESTION}\n18", "18"),
        (f"{QUESTION.upper()}\n\n18", "18"),
        ("Anna has 3 boxes. 18", "Anna has 3 boxes. 18"),
    ],
)
def test_copies_are_left_out(output, left):
    assert " ".join(without_copies(output, [QUESTION], FORMAT).split()) == left


def stated(text):
    return text.rpartition("= ")[2].split()[0] if "= " in text else None


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("= 18\n[1] = 17\n[2] = 16", "18"),
        ("= 18\n\n[1] = 17\n\nso = 17\n\n[2] = 16", "18"),
        ("[1] = 17\n[2] = 16\n\nSo = 18", "18"),
        ("[1] = 17\n[2] = 16", None),
        ("[1] = 17\n[2] = 17", "17"),
        ("[2] = 17", "17"),
        ("[2] is right: = 17", "17"),
        ("[2] says = 16, but = 17", "17"),
        ("= 18 [2]", "18"),
    ],
)
def test_quoted_inputs(output, answer):
    assert find([output], stated, lambda text: None) == answer


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=3), max_size=2))
def test_readings_grow_up_to_stop_strings(output, stop):
    texts = list(readings(output, stop))
    assert texts == sorted(texts, key=len)
    assert not texts or texts[-1].startswith(texts[0])


def test_a_stop_string_that_a_server_ignored_ends_the_answer():
    assert next(readings("\n18\nEND\n19", ["\nEND"])) == "\n18"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_freed_of_copies(output, passage):
    assert isinstance(without_copies(output, [passage], passage), str)
