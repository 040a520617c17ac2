"""The checks: each runs a method on toy problems and says what is wrong, or nothing.

for finding in check_method(load_method("my_method/")):
    print(finding)
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ttgbench.errors import BudgetExhausted, EngineError, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.methods.conformance.agents import KINDS, ToyAgent
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.problems.method import LoadedMethod

MAX_EVENTS = 5_000
MAX_REFUSALS = 200
"""Refused calls in a row."""

TOYS: Mapping[str, Toy] = {  # where graphs are cheap, fewer full evaluations let a search go on as long
    "plain": Toy(),
    "less than one evaluation": Toy(evaluations=0.3),
    "no search budget": Toy(evaluations=0.0),
    "one model": Toy(models=("bee",), evaluations=3),
    "one model, no vote": Toy(models=("bee",), roles=("assistant", "fuser"), evaluations=3),
    "no vote": Toy(roles=("assistant", "fuser")),
    "assistants only": Toy(roles=("assistant",)),
    "one node": Toy(max_nodes=1, evaluations=1),
    "two nodes": Toy(max_nodes=2, evaluations=3),
    "only the smallest model fits": Toy(budget="1 units", evaluations=4),
    "one question": Toy(questions=1),
    "latency objective": Toy(latency=True),
    "latency budget": Toy(budget="30 seconds"),
    "dollar budget": Toy(budget="0.002 dollars", evaluations=2),
    "all scores the same": Toy(constant=0.5),
    "all scores zero": Toy(constant=0.0),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    fault: str | None
    """What is wrong; None if nothing is."""

    def __str__(self) -> str:
        return f"ok    {self.check}" if self.fault is None else f"FAIL  {self.check}: {self.fault}"


class Fault(Exception):
    """What a method did wrong, in one sentence."""


class Endless(Fault):
    """A method that does not end: nothing else is checked then."""


class Runaway(BaseException):
    """Ends a run that does not end; no `except Exception` of the method stops it."""


def check_method(method: LoadedMethod, *, other_process: bool = True) -> list[Finding]:
    """All checks. other_process: also run the method in a fresh interpreter, which takes about a second."""
    return list(check_each(method, other_process=other_process))


def check_each(method: LoadedMethod, *, other_process: bool = True) -> Iterator[Finding]:
    """The same, each finding as its check ends."""
    checks: list[tuple[str, Callable[[], None]]] = [("metadata", lambda: check_metadata(method))]
    checks += [(name, lambda toy=toy: check_toy(method, toy)) for name, toy in TOYS.items()]  # type: ignore[misc]
    checks.append(("repeats itself", lambda: check_repeats(method)))
    checks.append(("leaves global random state alone", lambda: check_global_state(method)))
    if other_process and method.metadata.deterministic:
        checks.append(("repeats itself in another process", lambda: check_other_process(method)))
    if method.metadata.needs_agent:
        checks.append(("agent: absent", lambda: check_absent_agent(method)))
        worse = [kind for kind in KINDS if kind != "plausible"]  # with that one, it ran on every toy
        checks += [(f"agent: {kind}", lambda kind=kind: check_agent(method, kind)) for kind in worse]  # type: ignore[misc]
    else:
        checks.append(("asks no agent", lambda: check_asks_nobody(method)))
    yield from _findings(checks)


def _findings(checks: list[tuple[str, Callable[[], None]]]) -> Iterator[Finding]:
    for name, check in checks:
        try:
            check()
        except Fault as fault:
            yield Finding(name, str(fault))
            if isinstance(fault, Endless):
                return
        else:
            yield Finding(name, None)


def run(method: LoadedMethod, toy: Toy, seed: int = 0, agent: ToyAgent | None = None) -> tuple[Graph, Sitting]:
    """One run, as the harness makes it. Raises Fault, and EngineError where the agent raised it."""
    if agent is None and method.metadata.needs_agent:
        agent = ToyAgent()
    return _search(method, _Watched(toy, seed, agent), seed)


def _search(method: LoadedMethod, sitting: Sitting, seed: int) -> tuple[Graph, Sitting]:
    problem = sitting.problem
    try:
        graph: Any = method.search(problem, np.random.default_rng(seed))
    except BudgetExhausted:
        graph = problem.incumbent
        if graph is None:
            raise Fault("let BudgetExhausted through without having recommended a graph") from None
    except EngineError:
        raise
    except Runaway as runaway:
        raise Endless(str(runaway)) from None
    except BaseException as error:
        raise Fault(f"raised {type(error).__name__}: {str(error)[:300]}") from error
    if not isinstance(graph, Graph):
        raise Fault(f"returned {type(graph).__name__}, not a Graph")
    reason = problem.space.contains(graph)
    if reason is not None:
        raise Fault(f"returned a graph outside the space: {reason}")
    balance = sitting.ledger.balance
    if balance.reserved:
        raise Fault("left a reservation open")
    return graph, sitting


class _Watched(Sitting):
    """A sitting that ends runs which go on for ever."""

    _refused = 0

    def _take(self, event: Mapping[str, Any]) -> None:
        super()._take(event)
        self._refused = self._refused + 1 if event["event"] == "refused" else 0
        if self._refused > MAX_REFUSALS:
            raise Runaway(f"went on after {MAX_REFUSALS} refusals in a row: {event['reason'][:200]}")
        if len(self.events) > MAX_EVENTS:
            raise Runaway(f"was still running after {MAX_EVENTS:,} events")


def check_metadata(method: LoadedMethod) -> None:
    """Whoever reads the board must learn what this is."""
    metadata = method.metadata
    if len(metadata.description.split()) < 4 or metadata.description.startswith("One sentence"):
        raise Fault("description: should say in a sentence how the method searches")
    if any("invented" in author.lower() or not author.strip() for author in metadata.authors):
        raise Fault("authors: name the authors of the method")
    if metadata.paper is not None and not metadata.paper.startswith(("http://", "https://")):
        raise Fault("paper: must be an URL, or null")


def check_toy(method: LoadedMethod, toy: Toy) -> None:
    """Returns a graph of the space and keeps to its budget."""
    run(method, toy)


def check_repeats(method: LoadedMethod) -> None:
    """Same problem and same rng: same events and same graph."""
    if method.metadata.deterministic and fingerprint(method) != fingerprint(method):
        raise Fault("two runs with the same seed differ; all randomness must come from rng")


def check_global_state(method: LoadedMethod) -> None:
    """Neither reads nor moves the random state of the process."""
    before = random.getstate(), np.random.get_state()
    prints = []
    try:
        for seed in (1, 2):
            random.seed(seed)
            np.random.seed(seed)
            states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
            prints.append(fingerprint(method))
            if (random.getstate(), np.random.get_state()[1].tolist()) != states:  # type: ignore[index]
                raise Fault("moves the global random state of Python or numpy; use rng")
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
    if method.metadata.deterministic and len(set(prints)) > 1:
        raise Fault("its run depends on the global random state; use rng")


def check_other_process(method: LoadedMethod) -> None:
    """As `check_repeats`, in an interpreter with other string hashes."""
    [(name, print_)] = fingerprints_elsewhere([str(method.path)]).items()
    if print_ != fingerprint(method):
        raise Fault(f"{name} runs differently in another process, e.g. because it goes through a set")


def check_absent_agent(method: LoadedMethod) -> None:
    """Without an agent: a graph, or the problem's own InputError."""
    try:
        method.search(_Watched(Toy()).problem, np.random.default_rng(0))
    except (InputError, BudgetExhausted):
        pass
    except BaseException as error:
        raise Fault(f"without an agent, raised {type(error).__name__}: {str(error)[:200]}") from error


