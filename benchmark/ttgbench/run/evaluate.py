"""`ttgbench.evaluate`: graphs on a task's questions, without a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from ttgbench.errors import InputError
from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.synthetic.task import SYNTHETIC_TASKS
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.roles import LATEST, PromptSet
from ttgbench.models.cost import Budget
from ttgbench.models.pool import Pool, load_pool
from ttgbench.problems.suite import SamplingSpec
from ttgbench.run.progress import GenerationBar
from ttgbench.run.session import Session, first_questions
from ttgbench.util.yaml_input import validation_message


def evaluate(
    graph: Graph,
    task: str | Path = "micro_qa",
    pool: str | Path | Pool = "embedded",
    engine: str | None = "llama_cpp",
    *,
    questions: int = 20,
    split: str = "search",
    universe: int = 0,
    budget: str | Budget | None = None,
    store: str | Path | None = None,
    temperature: float = 0.7,
    prompts: PromptSet = LATEST,
    slots: int | None = None,
    data_dir: str | Path | None = None,
    progress: bool = True,
) -> Evaluation:
    """Scores one graph on a task's questions: per question its score, answer, tokens, FLOPs, dollars and latency.

    task: a bundled task, a simulated one ("synthetic_math") or the path of a task folder. pool: the models that the
    graph may use. engine: "llama_cpp", "vllm", "transformers", with options behind a colon, or the URL of an
    OpenAI-compatible server; None: only what `store` holds. questions: how many, from the first; 0: all. universe:
    which independent draw of all samples. budget: the most that one query may nominally cost, e.g. "6 units", checked
    before anything runs; None: no limit. store: a file that keeps what was generated, so that it is not made again;
    None: nothing is kept. prompts: the set of prompts that nodes show to models; "v1" is that of recorded-micro-v1.
    slots: requests in flight per model. data_dir: the data sets, instead of the Hub.

    >>> import ttgbench
    >>> graph = ttgbench.shapes.parallel("sim-b-1b", 3)
    >>> evaluation = ttgbench.evaluate(graph, "synthetic_math", "synthetic", budget="18 units", progress=False)
    >>> evaluation.scores.shape, evaluation.graph is graph
    ((20,), True)

    Raises InputError for a wrong argument and a graph over budget, UnknownName for a model that the pool lacks,
    EngineError, MissingGeneration (no engine, and not in the store) and StoreError.
    """
    return evaluate_many(
        [graph],
        task,
        pool,
        engine,
        questions=questions,
        split=split,
        universe=universe,
        budget=budget,
        store=store,
        temperature=temperature,
        prompts=prompts,
        slots=slots,
        data_dir=data_dir,
        progress=progress,
    )[0]


def evaluate_many(
    graphs: Sequence[Graph],
    task: str | Path = "micro_qa",
    pool: str | Path | Pool = "embedded",
    engine: str | None = "llama_cpp",
    *,
    questions: int = 20,
    split: str = "search",
    universe: int = 0,
    budget: str | Budget | None = None,
    store: str | Path | None = None,
    temperature: float = 0.7,
    prompts: PromptSet = LATEST,
    slots: int | None = None,
    data_dir: str | Path | None = None,
    progress: bool = True,
) -> list[Evaluation]:
    """As `evaluate`, all graphs as one batch, in order: a node that several share is generated once.

    All are refused or none.
    """
    path = None if store is None else Path(store)
    if path is not None and engine is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    data = None if data_dir is None else Path(data_dir)
    with (
        GenerationBar(progress) as bar,
        Session(path, engine, slots=slots, data_dir=data, progress=bar) as session,
    ):
        return evaluate_in(
            session,
            graphs,
            str(task),
            pool if isinstance(pool, Pool) else load_pool(pool),
            questions=questions,
            split=split,
            universe=universe,
            budget=budget,
            temperature=temperature,
            prompts=prompts,
        )


def evaluate_in(
    session: Session,
    graphs: Sequence[Graph],
    task: str,
    pool: Pool,
    *,
    questions: int,
    split: str,
    universe: int,
    budget: str | Budget | None,
    temperature: float,
    prompts: PromptSet = LATEST,
    source: object = None,
) -> list[Evaluation]:
    """As `evaluate_many`, with the engines and the store of a session. source: what errors name instead of a graph."""
    for name, value in (("questions", questions), ("universe", universe)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InputError(f"must be a whole number of 0 or more, not {str(value)[:60]!r}", field=name)
    for graph in graphs:
        if not isinstance(graph, Graph):
            raise InputError(f"must be a ttgbench.Graph, not {type(graph).__name__}", source=source, field="graph")
    loaded = session.task(task)
    limit = Budget.parse(budget) if isinstance(budget, str) else budget
    for graph in graphs:
        if limit is not None:
            limit.check(graph, pool, loaded.card.lengths, source=source)
    asked = first_questions(loaded, split, questions)
    if task in SYNTHETIC_TASKS:
        evaluator = session.synthetic_evaluator(loaded, pool)
    else:
        evaluator = session.evaluator(loaded, pool, _sampling(temperature), prompts)
    clusters = tuple([question.cluster for question in asked if question.cluster])
    found = evaluator.evaluate(graphs, range(len(asked)), universe, split)
    return [replace(one, clusters=clusters) for one in found] if len(clusters) == len(asked) else found


def _sampling(temperature: float) -> SamplingSpec:
    try:
        return SamplingSpec(temperature=temperature)
    except ValidationError as error:
        raise InputError(validation_message(error)) from None
