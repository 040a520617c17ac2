"""`ttgbench suite`: what a suite consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table, visible

if TYPE_CHECKING:
    from ttgbench.problems.suite import ProblemSpec, Suite

app = typer.Typer(help="Look at a suite of problems.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `show` a subcommand, though it is the only one."""


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A shipped suite, e.g. synthetic-v1, or a YAML file.")],
    json: JsonFlag = False,
) -> None:
    """Print everything that defines a suite: problems, budgets, seeds, anchors, and the hash that results carry."""
    from ttgbench.problems.suite import load_suite

    suite = load_suite(name)
    anchors = None if suite.anchors is None else {key: anchor.to_dict() for key, anchor in suite.anchors.items()}
    if json:
        print_json({"label": suite.label, "hash": suite.hash, "suite": suite.to_dict(), "anchors": anchors})
        return
    out.print(visible(f"{suite.label}: {suite.description}"), highlight=False, markup=False)
    for line in _facts(suite):
        out.print(line, highlight=False, markup=False)
    columns = ("problem", "task", "pool", "space", "budget", "objective", "questions", "zero#", "one#", "")
    out.print(table(None, *columns, rows=[_row(suite, spec) for spec in suite.problems]))
    if anchors is not None:
        out.print("zero: the best single model; one: the optimum or the best graph known, on test", style="dim")


def _facts(suite: Suite) -> list[str]:
    points = ", ".join(f"{point:g}" for point in suite.checkpoints) or "the end only"
    scored = "every incumbent" if suite.score_incumbents == "all" else "incumbents at the checkpoints"
    return [
        f"search budget {suite.search_evaluations:g} full evaluations, read at {points}; {suite.seeds} seeds",
        f"tested: {scored}, in {suite.test_universes} universes; differences below {suite.margin:g} do not matter",
        f"methods run by default: {', '.join(suite.methods) or 'none'}",
        f"hash {suite.hash}",
    ]


def _row(suite: Suite, spec: ProblemSpec) -> list[str]:
    space, objective = spec.space, spec.objective
    limits = f"{space.max_nodes} nodes, {space.max_width} x {space.max_depth}, in {space.max_in_degree}"
    goal: str = objective.kind
    if objective.kind == "accuracy-latency":
        goal = f"accuracy - {objective.weight:g} per {objective.reference_seconds:g} s"
    anchor = None if suite.anchors is None else suite.anchors[spec.name]
    return [
        spec.name,
        spec.task,
        spec.pool + (f" ({', '.join(spec.models)})" if spec.models else ""),
        f"{'/'.join(space.roles)}; {limits}",
        spec.budget,
        goal,
        f"{spec.search_questions or 'all'}/{spec.test_questions or 'all'}",
        *(["", "", ""] if anchor is None else [f"{anchor.zero:.4f}", f"{anchor.one:.4f}", anchor.kind]),
    ]
