"""`ttgbench.run`: search methods on a suite, from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph
from ttgbench.problems import suite as definition
from ttgbench.problems.function import as_method
from ttgbench.problems.method import FoundMethod, LoadedMethod, find_method
from ttgbench.problems.problem import Problem
from ttgbench.report.results import Results
from ttgbench.report.runs import Runs
from ttgbench.run.experiment import run_on, setup_for
from ttgbench.run.progress import GenerationBar, RunBar
from ttgbench.run.suite import load_suite
from ttgbench.run.workers.processes import Processes
from ttgbench.run.workers.with_functions import WithFunctions
from ttgbench.util.arguments import file_path, positive, text, whole

Search = Callable[[Problem, np.random.Generator], Graph]
"""A search method as a Python function: `search(problem, rng)`."""
MAX_SEEDS, MAX_JOBS = 1000, 1024


def run(
    methods: Sequence[str | Path | Search],
    suite: str | Path | definition.Suite,
    *,
    problems: Sequence[str] | None = None,
    seeds: int | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    engine: str = "llama_cpp",
    agent: str | None = None,
    store: str | Path | None = None,
    slots: int | None = None,
    data_dir: str | Path | None = None,
    isolate: bool = False,
    progress: bool = True,
) -> Results:
    """Runs every method on every problem of a suite with every seed. Called again, it goes on where it stopped.

    methods: Python functions `search(problem, rng)`, names of bundled methods and paths of submission folders, side by
    side. A function runs in this process, one run after another and without a limit of time: what it breaks, it breaks
    here. Folders run in worker processes, `jobs` at a time (default: one per core; where models answer, one), each
    stopped after `timeout` seconds (default: 600 on simulated suites, else 12 h), and with `isolate` without files and
    network. A function's results are marked as such ("kind" is "function") and cannot be submitted: for that, put it
    into a folder (`ttgbench submission new`).

    suite: what `load_suite` returns, its name or its path. problems: names of those to run, default all; more may
    follow in the same folder. seeds: how many, 0 and up; default the suite's. out: folder for logs, results
    and the store; default `runs/SUITE`. What lies there finished is not run again, unless the method's version, or the
    function's source, has changed. engine, agent, slots, data_dir: as in `ttgbench.load_problem`; a simulated or
    recorded suite starts no engine. store: default `store.sqlite` in the folder. progress: a bar on stderr.

    >>> import ttgbench
    >>> def first_draw(problem, rng):
    ...     graph = problem.space.sample(rng)
    ...     problem.recommend(graph)
    ...     return graph
    >>> ttgbench.run([first_draw], "recorded-micro-v1", seeds=2, progress=False)
    Results of 6 runs: first_draw on micro_math-3.2u, micro_code-3.2u, micro_qa-3.2u

    A run whose method raises, or has no graph at the end, is a result with that status. Raises InputError for a wrong
    argument and a folder of another suite, UnknownName, EngineError, MissingGeneration and StoreError.
    """
    loaded = suite if isinstance(suite, definition.Suite) else load_suite(suite)
    found = _found(methods)
    count = whole(loaded.seeds if seeds is None else seeds, "seeds", 1, MAX_SEEDS)
    if jobs is not None:
        whole(jobs, "jobs", 1, MAX_JOBS)
    if timeout is not None:
        positive(timeout, "timeout", "number of seconds")
    chosen = _chosen(loaded, problems)
    folder = Path("runs") / loaded.label if out is None else file_path(out, "out")
    setup = setup_for(
        loaded,
        folder,
        None if store is None else file_path(store, "store"),
        text(engine, "engine"),
        agent=None if agent is None else text(agent, "agent"),
        slots=None if slots is None else whole(slots, "slots", 1),
        data_dir=None if data_dir is None else file_path(data_dir, "data_dir"),
        isolate=isolate,
    )
    functions = {str(method.path): method for method in found if isinstance(method, LoadedMethod)}
    with (
        GenerationBar(progress and setup.live) as generations,
        RunBar(len(chosen) * len(found) * count, progress) as bar,
    ):
        rest = Processes(setup, jobs or setup.side_by_side, timeout or setup.seconds_per_cell, generations)
        backend = WithFunctions(setup, functions, rest, generations)
        results = run_on(backend, folder, loaded, found, count, setup.answered_by, bar, agent, chosen)
    if not results:
        raise InputError(f"no run left a result: {'; '.join(bar.missing)[:1000]}", source=folder)
    return Results(Runs(tuple(results), loaded), folder, tuple(bar.missing))


def _chosen(suite: definition.Suite, problems: Sequence[str] | None) -> list[str]:
    if problems is None:
        return [spec.name for spec in suite.problems]
    if isinstance(problems, str) or not isinstance(problems, Sequence) or not problems:
        raise InputError("must be a list of names of problems", field="problems")
    return list(dict.fromkeys(suite.spec(text(name, "problems")).name for name in problems))


def _found(methods: Sequence[str | Path | Search]) -> list[FoundMethod]:
    if isinstance(methods, str | Path) or not isinstance(methods, Sequence) or not methods:
        raise InputError("must be a list of functions, names and paths", field="methods")
    return [find_method(str(one)) if isinstance(one, str | Path) else as_method(one) for one in methods]
