"""`ttgbench demo`: what this is about, in three parts, in three minutes and without a setting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.common import log, out
from ttgbench.cli.runs import EngineSpec
from ttgbench.errors import InputError

if TYPE_CHECKING:
    from ttgbench.problems.suite import Suite

TASK, POOL, ASKED = "micro_qa", "embedded", 3
MODELS = ("gemma-3-270m", "gemma-3-270m", "smollm2-135m")
METHODS = (
    "single_model",
    "self_consistency",
    "mixture_of_agents",
    "random_search",
    "evolution",
    "agent_reinforce_rules",
)
SUITE, SEEDS = "synthetic-v2", 5
PROBLEMS = ("fuse-vote-small-mid", "fuse-novote-large-mid", "nofuse-vote-large-mid", "nofuse-novote-small-mid")
PAIRS = (("random_search", "single_model"), ("mixture_of_agents", "random_search"))


def demo(
    folder: Annotated[Path, typer.Option("--out")] = Path("runs/demo"),
    engine: EngineSpec = "llama_cpp",
) -> None:
    """A graph of real models answers questions, methods search for better ones, six are compared: three minutes."""
    from ttgbench.cli.models import fetch_all
    from ttgbench.models.pool import load_pool

    _refuse_other(folder, engine)
    if engine == "llama_cpp":
        fetch_all(list(load_pool(POOL)))
    _answer(folder / "answers.sqlite", engine)
    _search(folder / "search", engine)
    _compare(folder / "methods", engine)
    log(
        f"as pages: {folder / 'search' / 'report.html'} and {folder / 'methods' / 'report.html'}    "
        f"the search again, from what was recorded: ttgbench replay {folder / 'search'}"
    )


def _refuse_other(folder: Path, engine: str) -> None:
    """What one engine answered is not shown as another's."""
    from ttgbench.run.experiment import MANIFEST, read_manifest

    search = folder / "search"
    if (search / MANIFEST).is_file() and (before := read_manifest(search).engine) != engine:
        raise InputError(f"holds a demo that {before} answered; name another folder with --out", source=folder)


def _answer(store: Path, engine: str) -> None:
    """Part 1: what every node of one graph says."""
    from ttgbench.cli.progress import RichProgress
    from ttgbench.cli.trace import print_trace
    from ttgbench.evaluate.trace import trace_outputs
    from ttgbench.graphs.draw import text as draw
    from ttgbench.graphs.graph import Graph, Node
    from ttgbench.models.pool import load_pool
    from ttgbench.run.evaluate import evaluate_in
    from ttgbench.run.session import Session, first_questions

    nodes = [Node(f"a{number + 1}", "assistant", model) for number, model in enumerate(MODELS)]
    graph = Graph([*nodes, Node("vote", "vote", None)], [(node.id, "vote") for node in nodes])
    _title("1. A graph: three calls of two small language models, and a vote")
    print(draw.as_text(graph))
    store.parent.mkdir(parents=True, exist_ok=True)
    with RichProgress() as progress, Session(store, engine, progress=progress) as session:
        evaluation = evaluate_in(
            session,
            [graph],
            TASK,
            load_pool(POOL),
            questions=ASKED,
            split="search",
            universe=0,
            budget=None,
            temperature=0.7,
        )[0]
        task = session.task(TASK)
        traces = trace_outputs(evaluation, session.store, task, first_questions(task, "search", ASKED))
    for trace in traces:
        print_trace(trace)


def _search(folder: Path, engine: str) -> None:
    """Part 2: methods look for a graph of these models, live."""
    from ttgbench.cli.report import show
    from ttgbench.problems.suite import load_suite

    suite = load_suite("demo")
    _title("2. A search: which graph of these models answers best, at four times the cost of the smaller one")
    _run(folder, suite, engine, suite.methods, suite.seeds)
    show(folder, folder / "report.html")


def _compare(folder: Path, engine: str) -> None:
    """Part 3: are methods better than one another? On simulated problems, since that takes many searches."""
    from ttgbench.cli.report import print_table, write_page
    from ttgbench.problems.suite import load_suite
    from ttgbench.report import build, read_runs
    from ttgbench.report.compare import compare_sides, read_side

    suite = load_suite(SUITE)
    _title(f"3. Methods: {len(METHODS)} of them search {len(PROBLEMS)} simulated problems, {SEEDS} times each")
    _run(folder, suite, engine, METHODS, SEEDS, PROBLEMS)
    report = build(read_runs(folder))
    print_table(report.overview[0])
    write_page(report, folder / "report.html")
    for first, second in PAIRS:
        verdict = compare_sides(read_side(first, folder), read_side(second, folder)).verdict
        out.print(f"\n{verdict.sentence}", highlight=False, markup=False)


def _run(
    folder: Path, suite: Suite, engine: str, methods: Sequence[str], seeds: int, problems: Sequence[str] | None = None
) -> None:
    """Exit 1 if a run left no result; the next call goes on."""
    from ttgbench.cli.cells import run_cells
    from ttgbench.run.experiment import setup_for

    setup = setup_for(suite, folder, None, engine)
    if run_cells(folder, setup, list(methods), seeds, problems=problems)[1]:
        raise typer.Exit(1)


def _title(text: str) -> None:
    out.print()
    out.rule(text, align="left", style="dim")
