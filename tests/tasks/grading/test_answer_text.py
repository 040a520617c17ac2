"""Where an answer begins and ends: reasoning, end-of-text tokens, made-up next questions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.tasks.grading.answer_text import readings, spoken


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("18", "18"),
        ("<think>17?</think>18", "18"),
        ("17?</think>18", "18"),
        ("<think>16</think><think>17</think>18", "18"),
        ("<THINKING mode='long'>17</THINKING>18", "18"),
        ("<reasoning>17</reasoning>18", "18"),
        ("[THINK]17[/THINK]18", "18"),
        ("<|channel|>analysis<|message|>17<|end|><|start|>assistant<|channel|>final<|message|>18<|return|>", "18"),
        ("<|begin_of_thought|>17<|end_of_thought|>18", "18"),
        ("Let me see. <think>17", None),
        ("<think>16</think>18<think>17", None),
        ("<|channel|>analysis<|message|>17", None),
        ("<answer>17</answer> no <answer>18</answer>", "18"),
        ("<answer>18", "18"),
        ("18<|im_end|>\n<|im_start|>user\n19", "18"),
        ("18</s> 19", "18"),
        ("<|im_start|>assistant\n18<|endoftext|>19", "\n18"),
        ("18<｜end▁of▁sentence｜>19", "18"),
        ('tag = "</think>"', 'tag = "</think>"'),
        ("The tag `<think>` begins it.", "The tag `<think>` begins it."),
        ("a\r\nb", "a\nb"),
    ],
)
def test_spoken(output, answer):
    assert spoken(output) == answer


@pytest.mark.parametrize(
    ("output", "first"),
    [
        ("18\n\nQuestion: next?\n19", "18\n\n"),
        ("18\nQ: next?\nA: 19", "18\n"),
        ("18\n### Question 2\n19", "18\n"),
        ("18\n**Problem 2.** next", "18\n"),
        ("18\nHuman: and?\n19", "18\n"),
        ("Question: this?\n18\nQuestion: next?\n19", "Question: this?\n18\n"),
        ("Question 1: how many? 3\nQuestion 2: and then? 18", "Question 1: how many? 3\nQuestion 2: and then? 18"),
        ("The problem is hard.\nQuestions remain.\n18", "The problem is hard.\nQuestions remain.\n18"),
        ("<think>17", None),
    ],
)
def test_the_first_reading_ends_before_a_made_up_question(output, first):
    assert next(readings(output), None) == first


@given(st.text())
def test_readings_grow(output):
    texts = list(readings(output))
    assert all(longer.startswith(shorter) for shorter, longer in itertools.pairwise(texts))
