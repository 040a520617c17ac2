"""A task folder from questions that somebody has: a file of rows, or a data set on the Hub."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ttgbench.errors import InputError
from ttgbench.tasks.data import Doc, read_rows
from ttgbench.tasks.groups import COLUMN, check_groups, group_of
from ttgbench.tasks.new import NAME

QUESTION = ("question", "problem", "prompt", "input", "query", "instruction", "text")
ANSWER = ("answer", "target", "solution", "output", "label", "answerKey", "expected", "gold", "response")
SEARCH_SHARE, MOST_SEARCH = 0.4, 200
"""Of the questions of a single split, for the search; the rest is the test."""
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
LETTERS = "ABCDEFGHIJ"
_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d,]*(\.\d+)?%?")
_MARKED = re.compile(r"####\s*[-+$€£\d.,%]+\s*$")
_LETTER = re.compile(r"\(?[A-J]\)?")
_THINK = 'Think it through, then end with "The answer is (X)", where X is the letter of the right choice.'
FORMATS = {
    "number": "Reason step by step. End with a line that holds #### and the final number alone.",
    "choice": _THINK,
    "text": 'Think it through. End with a line "Answer: " and the answer alone.',
}
"""What a model is asked for, by grader."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How a question, its answer and its grade are read from a row."""

    text: str
    target: str
    grader: str


