"""`ttgbench run` and `replay`: search methods on problems."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.cells import run_cells
from ttgbench.cli.common import JsonFlag, log_error, out, print_json
from ttgbench.errors import InputError
from ttgbench.graphs.roles import PromptSet

MethodNames = Annotated[
    list[str] | None,
    typer.Option("--method", "-m", help="A bundled method or the path of a submission folder; repeatable."),
]
PromptsSpec = Annotated[
    PromptSet, typer.Option("--prompts", help="What nodes show to models; v1 is what recorded-micro-v1 was made with.")
]
EngineSpec = Annotated[
    str,
    typer.Option(
        "--engine",
        help="llama_cpp, vllm, transformers or echo (a toy without a model), options behind a colon; or the URL of an "
        "OpenAI-compatible server.",
    ),
]
AgentSpec = Annotated[
    str | None,
    typer.Option(
        "--agent",
        help="Model of the search agent: MODEL, then @TOKENS or @TOKENS,TEMPERATURE, then =ENGINE, e.g. "
        "llama-3.1-8b@16384,0.1=http://127.0.0.1:8000/v1; default: 1024 tokens, temperature 0.7.",
    ),
]
Slots = Annotated[int | None, typer.Option("--slots", min=1, max=4096, help="Requests in flight per model.")]
Isolate = Annotated[
    bool, typer.Option("--isolate", help="Run every search in a process of its own, without files and network.")
]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder with the data sets, instead of the Hub.")]


def run(
    suite: Annotated[str, typer.Option("--suite", help="A shipped suite or a YAML file.")] = "demo",
    method: MethodNames = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            help='"all" bundled methods (those that need an agent only with --agent), or several with commas between.',
        ),
    ] = None,
    problem: Annotated[
        list[str] | None,
        typer.Option("--problem", help="Of the suite, this problem; repeatable. Default: all. More may follow later."),
    ] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, max=1000, help="Default: the suite's.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder for logs, results and the store.")] = Path(
        "runs/latest"
    ),
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=1024,
            help="Runs side by side, each in a process; engines are shared. Default: one per core, with engines one.",
        ),
    ] = None,
    cell_timeout: Annotated[
        float | None,
        typer.Option("--cell-timeout", min=0.1, help="Seconds for one run. Default: 600 simulated, else 12 h."),
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", help='Run on a Ray cluster: its address, or "local" for one of --jobs CPUs.')
    ] = None,
    store: Annotated[Path | None, typer.Option("--store", help="Default: store.sqlite in the folder.")] = None,
    engine: EngineSpec = "llama_cpp",
    agent: AgentSpec = None,
    slots: Slots = None,
    data_dir: DataDir = None,
    isolate: Isolate = False,
    json: JsonFlag = False,
) -> None:
    """Run search methods on a suite. Started again, it goes on where it stopped. Exit 1 if a run left no result."""
    from ttgbench.problems.suite import load_suite
    from ttgbench.run.experiment import setup_for

    loaded = load_suite(suite)
    names = _method_names(method, methods, agent is not None) or list(loaded.methods)
    if not names:
        raise InputError("the suite names no methods; give some with --method", source=suite)
    problems = list(dict.fromkeys(loaded.spec(name).name for name in problem or [])) or None
    rest = {"slots": slots, "data_dir": data_dir, "isolate": isolate}
    setup = setup_for(loaded, folder, store, engine, agent=agent, **rest)
    results, missing = run_cells(folder, setup, names, seeds or loaded.seeds, jobs, cell_timeout, ray, problems)
    if json:
        hidden = {"test", "question_ids", "clusters"}
        print_json([result.model_dump(mode="json", by_alias=True, exclude=hidden) for result in results])
    else:
        _show_report(folder)
    if missing:
        raise typer.Exit(1)


def _method_names(method: list[str] | None, methods: str | None, with_agent: bool) -> list[str]:
    from ttgbench.problems.method import find_method
    from ttgbench.util.plugins import plugin_names

    several = (methods or "").split(",")
    if methods == "all":
        bundled = plugin_names("submissions")
        several = [name for name in bundled if with_agent or not find_method(name).metadata.needs_agent]
    return [*(method or []), *(name.strip() for name in several if name.strip())]


def replay(
    folder: Annotated[Path, typer.Argument(help="A finished run folder.")],
    store: Annotated[Path | None, typer.Option("--store", help="Default: store.sqlite in the folder.")] = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Run a finished run again from its store, without any engine. Exit 1 if a byte differs."""
    from ttgbench.run.experiment import STORE, read_manifest, replay
    from ttgbench.run.recorded import store_of
    from ttgbench.run.workers.base import Setup
    from ttgbench.run.workers.processes import Processes

    manifest = read_manifest(folder)
    path = store or store_of(manifest.suite, folder / STORE, manifest.agent)
    setup = Setup(manifest.suite, path, data_dir=data_dir, agent=manifest.agent)
    if not manifest.suite.simulated and not path.is_file():
        raise InputError("no such store", source=path)
    differing = replay(folder, Processes(setup, os.cpu_count() or 1, setup.seconds_per_cell))
    if json:
        print_json({"identical": not differing, "differing": differing})
    for line in [] if json else differing:
        log_error(line)
    if differing:
        raise typer.Exit(1)
    if not json:
        out.print(f"{folder}: every log and result replayed to the same bytes", highlight=False, markup=False)


def _show_report(folder: Path) -> None:
    from ttgbench.cli.report import show

    show(folder, folder / "report.html")
