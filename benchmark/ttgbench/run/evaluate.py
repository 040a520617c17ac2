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
from ttgbench.graphs.roles import LATEST, PROMPT_SETS, PromptSet
from ttgbench.models.budget import Budget
from ttgbench.models.pool import Pool, load_pool
from ttgbench.problems.sampling import SamplingSpec
from ttgbench.run.progress import GenerationBar
from ttgbench.run.session import Session, first_questions
from ttgbench.tasks.task import groups_of
from ttgbench.util.arguments import file_path, one_of, shown, text, whole
from ttgbench.util.yaml_input import validation_message

MOST = 2**62
"""Of questions and universes: what a store can hold."""


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
    path = None if store is None else file_path(store, "store")
    data = None if data_dir is None else file_path(data_dir, "data_dir")
    if engine is not None:
        text(engine, "engine")
    if slots is not None:
        whole(slots, "slots", 1)
    _check(graphs, questions, universe, budget, temperature, prompts)
    if path is not None and engine is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
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
    sampling = _check(graphs, questions, universe, budget, temperature, prompts, source)
    loaded = session.task(task)
    limit = Budget.parse(budget) if isinstance(budget, str) else budget
    for graph in graphs:
        if limit is not None:
            limit.check(graph, pool, loaded.card.lengths, source=source)
    asked = first_questions(loaded, split, questions)
    if task in SYNTHETIC_TASKS:
        evaluator = session.synthetic_evaluator(loaded, pool)
    else:
        evaluator = session.evaluator(loaded, pool, sampling, prompts)
    found = evaluator.evaluate(graphs, range(len(asked)), universe, split)
    return [replace(one, clusters=groups_of(asked)) for one in found]


def _check(
    graphs: object,
    questions: object,
    universe: object,
    budget: object,
    temperature: object,
    prompts: object,
    source: object = None,
) -> SamplingSpec:
    """How is sampled. Raises InputError for the first argument that is wrong, used or not."""
    whole(questions, "questions", 0, MOST)
    whole(universe, "universe", 0, MOST)
    one_of(prompts, "prompts", PROMPT_SETS)
    if not isinstance(graphs, Sequence) or isinstance(graphs, str | bytes):
        message = f"must be a list of ttgbench.Graph, not {type(graphs).__name__}"
        raise InputError(message, source=source, field="graphs")
    for graph in graphs:
        if not isinstance(graph, Graph):
            raise InputError(f"must be a ttgbench.Graph, not {type(graph).__name__}", source=source, field="graph")
    if budget is not None and not isinstance(budget, str | Budget):
        message = f"must be a ttgbench.Budget or text such as '6 units', not {shown(budget)}"
        raise InputError(message, source=source, field="budget")
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        raise InputError(f"must be a number, not {shown(temperature)}", field="temperature")
    try:
        return SamplingSpec(temperature=temperature)
    except ValidationError as error:
        raise InputError(validation_message(error)) from None
