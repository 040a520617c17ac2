"""mmlu for lm-eval's own runner: the same grade as through ttgbench."""

from typing import Any

from ttgbench.tasks.grading import choice


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    grade = choice.grade(results[0], "ABCD"[doc["answer"]], choices=doc["choices"])
    return {"exact_match": grade.score}