def task_from(
    name: str, source: str, parent: Path, question: str | None, answer: str | None, config: str | None
) -> Path:
    """Makes `parent/name` with a task.yaml for the rows of a file (which is copied as JSON Lines) or of a data set on
    the Hub (which is named with its commit).

    question, answer: columns; default: the usual names. Raises InputError for what cannot be a task, and then leaves
    nothing behind.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"must be 1 to 64 letters, digits, '.', '_' or '-', not {name[:80]!r}", source="task new")
    if not Path(source).is_file() and HUB_ID.fullmatch(source):
        head, rows, splits = _hub(source, config)
        written: Sequence[Doc] = ()
    else:
        rows = written = read_rows(Path(source))
        head, splits = {}, _halves("questions", len(rows))
    check_groups(rows, source)
    shared = len({plan["from"] for plan in splits.values()}) < len(splits)
    if shared and len({group_of(row) or number for number, row in enumerate(rows)}) < len(splits):
        raise InputError(f"column {COLUMN!r} puts all questions into one group; two splits need two", source=source)
    columns = find_columns(rows, question, answer, source)
    text = _yaml(name, source, head, columns, splits)
    folder = parent / name
    try:
        folder.mkdir(parents=True)
        (folder / "task.yaml").write_text(text, "utf-8")
        if written:
            lines = (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in written)
            (folder / "questions.jsonl").write_text("".join(lines), "utf-8", errors="backslashreplace")
    except FileExistsError:
        raise InputError("is there already", source=folder) from None
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror or error}", source=folder) from None
    return folder


def find_columns(rows: Sequence[Doc], question: str | None, answer: str | None, source: str) -> Columns:
    """By the usual names where none are given. Raises InputError that lists the columns there are."""
    there = [*rows[0]]
    asked = _column(there, question, QUESTION, "--question", source)
    told = _column(there, answer, ANSWER, "--answer", source)
    for number, row in enumerate(rows, 1):
        for column in (asked, told):
            if row.get(column) in (None, ""):
                raise InputError(f"column {column!r} is empty", source=source, field=f"row {number}")
    answers = [row[told] for row in rows]
    options = [row.get("choices", row.get("options")) for row in rows]
    if all(isinstance(each, list) and each for each in options):
        numbers = all(isinstance(each, int) for each in answers)
        _check_choices(options, answers, numbers, told, source)
        listed = "choices" if "choices" in there else "options"
        lines = "{% for text in " + listed + " %}\n{{'ABCDEFGHIJ'[loop.index0]}}. {{text}}{% endfor %}"
        target = f"{{{{'ABCDEFGHIJ'[{_named(told, source)}]}}}}" if numbers else _letter(answers, told, source)
        return Columns(f"{{{{{_named(asked, source)}}}}}{lines}", target, "choice")
    for column in (asked, told):
        if "{" in column:
            raise InputError(f"column {column!r} has a brace in its name; rename it", source=source)
    texts = [str(each).strip() for each in answers]
    if all(map(_MARKED.search, texts)):
        return Columns(asked, f"{{{{{_named(told, source)}.split('####')[-1].strip()}}}}", "number")
    if all(map(_NUMBER.fullmatch, texts)):
        return Columns(asked, told, "number")
    if all(map(_LETTER.fullmatch, texts)):
        return Columns(asked, _letter(answers, told, source), "choice")
    return Columns(asked, told, "text")


def _check_choices(options: Sequence[list[Any]], answers: Sequence[Any], numbers: bool, told: str, source: str) -> None:
    for number, (choices, answer) in enumerate(zip(options, answers, strict=True), 1):
        field = f"row {number}"
        if len(choices) > len(LETTERS):
            message = f"has {len(choices)} choices, there are letters for {len(LETTERS)}"
            raise InputError(message, source=source, field=field)
        if not all(isinstance(choice, str | int | float) and str(choice).strip() for choice in choices):
            raise InputError("its choices must be texts", source=source, field=field)
        letter = isinstance(answer, str) and _LETTER.fullmatch(answer.strip())
        place = answer if numbers else LETTERS.index(answer.strip().strip("()")) if letter else -1
        if not 0 <= place < len(choices):
            wanted = "the letter of a choice, or in every row its number from 0"
            message = f"column {told!r} must be {wanted}, not {str(answer)[:60]!r}"
            raise InputError(message, source=source, field=field)


def _letter(answers: Sequence[Any], told: str, source: str) -> str:
    """How to read a letter that may stand in brackets."""
    if all(each in LETTERS for each in answers):
        return told
    return f"{{{{{_named(told, source)}.strip().strip('()')}}}}"


def _named(column: str, source: str) -> str:
    """The column in an expression of Jinja, which reads no other names."""
    if not column.isidentifier() or keyword.iskeyword(column) or column in ("true", "false", "none", "self", "loop"):
        message = f"column {column!r} must be one word of letters, digits and underscores here; rename it"
        raise InputError(message, source=source)
    return column


def _column(there: list[str], wanted: str | None, usual: Sequence[str], option: str, source: str) -> str:
    if wanted is not None and wanted in there:
        return wanted
    found = [] if wanted is not None else [name for name in usual if name in there]
    if not found:
        said = f"no column {wanted!r}" if wanted is not None else f"which column is it? Say so with {option}"
        raise InputError(f"{said}; there are {', '.join(map(str, there[:20]))}", source=source, field=option)
    return found[0]


def _halves(split: str, rows: int) -> dict[str, Any]:
    if rows < 2:
        raise InputError("needs at least two questions: one for the search, one for the test", source=split)
    search = max(1, min(MOST_SEARCH, round(SEARCH_SHARE * rows)))
    return {"search": {"from": split, "count": search}, "test": {"from": split}}


def _hub(path: str, config: str | None) -> tuple[dict[str, Any], list[Doc], dict[str, Any]]:
    """Head of the task file, some rows, and the plan of the splits. Raises InputError."""
    import datasets
    import huggingface_hub

    try:
        commit = huggingface_hub.HfApi().dataset_info(path).sha
        found = datasets.load_dataset(path, config, revision=commit)
    except Exception as error:  # the hub, the network, the disk and the builder each raise their own
        message = f"cannot be loaded from the Hub: {type(error).__name__}: {str(error)[:200]}"
        raise InputError(message, source=path) from None
    head: dict[str, Any] = {"dataset_path": path, "dataset_kwargs": {"revision": commit}}
    if config:
        head["dataset_name"] = config
    names = [*found]
    other = next((name for name in ("train", "validation", "dev") if name in names), None)
    if "test" in names and other:
        count = min(MOST_SEARCH, len(found[other]))
        splits = {"search": {"from": other, "count": count}, "test": {"from": "test"}}
        return head, [*found["test"], *found[other]], splits
    return head, [*found[names[0]]], _halves(names[0], len(found[names[0]]))


def _yaml(name: str, source: str, head: dict[str, Any], columns: Columns, splits: dict[str, Any]) -> str:
    block = {
        "domain": "math" if columns.grader == "number" else "qa",
        "licence": "unknown",
        "answer_format": FORMATS[columns.grader],
        "grader": columns.grader,
        "source": Path(source).name if not head else source,
        "splits": splits,
    }
    data = {
        "task": name,
        "description": f"Questions of {Path(source).name}.",
        **head,
        "output_type": "generate_until",
        "doc_to_text": columns.text,
        "doc_to_target": columns.target,
        "num_fewshot": 0,
        "generation_kwargs": {"until": ["\nQuestion:"], "max_gen_toks": 512, "do_sample": True, "temperature": 0.7},
        "metadata": {"version": 1, "ttgbench": block},
    }
    said = "# Every key is explained in docs/reference/tasks.md; `ttgbench task check` says whether it is a task.\n"
    return said + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
