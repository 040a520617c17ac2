"""A role is one file: what follows from it is read there and nowhere else."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ttgbench
from ttgbench.errors import GraphError, InputError
from ttgbench.evaluate.prompts import render
from ttgbench.graphs.draw.svg import as_svg
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.roles import LATEST, ROLES, read_role
from ttgbench.graphs.rules import ROLE_RULES
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import Question
from ttgbench.testing import toy_pool

SCEPTIC = """
schema: 1
name: sceptic
description: Says what is wrong with the answers that it reads.
summary: says what is wrong with the answers that it reads
colours:
  light: { fill: "#fde2e2", stroke: "#b53b3b" }
  dark: { fill: "#5f1e1e", stroke: "#ee7f7f" }
needs_model: true
needs_predecessors: true
prompts:
  v2:
    chat: { informed: "{question} {answers} What is wrong? {answer_format}" }
    completion: { informed: "{question} {answers} Wrong is:" }
"""


PROGRAM = """
from ttgbench.errors import GraphError
from ttgbench.graphs.draw.svg import as_svg
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.language import ROLES
nodes = [{"id": "a", "role": "assistant", "model": "m"}, {"id": "c", "role": "sceptic", "model": "m"}]
print(".sceptic rect{fill:#fde2e2" in as_svg(Graph.from_dict({"schema": 1, "nodes": nodes, "edges": [["a", "c"]]})))
print("sceptic" in ROLES)
try:
    Graph.from_dict({"schema": 1, "nodes": nodes[1:], "edges": []})
except GraphError as error:
    print("sceptic" in str(error))
"""


def test_adding_a_role_is_adding_a_file(tmp_path):
    package = Path(ttgbench.__file__).parent
    shutil.copytree(package, tmp_path / "ttgbench", ignore=shutil.ignore_patterns("__pycache__", "recorded", "anchors"))
    (tmp_path / "ttgbench" / "graphs" / "roles" / "sceptic.yaml").write_text(SCEPTIC)
    environment = {"PYTHONPATH": ":".join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]


def test_the_rules_of_graphs_are_those_of_the_files():
    assert {name: tuple(rule) for name, rule in ROLE_RULES.items()} == {
        name: (role.needs_model, role.needs_predecessors, role.answers) for name, role in ROLES.items()
    }


def test_every_role_has_its_colour_in_drawings():
    graph = Graph.from_dict({"schema": 1, "nodes": [{"id": "a", "role": "assistant", "model": "m"}], "edges": []})
    for name, role in ROLES.items():
        assert f".{name} rect{{fill:{role.colours.light.fill};stroke:{role.colours.light.stroke}}}" in as_svg(graph)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("needs_predecessors: true", "needs_predecessors: maybe", "needs_predecessors"),
        (
            "needs_model: true\nneeds_predecessors: true",
            "needs_model: false\nneeds_predecessors: false",
            "predecessors",
        ),
        ("#fde2e2", "red", "colours.light.fill"),
        ("  v2:", "  v1:", "prompts lacks v2"),
        ("Wrong is:", "{wrong}", "prompts.v2.completion"),
        ("needs_predecessors: true", "needs_predecessors: false", "prompts.v2.chat lacks alone"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, old, new, said):
    path = tmp_path / "sceptic.yaml"
    path.write_text(SCEPTIC.replace(old, new))
    with pytest.raises(InputError, match=said):
        read_role(path)


def test_the_first_prompt_set_is_what_recordings_were_made_with():
    versions = {name: version for name, role in ROLES.items() if (version := role.version("v1")) is not None}
    assert versions == {"assistant": "1-785fab780e98", "fuser": "1-c576bdf596da", "vote": "1-c17fa81c0e97"}


def test_only_a_role_that_runs_a_model_changes_with_the_prompt_set():
    changed = {name for name, role in ROLES.items() if role.version("v1") != role.version("v2")}
    assert changed == {"assistant", "critic", "fuser", "judge"}, "the first set lacks judge and critic"


@pytest.mark.parametrize("role", ["assistant", "fuser"])
def test_prompts_name_the_format_once_and_not_last(role):
    templates = ROLES[role].prompts[LATEST]
    for text in filter(None, [templates.chat.alone, templates.chat.informed]):
        assert text.count("{answer_format}") == 1
        assert not text.rstrip().endswith("{answer_format}")
    assert "answer_format" not in templates.chat.system + templates.completion.informed  # base models: it stands before


CARD = toy_pool("m")["m"]
ASKED = Question("q", 0, "What is 2 + 2?", "0" * 64)


def shown(role: str, prompts: str) -> str:
    """All that a node of this role is shown that reads two answers."""
    task = replace(load_task("micro_math").card, prompting="chat")
    prompt = render(role, task, ASKED, ["It is 4.", "It is 5."], CARD, prompts)
    return "\n".join(message.content for message in prompt.messages)


@pytest.mark.parametrize("role", ["judge", "critic"])
def test_judge_and_critic_read_question_and_answers(role):
    with pytest.raises(GraphError, match="needs at least one predecessor"):
        Graph([Node("a", role, "m")])
    text = shown(role, "v2")
    assert "What is 2 + 2?" in text
    assert "[1] It is 4.\n[2] It is 5." in text
    assert ("answer of your own" in text) == (role == "critic")
    assert ROLES[role].version("v1") is None


@pytest.mark.parametrize(("role", "demands"), [("fuser", ["best steps", "brief", "few of"]), ("assistant", ["copy"])])
def test_the_papers_demands_stand_in_v3(role, demands):
    assert all(demand in shown(role, "v3") for demand in demands)
    assert not any(demand in shown(role, "v2") for demand in demands)
