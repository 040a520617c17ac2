"""`ttgbench store`: look into, move and check recorded generations."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import JsonFlag, log_error, out, print_json, table
from ttgbench.cli.runs import DataDir
from ttgbench.errors import InputError
from ttgbench.util.text import counted

app = typer.Typer(help="Inspect, export, import and verify a store of generations.", no_args_is_help=True)

StoreFile = Annotated[Path, typer.Argument(help="SQLite file of recorded generations.")]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError("no such store", source=path)
    return path


@app.command()
def info(path: StoreFile, json: JsonFlag = False) -> None:
    """Count what is recorded."""
    from ttgbench.evaluate.store.store import Store

    with Store(_existing(path), read_only=True) as store:
        facts = asdict(store.info())
    if json:
        print_json(facts)
    else:
        out.print(table(None, "what", "value", rows=[[key, value] for key, value in facts.items()]))


@app.command("export")
def export_(path: StoreFile, target: Annotated[Path, typer.Argument(help="Parquet file to write.")]) -> None:
    """Write all generations and grades to one Parquet file."""
    from ttgbench.evaluate.store.store import Store

    with Store(_existing(path), read_only=True) as store:
        written = store.export(target)
    out.print(
        f"{counted(written.generations, 'generation')} and {counted(written.grades, 'grade')} written to {target}",
        highlight=False,
        markup=False,
    )


@app.command("import")
def import_(path: StoreFile, origin: Annotated[Path, typer.Argument(help="Parquet file to read.")]) -> None:
    """Add the generations of a Parquet file; refused whole if one contradicts what is recorded."""
    from ttgbench.evaluate.store.store import Store

    with Store(path) as store:
        added = store.import_(origin)
    out.print(
        f"{counted(added.generations, 'generation')} and {counted(added.grades, 'grade')} added to {path}",
        highlight=False,
        markup=False,
    )


@app.command()
def verify(path: StoreFile, json: JsonFlag = False) -> None:
    """Check the file and every row. Exit 1 if something is wrong."""
    from ttgbench.evaluate.store.store import Store

    with Store(_existing(path), read_only=True) as store:
        problems = store.verify()
    if json:
        print_json({"valid": not problems, "problems": problems})
    for problem in [] if json else problems:
        log_error(f"{path}: {problem}")
    if problems:
        raise typer.Exit(1)
    if not json:
        out.print(f"{path}: nothing wrong found", highlight=False, markup=False)


@app.command()
def regrade(
    path: StoreFile,
    task: Annotated[
        list[str] | None, typer.Option("--task", help="A task or a task folder; repeatable. Default: all in the store.")
    ] = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Grade stored outputs again under the current graders. Grades of other grader versions stay beside them."""
    from collections import Counter

    from ttgbench.evaluate.grades import regrade
    from ttgbench.evaluate.store.store import Store
    from ttgbench.tasks.folder import load_task

    rows = []
    with Store(_existing(path)) as store:
        for name in task or sorted({question_id.split("@")[0] for _, question_id, _ in store.ids()}):
            loaded = load_task(name, data_dir)
            grades, unknown = regrade(loaded, store)
            totals = dict(sorted(Counter(grade.status for grade in grades).items()))
            rows.append({"task": loaded.card.name, "grader": loaded.card.grader, **totals, "other versions": unknown})
    if json:
        print_json(rows)
    for row in [] if json else rows:
        out.print(", ".join(f"{key} {value}" for key, value in row.items()), highlight=False, markup=False)
