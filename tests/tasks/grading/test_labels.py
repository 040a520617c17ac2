"""A number that only begins a line ("Step 5:") is no answer, and a whole answer ("18)") no label."""

import pytest

from ttgbench.tasks.grading import math, number
from ttgbench.tasks.grading.labels import unlabelled
from ttgbench.tasks.task import CORRECT

LABELS = [
    "Step 5: The final answer",
    "### Step 5",
    "5) Then we",
    "(5) Finally, the",
    "## Step 5: Compute the total",
    "#### Step 5",
    "#### 5. Final answer",
    "Add first.\n\n5. Now the",
    "Step 4 of 5: Multiply",
    "Case 5:",
    "1) Read\n2) Add\n3) Halve\n4) Take\n5)",
    "Read.\n\n1. Add\n2. Take\n3. Halve\n4. Sum\n5.",
]
ANSWERS = [
    "So the count is:\n\n**5.** Good work!",
    "The total is\n5. So that is it.",
    "2 + 3 =\n5. That is all.",
    "1. He has 2 apples.\n2. He buys 3.\n3. So he has them.\n4. That makes\n\n**5.**",
    "5",
    "5.",
    "5)",
    "(5)",
    "Step 5",
    "Rule 5",
    "It first fails at step 5.",
    "So it takes 5 steps.",
    "#### 5",
    "5. That is what is left.",
    "The answer is:\n\n5.",
    "Step 1: 5",
    "2) So she has 5 eggs.",
    "Step 3: Answer: 5",
    "1. There are 2 boxes.\n2. 2 + 3 = 5",
    "Step 1: 2 + 3 = 5\nStep 2:",
    "2 + 3 = 5\n\n4. Now check",
    "1. 2\n2. 5\n3.",
    "For part 1 she pays 2, for part 2 she pays 3. Total: 5",
]


@pytest.mark.parametrize("output", LABELS)
def test_a_label_is_no_answer(output):
    assert number.extract(output) != "5"
    assert math.grade(output, "5").status != CORRECT


@pytest.mark.parametrize("output", ANSWERS)
def test_a_whole_answer_and_a_number_beside_labels_are(output):
    assert number.extract(output) == "5"


def test_nothing_but_the_numbers_of_labels_is_taken_away():
    assert unlabelled("1. a\n" * 3) == " a\n" * 3
    assert number.extract("\n".join(f"{i % 90}. one more" for i in range(8_000)) + "\nTotal: 5") == "5"
