"""`ttgbench bank`: record samples and second-level nodes for a bank of questions, segment by segment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json, table
from ttgbench.cli.progress import RichProgress
from ttgbench.cli.rates import rates_table
from ttgbench.cli.runs import DataDir, EngineSpec, Slots
from ttgbench.errors import InputError
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from rich.table import Table

    from ttgbench.problems.bank.folder import BankFolder
    from ttgbench.problems.bank.plan import Segment
    from ttgbench.publish.recording.bank_table import TaskTable
    from ttgbench.publish.recording.best import Best
    from ttgbench.stats import Interval


def bank(
    plan: Annotated[Path, typer.Argument(help="YAML file of the bank.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder of the segments.")],
    limit: Annotated[int, typer.Option("--segments", min=0, help="Most segments to record now; 0: all.")] = 0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what is done and missing, and the command that goes on as asked."),
    ] = False,
    reuse: Annotated[
        Path | None, typer.Option("--reuse", help="Folder of another plan: what it holds is not generated again.")
    ] = None,
    tables: Annotated[bool, typer.Option("--table", help="Only say what the finished segments show.")] = False,
    engine: EngineSpec = "llama_cpp",
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Record a bank of questions in segments. Killed and started again by the same command, it goes on."""
    from ttgbench.problems.bank.folder import look, nothing_finished
    from ttgbench.problems.bank.plan import load_bank
    from ttgbench.publish.recording.bank import record_bank
    from ttgbench.publish.recording.bank_table import bank_tables

    if tables and dry_run:
        raise InputError("each says one thing and records nothing; ask for one of them", field="--table and --dry-run")
    loaded = load_bank(plan)
    if tables:
        found = look(loaded, folder, data_dir)
        _log_broken(found)
        if not found.done:
            raise InputError(nothing_finished(loaded, folder, data_dir))
        _show_tables(bank_tables(loaded, folder, found.done, data_dir), json)
        return
    if not dry_run:
        with RichProgress() as progress:
            record_bank(
                loaded,
                engine,
                folder,
                limit=limit,
                reuse=reuse,
                slots=slots,
                data_dir=data_dir,
                progress=progress,
                measured=lambda segment, rates: None if json else out.print(rates_table(rates, segment.name)),
                report=_log_segment,
            )
    found = look(loaded, folder, data_dir)
    _log_broken(found)
    following = found.missing[0].name if found.missing else None
    done, total = len(found.done), len(found.done) + len(found.missing)
    if json:
        broken = [segment.name for segment in found.broken]
        print_json({"plan": loaded.name, "segments": total, "done": done, "broken": broken, "next": following})
        return
    said = f"{loaded.name}: {done} of {counted(total, 'segment')} recorded in {folder}"
    out.print(said, highlight=False, soft_wrap=True)
    if following is not None:
        options = {"--out": folder, "--engine": engine, "--reuse": reuse, "--slots": slots, "--data-dir": data_dir}
        command = _command(plan, options | {"--segments": limit or None})
        out.print(f"next: {following}; to go on:\n    {command}", highlight=False, soft_wrap=True)


def _command(plan: Path, options: Mapping[str, object]) -> str:
    """With the options that were given."""
    given = [text for name, value in options.items() if value is not None for text in (name, str(value))]
    return shlex.join(["ttgbench", "bank", str(plan), *given])


def _log_segment(segment: Segment, done: int, total: int) -> None:
    log(f"{done} of {counted(total, 'segment')} done; now {segment.name}")


def _log_broken(found: BankFolder) -> None:
    for segment in found.broken:
        log(f"{segment.name} is broken and counts as missing: it is recorded again")


def _show_tables(tables: list[TaskTable], json: bool) -> None:
    if json:
        from dataclasses import asdict

        print_json([asdict(one) | {"rates": [rate.to_dict() for rate in one.rates]} for one in tables])
        return
    from ttgbench.report.compare import ALIKE

    for one in tables:
        rows = [
            [
                row.graph,
                _said(row.accuracy),
                _said(row.low),
                _said(row.high),
                _signed(row.minus),
                _said(row.tokens_in, 0),
                _said(row.tokens_out, 0),
            ]
            for row in one.rows
        ]
        groups = f" in {counted(one.groups, 'group')}, the largest of {one.largest}"
        groups = "" if one.groups == one.questions else groups
        title = f"{one.task}: {counted(one.questions, 'question')}{groups}, {counted(one.universes, 'universe')}"
        out.print(
            table(title, "graph", "accuracy#", "from#", "to (95%)#", "minus alone#", "tokens in#", "out#", rows=rows)
        )
        if any(row.minus is not None and row.minus.estimate == 0 for row in one.rows):
            out.print(ALIKE, style="dim", highlight=False, markup=False)
        read = [
            [each.node, f"{each.right_inputs} of {each.inputs}", each.answers, _said(each.right)]
            for each in one.readings
        ]
        out.print(table(None, "reader", "right inputs#", "answers#", "right#", rows=read))
        out.print(rates_table(one.rates))
        if one.best is not None:
            out.print(_best_table(one.best))
        gates = [[gate.name, _said(gate.value, 2), gate.needed, "yes" if gate.passed else "no"] for gate in one.gates]
        out.print(table(None, "gate", "value#", "needed", "passed", rows=gates))


def _best_table(best: Best) -> Table:
    """Chosen on one half and measured on the other, and what would come out without that care."""
    rows = [
        [f"the other half ({of})", each.graph, _said(each.accuracy), _signed(each.minus), each.single]
        for each in best.halves
        for of in [counted(each.groups, "group")]
    ]
    rows.append(["both halves together", "", "", _signed(best.minus), ""])
    same = best.same
    rows.append(
        ["the same questions (favours luck)", same.graph, _said(same.accuracy), _signed(same.minus), same.single]
    )
    return table(None, "measured on", "best graph", "accuracy#", "minus best single model#", "which is", rows=rows)


def _signed(value: float | Interval | None) -> str:
    from ttgbench.report.table import Column, text

    return "" if value is None else text(value, Column("", signed=True))


def _said(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"
