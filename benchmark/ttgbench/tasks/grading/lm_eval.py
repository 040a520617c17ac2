"""Grades through lm-eval itself: a task's own filters, then its process_results or metrics."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ttgbench.tasks.file import TaskFile
from ttgbench.tasks.grading import answer_text
from ttgbench.tasks.grading.clean import readable
from ttgbench.tasks.grading.named import Doc, Marking
from ttgbench.tasks.task import CORRECT, UNANSWERED, UNGRADABLE, WRONG, Grade
from ttgbench.util.plugins import load_function

_NOTHING = ("", "[invalid]")
"""What lm-eval's filters give where they find no answer."""


class LmEvalGrader:
    """For tasks that name no grader of ours. The first metric decides; more than 0.5 is correct."""

    def __init__(self, file: TaskFile, folder: Path) -> None:
        self._file, self._folder = file, folder

    def version(self) -> str:
        """Grades are stored under lm-eval's version and the task's."""
        from importlib.metadata import version

        return f"lm_eval-{version('lm-eval')}/{self._file.task}@{self._file.metadata.version}+{answer_text.VERSION}"

    def grade(self, markings: Sequence[Marking]) -> list[Grade]:
        """One grade per output; UNGRADABLE where the task's own code fails."""
        return [self._one(marking) for marking in markings]

    def _one(self, marking: Marking) -> Grade:
        output = answer_text.spoken(readable(marking.own))
        if output is None:
            return Grade(UNANSWERED, None)
        try:
            answer = self._filtered(output, marking.doc)
            score = float(self._score(marking, answer))
        except Exception as error:  # the task's own code may raise anything
            logging.getLogger(__name__).warning("%s: grader failed: %r", self._file.task, error)
            return Grade(UNGRADABLE, None)
        text = answer if isinstance(answer, str) else str(answer)
        if score > 0.5:
            return Grade(CORRECT, text)
        return Grade(UNANSWERED, None) if text.strip() in _NOTHING else Grade(WRONG, text)

    def _filtered(self, output: str, doc: Doc) -> Any:
        if self._ensemble is None:
            return output
        instance = SimpleNamespace(resps=[output], doc=dict(doc), filtered_resps={})
        self._ensemble.apply([instance])
        return instance.filtered_resps[self._ensemble.name]

    @cached_property
    def _ensemble(self) -> Any:
        """The filter that `metadata.ttgbench.filter` names, else the last one."""
        if not self._file.filter_list:
            return None
        from lm_eval.filters import build_filter_ensemble

        wanted = self._file.metadata.ttgbench.filter
        chosen = [entry for entry in self._file.filter_list if wanted in (None, entry["name"])]
        entry = chosen[-1]
        steps = [
            (step["function"], {key: value for key, value in step.items() if key != "function"} or None)
            for step in entry["filter"]
        ]
        return build_filter_ensemble(entry["name"], steps)

    def _score(self, marking: Marking, answer: Any) -> Any:
        if self._file.process_results is not None:
            scores = load_function(self._folder, self._file.process_results)(dict(marking.doc), [answer])
            if not isinstance(scores, Mapping) or not scores:
                raise TypeError("process_results must return a mapping of metric names to numbers")
            first = self._metrics[0]["metric"] if self._metrics else next(iter(scores))
            return scores[first]
        from lm_eval.api.metrics import exact_match_fn

        options = {k: v for k, v in self._metrics[0].items() if k not in ("metric", "aggregation", "higher_is_better")}
        return exact_match_fn(references=[marking.target], predictions=[answer], **options)["exact_match"]

    @property
    def _metrics(self) -> tuple[dict[str, Any], ...]:
        return self._file.metric_list or ({"metric": "exact_match"},)
