"""What the parts of Agent-REINFORCE are worth on simulated problems: switch by switch, with rules and with an oracle.

    python benchmark/reference/paper_ablations.py runs/paper-ablations.jsonl --seeds 2 --recorded runs/v2

On `synthetic-v2`: all 24 strata, as many instances as --seeds says, from 6 on. Each line of the file is one run; a
second start goes on where the first stopped. Methods that a run folder holds (--recorded) are read from it instead of
run. --minutes stops after so much processor time. Prints regret, spend, the share of rounds that a fallback decided,
and each method's difference from the reference of its group, over instances, as `ttgbench compare` would put it. The
oracle and the mute agent are explained in `paper_oracle`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from paper_oracle import Champions, Mute, Oracle

from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import single
from ttgbench.methods.solvers import maao, textgrad
from ttgbench.methods.solvers.agent_reinforce import Agent, RuleAdviser, reinforce
from ttgbench.methods.solvers.mixes import node_budget
from ttgbench.methods.solvers.paper import PAPER, TEXTGRAD, AgentWriter, Variant, reinforce_graphs
from ttgbench.methods.solvers.paper_rules import RuleWriter
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.problem import Problem, full_evaluation
from ttgbench.problems.suite import ProblemSpec, Suite, load_suite
from ttgbench.report.judge import together
from ttgbench.run.context import ProblemContext
from ttgbench.run.results import read_result, result_paths
from ttgbench.run.run import make_problem, method_rng
from ttgbench.run.score import fallback_share, test_scores
from ttgbench.run.session import Session
from ttgbench.stats.runs import compare_runs
from ttgbench.stats.significance import t_interval

Row = dict[str, Any]
Place = tuple[str, int]
"""Stratum and seed: an instance."""
Search = Callable[[Problem, np.random.Generator], Graph]

RECORDED = {
    "single_model": "single model",
    "random_search": "random search",
    "agent_reinforce_rules": "rules: paper profile",
    "textgrad_rules": "rules: TextGrad",
    "maao_rules": "rules: MaaO",
    "gptswarm_released": "rules: GPTSwarm as released",
    "agent_reinforce_elite_rules": "rules: ours, elite update",
}
"""Methods of a run folder and what they are called here."""
REFERENCES = {
    "rules": "rules: paper profile",
    "repaired": "repaired: all insights",
    "oracle": "oracle: paper profile",
    "mute": "oracle: paper profile",
}
"""By group of methods, which one the others are compared with."""
HEADING = (
    *("method", "instances", "regret", "score", "spent", "agent's share", "by fallback", "nodes"),
    "minus the first of its group",
)


@dataclass(frozen=True)
class Entry:
    """A method and what it asks."""

    search: Search
    agent: Literal["", "oracle", "mute"] = ""
    turn: int = 1
    """What is asked first is run first on all instances; what spends the whole search budget, last."""


def written_by(writer: type[AgentWriter] | type[RuleWriter], **switches: Any) -> Search:
    """Agent-REINFORCE in the paper profile but for these switches, with a new writer for each run."""
    variant: Variant = replace(PAPER, **switches)
    return lambda problem, rng: reinforce_graphs(problem, rng, writer(), variant)


def ours(elite: bool, agent: bool) -> Search:
    """Our version, advised by an agent or by rules."""
    return lambda problem, rng: reinforce(
        problem, rng, (lambda rules: Agent(RuleAdviser(rules))) if agent else RuleAdviser, elite=elite
    )


def methods() -> Mapping[str, Entry]:
    """By group and name; REFERENCES has what each group is compared with.

    "repaired" is the paper profile with rules and three switches turned: the final node on the model that was best
    alone, edits of the best graph instead of the last, and all search questions a round instead of three.
    """
    known = frozenset({1, 2, 3})
    rules: dict[str, Search] = {
        "paper profile": written_by(RuleWriter),
        **{f"without insight {i}": written_by(RuleWriter, insights=known - {i}) for i in (1, 2, 3)},
        "final node on the best model": written_by(RuleWriter, final="best"),
        "from the best graph": written_by(RuleWriter, take_back=True),
        "all questions a round": written_by(RuleWriter, questions=None),
        "ours, elite update": ours(elite=True, agent=False),
        "ours, no elite update": ours(elite=False, agent=False),
    }
    three: dict[str, Any] = {"final": "best", "take_back": True, "questions": None}
    repaired: dict[str, Search] = {
        "all insights": written_by(RuleWriter, **three),
        **{f"without insight {i}": written_by(RuleWriter, **three, insights=known - {i}) for i in (1, 2, 3)},
        "no insight": written_by(RuleWriter, **three, insights=frozenset()),
    }
    oracle: dict[str, Search] = {
        "paper profile": written_by(AgentWriter),
        "no pre-test": written_by(AgentWriter, pretest=False),
        "mix drawn": written_by(AgentWriter, mix="random", pretest=False),
        "graphs drawn from the tables": written_by(AgentWriter, written=False),
        "drawn, elite update 0.4": written_by(AgentWriter, written=False, elite=0.4),
        "final node on the best model": written_by(AgentWriter, final="best"),
        "best final node, all questions, no pre-test": written_by(
            AgentWriter, final="best", pretest=False, questions=None
        ),
        "TextGrad": lambda problem, rng: reinforce_graphs(problem, rng, AgentWriter(), TEXTGRAD),
        "MaaO": lambda problem, rng: maao.alternate(problem, rng, maao.by_agent),
        "ours, elite update": ours(elite=True, agent=True),
        "ours, no elite update": ours(elite=False, agent=True),
    }
    found = {f"rules: {name}": Entry(search, "", _turn(name)) for name, search in rules.items()}
    found |= {f"repaired: {name}": Entry(search, "", 0) for name, search in repaired.items()}
    found |= {f"oracle: {name}": Entry(search, "oracle", _turn(name)) for name, search in oracle.items()}
    found["mute: paper profile"] = Entry(written_by(AgentWriter), "mute", 0)
    found["rules: TextGrad"] = Entry(textgrad.by_chance)
    found["rules: MaaO"] = Entry(lambda problem, rng: maao.alternate(problem, rng, maao.by_best))
    return found


def _turn(name: str) -> int:
    first = ("paper profile", "final node", "all questions", "no pre-test", "best final")
    return 2 if name.startswith("ours") else int(not name.startswith(first))


def run(context: ProblemContext, entry: Entry, seed: int, champions: dict[str, Champions]) -> Row:
    """Value of the final graph on test, spend in full evaluations, the agent's part of it, rounds by fallback."""
    events: list[dict[str, Any]] = []
    ledger = Ledger(context.search_limit)
    anchor = context.suite.anchor(context.spec.name, seed)
    assert anchor is not None
    agent: Any = None
    if entry.agent:
        best = Graph.from_dict(anchor.one_graph)
        agent = Mute() if entry.agent == "mute" else Oracle(context, best, champions)
    problem = make_problem(context, seed, ledger, lambda event: events.append(dict(event)), agent=agent)
    graph = entry.search(problem, method_rng(context.spec.name, seed))
    full = full_evaluation(context.space, len(context.search_questions))
    return {
        "value": tested(context, graph),
        "spent": ledger.spent / full,
        "agent": ledger.by_category.get("agent", 0) / max(1, ledger.spent),
        "fallback": fallback_share(events),
        "nodes": len(graph.nodes),
        "graphs": len({event["key"] for event in events if event["event"] == "evaluate"}),
    }


