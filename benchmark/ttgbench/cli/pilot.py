"""`ttgbench pilot`: width, depth and mixture sweeps of one task, with plots."""

from __future__ import annotations

from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json, table
from ttgbench.cli.progress import RichProgress
from ttgbench.cli.rates import rates_table
from ttgbench.cli.runs import DataDir, EngineSpec, PromptsSpec, Slots
from ttgbench.errors import InputError
from ttgbench.graphs.roles import LATEST
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from ttgbench.evaluate.rates import Rates
    from ttgbench.evaluate.store.store import Store
    from ttgbench.graphs.roles import PromptSet
    from ttgbench.problems.suite import Suite
    from ttgbench.report.pilot import Point, Trial
    from ttgbench.run.context import ProblemContext


class Experiment(StrEnum):
    """What is varied."""

    width = "width"
    depth = "depth"
    grid = "grid"
    mix = "mix"
    paper = "paper"


class Sink(StrEnum):
    """What puts parallel answers together."""

    vote = "vote"
    fuser = "fuser"


def pilot(
    experiment: Annotated[
        Experiment,
        typer.Argument(
            help="width: copies; depth: refinements; grid: both; mix: many small against few large; "
            "paper: as arXiv 2511.00086, with its fixed final node, beside its figures."
        ),
    ],
    task: Annotated[str, typer.Option("--task", "-t", help="E.g. micro_math; synthetic_math with --pool synthetic.")],
    pool: Annotated[str, typer.Option("--pool", "-p")] = "embedded",
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Default: all of the pool. Repeatable.")
    ] = None,
    width: Annotated[int, typer.Option("--width", min=1, help="Most copies side by side (width, grid).")] = 4,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Most steps one after another (depth, grid).")] = 4,
    budgets: Annotated[
        str, typer.Option("--budgets", help="Units per query, with commas between (mix).")
    ] = "1.1,2,4,8",
    sink: Annotated[Sink, typer.Option("--sink", help="Ends parallel answers: a vote, or the same model.")] = Sink.vote,
    recorded: Annotated[
        str | None, typer.Option("--recorded", help="A recorded suite: no engine, graphs of its space only.")
    ] = None,
    questions: Annotated[int, typer.Option("--questions", min=0, help="Of the search split; 0: all.")] = 0,
    universes: Annotated[int, typer.Option("--universes", min=1, max=1000, help="Independent redraws.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, max=2.0)] = 0.7,
    prompts: PromptsSpec = LATEST,
    store: Annotated[Path, typer.Option("--store")] = Path("runs/store.sqlite"),
    folder: Annotated[Path, typer.Option("--out", help="For EXPERIMENT.json and .html.")] = Path("runs/pilot"),
    engine: EngineSpec = "llama_cpp",
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Small experiments: what width, depth, both, and the sizes of models are worth on a task."""
    from ttgbench.report import pilot as pilots
    from ttgbench.run.recorded import store_of
    from ttgbench.run.session import Session

    suite = _recorded(recorded, task, universes) if recorded else _live(task, pool, questions, temperature, prompts)
    path = store_of(suite, store)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        RichProgress() as progress,
        Session(path, None if recorded else engine, slots=slots, data_dir=data_dir, progress=progress) as session,
    ):
        context = session.context(suite, suite.problems[0])
        names = [context.space.pool[name].name for name in model or context.space.pool.names]
        trials = _trials(experiment, context, names, width, depth, budgets, sink)
        if recorded:
            trials = _within(trials, context)
        asked = len(context.search_questions)
        asked = min(asked, questions or asked)
        space = context.space
        points = pilots.measure(
            trials, context.evaluator, space.pool, space.lengths, questions=asked, universes=universes
        )
        rates = _rates(context, trials, asked, universes, session.store)
    _write(experiment.value, points, rates, _facts(context, asked, universes, recorded, engine), folder, json)


def _trials(
    experiment: Experiment, context: ProblemContext, names: list[str], width: int, depth: int, budgets: str, sink: Sink
) -> list[Trial]:
    from ttgbench.report import pilot as pilots
    from ttgbench.report.pilot_paper import paper

    space = context.space
    if experiment is Experiment.width:
        return pilots.width(names, width, sink.value)
    if experiment is Experiment.depth:
        return pilots.depth(names, depth)
    if experiment is Experiment.grid:
        return pilots.grid(names, width, depth, sink.value)
    if experiment is Experiment.mix:
        return pilots.mix(names, _numbers(budgets), space.pool, space.lengths, sink.value)
    return paper(space, context.spec.task, names)


def _rates(context: ProblemContext, trials: list[Trial], asked: int, universes: int, store: Store) -> list[Rates]:
    """How outputs relate to their prompts; none on simulated tasks."""
    from ttgbench.evaluate.rates import node_rates

    if context.spec.evaluator != "generation":
        return []
    graphs = [trial.graph for trial in trials]
    drawn = [context.evaluator.evaluate(graphs, range(asked), u, "search") for u in range(universes)]
    return node_rates(chain.from_iterable(drawn), store, context.card, context.spec.prompts)


def _live(task: str, pool: str, questions: int, temperature: float, prompts: PromptSet) -> Suite:
    """A suite of this one problem, without limits that matter."""
    from ttgbench.evaluate.synthetic.task import SYNTHETIC_TASKS
    from ttgbench.problems.sampling import SamplingSpec
    from ttgbench.problems.suite import ProblemSpec, Suite

    spec = ProblemSpec(
        name="pilot",
        task=task,
        pool=pool,
        budget="1000000 units",
        sampling=SamplingSpec(temperature=temperature),
        prompts=prompts,
        search_questions=questions,
        evaluator="synthetic" if task in SYNTHETIC_TASKS else "generation",
    )
    return Suite(name="pilot", version=1, description="pilot", problems=(spec,), search_evaluations=1, schema=1)


def _recorded(name: str, task: str, universes: int) -> Suite:
    """The recorded suite with the task's problem alone."""
    from ttgbench.problems.suite import load_suite

    suite = load_suite(name)
    if suite.recorded is None or suite.bank is not None:
        raise InputError("has no recording of all its graphs' nodes", source=name, field="recorded")
    problems = tuple(spec for spec in suite.problems if spec.task == task)
    if not problems:
        raise InputError(f"has {', '.join(spec.task for spec in suite.problems)}, not {task}", source=name)
    if universes > suite.search_universes:
        raise InputError(f"has {counted(suite.search_universes, 'search universe')}, not {universes}", source=name)
    return suite.model_copy(update={"problems": problems[:1]})


def _within(trials: list[Trial], context: ProblemContext) -> list[Trial]:
    left = [trial for trial in trials if context.space.contains(trial.graph) is None]
    if len(left) < len(trials):
        log(f"left out, as not in the recorded space: {len(trials) - len(left)} of {counted(len(trials), 'graph')}")
    return left


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number < 1e9 for number in numbers):
        raise InputError(f"must be numbers above 0 such as 1,2,4, not {text[:40]!r}", source="--budgets")
    return numbers


def _facts(
    context: ProblemContext, questions: int, universes: int, recorded: str | None, engine: str
) -> dict[str, Any]:
    simulated = context.spec.evaluator == "synthetic"
    return {
        "task": context.card.name,
        "task_version": context.card.version,
        "grader": context.card.grader,
        "pool": context.space.pool.name,
        "sampling": None if simulated else context.spec.sampling.model_dump(),
        "questions": questions,
        "universes": universes,
        "answered_by": recorded or ("synthetic" if simulated else engine),
    }


def _write(
    experiment: str, points: list[Point], rates: list[Rates], facts: dict[str, Any], folder: Path, json: bool
) -> None:
    from json import dumps

    from ttgbench.report.pilot_plot import as_html
    from ttgbench.util.files import write_atomic

    result = {"schema": 1, "experiment": experiment, **facts, "points": [point.to_dict() for point in points]}
    result |= {"rates": [rate.to_dict() for rate in rates]}
    folder.mkdir(parents=True, exist_ok=True)
    asked = f"{counted(facts['questions'], 'question')}, {counted(facts['universes'], 'universe')}"
    title = f"{experiment}: {facts['task']}, {asked}"
    write_atomic(folder / f"{experiment}.json", dumps(result, indent=1) + "\n")
    write_atomic(folder / f"{experiment}.html", as_html(experiment, points, f"{title}, by {facts['answered_by']}"))
    log(f"written: {folder / experiment}.json and .html")
    if json:
        print_json(result)
        return
    if experiment == "paper":
        from ttgbench.report.pilot_paper import beside_published

        rows: list[list[Any]] = [list(row) for row in beside_published(points, facts["task"])]
        out.print(table(title, "graphs", "accuracy here", "published#", "units#", rows=rows))
        return
    rows = [
        [p.series, p.width, p.depth, f"{p.accuracy:.3f} [{p.low:.3f}, {p.high:.3f}]", f"{p.units:.2f}"] for p in points
    ]
    out.print(table(title, "model", "width#", "depth#", "accuracy (95%)", "units#", rows=rows))
    if rates:
        out.print(rates_table(rates))
