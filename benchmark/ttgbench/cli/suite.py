"""`ttgbench suite`: what a suite consists of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table
from ttgbench.cli.runs import DataDir
from ttgbench.util.text import counted, visible

if TYPE_CHECKING:
    from ttgbench.problems.suite import ProblemSpec, Suite

app = typer.Typer(help="Make, check and look at suites of problems.", no_args_is_help=True)


@app.command()
def new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The suite's file, such as mine.yaml.")],
    task: Annotated[list[str], typer.Option("--task", help="A task's name or folder; repeatable.")],
    pool: Annotated[str, typer.Option("--pool", help="A pool's name or file.")],
    budget: Annotated[list[str], typer.Option("--budget", help='Per query, such as "6 units"; repeatable.')],
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=1000)] = 5,
    search_evaluations: Annotated[float, typer.Option("--search-evaluations", min=0.01, help="Of one search.")] = 20,
) -> None:
    """Write a suite with a problem for each task at each budget; then `ttgbench suite check` it."""
    from ttgbench.problems.new_suite import new_suite

    suite = new_suite(path, task, pool, budget, seeds, search_evaluations)
    said = f"{path}: {counted(len(suite.problems), 'problem')}; now: ttgbench suite check {path}"
    out.print(visible(said), markup=False, highlight=False, soft_wrap=True)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A shipped suite or a YAML file.")],
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Load a suite's pools, tasks and spaces; say of each problem what it is or what is wrong. Exit 1 if one is."""
    from dataclasses import asdict

    from ttgbench.problems.suite import load_suite
    from ttgbench.run.check_suite import check_suite

    suite = load_suite(name)
    findings = list(check_suite(suite, data_dir))
    valid = all(finding.fault is None for finding in findings)
    if json:
        print_json({"label": suite.label, "valid": valid, "problems": [asdict(finding) for finding in findings]})
    else:
        rows = [[f.problem, "ok" if f.fault is None else "FAIL", f.fault or f.facts] for f in findings]
        out.print(table(f"{suite.label}, hash {suite.hash[:16]}", "problem", "", "what", rows=rows))
    if not valid:
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A shipped suite, e.g. synthetic-v1, or a YAML file.")],
    problem: Annotated[
        str | None, typer.Option("--problem", help="Of a family: print one instance of this stratum instead.")
    ] = None,
    instance: Annotated[int | None, typer.Option("--instance", min=1, help="Which; default: that of seed 0.")] = None,
    json: JsonFlag = False,
) -> None:
    """Print everything that defines a suite: problems, budgets, seeds, anchors, and the hash that results carry."""
    from ttgbench.problems.suite import load_suite

    suite = load_suite(name)
    if problem is not None or instance is not None:
        _show_instance(suite, problem or suite.problems[0].name, instance, json)
        return
    anchors = None if suite.anchors is None else {key: anchor.to_dict() for key, anchor in suite.anchors.items()}
    if json:
        print_json({"label": suite.label, "hash": suite.hash, "suite": suite.to_dict(), "anchors": anchors})
        return
    out.print(visible(f"{suite.label}: {suite.description}"), highlight=False, markup=False)
    if suite.superseded_by is not None:
        out.print(f"superseded by {suite.superseded_by}; kept for the results that it has", highlight=False)
    for line in _facts(suite):
        out.print(line, highlight=False, markup=False)
    columns = ("problem", "task", "pool", "space", "budget", "objective", "questions", "zero#", "one#", "")
    out.print(table(None, *columns, rows=[_row(suite, spec) for spec in suite.problems]))
    if anchors is not None:
        out.print("zero: the best single model; one: the optimum or the best graph known, on test", style="dim")


def _show_instance(suite: Suite, problem: str, number: int | None, json: bool) -> None:
    """One drawn instance: what a method sees of it, and what it does not."""
    from ttgbench.errors import InputError

    spec, family = suite.spec(problem), suite.family
    if family is None:
        raise InputError("every seed has the same problem; leave --problem and --instance out", source=suite.label)
    numbers = {family.number(seed): seed for seed in range(family.count)}
    if number is not None and number not in numbers:
        raise InputError(f"runs on instances {min(numbers)} to {max(numbers)}", source=suite.label, field="--instance")
    seed = 0 if number is None else numbers[number]
    drawn, record = family.instance(problem, seed), family.record(problem, seed)
    facts = {"suite": suite.label, "problem": spec.name, "instance": family.number(seed), "seed": seed, **drawn.facts()}
    measured = record.model_dump(mode="json")
    if json:
        print_json({**facts, "record": measured})
        return
    for key, value in facts.items():
        if key != "models":
            line = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            out.print(f"{key}: {line}", highlight=False, markup=False)
    columns = ("model", "family", "parameters#", "alone#", "judgement#", "overload#", "verbosity#", "$/M#", "tokens/s#")
    out.print(table(None, *columns, rows=[list(model.values()) for model in facts["models"]]))
    line = ", ".join(f"{key} {value:g}" for key, value in measured.items() if not key.endswith("graph"))
    out.print(f"measured: {line}", highlight=False, markup=False)


def _facts(suite: Suite) -> list[str]:
    points = ", ".join(f"{point:g}" for point in suite.checkpoints) or "the end only"
    scored = "every incumbent" if suite.score_incumbents == "all" else "incumbents at the checkpoints"
    said = []
    if (bank := suite.bank) is not None:
        universes = suite.search_universes
        where = "the one universe" if universes == 1 else f"one of {universes} universes"
        drawn = f"every seed draws its own questions, and searches in {where}"
        said = [f"bank {bank.plan.name}: {counted(len(bank.segments), 'segment')} in {bank.folder}; {drawn}"]
    return [
        *said,
        f"search budget {counted(suite.search_evaluations, 'full evaluation')}, read at {points}; "
        f"{counted(suite.seeds, 'seed')}",
        f"tested: {scored}, in {counted(suite.test_universes, 'universe')}; differences below {suite.margin:g} do not "
        "matter",
        f"methods run by default: {', '.join(suite.methods) or 'none'}",
        f"hash {suite.hash}",
    ]


def _row(suite: Suite, spec: ProblemSpec) -> list[str]:
    space, objective = spec.space, spec.objective
    limits = f"{counted(space.max_nodes, 'node')}, {space.max_width} x {space.max_depth}, in {space.max_in_degree}"
    goal: str = objective.kind
    if objective.kind == "accuracy-latency":
        goal = f"accuracy - {objective.weight:g} per {objective.reference_seconds:g} s"
    shape = f"{'/'.join(space.roles)}; {limits}"
    if suite.bank is not None:
        nodes = suite.bank.plan.nodes
        shape = f"bank: {nodes.first_second} samples and {len(nodes.second)} readers a question"
        shape += "; projected" if spec.projected else ""
    if suite.family is not None:
        shape, goal = "drawn", goal if objective.kind == "accuracy" else "accuracy - 0.1 per drawn seconds"
    anchor = None if suite.anchors is None else suite.anchors[spec.name]
    return [
        spec.name,
        spec.task,
        spec.pool + (f" ({', '.join(spec.models)})" if spec.models else ""),
        shape,
        spec.budget,
        goal,
        f"{spec.search_questions or 'all'}/{spec.test_questions or 'all'}",
        *(["", "", ""] if anchor is None else [f"{anchor.zero:.4f}", f"{anchor.one:.4f}", anchor.kind]),
    ]
