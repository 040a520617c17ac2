"""An isolated method is again a SearchMethod: the harness's end of the conversation."""

from __future__ import annotations

import builtins
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ttgbench.errors import BudgetExhausted, InputError, MethodDied
from ttgbench.graphs.graph import Graph
from ttgbench.problems.method import LoadedMethod, find_method
from ttgbench.problems.problem import Problem
from ttgbench.problems.published import GraphMethod
from ttgbench.run import serialize
from ttgbench.run.isolation.aliases import Aliases, Naming
from ttgbench.run.isolation.limits import IsolationLimits
from ttgbench.run.isolation.process import MethodProcess


@dataclass(frozen=True, slots=True)
class IsolatedMethod:
    """Runs the submission in `folder`, each time in a new process; nothing of it is executed here.

    Called, it returns what the method returned and raises what it raised, by name. Raises MethodTimeout and MethodDied
    for ends that are no result, SandboxUnavailable where nothing contains the process, and, having ended it, whatever
    goes wrong in the harness itself (an engine, a store).
    """

    folder: Path
    limits: IsolationLimits = field(default_factory=IsolationLimits)
    naming: Naming | None = None
    """Tell it other names of models, task, problem and questions (see aliases.py)."""
    quiet: bool = False
    """Where raising is one of the ends that are expected: what it printed, its traceback with it, is not shown."""

    def __call__(self, problem: Problem, rng: np.random.Generator) -> Graph:
        """See `SearchMethod`."""
        process = MethodProcess(self.folder, self.limits)
        names, told = Aliases.none(), serialize.problem_to_wire(problem)
        if self.naming is not None:
            models = [(card.name, card.family) for card in problem.space.pool]
            names = Aliases.drawn(models, len(problem.questions), self.naming)
            told = names.problem(told)
        try:
            process.wait_until_contained()
            process.send({"problem": told, "rng": serialize.rng_to_wire(rng)})
            for _ in range(self.limits.calls):
                message = process.receive()
                if "call" not in message:
                    return _outcome(message, names)
                process.send(_answer(problem, message, names))
            raise MethodDied(f"asked its problem for more than {self.limits.calls:,} things")
        except Exception:
            if process.said and not self.quiet:
                print(process.said, file=sys.stderr)
            raise
        finally:
            process.close()


def load_isolated(
    name_or_path: str, limits: IsolationLimits = IsolationLimits(), *, quiet: bool = False
) -> LoadedMethod:
    """As `load_method`, without executing anything of the submission here. Raises InputError naming file and field."""
    found = find_method(name_or_path)
    published = found.metadata.kind == "graph"
    search = GraphMethod(found.path) if published else IsolatedMethod(found.path, limits, quiet=quiet)
    return LoadedMethod(found.metadata, found.path, search)


def _outcome(message: dict[str, Any], names: Aliases) -> Graph:
    """What the method returned. Raises what it raised."""
    if "returned" in message:
        returned = message["returned"]
        # What is no graph travels as the name of its type: the run's log then says the same as without isolation.
        return _graph(returned, names) if isinstance(returned, dict) else _Other.of(returned)
    try:
        name, text = message["raised"]
    except (KeyError, TypeError, ValueError):
        raise MethodDied("broke the protocol: sent neither a call nor a result") from None
    raise _exception(str(name), str(text)[:10_000])


class _Other:
    """Stands for something that a method returned and that is no graph."""

    @staticmethod
    def of(name: Any) -> Any:
        return type(str(name)[:100] or "object", (_Other,), {})()


def _exception(name: str, text: str) -> BaseException:
    """An exception with this name and text; built-in ones and ours are what they are."""
    if name == "BudgetExhausted":
        return BudgetExhausted(text)
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, (UnicodeError, KeyError)):
        return kind(text)
    made: BaseException = type(name[:100] or "Exception", (Exception,), {})(text)
    return made


def _answer(problem: Problem, message: dict[str, Any], names: Aliases) -> dict[str, Any]:
    """Does what the method asks of its problem; a refusal is an answer too."""
    try:
        result = {"result": _CALLS[str(message["call"])](problem, message, names)}
    except (InputError, BudgetExhausted) as refusal:
        result = {"refused": serialize.refusal_to_wire(refusal)}
    except (KeyError, TypeError) as error:
        raise MethodDied(f"broke the protocol: a call with wrong arguments ({type(error).__name__})") from None
    return {**result, "ledger": serialize.ledger_to_wire(problem.ledger)}


def _evaluate_many(problem: Problem, message: dict[str, Any], names: Aliases) -> list[Any]:
    graphs = [_graph(data, names) for data in message["graphs"]]
    found = problem.evaluate_many(graphs, message["questions"], message["repeat"])
    return [names.evaluation(serialize.evaluation_to_wire(one)) for one in found]


def _can_afford(problem: Problem, message: dict[str, Any], names: Aliases) -> bool:
    return problem.can_afford(_graph(message["graph"], names), message["questions"])


def _ask(problem: Problem, message: dict[str, Any], names: Aliases) -> list[Any]:
    reply = problem.ask(message["messages"], message["schema"])
    return [reply.text, reply.tokens_in, reply.tokens_out]


def _recommend(problem: Problem, message: dict[str, Any], names: Aliases) -> None:
    problem.recommend(_graph(message["graph"], names))


def _decided(problem: Problem, message: dict[str, Any], names: Aliases) -> None:
    problem.decided(message["by"])


_CALLS = {
    "evaluate_many": _evaluate_many,
    "can_afford": _can_afford,
    "ask": _ask,
    "recommend": _recommend,
    "decided": _decided,
}


def _graph(data: Any, names: Aliases) -> Graph:
    """A method's process only ever sends graphs that are valid, or it is not ours any more."""
    try:
        return Graph.from_dict(names.graph(data))
    except InputError as error:
        raise MethodDied(f"broke the protocol: no graph ({str(error)[:200]})") from None
