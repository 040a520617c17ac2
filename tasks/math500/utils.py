"""One schema for MATH-500 and for MATH's training set; and the grade for lm-eval's own runner."""

import re
from typing import Any

import datasets

from ttgbench.tasks.grading import math


def process_docs(dataset: datasets.Dataset) -> datasets.Dataset:
    """problem, answer (in the training set: the solution, which boxes it), subject, level 1 to 5, or 0 if unknown."""

    def unified(doc: dict[str, Any]) -> dict[str, Any]:
        level = re.search(r"\d", str(doc["level"]))
        return {
            "problem": doc["problem"],
            "answer": doc.get("answer") or doc["solution"],
            "subject": doc.get("subject") or doc["type"],
            "level": int(level[0]) if level else 0,
        }

    return datasets.Dataset.from_list([unified(doc) for doc in dataset])


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": math.grade(results[0], doc["answer"]).score}
