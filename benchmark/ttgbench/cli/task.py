"""`ttgbench task`: make, check and grade tasks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, log_error, out, print_json, table
from ttgbench.cli.runs import DataDir
from ttgbench.errors import InputError, SandboxUnavailable

app = typer.Typer(help="Make, check and grade tasks.", no_args_is_help=True)

TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A bundled task or the path of a task folder.")]
SeasonSeed = Annotated[
    str | None, typer.Option("--season-seed", help="A season's secret or its file. Default: $TTGBENCH_SEASON_SEED.")
]
_SHOWN = 60


@app.command()
def grade(
    name: TaskName,
    answers: Annotated[Path, typer.Option("--answers", help='JSON Lines {"question": id or index, "output": text}.')],
    split: Annotated[str, typer.Option("--split")] = "test",
    data_dir: DataDir = None,
    season_seed: SeasonSeed = None,
    json: JsonFlag = False,
) -> None:
    """Grade outputs from a file: each row's extracted answer and grade, and the totals."""
    from ttgbench.tasks.answers import read_answers
    from ttgbench.tasks.folder import load_task
    from ttgbench.tasks.task import UNGRADABLE, Grade

    task = load_task(name, data_dir, season_seed)
    rows = read_answers(answers, task.questions(split))
    try:
        grades = task.grade([question for question, _ in rows], [output for _, output in rows])
    except SandboxUnavailable as error:
        log_error(f"nothing was graded: {error}")
        grades = [Grade(UNGRADABLE, None)] * len(rows)
    graded = [
        {"question": question.id, "status": grade.status, "answer": grade.answer}
        for (question, _), grade in zip(rows, grades, strict=True)
    ]
    totals = dict(sorted(Counter(row["status"] for row in graded).items()))
    accuracy = sum(grade.score for grade in grades) / len(grades)
    if json:
        print_json({"grader": task.card.grader, "rows": graded, "totals": totals, "accuracy": accuracy})
        return
    cells = [[row["question"], row["status"], _short(row["answer"])] for row in graded]
    out.print(table(None, "question", "grade", "answer", rows=cells))
    counts = ", ".join(f"{status} {count}" for status, count in totals.items())
    out.print(f"{len(graded)} graded by {task.card.grader}: {counts}; accuracy {accuracy:.4g}", highlight=False)


def _short(answer: Any) -> str:
    text = "" if answer is None else str(answer).replace("\n", "\\n")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


@app.command()
def questions(
    name: TaskName,
    split: Annotated[str, typer.Option("--split")] = "test",
    data_dir: DataDir = None,
    season_seed: SeasonSeed = None,
    json: JsonFlag = False,
) -> None:
    """List a split's questions: ids and texts, so that answers made elsewhere can be matched and graded.

    The texts are whole with --json alone, which also has the format that models are asked for.
    """
    from ttgbench.tasks.folder import load_task

    task = load_task(name, data_dir, season_seed)
    found = task.questions(split)
    if json:
        rows = [{"index": q.index, "id": q.id, "text": q.text, "stratum": q.stratum} for q in found]
        card = task.card
        head = {"task": card.name, "version": card.version, "split": split, "answer_format": card.answer_format}
        print_json({**head, "questions": rows})
        return
    out.print(table(None, "index#", "id", "text", rows=[[q.index, q.id, _short(q.text)] for q in found]))


@app.command()
def check(
    name: TaskName,
    data_dir: DataDir = None,
    season_seed: SeasonSeed = None,
    json: JsonFlag = False,
) -> None:
    """Check a task: schema, splits, hashes, reference answers, leaks between splits. Exit 1 if something is wrong."""
    from dataclasses import asdict

    from ttgbench.tasks.check import check_task
    from ttgbench.tasks.folder import load_task

    findings = list(check_task(load_task(name, data_dir, season_seed)))
    valid = all(finding.level != "error" for finding in findings)
    if json:
        print_json({"valid": valid, "findings": [asdict(finding) for finding in findings]})
    else:
        rows = [[finding.level, finding.about, finding.message] for finding in findings]
        out.print(table(None, "", "about", "finding", rows=rows))
    if not valid:
        raise typer.Exit(1)


@app.command()
def manifest(
    name: TaskName,
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a manifest that says something else.")] = False,
) -> None:
    """Write the task's manifest.csv: which documents make up each split, with their hashes. For maintainers."""
    from ttgbench.tasks.folder import load_task
    from ttgbench.tasks.splits import MANIFEST, splits_hash, write_manifest

    task = load_task(name, data_dir)
    rows = task.planned_rows()
    digest = splits_hash(rows)
    if task.manifest is not None and task.manifest != rows and not replace:
        raise InputError(
            f"says other splits (sha256 {splits_hash(task.manifest)}) than these data give ({digest}); a released task "
            "is superseded by a higher version, not edited; --replace overwrites it",
            source=task.folder / MANIFEST,
        )
    if task.manifest != rows:
        write_manifest(task.folder, rows)
    counts = ", ".join(f"{split} {count}" for split, count in Counter(row.split for row in rows).items())
    out.print(f"{task.folder / MANIFEST}: {counts}; sha256 {digest}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def season(
    name: TaskName,
    number: Annotated[int, typer.Option("--number", min=1, help="Which season.")],
    season_seed: SeasonSeed = None,
) -> None:
    """Print the line of seasons.yaml that commits a procedural task to a secret test split, to be published before."""
    from ttgbench.tasks.folder import load_task
    from ttgbench.tasks.season import VARIABLE, commitment, read_secret

    secret = read_secret(season_seed)
    if secret is None:
        raise InputError(f"needs the season's secret: --season-seed, or {VARIABLE}", source="ttgbench task season")
    task = load_task(name)
    if task.file.custom_dataset is None:
        raise InputError("has no generator; only procedural tasks have seasons", source=task.folder)
    print(f"{number}: {{commitment: {commitment(task.file.task, number, secret)}}}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the task; letters, digits, dots, dashes, underscores.")],
    folder: Annotated[Path, typer.Option("--in", help="Where its folder is made.")] = Path("."),
    source: Annotated[
        str | None,
        typer.Option("--from", help="Questions: a .jsonl, .json, .csv or .parquet file, or a data set OWNER/NAME."),
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="Its column; default: the usual names.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="Its column; default: the usual names.")] = None,
    config: Annotated[str | None, typer.Option("--config", help="Of a data set on the Hub.")] = None,
) -> None:
    """Make a task folder from your questions, or from the template; then `ttgbench task check` it."""
    from ttgbench.tasks.from_rows import task_from
    from ttgbench.tasks.new import make_task

    if source is None and (question or answer or config):
        raise InputError("needs --from, which has the columns", source="ttgbench task new")
    made = make_task(name, folder) if source is None else task_from(name, source, folder, question, answer, config)
    out.print(f"made {made}; now: ttgbench task check {made}", markup=False, highlight=False, soft_wrap=True)
