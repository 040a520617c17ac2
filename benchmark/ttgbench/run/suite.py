"""A suite as people load it: it opens its problems, so that `search(problem, rng)` can be called by hand."""

from __future__ import annotations

import weakref
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.problems import suite as definition
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.problem import Problem
from ttgbench.run.agent import own_engine
from ttgbench.run.recorded import begin
from ttgbench.run.run import make_problem
from ttgbench.run.workers.base import Setup
from ttgbench.util.arguments import file_path, text, whole


class Suite(definition.Suite):
    """A suite's definition that can also open its problems."""

    def problem(
        self,
        name: str,
        seed: int = 0,
        *,
        engine: str | None = None,
        agent: str | None = None,
        store: str | Path | None = None,
        slots: int | None = None,
        data_dir: str | Path | None = None,
    ) -> Problem:
        """As `load_problem`."""
        return load_problem(self, name, seed, engine=engine, agent=agent, store=store, slots=slots, data_dir=data_dir)


def load_suite(name_or_path: str | Path) -> Suite:
    """Reads a shipped suite by name or any suite file by path.

    Raises InputError naming file and field, UnknownName with near matches.
    """
    return Suite.model_validate(definition.load_suite(str(name_or_path)).to_dict())


def load_problem(
    suite: str | Path | definition.Suite,
    name: str,
    seed: int = 0,
    *,
    engine: str | None = None,
    agent: str | None = None,
    store: str | Path | None = None,
    slots: int | None = None,
    data_dir: str | Path | None = None,
) -> Problem:
    """A problem as a run with this seed meets it: the same samples, budget and bill; only its log goes nowhere.

    engine: answers where the suite is neither simulated nor recorded, as in `evaluate`. agent: the search agent behind
    `problem.ask`, "MODEL" or "MODEL=ENGINE". store: a file that keeps what was generated; None: nothing is kept.
    slots: requests in flight per model. data_dir: the data sets, instead of the Hub. Engines stop when the problem is
    no longer referenced, and at the end of the process.

    >>> import numpy, ttgbench
    >>> problem = ttgbench.load_problem("synthetic-v1", "math-18u")
    >>> graph = problem.space.sample(numpy.random.default_rng(0))
    >>> problem.evaluate(graph).accuracy > 0
    True
    >>> 0 < problem.ledger.spent <= problem.full_evaluation
    True

    Raises InputError for a wrong argument, UnknownName for a suite or problem that is not there, StoreError and
    EngineError; using the problem may raise EngineError and MissingGeneration.
    """
    loaded = suite if isinstance(suite, definition.Suite) else load_suite(suite)
    spec = loaded.spec(text(name, "name"))
    whole(seed, "seed", 0, TEST_UNIVERSE - 1)
    for field, value in (("engine", engine), ("agent", agent)):
        if value is not None:
            text(value, field)
    if slots is not None:
        whole(slots, "slots", 1)
    own = None if store is None else file_path(store, "store")
    data = None if data_dir is None else file_path(data_dir, "data_dir")
    session = _setup(loaded, engine, agent, own, slots, data).open()
    try:
        context = session.context(loaded, spec, seed)
        problem = make_problem(context, seed, Ledger(context.search_limit), lambda event: None)
    except BaseException:
        session.close()
        raise
    weakref.finalize(problem, session.close)
    return problem


def _setup(
    suite: definition.Suite,
    engine: str | None,
    agent: str | None,
    store: Path | None,
    slots: int | None,
    data_dir: Path | None,
) -> Setup:
    if suite.recorded is None and not suite.simulated and engine is None and store is None:
        message = "asks language models: give an engine, or a store that holds what they said"
        raise InputError(message, source=f"suite {suite.label}", field="engine")
    if suite.recorded is not None and agent is not None:
        if store is None:
            message = "a search agent on a recorded suite needs a store of its own for what it says"
            raise InputError(message, source=f"suite {suite.label}", field="store")
        begin(suite, store)
    elif store is not None and (engine is not None or agent is not None):
        store.parent.mkdir(parents=True, exist_ok=True)
    asked = engine or (None if agent is None else own_engine(agent))
    own = None if suite.recorded else engine
    return Setup(suite, store, own, slots=slots, data_dir=data_dir, agent=agent, agent_engine=asked)
