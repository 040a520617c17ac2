"""The conformance suite finds what is wrong with methods that are wrong."""

from __future__ import annotations

import pytest
import yaml

from ttgbench.methods.conformance import check_method
from ttgbench.methods.conformance.__main__ import main
from ttgbench.problems.method import load_method

GOOD = "problem.recommend(single(problem.space.pool.smallest.name))\nreturn problem.incumbent"

TOO_MUCH = "problem.evaluate_many([problem.space.sample(rng) for _ in range(99)])"
HELLO = [{"role": "user", "content": "hi"}]


def faults(folder, **metadata):
    path = folder / "submission.yaml"
    about = yaml.safe_load(path.read_text())
    about |= {"description": "A method that was written for a test.", **metadata}
    path.write_text(yaml.safe_dump(about))
    findings = check_method(load_method(str(folder)), other_process=metadata.pop("other_process", False))
    return {finding.check: finding.fault for finding in findings if finding.fault}


def test_a_plain_method_has_no_fault(write_method):
    assert faults(write_method(GOOD)) == {}


@pytest.mark.parametrize(
    ("body", "check", "fault"),
    [
        ("return None", "plain", "NoneType, not a Graph"),
        ("return parallel(problem.space.pool.names[-1], 5)", "plain", "outside the space"),
        ("raise KeyError('x')", "plain", "raised KeyError"),
        ("import sys; sys.exit()", "plain", "raised SystemExit"),
        (TOO_MUCH, "plain", "without having recommended"),
        (
            "many = [problem.space.sample(rng) for _ in range(99)]\n"
            "while True:\n    try: problem.evaluate_many(many)\n    except BudgetExhausted: pass",
            "plain",
            "refusals in a row",
        ),
        (f"g = single('bee')\nwhile True: problem.evaluate(g)\n{GOOD}", "plain", "still running"),
        (f"problem.questions[0].text = ''\n{GOOD}", "plain", "raised"),
        (f"problem.evaluate = print\n{GOOD}", "plain", "cannot be changed"),
        (f"problem.evaluate(single('cat'))\n{GOOD}", "less than one evaluation", "without having recommended"),
        (f"problem.evaluate(single('cat'))\n{GOOD}", "one model", "not in pool"),
        ("return parallel('bee', 2)", "no vote", "outside the space"),
        (
            "import numpy as np\nproblem.recommend(single(problem.space.pool.names[np.random.randint(1000) % len("
            "problem.space.pool)]))\nreturn problem.incumbent",
            "leaves global random state alone",
            "global random state",
        ),
        (
            f"if problem.has_agent: problem.ask({HELLO})\n{GOOD}",
            "asks no agent",
            "needs_agent",
        ),
    ],
)
def test_faults_are_found(write_method, body, check, fault):
    assert fault in faults(write_method(body))[check]


def test_an_agent_method_must_stand_whatever_the_agent_says(write_method):
    body = f"import json\njson.loads(problem.ask({HELLO}).text)\n{GOOD}"
    found = faults(write_method(body), needs_agent=True)
    assert {"agent: garbage", "agent: truncated", "agent: silent", "agent: endless"} <= set(found)
    assert "agent: failing" not in found, "an EngineError may go through"
    assert "never asked" in faults(write_method(GOOD, name="quiet"), needs_agent=True)["agent: garbage"]


def test_metadata_must_say_something(write_method):
    found = faults(write_method(GOOD), description="Searches.", paper="a paper")
    assert "description" in found["metadata"]
    assert "paper" in faults(write_method(GOOD, name="other"), paper="a paper")["metadata"]


def test_string_hashes_of_another_process_are_other_hashes(write_method):
    body = "rng.random(hash('a word') % 10**6)\nfor _ in range(3): problem.evaluate(problem.space.sample(rng))\n" + GOOD
    folder = write_method(body)
    findings = {finding.check: finding.fault for finding in check_method(load_method(str(folder)))}
    assert "another process" in str(findings["repeats itself in another process"])


def test_command(write_method, capsys):
    folder = write_method("return None")
    assert main([str(folder)]) == 1
    assert "FAIL  plain: returned NoneType" in capsys.readouterr().out
    assert main(["no_such_method"]) == 2
