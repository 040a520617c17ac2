"""`ttgbench bank`: record samples and second-level nodes for a bank of questions, segment by segment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json, table
from ttgbench.cli.progress import RichProgress
from ttgbench.cli.rates import rates_table
from ttgbench.cli.runs import DataDir, EngineSpec, Slots

if TYPE_CHECKING:
    from ttgbench.publish.recording.bank_table import TaskTable


def bank(
    plan: Annotated[Path, typer.Argument(help="YAML file of the bank.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder of the segments.")],
    limit: Annotated[int, typer.Option("--segments", min=0, help="Most segments to record now; 0: all.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much is done and missing.")] = False,
    tables: Annotated[bool, typer.Option("--table", help="Only say what the finished segments show.")] = False,
    engine: EngineSpec = "llama_cpp",
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Record a bank of questions in segments. Killed and started again by the same command, it goes on."""
    from ttgbench.publish.recording.bank import load_bank, record_bank, segments
    from ttgbench.publish.recording.bank_table import bank_tables

    loaded = load_bank(plan)
    if tables:
        _show_tables(bank_tables(loaded, folder, data_dir), json)
        return
    planned = list(segments(loaded))
    if not dry_run:
        with RichProgress() as progress:
            record_bank(
                loaded,
                engine,
                folder,
                limit=limit,
                slots=slots,
                data_dir=data_dir,
                progress=progress,
                measured=lambda segment, rates: None if json else out.print(rates_table(rates, segment.name)),
                report=lambda segment, done, total: log(f"{done} of {total} segments done; now {segment.name}"),
            )
    done = sum((folder / segment.name).is_file() for segment in planned)
    if json:
        print_json({"plan": loaded.name, "segments": len(planned), "done": done})
        return
    out.print(f"{loaded.name}: {done} of {len(planned)} segments are recorded in {folder}", highlight=False)


def _show_tables(tables: list[TaskTable], json: bool) -> None:
    if json:
        from dataclasses import asdict

        print_json([asdict(one) | {"rates": [rate.to_dict() for rate in one.rates]} for one in tables])
        return
    from ttgbench.report.compare import ALIKE
    from ttgbench.report.table import Column, text

    signed = Column("minus alone", signed=True)
    for one in tables:
        rows = [
            [
                row.graph,
                _said(row.accuracy),
                _said(row.low),
                _said(row.high),
                "" if row.minus is None else text(row.minus, signed),
                _said(row.tokens_in, 0),
                _said(row.tokens_out, 0),
            ]
            for row in one.rows
        ]
        title = f"{one.task}: {one.questions} questions, {one.universes} universe(s)"
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
        gates = [[gate.name, _said(gate.value, 2), gate.needed, "yes" if gate.passed else "no"] for gate in one.gates]
        out.print(table(None, "gate", "value#", "needed", "passed", rows=gates))


def _said(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"
