"""`ttgbench bank`: record samples and second-level nodes for a bank of questions, segment by segment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json
from ttgbench.cli.progress import RichProgress
from ttgbench.cli.rates import rates_table
from ttgbench.cli.runs import DataDir, EngineSpec, Slots


def bank(
    plan: Annotated[Path, typer.Argument(help="YAML file of the bank.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder of the segments.")],
    limit: Annotated[int, typer.Option("--segments", min=0, help="Record at most so many now; 0: all.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much is done and missing.")] = False,
    engine: EngineSpec = "llama_cpp",
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Record a bank of questions in segments. Killed and started again by the same command, it goes on."""
    from ttgbench.publish.recording.bank import load_bank, record_bank, segments

    loaded = load_bank(plan)
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
