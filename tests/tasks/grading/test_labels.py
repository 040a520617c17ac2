"""A number that only names a step, a question or an entry of a list is never an answer."""

import pytest

from ttgbench.tasks.grading import math, number, text
from ttgbench.tasks.grading.labels import unlabelled
from ttgbench.tasks.task import CORRECT

LABELS = [
    "Step 5: The final answer",
    "Step 5",
    "5) Then we",
    "(5) Finally, the",
    "5. First, we find",
    "**5.** Now the",
    "Question 5",
    "Option 5 is",
    "## Step 5: Compute the total",
    "#### Step 5",
    "#### 5. Final answer",
    "From step 5 we know that",
    "Equation (5) gives",
    "Step 4 of 5: Multiply",
    "1) Read\n2) Add\n3) Halve\n4) Take\n5)",
    "Read.\n\n1. Add\n2. Take\n3. Halve\n4. Sum\n5.",
    "Answer [5] is correct.",
    "I agree with solution 5.",
    "Q5:",
    "step-5",
]
NUMBERS = [
    "5",
    "5.",
    "(5)",
    "So it takes 5 steps.",
    "She solved 5 questions",
    "#### 5",
    "Answer:\n1. 5",
    "The answer is:\n\n5.",
    "Step 1: 5",
    "2) So she has 5 eggs.",
    "Step 3: Answer: 5",
    "1. There are 2 boxes.\n2. 2 + 3 = 5",
    "Step 1: 2 + 3 = 5\nStep 2:",
    "For part 1 she pays 2, for part 2 she pays 3. Total: 5",
    "Not 4: 5",
]


@pytest.mark.parametrize("output", LABELS)
def test_a_label_is_no_answer(output):
    assert number.extract(output) != "5"
    assert math.grade(output, "5").status != CORRECT
    assert text.grade(output, "5").status != CORRECT


@pytest.mark.parametrize("output", NUMBERS)
def test_a_number_beside_labels_is(output):
    assert number.extract(output) == "5"


def test_a_long_list_takes_no_long_time():
    assert number.extract("\n".join(f"{i % 90}. one more" for i in range(8_000)) + "\nTotal: 5") == "5"
    assert unlabelled("1. a\n" * 3) == " a\n" * 3
