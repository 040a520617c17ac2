"""`ttgbench verify`: compute archived results again, on this machine, believing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json
from ttgbench.cli.runs import DataDir
from ttgbench.cli.season import held_instances
from ttgbench.errors import InputError
from ttgbench.util.text import counted, visible


def verify(
    paths: Annotated[list[Path], typer.Argument(help="Archives, or results folders with archives below.")],
    store: Annotated[
        Path | None, typer.Option("--store", help="Parquet file with the generations, where the archive has none.")
    ] = None,
    rerun: Annotated[int, typer.Option("--rerun", min=0, help="Number of cells to run again, live.")] = 0,
    engine: Annotated[
        str | None, typer.Option("--engine", help="For --rerun of what models or a search agent answered.")
    ] = None,
    season: Annotated[
        str | None,
        typer.Option("--season", help="Run the method on held-out instances too: a season's file, or its salt."),
    ] = None,
    season_instances: Annotated[
        int, typer.Option("--season-instances", min=2, max=15, help="Of each stratum, for a salt.")
    ] = 10,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=1024, help="For a salt's instances.")] = 2,
    suite: Annotated[list[str] | None, typer.Option("--suite", help="Suite files besides the shipped ones.")] = None,
    fewer_seeds: Annotated[bool, typer.Option("--fewer-seeds", help="Accept fewer seeds than the suite has.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what was added since this git reference, such as origin/main.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write verification.json into each archive.")] = False,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Verify archived results: regrade the answers, replay every run in isolation, compare every byte; then run each
    search under other names of models and questions, and compare what it finds.

    Exit 1 if one is refused; the reason is a word for machines and a sentence.
    """
    from ttgbench.problems.suite import load_suite
    from ttgbench.publish.archive import Rejected, Rejection
    from ttgbench.publish.verification import Options, verify, write_verification

    suites = {loaded.label: loaded for loaded in map(load_suite, suite or [])}
    held = None if season is None else held_instances(season, season_instances, jobs)
    options = Options(rerun, engine, store, data_dir, fewer_seeds, season=held, ignore_badge=write)
    found: list[dict[str, Any]] = []
    for item in _items(paths, suites, since):
        if isinstance(item, Rejection):
            found.append({"path": item.path, "reason": item.reason, "message": item.message})
        else:
            try:
                verification = verify(item, options, suites=suites, progress=log)
                if write:
                    write_verification(item, verification)
                found.append({"path": str(item), **verification.model_dump(mode="json", by_alias=True)})
            except Rejected as error:
                refusal = error.rejection(Path(), item)
                found.append({"path": refusal.path, "reason": refusal.reason, "message": refusal.message})
        if not json:
            _show(found[-1])
    if json:
        print_json({"verified": all("badge" in one for one in found), "archives": found})
    if not found and since is None:
        raise InputError("no archived results there", source=paths[0])
    if not all("badge" in one for one in found):
        raise typer.Exit(1)


def _items(paths: list[Path], suites: Any, since: str | None) -> Iterator[Any]:
    """Archives to verify; Rejections of what lies beside them."""
    from ttgbench.publish.archive import Archive, find_archives
    from ttgbench.publish.archive.layout import RUN
    from ttgbench.publish.verification.added import added

    for path in paths:
        if since is not None:
            yield from added(path, since)
        elif (path / RUN).is_file() or not path.is_dir():
            yield path
        else:
            for item in find_archives(path, suites=suites):
                yield item.path if isinstance(item, Archive) else item


def _show(one: dict[str, Any]) -> None:
    if "badge" in one:
        facts = f"{counted(one['cells'], 'cell')} replayed, "
        if one["grades"]:  # none where no model answered, and where the answers are a bank's
            facts += f"{counted(one['grades'], 'answer')} graded again, "
        facts += f"{one['rerun']} run again live"
        if "renamed" in one:
            facts += f", under other names {0 - one['renamed']['loss']:+.3f}"
        out.print(f"{one['path']}: {one['badge']} ({facts})", highlight=False, markup=False, soft_wrap=True)
        if held := one.get("season"):
            flag = ": MORE THAN TWO STANDARD ERRORS" if held["gap"] > 2 * held["error"] else ""
            line = f"  public {held['public']:.3f}, held out {held['held_out']:.3f} in {counted(held['runs'], 'run')}"
            line += f", gap {held['gap']:.3f} +- {held['error']:.3f}{flag}"
            out.print(line, highlight=False, markup=False, soft_wrap=True)
    else:
        line = f"{one['path']}: REFUSED {one['reason']}: {one['message']}"
        out.print(visible(line), highlight=False, markup=False, soft_wrap=True)