def tested(context: ProblemContext, graph: Graph) -> float:
    """As the harness scores the final graph of a run."""
    return test_scores(context, {graph.key: graph}, graph.key)[0].value


def known(context: ProblemContext, champions: dict[str, Champions]) -> Iterator[tuple[str, Row]]:
    """The best graphs known of the paper's skeleton, without any search: its own final node, and the best of all."""
    budget = node_budget(context.space)
    assert budget is not None
    alone = [name for name in context.space.pool.names if context.space.contains(single(name)) is None]
    best = max(alone, key=lambda name: tested(context, single(name)))
    for label, final in (("known: paper's skeleton", budget.final), ("known: with the best final node", best)):
        one = champions.setdefault(final, Champions(context, replace(budget, final=final)))
        graph = one.best()
        if graph is not None:
            row = {"spent": 0.0, "agent": 0.0, "fallback": None, "nodes": len(graph.nodes), "graphs": 0}
            yield label, {"value": tested(context, graph), **row}


def recorded(folder: Path, seeds: int) -> Iterator[Row]:
    """Rows of the methods that a run folder holds."""
    for path in result_paths(folder):
        if path.parent.parent.name not in RECORDED or int(path.parent.name.rpartition("-")[2]) >= seeds:
            continue
        cell = read_result(path)
        if cell.final is not None:
            yield {
                "problem": cell.problem,
                "seed": cell.seed,
                "method": RECORDED[cell.method.name],
                "value": cell.final.value,
                "spent": cell.search.spent / cell.search.full_evaluation,
                "agent": 0.0,
                "fallback": cell.fallback,
                "nodes": len(cell.final.graph["nodes"]),
            }


