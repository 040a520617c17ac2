"""mbpp for lm-eval's own runner: the same verdict, from the same sandbox, as through ttgbench."""

from typing import Any

from ttgbench.tasks.grading.code import grade


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": grade(results[0], doc).score}
