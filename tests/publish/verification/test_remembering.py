"""Methods that remember the best graphs of all public problems, and evaluate one question of one graph for show."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny

from ttgbench.graphs.shapes import parallel
from ttgbench.leaderboard.parts.table import _compact, shown_columns
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Rejected, read_archive, write_archive
from ttgbench.publish.verification import Options, verify, write_verification
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.methods import method_rows
from ttgbench.report.board.schemas import TABLES
from ttgbench.report.board.slices import slices
from ttgbench.run.experiment import run_suite
from ttgbench.run.session import Session

SIMULATED = Suite.model_validate(
    {
        **tiny.suite("a", "b", search=20, test=200, seeds=5, **tiny.SIMULATED),
        "problems": [
            {"name": name, "budget": budget, "search_questions": 20, "test_questions": 200}
            | {"space": {"roles": ["assistant", "fuser"], "max_nodes": 4}}
            | {key: tiny.SIMULATED[key] for key in ("pool", "evaluator")}
            | {"task": task}
            for name, task, budget in (("a", "synthetic_math", "42 units"), ("b", "synthetic_code", "42 units"))
        ],
    }
)
BY = {
    "name": "KNOWN.get(problem.name)",
    "place": "KNOWN['ab'[problem.task.domain == 'code']] if problem.space.pool.names[0] == 'sim-a-1b' else None",
    "question": "next((KNOWN[n] for n in KNOWN if problem.questions[0].id.startswith(TASKS[n])), None)",
}


def remembers(write_method, how: str, name: str = "mine") -> Path:
    """The graphs that a long look at the public landscape found; without recognition, the first model alone."""
    known = {"a": parallel("sim-b-9b", 2, sink="fuser"), "b": parallel("sim-a-8b", 2, sink="fuser")}
    facts = {problem: graph.to_dict() for problem, graph in known.items()}
    tasks = {spec.name: spec.task for spec in SIMULATED.problems}
    lines = [f"KNOWN = {facts!r}", f"TASKS = {tasks!r}", "FIRST = 'sim-a-1b'", f"data = {how}"]
    lines += [
        "from ttgbench import Graph",
        "graph = Graph.from_dict(data) if data else single(problem.space.pool.names[0])",
    ]
    lines += ["problem.evaluate(graph, [0])", "return graph"]
    return write_method("\n".join(lines), name)


def simulated_archive(folder: Path, method: str | Path) -> Path:
    with Session(None, None) as session:
        results = run_suite(folder / "run", SIMULATED, [str(method)], 5, session, "synthetic", lambda *_: None)
    return write_archive(folder / "run", results[0].method.name, folder / "results")


@pytest.mark.parametrize("how", BY)
def test_a_method_that_remembers_the_best_graphs_finds_worse_ones_under_other_names(tmp_path, write_method, how):
    path = simulated_archive(tmp_path, remembers(write_method, BY[how]))
    with pytest.raises(Rejected, match="under other names of the models") as caught:
        verify(path, suites={"tiny-v1": SIMULATED})
    assert caught.value.reason == "hard-coded"


def test_a_search_finds_as_good_ones_and_nothing_more_is_claimed(tmp_path):
    path = simulated_archive(tmp_path, "random_search")
    found = verify(path, Options(rerun=3, names=0), suites={"tiny-v1": SIMULATED})
    assert (found.badge, found.rerun) == ("replay-verified", 0), "nothing ran on a live engine"
    assert found.renamed is not None
    assert found.renamed.cells == 10
    assert abs(found.renamed.loss) < 0.05
    write_verification(path, found)
    assert read_archive(path, suites={"tiny-v1": SIMULATED}).verification == found


def test_who_remembers_by_price_is_marked_by_what_it_spent(tmp_path, write_method):
    """Prices must stay, since graphs are paid by them: what tells it is that it did not search."""
    body = "cards = sorted(problem.space.pool, key=lambda card: card.parameters)\n"
    body += "graph = parallel(cards[-2 if problem.task.domain == 'math' else -3].name, 2, sink='fuser')\n"
    body += "problem.evaluate(graph, [0])\nreturn graph"
    path = simulated_archive(tmp_path, write_method(body))
    assert verify(path, suites={"tiny-v1": SIMULATED}).badge == "replay-verified"
    [row] = method_rows("tiny-v1", [Entry(read_archive(path, suites={"tiny-v1": SIMULATED}))], slices(SIMULATED)[0])
    assert row["search_spend"] < 1
    whole = {**dict.fromkeys(TABLES["methods"].names), **row}
    assert _compact(whole, shown_columns(anchored=True))["note"] == "searched for less than one full evaluation"
