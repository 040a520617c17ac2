"""Outputs to be graded, from a file that anybody may have written: lines {"question": id or index, "output": text}."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError, UnknownName
from ttgbench.tasks.data import read_json_lines
from ttgbench.tasks.task import Question

MAX_ANSWERS_BYTES = 1 << 28


def read_answers(path: Path, questions: Sequence[Question]) -> list[tuple[Question, str]]:
    """The file's rows in its order, each question at most once.

    Raises InputError naming the line: not JSON, wrong types, unknown question, question given twice, file too large.
    """
    if not path.is_file():
        raise InputError("no such file", source=path)
    if path.stat().st_size > MAX_ANSWERS_BYTES:
        raise InputError(f"is larger than {MAX_ANSWERS_BYTES >> 20} MiB", source=path)
    by_id = {question.id: question for question in questions}
    lines: dict[str, int] = {}
    answers: list[tuple[Question, str]] = []
    for number, row in read_json_lines(path):
        where = f"line {number}"
        question = _question(row.get("question"), questions, by_id, path, where)
        output = row.get("output")
        if not isinstance(output, str):
            raise InputError(f'"output" must be text, not {type(output).__name__}', source=path, field=where)
        if question.id in lines:
            raise InputError(f"answers {question.id} again; line {lines[question.id]} does", source=path, field=where)
        lines[question.id] = number
        answers.append((question, output))
    if not answers:
        raise InputError('holds no rows {"question": ..., "output": ...}', source=path)
    return answers


def _question(name: Any, questions: Sequence[Question], by_id: dict[str, Question], path: Path, where: str) -> Question:
    if isinstance(name, str):
        if name not in by_id:
            raise UnknownName("question", name, by_id, source=path, field=where)
        return by_id[name]
    if isinstance(name, bool) or not isinstance(name, int):
        kind = "missing" if name is None else f"not {type(name).__name__}"
        message = f'"question" must be an id or an index from 0 to {len(questions) - 1}, {kind}'
        raise InputError(message, source=path, field=where)
    if not 0 <= name < len(questions):
        raise InputError(
            f'"question" must be 0 to {len(questions) - 1}, not {str(name)[:20]}', source=path, field=where
        )
    return questions[name]
