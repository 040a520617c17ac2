"""What travels between processes of the harness and of a method, as JSON and back to the same bits."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.evaluate.base import Evaluation, NodeUse
from ttgbench.graphs.bank import BankNodes, SecondNode
from ttgbench.graphs.graph import Graph
from ttgbench.models.budget import Budget
from ttgbench.models.pool import Pool
from ttgbench.problems.ledger import Balance, LedgerView
from ttgbench.problems.objective import Objective
from ttgbench.problems.problem import Problem
from ttgbench.problems.space.bank import BankSpace
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.views import QuestionView, TaskView
from ttgbench.tasks.task import STATUSES, Lengths

_COUNTS = ("tokens_in", "tokens_out", "flops", "picodollars")


def problem_to_wire(problem: Problem) -> dict[str, Any]:
    """Everything that a method may see of its problem before it has spent anything."""
    return {
        "name": problem.name,
        "task": asdict(problem.task),
        "space": space_to_wire(problem.space),
        "objective": problem.objective.model_dump(mode="json"),
        "questions": [[question.id, question.text] for question in problem.questions],
        "ledger": ledger_to_wire(problem.ledger),
        "has_agent": problem.has_agent,
        "redraws": problem.redraws,
    }


def problem_parts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same as arguments of `Problem`."""
    return {
        "name": data["name"],
        "task": TaskView(**data["task"]),
        "space": space_from_wire(data["space"]),
        "objective": Objective.model_validate(data["objective"]),
        "questions": [QuestionView(*question) for question in data["questions"]],
        "redraws": data["redraws"],
    }


def space_to_wire(space: SearchSpace) -> dict[str, Any]:
    """Every field of the space."""
    special = {
        "pool": space.pool.model_dump(mode="json", by_alias=True),
        "lengths": [space.lengths.question, space.lengths.answer],
        "budget": [space.budget.metric, space.budget.limit],
        "nodes": None if space.nodes is None else [space.nodes.limit, list(space.nodes.prices), space.nodes.final],
    }
    if isinstance(space, BankSpace):
        second = [[node.role, node.model, list(node.inputs)] for node in space.bank.second]
        special["bank"] = [list(map(list, space.bank.samples.items())), second]
    return {field.name: getattr(space, field.name) for field in fields(space)} | special


def space_from_wire(data: Mapping[str, Any]) -> SearchSpace:
    """The space again."""
    special = {
        "pool": Pool.model_validate(data["pool"]),
        "lengths": Lengths(*data["lengths"]),
        "budget": Budget(*data["budget"]),
        "nodes": None if data["nodes"] is None else NodeBudget(*data["nodes"]),
    }
    if "bank" not in data:
        return SearchSpace(**{**data, **special})
    samples, second = data["bank"]
    nodes = BankNodes(dict(samples), tuple(SecondNode(role, model, tuple(reads)) for role, model, reads in second))
    return BankSpace(**{**data, **special, "bank": nodes})


def rng_to_wire(rng: np.random.Generator) -> dict[str, Any]:
    """State and seed sequence: the copy draws the same numbers and spawns the same children."""
    sequence = rng.bit_generator.seed_seq
    entropy = sequence.entropy  # type: ignore[attr-defined]
    return {
        "kind": type(rng.bit_generator).__name__,
        "state": _plain(rng.bit_generator.state),
        "entropy": _plain(entropy),
        "spawn_key": _plain(sequence.spawn_key),  # type: ignore[attr-defined]
        "pool_size": sequence.pool_size,  # type: ignore[attr-defined]
        "spawned": sequence.n_children_spawned,  # type: ignore[attr-defined]
    }


def rng_from_wire(data: Mapping[str, Any]) -> np.random.Generator:
    """The generator again."""
    sequence = np.random.SeedSequence(
        data["entropy"],
        spawn_key=tuple(data["spawn_key"]),
        pool_size=data["pool_size"],
        n_children_spawned=data["spawned"],
    )
    bits = getattr(np.random, data["kind"])(sequence)
    bits.state = data["state"]
    return np.random.Generator(bits)


def _plain(value: Any) -> Any:
    """numpy's numbers and arrays as Python's."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def ledger_to_wire(ledger: LedgerView) -> dict[str, Any]:
    """All amounts at one moment."""
    return {**asdict(ledger.balance), "by_category": dict(ledger.by_category)}


def balance_from_wire(data: Mapping[str, Any]) -> tuple[Balance, dict[str, int]]:
    """Balance and what was spent on what."""
    amounts = {name: data[name] for name in ("limit", "spent", "reserved", "overrun")}
    return Balance(**amounts), data["by_category"]


def evaluation_to_wire(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation without its graph and question ids, which the method has."""
    counts = [[getattr(use, name) for name in _COUNTS] for use in evaluation.nodes]
    return {
        "universe": evaluation.universe,
        "scores": _packed(np.asarray(evaluation.scores, dtype=np.float64)),
        "statuses": [STATUSES.index(status) for status in evaluation.statuses],
        "answers": list(evaluation.answers),
        "nodes": [[use.node, use.key, use.model, use.priced] for use in evaluation.nodes],
        "counts": _packed(np.asarray(counts, dtype=np.int64)),
        "latency_ns": _packed(np.asarray(evaluation.latency_ns, dtype=np.int64)),
    }


def evaluation_from_wire(data: Mapping[str, Any], graph: Graph, question_ids: Sequence[str]) -> Evaluation:
    """The evaluation again; its arrays are read-only."""
    count, names = len(question_ids), data["nodes"]
    counts = _unpacked(data["counts"], np.int64).reshape(len(names), len(_COUNTS), count)
    return Evaluation(
        graph=graph,
        universe=data["universe"],
        question_ids=tuple(question_ids),
        scores=_unpacked(data["scores"], np.float64),
        statuses=tuple([STATUSES[status] for status in data["statuses"]]),
        answers=tuple(data["answers"]),
        nodes=tuple(
            NodeUse(node, key, model, read, written, flops, picodollars, priced)
            for (node, key, model, priced), (read, written, flops, picodollars) in zip(names, counts, strict=True)
        ),
        latency_ns=_unpacked(data["latency_ns"], np.int64),
    )


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _unpacked(text: str, kind: type[Any]) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def refusal_to_wire(error: InputError | BudgetExhausted) -> dict[str, Any]:
    """What a method is told where its problem refuses something."""
    if isinstance(error, InputError):
        return {"type": "InputError", "arguments": [error.message, error.source, error.field]}
    return {"type": "BudgetExhausted", "arguments": [str(error)]}


def refusal_from_wire(data: Mapping[str, Any]) -> Exception:
    """The exception again."""
    if data["type"] == "BudgetExhausted":
        return BudgetExhausted(*data["arguments"])
    message, source, field = data["arguments"]
    return InputError(message, source=source, field=field)
