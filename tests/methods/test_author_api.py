"""What a method may import: names that stay, since archived methods use them."""

import ast
import importlib

import pytest

import ttgbench
from ttgbench.run.isolation.inside.fork_server import AUTHOR_MODULES
from ttgbench.util.plugins import bundled_folder

API = {
    "ttgbench": """BudgetExhausted Budget Evaluation Graph GraphError InputError Lengths ModelCard Node Pool Problem
        Results SearchSpace Suite TTGBenchError __version__ baselines compare evaluate evaluate_many load_method
        load_pool load_problem load_results load_suite load_task read_results run shapes""",
    "ttgbench.baselines": "best_candidate smallest_first widest",
    "ttgbench.shapes": "chain debate layered mixture_of_agents parallel parallel_chains self_consistency single",
    "ttgbench.solvers.adas": "meta_agent_search",
    "ttgbench.solvers.aflow": "Planner grow",
    "ttgbench.solvers.agent_reinforce": """PAPER Agent AgentWriter RuleAdviser RuleWriter Variant reinforce
        reinforce_graphs""",
    "ttgbench.solvers.gptswarm": "as_released",
    "ttgbench.solvers.maao": "alternate by_agent by_best by_language by_rules optimise",
    "ttgbench.solvers.opro": "by_language by_rules optimise",
    "ttgbench.solvers.probabilistic": "Draw Slots",
    "ttgbench.solvers.textgrad": "Critic by_agent by_chance descend rewrite",
    "ttgbench.solvers.trials": "Trials",
}


@pytest.mark.parametrize("module", API)
def test_names_stay(module):
    found = importlib.import_module(module)
    assert sorted(found.__all__) == sorted(API[module].split())
    assert all(hasattr(found, name) for name in found.__all__)


def test_an_isolated_method_finds_them_imported():
    assert set(API) - {"ttgbench"} <= set(AUTHOR_MODULES)


@pytest.mark.parametrize(
    "method", sorted(bundled_folder("submissions").glob("*/*.py")), ids=lambda path: path.parent.name
)
def test_bundled_methods_import_nothing_else(method):
    for node in ast.walk(ast.parse(method.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ttgbench"):
            assert {name.name for name in node.names} <= set(API.get(node.module, "").split()), node.module
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("ttgbench") for name in node.names)


def test_ttgbench_lists_what_it_exports():
    assert set(ttgbench.__all__) <= set(dir(ttgbench))