def check_agent(method: LoadedMethod, kind: str) -> None:
    """Whatever the agent says, the method returns a graph of the space; what its server fails at may go through."""
    agent = ToyAgent(kind)
    try:
        run(method, Toy(), agent=agent)
    except EngineError:
        if kind != "failing":
            raise Fault("raised an EngineError of its own") from None
    if not agent.calls:
        raise Fault("never asked the agent that its metadata says it needs")


def check_asks_nobody(method: LoadedMethod) -> None:
    """A method that does not declare an agent uses none, even where there is one."""
    agent = ToyAgent()
    run(method, Toy(), agent=agent)
    if agent.calls:
        raise Fault("calls problem.ask; set needs_agent: true")


def fingerprint(method: LoadedMethod, toy: Toy | None = None, seed: int = 3) -> str:
    """Hash of everything that a run logged, and of its graph."""
    graph, sitting = run(method, toy or TOYS["plain"], seed)
    return hashlib.sha256(json.dumps([sitting.events, graph.key], sort_keys=True).encode()).hexdigest()


def fingerprints_elsewhere(names: list[str]) -> dict[str, str]:
    """Fingerprints by method, made by a fresh interpreter. Raises Fault if it fails."""
    package = str(Path(__file__).parents[3])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "ttgbench.methods.conformance", "--fingerprint", *names]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    if done.returncode != 0:
        raise Fault(f"fails in another process: {done.stderr[-300:]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found
