"""`ttgbench run`, `replay` and `demo`: search methods on problems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import JsonFlag, log, log_error, out, print_json
from ttgbench.cli.progress import RichProgress
from ttgbench.errors import InputError

MethodNames = Annotated[
    list[str] | None,
    typer.Option("--method", "-m", help="A bundled method or the path of a submission folder; repeatable."),
]
EngineSpec = Annotated[
    str, typer.Option("--engine", help="llama_cpp, echo, or the URL of an OpenAI-compatible server.")
]
AgentSpec = Annotated[
    str | None,
    typer.Option(
        "--agent", help="Model of the search agent, MODEL or MODEL=ENGINE, e.g. llama-3.1-8b=http://127.0.0.1:8000/v1."
    ),
]
Slots = Annotated[int | None, typer.Option("--slots", min=1, max=4096, help="Requests in flight per model.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder with the data sets, instead of the Hub.")]


def run(
    suite: Annotated[str, typer.Option("--suite", help="A shipped suite or a YAML file.")] = "demo",
    method: MethodNames = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, max=1000, help="Default: the suite's.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder for logs, results and the store.")] = Path(
        "runs/latest"
    ),
    store: Annotated[Path | None, typer.Option("--store", help="Default: store.sqlite in the folder.")] = None,
    engine: EngineSpec = "llama_cpp",
    agent: AgentSpec = None,
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Run search methods on a suite. Started again, it goes on where it stopped."""
    from ttgbench.suite import load_suite

    loaded = load_suite(suite)
    names = method or list(loaded.methods)
    if not names:
        raise InputError("the suite names no methods; give some with --method", source=suite)
    results = _run(folder, loaded, names, seeds or loaded.seeds, store, engine, slots, data_dir, agent)
    if json:
        print_json(
            [result.model_dump(mode="json", by_alias=True, exclude={"test", "question_ids"}) for result in results]
        )
    else:
        _show_report(folder)


def _run(folder, suite, names, seeds, store, engine, slots, data_dir, agent=None):  # type: ignore[no-untyped-def]
    from ttgbench.launch import STORE, Cell, run_suite
    from ttgbench.results import CellResult
    from ttgbench.workbench import Workbench

    def report(cell: Cell, result: CellResult) -> None:
        final = result.final
        score = "no graph" if final is None else f"test accuracy {_mean(final.scores):.3f}"
        log(
            f"{cell.spec.name}  {cell.method.name}  seed {cell.seed}: {result.status}, {score}, "
            f"spent {result.search.full_evaluations:.2f} full evaluations"
        )

    folder.mkdir(parents=True, exist_ok=True)
    with (
        RichProgress() as progress,
        Workbench(
            store or folder / STORE, engine, slots=slots, data_dir=data_dir, progress=progress, agent=agent
        ) as bench,
    ):
        return run_suite(folder, suite, names, seeds, bench, engine, report, agent)


def replay(
    folder: Annotated[Path, typer.Argument(help="A finished run folder.")],
    store: Annotated[Path | None, typer.Option("--store", help="Default: store.sqlite in the folder.")] = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Run a finished run again from its store, without any engine. Exit 1 if a byte differs."""
    from ttgbench.launch import STORE, read_manifest, replay
    from ttgbench.workbench import Workbench

    path = store or folder / STORE
    if not path.is_file():
        raise InputError("no such store", source=path)
    with Workbench(path, None, data_dir=data_dir, agent=read_manifest(folder).agent) as bench:
        differing = replay(folder, bench)
    if json:
        print_json({"identical": not differing, "differing": differing})
    for line in [] if json else differing:
        log_error(line)
    if differing:
        raise typer.Exit(1)
    if not json:
        out.print(f"{folder}: every log and result replayed to the same bytes", highlight=False, markup=False)


def demo(
    folder: Annotated[Path, typer.Option("--out")] = Path("runs/demo"),
    engine: EngineSpec = "llama_cpp",
) -> None:
    """Three search methods look for the best graph of real language models: about five minutes on two cores."""
    from ttgbench.cli.models import fetch_all
    from ttgbench.pool import load_pool
    from ttgbench.suite import load_suite

    suite = load_suite("demo")
    if engine == "llama_cpp":
        fetch_all(list(load_pool("embedded")))
    _run(folder, suite, list(suite.methods), suite.seeds, None, engine, None, None)
    _show_report(folder)
    log(f"the same as a page: {folder / 'report.html'}    again from the store: ttgbench replay {folder}")


def _show_report(folder: Path) -> None:
    from ttgbench.cli.report import show

    show(folder, folder / "report.html")


def _mean(rows: tuple[tuple[float, ...], ...]) -> float:
    return sum(map(sum, rows)) / sum(map(len, rows))
