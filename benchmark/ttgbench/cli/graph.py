"""`ttgbench graph`: make, check, show and cost one graph."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, log_error, out, parse_lengths, print_json, read_file, table
from ttgbench.errors import GraphError, InputError, UnknownName
from ttgbench.graphs.graph import MAX_NODES, Graph
from ttgbench.graphs.shapes import NAMED
from ttgbench.util.files import write_atomic
from ttgbench.util.text import counted

app = typer.Typer(help="Make, check, draw and price a collaboration graph.", no_args_is_help=True)

GraphFile = Annotated[Path, typer.Argument(help="Graph as JSON.")]
PoolName = Annotated[str | None, typer.Option("--pool", help="Pool whose models are allowed: a name or a YAML file.")]


class Format(StrEnum):
    """How a graph is drawn."""

    text = "text"
    mermaid = "mermaid"
    svg = "svg"


def load_graph(path: Path, pool: str | None = None) -> Graph:
    """Reads a graph file; with a pool, its models are checked. Raises InputError or GraphError naming the file."""
    from ttgbench.models.pool import load_pool

    models = load_pool(pool).names if pool else None
    return Graph.from_json(read_file(path), source=path, models=models)


@app.command()
def new(
    shape: Annotated[str, typer.Option("--shape", help=f"One of {', '.join(NAMED)}.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Model of every node.")],
    width: Annotated[int, typer.Option("--width", min=1, max=MAX_NODES, help="Nodes side by side.")] = 3,
    depth: Annotated[int, typer.Option("--depth", min=1, max=MAX_NODES, help="Nodes one after another.")] = 1,
    aggregator: Annotated[
        str | None, typer.Option("--aggregator", help="Model of a fuser at the end. Default: a vote, or --model.")
    ] = None,
    path: Annotated[Path | None, typer.Option("--out", help="Write it here instead of printing it.")] = None,
) -> None:
    """Make a graph of a known shape, as JSON."""
    if shape not in NAMED:
        raise UnknownName("shape", shape, NAMED, field="--shape")
    text = NAMED[shape](model, width, depth, aggregator).to_json()
    if path is None:
        print(text)
    else:
        write_atomic(path, f"{text}\n")


@app.command()
def check(path: GraphFile, pool: PoolName = None, json: JsonFlag = False) -> None:
    """Say whether a graph is valid, and every rule that it breaks. Exit 1 if it is not."""
    try:
        graph = load_graph(path, pool)
    except GraphError as error:
        issues = [{"node": i.node, "rule": i.rule, "message": i.message} for i in error.issues]
        if json:
            print_json({"valid": False, "errors": issues, "key": None, "width": None, "depth": None})
        else:
            for issue in issues:
                log_error(f"{path}: {issue['message']}")
        raise typer.Exit(1) from None
    facts = {"valid": True, "errors": [], "key": graph.key, "width": graph.width, "depth": graph.depth}
    if json:
        print_json(facts)
    else:
        nodes = counted(len(graph.nodes), "node")
        out.print(f"valid: {nodes}, width {graph.width}, depth {graph.depth}", highlight=False)
        out.print(f"key {graph.key}", highlight=False, soft_wrap=True)


@app.command()
def show(
    path: GraphFile,
    form: Annotated[Format, typer.Option("--format", help="text, mermaid or svg")] = Format.text,
    json: JsonFlag = False,
) -> None:
    """Draw a graph; with --json, print its canonical form."""
    from ttgbench.graphs.draw import text as draw

    graph = load_graph(path)
    if json:
        print_json({"key": graph.key, "graph": graph.canonical().to_dict()})
        return
    print({Format.text: draw.as_text, Format.mermaid: draw.as_mermaid, Format.svg: draw.as_svg}[form](graph))


@app.command()
def cost(
    path: GraphFile,
    pool: Annotated[str, typer.Option("--pool", help="Pool of the graph's models.")],
    lengths: Annotated[str | None, typer.Option("--lengths", help="Nominal tokens A,B: question, answer.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="Take the nominal lengths from this task.")] = None,
    json: JsonFlag = False,
) -> None:
    """Price a graph at nominal lengths: FLOPs, units, dollars, seconds, in all and per node."""
    from ttgbench.models.cost import Cost, nominal_cost, unit_flops
    from ttgbench.models.pool import load_pool
    from ttgbench.tasks.folder import load_task
    from ttgbench.tasks.task import Lengths

    if (lengths is None) == (task is None):
        raise InputError("give either --lengths A,B or --task NAME", source="ttgbench graph cost")
    nominal = Lengths(*parse_lengths(lengths)) if lengths else load_task(str(task)).card.lengths
    models = load_pool(pool)
    graph = load_graph(path, pool)
    priced = nominal_cost(graph, models, nominal)
    unit = unit_flops(models, nominal)

    def facts(amount: Cost) -> dict[str, Any]:
        return {
            "flops": amount.flops,
            "units": amount.flops / unit,
            "dollars": amount.dollars,
            "seconds": amount.nanoseconds / 1e9,
        }

    nodes = {node: facts(amount) for node, amount in priced.nodes.items()}
    whole = facts(priced.total)
    if json:
        print_json({**whole, "lengths": [nominal.question, nominal.answer], "nodes": nodes})
        return
    rows = [[name, *_cells(values)] for name, values in nodes.items()]
    rows.append(["whole graph", *_cells(whole)])
    out.print(table(None, "node", "FLOPs#", "units#", "dollars#", "seconds#", rows=rows))
    out.print("seconds of the whole graph: its critical path at the cards' standard speeds", style="dim")


def _cells(values: dict[str, Any]) -> list[str]:
    from ttgbench.models.cost import dollars_text

    dollars = dollars_text(values["dollars"], 3)
    return [f"{values['flops']:,}", f"{values['units']:.3f}", dollars, f"{values['seconds']:.3f}"]
