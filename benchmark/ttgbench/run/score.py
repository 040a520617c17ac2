"""From a log to a result: what the harness makes of a search when it is over."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ttgbench.evaluate.base import TEST_UNIVERSE, Evaluation
from ttgbench.graphs.graph import Graph
from ttgbench.models.cost import nominal_cost, unit_flops
from ttgbench.problems.method import Metadata
from ttgbench.problems.problem import full_evaluation
from ttgbench.problems.space.space import SearchSpace
from ttgbench.run.context import ProblemContext
from ttgbench.run.results import CellResult, Incumbent, NominalCost, SearchSpend, TestScore
from ttgbench.tasks.task import groups_of


def score_log(context: ProblemContext, method: Metadata, seed: int, lines: Sequence[str]) -> CellResult:
    """The result of a run, made from nothing but its log and the harness's own test evaluation."""
    events = [json.loads(line) for line in lines]
    end = events[-1]
    per_evaluation = full_evaluation(context.space, len(context.search_questions))
    graphs = {event["key"]: event["graph"] for event in logged(events) if "graph" in event}
    incumbents = anytime(events, per_evaluation)
    keys = [incumbent.key for incumbent in incumbents]
    if context.suite.score_incumbents == "checkpoints":
        points = [*context.suite.checkpoints, math.inf]
        keys = [key for at in points if (key := _incumbent_at(incumbents, at)) is not None]
    final = keys[-1] if keys else None
    return CellResult(
        suite=context.suite.name,
        suite_version=context.suite.version,
        suite_hash=context.suite.hash,
        problem=context.spec.name,
        task=context.card.name,
        task_version=context.card.version,
        grader=context.card.grader,
        method=method,
        seed=seed,
        status=end["status"],
        error=end["error"],
        search=SearchSpend(
            metric=context.space.budget.ledger_metric,
            limit=context.search_limit,
            spent=end["spent"],
            full_evaluation=per_evaluation,
            by_category=end["by_category"],
            dollars=search_dollars(events),
        ),
        fallback=fallback_share(events),
        incumbents=incumbents,
        question_ids=tuple(question.id for question in context.test_questions),
        clusters=groups_of(context.test_questions),
        test=tuple(test_scores(context, {key: Graph.from_dict(graphs[key]) for key in keys}, final)),
    )


def logged(events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Whatever may say which graph a key means: events, and what stands in those of several graphs."""
    for event in events:
        yield event
        if event["event"] == "withheld":
            yield from event.get("graphs", ())


def search_dollars(events: Iterable[Mapping[str, Any]]) -> float | None:
    """What a search cost at the cards' prices; None where a model that it used has no known price."""
    costs = [event["picodollars"] for event in events if "charged" in event]
    return None if None in costs else significant(sum(costs) / 1e12)


def anytime(events: Iterable[Mapping[str, Any]], per_evaluation: int) -> tuple[Incumbent, ...]:
    """The incumbents of a log by spend. Of those recommended at the same spend only the last can ever be read."""
    at: dict[float, str] = {}
    for event in events:
        if event["event"] == "recommend":
            at[round(event["spent"] / per_evaluation, 6)] = event["key"]
    return tuple(Incumbent(at=spend, key=key) for spend, key in at.items())


def fallback_share(events: Iterable[Mapping[str, Any]]) -> float | None:
    """Share of decisions that a fallback took in place of the agent; None where the method told of none."""
    taken = [event["by"] == "fallback" for event in events if event["event"] == "decided"]
    return round(sum(taken) / len(taken), 6) if taken else None


def _incumbent_at(incumbents: Sequence[Incumbent], at: float) -> str | None:
    return next((incumbent.key for incumbent in reversed(incumbents) if incumbent.at <= at), None)


def test_scores(context: ProblemContext, graphs: Mapping[str, Graph], final: str | None) -> list[TestScore]:
    """The harness's final evaluation: all test questions in every test universe, all graphs in one batch each.

    Scores per question are kept for the graph with the key `final`.
    """
    universes = tuple(TEST_UNIVERSE + number for number in range(context.suite.test_universes))
    indices = range(len(context.test_questions))
    chosen = list(graphs.values())
    rows = [context.evaluator.evaluate(chosen, indices, universe, "test") for universe in universes] if chosen else []
    return [
        _test_score(context, graph, key, universes, [row[position] for row in rows], keep=key == final)
        for position, (key, graph) in enumerate(graphs.items())
    ]


def _test_score(
    context: ProblemContext,
    graph: Graph,
    key: str,
    universes: tuple[int, ...],
    evaluations: list[Evaluation],
    *,
    keep: bool,
) -> TestScore:
    statuses: Counter[str] = Counter()
    for evaluation in evaluations:
        statuses.update(evaluation.statuses)

    def mean(values: list[Any], unit: float = 1.0) -> float:
        return significant(float(np.mean(np.stack(values))) / unit)

    return TestScore(
        key=key,
        graph=graph.canonical().to_dict(),
        nominal=nominal(context.space, graph),
        value=significant(float(np.mean([context.spec.objective.value(evaluation) for evaluation in evaluations]))),
        accuracy=mean([e.scores for e in evaluations]),
        flops=mean([e.flops for e in evaluations]),
        dollars=mean([e.picodollars for e in evaluations], 1e12) if evaluations[0].dollars is not None else None,
        seconds=mean([e.latency_ns for e in evaluations], 1e9),
        tokens_in=mean([e.tokens_in for e in evaluations]),
        tokens_out=mean([e.tokens_out for e in evaluations]),
        statuses=dict(sorted(statuses.items())),
        universes=universes,
        scores=tuple(tuple(map(significant, e.scores.tolist())) for e in evaluations) if keep else (),
    )


def nominal(space: SearchSpace, graph: Graph) -> NominalCost:
    """Nominal cost of a graph in all metrics."""
    total = nominal_cost(graph, space.pool, space.lengths).total
    return NominalCost(
        flops=total.flops,
        units=significant(total.flops / unit_flops(space.pool, space.lengths)),
        dollars=total.dollars,
        seconds=total.nanoseconds / 1e9,
    )


def significant(value: float) -> float:
    """Ten significant digits: more than any of these figures has, and the same text everywhere."""
    return float(f"{value:.10g}")