def runs(path: Path, suite: Suite, seeds: int, given: list[Row], minutes: float, only: str = "") -> list[Row]:
    """What is given and what the file holds, then what is lacking, as far as the time goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = given + ([json.loads(line) for line in path.read_text().splitlines()] if path.exists() else [])
    done = {(row["problem"], row["seed"], row["method"]) for row in rows}
    with Session(None, None) as session, path.open("a") as out:

        def add(problem: str, seed: int, name: str, found: Row) -> None:
            rows.append({"problem": problem, "seed": seed, "method": name, **found})
            out.write(json.dumps(rows[-1]) + "\n")
            out.flush()

        for turn, seed, spec in order(suite, seeds):
            todo = {
                name: entry
                for name, entry in methods().items()
                if entry.turn == turn and only in name and (spec.name, seed, name) not in done
            }
            if not todo:
                continue
            if time.process_time() > 60 * minutes:
                break
            context = session.context(suite, spec, seed)
            champions: dict[str, Champions] = {}
            if not turn and (spec.name, seed, "known: paper's skeleton") not in done:
                for name, row in known(context, champions):
                    add(spec.name, seed, name, row)
            for name, entry in todo.items():
                add(spec.name, seed, name, run(context, entry, seed, champions))
    return rows


def order(suite: Suite, seeds: int) -> Iterator[tuple[int, int, ProblemSpec]]:
    """Turn, seed and stratum of each instance; strata as drawn, so that no part is chosen by what it is."""
    for seed in range(seeds):
        for turn in range(3):
            for number in np.random.default_rng(seed).permutation(len(suite.problems)).tolist():
                yield turn, seed, suite.problems[number]


def table(rows: list[Row], suite: Suite) -> Iterator[str]:
    """One line a method, in Markdown; differences are in points of the objective, over common instances."""
    by: dict[str, dict[Place, Row]] = {}
    for row in rows:
        by.setdefault(row["method"], {})[row["problem"], row["seed"]] = row
    verdicts: dict[str, str] = {}
    for group, reference in REFERENCES.items():
        names = [name for name in by if name.startswith(f"{group}: ") and name != reference]
        verdicts |= zip(names, differences(by, names, reference, suite.margin), strict=True)
    yield f"| {' | '.join(HEADING)} |"
    yield "| --- " * len(HEADING) + "|"
    listed = [*methods()]
    for name, found in sorted(by.items(), key=lambda entry: listed.index(entry[0]) if entry[0] in listed else -1):
        anchors = {place: suite.anchor(*place) for place in found}
        regret = [100 * (a.one - found[p]["value"]) for p, a in anchors.items() if a is not None]
        score = [float(np.clip(a.normalised(found[p]["value"]), -1, 1)) for p, a in anchors.items() if a is not None]
        spent, agent, nodes = (np.mean([row[key] for row in found.values()]) for key in ("spent", "agent", "nodes"))
        shares = [row["fallback"] for row in found.values() if row["fallback"] is not None]
        fallback = f"{np.mean(shares):.0%}" if shares else ""
        yield (
            f"| {name} | {len(found)} | {_mean(regret)} | {np.mean(score):.2f} | {spent:.2f} | {agent:.0%} | "
            f"{fallback} | {nodes:.1f} | {verdicts.get(name, '')} |"
        )


def differences(by: Mapping[str, Mapping[Place, Row]], names: list[str], reference: str, margin: float) -> list[str]:
    """In points, with an interval and the words of the verdict, corrected for their number (Holm)."""
    number = {place: i for i, place in enumerate(dict.fromkeys(place for found in by.values() for place in found))}
    values = {name: {number[place]: row["value"] for place, row in found.items()} for name, found in by.items()}
    if reference not in values:
        return [""] * len(names)
    found = together([partial(compare_runs, values[name], values[reference]) for name in names], margin)
    return [
        words if one.untested else f"{_points(one.difference)} [{_points(one.low)}, {_points(one.high)}] {words}"
        for one, _, words in found
    ]


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _mean(values: list[float]) -> str:
    if len(values) < 2:
        return f"{np.mean(values):.1f}"
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    interval = t_interval(float(np.mean(values)), error, len(values) - 1, 0.95)
    return f"{interval.estimate:.1f} [{interval.low:.1f}, {interval.high:.1f}]"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--recorded", type=Path)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--only", default="", help="run only methods whose names hold this")
    options = parser.parse_args()
    suite = load_suite("synthetic-v2")
    given = list(recorded(options.recorded, options.seeds)) if options.recorded else []
    rows = runs(options.file, suite, options.seeds, given, options.minutes, options.only)
    print("\n".join(table(rows, suite)))


if __name__ == "__main__":
    main()
