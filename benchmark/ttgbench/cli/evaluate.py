"""`ttgbench evaluate`: score one graph on a task under a budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table
from ttgbench.cli.graph import GraphFile, load_graph
from ttgbench.cli.progress import RichProgress
from ttgbench.cli.rates import rates_table
from ttgbench.cli.runs import DataDir, EngineSpec, PromptsSpec, Slots
from ttgbench.cli.trace import print_trace
from ttgbench.graphs.roles import LATEST

if TYPE_CHECKING:
    from ttgbench.evaluate.base import Evaluation
    from ttgbench.evaluate.rates import Rates


def evaluate(
    path: GraphFile,
    task: Annotated[str, typer.Option("--task", help="A bundled task or the path of a task folder.")],
    pool: Annotated[str, typer.Option("--pool")] = "embedded",
    budget: Annotated[str | None, typer.Option("--budget", help='Refuse the graph above it, e.g. "6 units".')] = None,
    split: Annotated[str, typer.Option("--split")] = "search",
    questions: Annotated[int, typer.Option("--questions", min=0, help="How many, from the first; 0: all.")] = 0,
    universe: Annotated[int, typer.Option("--universe", min=0, help="Which independent redraw of all samples.")] = 0,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, max=2.0)] = 0.7,
    prompts: PromptsSpec = LATEST,
    trace: Annotated[int, typer.Option("--trace", min=0, help="Show what every node said on N questions.")] = 0,
    store: Annotated[Path, typer.Option("--store")] = Path("runs/store.sqlite"),
    replay: Annotated[bool, typer.Option("--replay", help="Use what is recorded, start no engine.")] = False,
    engine: EngineSpec = "llama_cpp",
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Score a graph on a task's questions: accuracy with its interval, tokens, cost, latency."""
    from ttgbench.evaluate.rates import node_rates
    from ttgbench.evaluate.synthetic.task import SYNTHETIC_TASKS
    from ttgbench.evaluate.trace import trace_outputs
    from ttgbench.models.pool import load_pool
    from ttgbench.run.evaluate import evaluate_in
    from ttgbench.run.session import Session, first_questions

    models = load_pool(pool)
    graph = load_graph(path, pool)
    store.parent.mkdir(parents=True, exist_ok=True)
    with (
        RichProgress() as progress,
        Session(store, None if replay else engine, slots=slots, data_dir=data_dir, progress=progress) as session,
    ):
        evaluation = evaluate_in(
            session,
            [graph],
            task,
            models,
            questions=questions,
            split=split,
            universe=universe,
            budget=budget,
            temperature=temperature,
            prompts=prompts,
            source=path,
        )[0]
        loaded = session.task(task)
        asked = first_questions(loaded, split, questions)
        traces = trace_outputs(evaluation, session.store, loaded, asked[:trace]) if trace else []
        simulated = task in SYNTHETIC_TASKS
        rates = [] if simulated else node_rates([evaluation], session.store, loaded.card, prompts)
    if json:
        facts = _facts(evaluation, rates) | {"task": loaded.card.name, "universe": universe}
        print_json(facts | {"trace": traces} if traces else facts)
        return
    _show(evaluation, rates)
    for record in traces:
        print_trace(record)


def _facts(evaluation: Evaluation, rates: list[Rates]) -> dict[str, Any]:
    """As JSON."""
    return evaluation.summary() | {
        "question_ids": list(evaluation.question_ids),
        "clusters": evaluation.clusters or None,
        "scores": evaluation.scores.tolist(),
        "rates": [rate.to_dict() for rate in rates],
    }


def _show(evaluation: Evaluation, rates: list[Rates]) -> None:
    from ttgbench.evaluate.base import statuses_text
    from ttgbench.models.cost import dollars_text

    shown = evaluation.summary()
    low, high = shown["interval95"]
    shown |= {"questions": evaluation.asked, "interval95": f"{low:.3f} to {high:.3f}"}
    shown |= {"statuses": statuses_text(shown["statuses"]), "dollars": dollars_text(shown["dollars"], 6)}
    rows = [[name, f"{value:.6g}" if isinstance(value, float) else value] for name, value in shown.items()]
    out.print(table(None, "what", "value (costs: mean per question)", rows=rows))
    if rates:
        out.print(rates_table(rates))
