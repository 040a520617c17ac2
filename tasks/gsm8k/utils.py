"""gsm8k for lm-eval's own runner: the same grade as through ttgbench."""

from typing import Any

from ttgbench.tasks.grading import number


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": number.grade(results[0], doc["answer"]).score}
