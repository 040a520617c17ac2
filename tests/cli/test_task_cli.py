"""`ttgbench task` and `ttgbench store regrade` as users meet them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError, UnknownName
from ttgbench.evaluate.store.generation import Generation
from ttgbench.evaluate.store.store import Store
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import Grade


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=True)
    if isinstance(result.exception, TTGBenchError):
        raise result.exception
    return result


@pytest.fixture
def answers(tmp_path):
    def write(*rows):
        path = tmp_path / "answers.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
        return path

    return write


def test_grade_by_id_and_index(answers):
    questions = load_task("micro_math").questions("test")
    path = answers(
        {"question": questions[3].id, "output": f"It is {questions[3].doc['answer']}."},
        {"question": 0, "output": "-1"},
        {"question": 1, "output": ""},
    )
    facts = json.loads(run("task", "grade", "micro_math", "--answers", path, "--json").stdout)
    assert [row["status"] for row in facts["rows"]] == ["correct", "wrong", "unanswered"]
    assert [row["answer"] for row in facts["rows"]] == [questions[3].doc["answer"], "-1", None]
    assert facts["totals"] == {"correct": 1, "unanswered": 1, "wrong": 1}
    assert "accuracy 0.3333" in run("task", "grade", "micro_math", "--answers", path).stdout


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["nonsense"], "line 1: is not JSON"),
        ([""], "holds no rows"),
        (["[]"], "line 1: must be a JSON object"),
        ([{"question": 0}], 'line 1: "output" must be text, not NoneType'),
        ([{"question": 0, "output": 5}], 'line 1: "output" must be text, not int'),
        ([{"output": "5"}], 'line 1: "question" must be an id or an index'),
        ([{"question": True, "output": "5"}], 'line 1: "question" must be an id or an index'),
        ([{"question": 200, "output": "5"}], 'line 1: "question" must be 0 to 199'),
        ([{"question": -1, "output": "5"}], 'line 1: "question" must be 0 to 199'),
        ([{"question": 0, "output": "5"}, {"question": 0, "output": "6"}], "line 2: answers .* again; line 1 does"),
    ],
)
def test_hostile_answers_get_one_error(answers, rows, message):
    with pytest.raises(InputError, match=message):
        run("task", "grade", "micro_math", "--answers", answers(*rows))


def test_unknown_questions_and_splits(answers):
    path = answers({"question": "micro_math@1/test/9999-0000000000", "output": "5"})
    with pytest.raises(UnknownName, match="line 1: unknown question"):
        run("task", "grade", "micro_math", "--answers", path)
    with pytest.raises(InputError, match="must be one of search, validation, test"):
        run("task", "grade", "micro_math", "--answers", path, "--split", "train")
    with pytest.raises(InputError, match="no such file"):
        run("task", "grade", "micro_math", "--answers", path.parent)


def test_listed_questions_are_those_that_answers_are_matched_with(answers):
    shown = json.loads(run("task", "questions", "micro_math", "--json").stdout)
    questions = load_task("micro_math").questions("test")
    listed = [(q["index"], q["id"], q["text"]) for q in shown["questions"]]
    assert listed == [(q.index, q.id, q.text) for q in questions]
    assert (shown["task"], shown["split"]) == ("micro_math", "test")
    assert shown["answer_format"]
    path = answers(*({"question": q["id"], "output": "5"} for q in shown["questions"]))
    assert len(json.loads(run("task", "grade", "micro_math", "--answers", path, "--json").stdout)["rows"]) == 200
    told = run("task", "questions", "micro_math", "--split", "search").stdout
    assert all(q.id in told for q in load_task("micro_math").questions("search"))
    with pytest.raises(InputError, match="must be one of search, validation, test"):
        run("task", "questions", "micro_math", "--split", "train")


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as stream:
        stream.truncate(1 << 30)  # sparse
    with pytest.raises(InputError, match="is larger than 256 MiB"):
        run("task", "grade", "micro_math", "--answers", path)


def test_new_check_manifest(tmp_path):
    run("task", "new", "sums", "--in", tmp_path)
    folder = tmp_path / "sums"
    checked = json.loads(run("task", "check", folder, "--json").stdout)
    assert checked["valid"]
    assert "no manifest" in json.dumps(checked)
    run("task", "manifest", folder)
    text = (folder / "manifest.csv").read_text()
    assert text.count("\n") == 91
    assert "as the manifest lists them" in run("task", "check", folder, "--json").stdout
    with pytest.raises(InputError, match="is there already"):
        run("task", "new", "sums", "--in", tmp_path)
    with pytest.raises(InputError, match="letters, digits"):
        run("task", "new", "../sums", "--in", tmp_path)


def test_check_finds_wrong_references_leaks_and_changed_data(tmp_path):
    run("task", "new", "sums", "--in", tmp_path)
    folder = tmp_path / "sums"
    run("task", "manifest", folder)
    folder = folder.rename(tmp_path / "changed")  # a process imports a folder's Python once
    code = (folder / "utils.py").read_text()
    (folder / "utils.py").write_text(code.replace('"search": (1, 20)', '"search": (9, 20)'))
    result = run("task", "check", folder, "--json")
    assert result.exit_code == 1
    assert "the data set changed: the manifest says sha256" in result.stdout
    with pytest.raises(InputError, match="superseded by a higher version"):
        run("task", "manifest", folder)
    run("task", "manifest", folder, "--replace")
    assert run("task", "check", folder).exit_code == 0

    run("task", "new", "leaky", "--in", tmp_path)
    leaky = tmp_path / "leaky"
    code = (leaky / "utils.py").read_text()
    rows = '{"question": "What is 1 + 1?", "answer": "two"}'
    (leaky / "utils.py").write_text(
        code.split("def dataset")[0] + f"def dataset(**_):\n    return dict.fromkeys(SPLITS, [{rows}])\n"
        "def process_results(doc, results):\n    return {}\n"
    )
    result = run("task", "check", leaky, "--json")
    findings = {(f["level"], f["about"]) for f in json.loads(result.stdout)["findings"]}
    assert result.exit_code == 1
    assert {("error", "search and test"), ("error", "references of test")} <= findings


def test_season_line(tmp_path):
    line = run("task", "season", "micro_qa", "--number", 3, "--season-seed", "a secret of some length").stdout
    assert line.startswith("3: {commitment: ")
    with pytest.raises(InputError, match="no generator"):
        run("task", "season", "gsm8k", "--number", 1, "--season-seed", "a secret of some length")


def test_store_regrade(tmp_path):
    from ttgbench.graphs.keys import seed_for

    questions = load_task("micro_math").questions("search")
    path, key = tmp_path / "store.sqlite", "0" * 32

    def said(question_id, text):
        seed = seed_for(key, question_id, 0)
        numbers = (seed, 5, 1, 0, 0, 1, 0)
        return Generation(key, question_id, 0, "assistant", "m", "e", *numbers, "stop", 0.0, 0.0, text)

    with Store(path) as store:
        right = questions[0].doc["answer"]
        store.put_many([said(questions[0].id, right), said(questions[1].id, "x"), said("micro_math@0/search/0-0", "1")])
        store.put_grades("number/0", {(key, questions[0].id, 0): Grade("wrong", right)})
    rows = json.loads(run("store", "regrade", path, "--json").stdout)
    expected = {"task": "micro_math", "grader": "number/3", "correct": 1, "unanswered": 1, "other versions": 1}
    assert rows == [expected]
    with Store(path, read_only=True) as store:
        assert store.grades(key, 0, "number/3")[questions[0].id] == Grade("correct", right)
        assert store.grades(key, 0, "number/0")[questions[0].id] == Grade("wrong", right)
    assert json.loads(run("store", "regrade", path, "--json").stdout) == [expected]
