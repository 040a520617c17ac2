"""Tasks from questions that somebody has, and files that are found in a task's own folder."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import groups_of

SUMS = [{"question": f"What is {n} + 1?", "answer": n + 1, "note": "é"} for n in range(10)]


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, TTGBenchError):
        raise result.exception
    return result


def write(folder, name, rows):
    path = folder / name
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8-sig") as stream:
            writer = csv.DictWriter(stream, [*rows[0]])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", ["q.jsonl", "q.json", "q.csv", "q.parquet"])
def test_ten_questions_make_a_task(tmp_path, name):
    run("task", "new", "mine", "--from", write(tmp_path, name, SUMS), "--in", tmp_path)
    task = load_task(str(tmp_path / "mine"))
    assert task.card.grader.startswith("number/")
    assert [len(task.questions(split)) for split in ("search", "test")] == [4, 6]
    question = task.questions("test")[0]
    assert question.text.startswith("What is ")
    assert task.grade([question], [f"#### {question.doc['answer']}"])[0].status == "correct"
    assert '"valid": true' in run("task", "check", tmp_path / "mine", "--json").stdout
    with pytest.raises(InputError, match="is there already"):
        run("task", "new", "mine", "--from", tmp_path / name, "--in", tmp_path)


def test_a_column_says_which_questions_belong_together(tmp_path):
    rows = [{**row, "cluster": number % 3} for number, row in enumerate(SUMS)]
    rows[4]["cluster"] = None
    run("task", "new", "mine", "--from", write(tmp_path, "q.jsonl", rows), "--in", tmp_path)
    task = load_task(str(tmp_path / "mine"))
    asked = [question for split in ("search", "test") for question in task.questions(split)]
    labels = dict(zip([question.text for question in asked], groups_of(asked), strict=True))
    assert [labels[f"What is {n} + 1?"] for n in (0, 1, 2, 3)] == ["0", "1", "2", "0"]
    assert labels["What is 4 + 1?"] in {question.id for question in asked}, "it is its own group"
    assert groups_of([replace(question, cluster=None) for question in asked]) == ()


KINDS = {
    "letters": ([{"prompt": "A or B?", "label": "A"}, {"prompt": "B or A?", "label": "B"}], "choice", "A or B?"),
    "choices": ([{"question": f"{n}?", "choices": ["x", "y"], "answer": n % 2} for n in range(4)], "choice", "B. y"),
    "words": ([{"input": "Capital of France?", "target": "Paris"}, {"input": "2?", "target": "two"}], "text", "2?"),
    "worked": ([{"question": f"{n}?", "answer": f"So it is.\n#### {n}"} for n in range(3)], "number", "1?"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_say_how_they_are_graded(tmp_path, kind):
    rows, grader, shown = KINDS[kind]
    run("task", "new", "mine", "--from", write(tmp_path, "q.jsonl", rows), "--in", tmp_path)
    task = load_task(str(tmp_path / "mine"))
    assert task.card.grader.startswith(f"{grader}/")
    questions = [question for split in task.card.splits for question in task.questions(split)]
    assert any(shown in question.text for question in questions)
    right = {"choice": "The answer is ({})", "text": "Answer: {}", "number": "#### {}"}[grader]
    grades = task.grade(questions, [right.format(task.target(question.doc)) for question in questions])
    assert {grade.status for grade in grades} == {"correct"}


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([{"q": "1?", "a": 1}] * 2, [], r"--question: which column is it.*there are q, a"),
        ([{"q": "1?", "a": 1}] * 2, ["--question", "q"], r"--answer: which column is it"),
        (SUMS, ["--question", "ask"], r"no column 'ask'; there are question, answer, note"),
        ([{"question": "", "answer": 1}] * 2, [], r"row 1: column 'question' is empty"),
        (SUMS[:1], [], "at least two questions"),
    ],
)
def test_what_cannot_be_a_task_is_said_and_leaves_nothing(tmp_path, rows, options, message):
    with pytest.raises(InputError, match=message):
        run("task", "new", "mine", "--from", write(tmp_path, "q.jsonl", rows), "--in", tmp_path, *options)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.csv", b"question,answer\n1?,2,3\n", "line 2: has more or fewer cells"),
        ("q.csv", b'question,answer\n"1?,2\n', "is not CSV"),
        ("q.csv", b"question,answer,answer\n1?,2,3\n", "line 1: names column 'answer' twice"),
        ("q.csv", b"\xff", "is not UTF-8"),
        ("q.csv", b"", "holds no rows"),
        ("q.json", b"[1]", "list of JSON objects"),
        ("q.json", b"[", "is not JSON"),
        ("q.parquet", b"PAR1", "is not a readable Parquet file"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_damaged_files_are_one_clear_error(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        run("task", "new", "mine", "--from", tmp_path / name, "--in", tmp_path)


def test_a_data_set_on_the_hub_is_named_with_its_commit(tmp_path, monkeypatch):
    import datasets
    import huggingface_hub

    data = datasets.DatasetDict({split: datasets.Dataset.from_list(SUMS) for split in ("train", "test")})
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda self, path: SimpleNamespace(sha="c0ffee"))
    monkeypatch.setattr(datasets, "load_dataset", lambda path, config, revision: data)
    run("task", "new", "mine", "--from", "acme/sums", "--config", "small", "--in", tmp_path)
    file = yaml.safe_load((tmp_path / "mine" / "task.yaml").read_text())
    assert (file["dataset_path"], file["dataset_name"]) == ("acme/sums", "small")
    assert file["dataset_kwargs"] == {"revision": "c0ffee"}
    splits = {"search": {"from": "train", "count": 10}, "test": {"from": "test"}}
    assert file["metadata"]["ttgbench"]["splits"] == splits


FILE = {"task": "own", "doc_to_text": "question", "doc_to_target": "answer", "training_split": "train"}
FILE |= {"test_split": "test", "metadata": {"version": 1, "ttgbench": {"grader": "number"}}}


@pytest.mark.parametrize("names", [("train.jsonl", "test.csv"), ("data/train.json", "own_test.parquet")])
def test_files_in_the_folder_of_a_task_are_found(tmp_path, names):
    (tmp_path / "data").mkdir()
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(FILE))
    with pytest.raises(InputError, match=r"holds no data for split 'train'; looked for train.jsonl"):
        load_task(str(tmp_path)).questions("test")
    for name in names:
        write(tmp_path, name, SUMS)
    task = load_task(str(tmp_path))
    assert [len(task.questions(split)) for split in ("search", "test")] == [10, 10]
    assert task.card.source == "files in its folder"


@pytest.mark.parametrize("files", [{"train": "a.json", "test": ["b.json"]}, {"train": ["a.json"], "test": "b.json"}])
def test_data_files_of_lm_eval_are_read_from_the_folder(tmp_path, files):
    for name, rows in (("a.json", SUMS[:4]), ("b.json", SUMS[4:])):
        write(tmp_path, name, rows)
    kwargs = {"dataset_path": "json", "dataset_kwargs": {"data_files": files}}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump({**FILE, **kwargs}))
    task = load_task(str(tmp_path))
    assert [len(task.questions(split)) for split in ("search", "test")] == [4, 6]


@pytest.mark.parametrize("files", [None, 5, {}, {"train": "a.json"}, {"test": [5]}, {"test": "gone.json"}])
def test_data_files_that_are_none_are_one_clear_error(tmp_path, files):
    kwargs = {"dataset_path": "json", "dataset_kwargs": {"data_files": files}}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump({**FILE, **kwargs}))
    with pytest.raises(
        InputError, match=r"data_files: must name the files of split 'train'|split 'test'|cannot be read"
    ):
        load_task(str(tmp_path)).questions("test")


CHOICES = {"question": "1?", "choices": ["x", "y"], "answer": "(B)"}


@pytest.mark.parametrize(
    "row", [CHOICES, {"question": "A or B?", "answer": " (B) "}, {"question": "?", "answer": "B)"}]
)
def test_letters_in_brackets_are_letters(tmp_path, row):
    rows = [{**row, "question": f"{row['question']} {n}"} for n in range(2)]
    run("task", "new", "mine", "--from", write(tmp_path, "q.jsonl", rows), "--in", tmp_path)
    task = load_task(str(tmp_path / "mine"))
    [question] = task.questions("search")
    assert task.target(question.doc) == "B"


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"choices": ["x"] * 11}, [], "row 1: has 11 choices"),
        ({"choices": ["x", {"text": "y"}]}, [], "row 1: its choices must be texts"),
        ({"choices": ["x", None]}, [], "row 1: its choices must be texts"),
        ({"answer": "C"}, [], "row 1: column 'answer' must be the letter of a choice"),
        ({"answer": -1}, [], "row 1: column 'answer' must be the letter of a choice"),
        ({"answer": "y"}, [], "row 1: column 'answer' must be the letter of a choice"),
        ({"answer": None}, [], "row 1: column 'answer' is empty"),
        ({"answer": 1.0}, [], "row 1: column 'answer' must be the letter of a choice"),
        ({"my q": "1?"}, ["--question", "my q"], "column 'my q' must be one word"),
        ({"{{q": "1?", "choices": None}, ["--question", "{{q"], "has a brace"),
    ],
)
def test_choices_that_cannot_be_asked_are_refused(tmp_path, change, options, message):
    path = write(tmp_path, "q.jsonl", [{**CHOICES, **change}] * 2)
    with pytest.raises(InputError, match=message):
        run("task", "new", "mine", "--from", path, "--in", tmp_path, *options)
    assert not (tmp_path / "mine").exists()


def test_letters_and_numbers_of_choices_are_not_mixed(tmp_path):
    path = write(tmp_path, "q.jsonl", [{**CHOICES, "question": "1?"}, {**CHOICES, "question": "2?", "answer": 1}])
    with pytest.raises(InputError, match="row 2: column 'answer' must be the letter of a choice"):
        run("task", "new", "mine", "--from", path, "--in", tmp_path)


def test_a_column_with_a_blank_is_read_where_no_expression_is_needed(tmp_path):
    rows = [{"my q": f"{n}?", "answer": n} for n in range(3)]
    path = write(tmp_path, "q.jsonl", rows)
    run("task", "new", "mine", "--from", path, "--in", tmp_path, "--question", "my q")
    assert load_task(str(tmp_path / "mine")).questions("search")[0].text in {"0?", "1?", "2?"}
