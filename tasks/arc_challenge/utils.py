"""arc_challenge for lm-eval's own runner: the same grade as through ttgbench."""

from typing import Any

from ttgbench.tasks.grading import choice


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    choices = doc["choices"]
    right = "ABCDE"[choices["label"].index(doc["answerKey"])]
    return {"exact_match": choice.grade(results[0], right, choices=choices["text"]).score}
