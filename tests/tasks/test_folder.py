"""Task folders: every bundled task has a card; documents, templates and grades mean what they mean in lm-eval."""

import shutil

import pytest

from ttgbench.errors import InputError, UnknownName
from ttgbench.tasks.folder import load_task, task_names
from ttgbench.util.plugins import bundled_folder, find_plugin, load_function, load_package

HUB = {"gsm8k", "math500", "mbpp", "mmlu", "mmlu_pro", "arc_challenge"}
PROCEDURAL = ["micro_math", "micro_qa", "micro_code", "gsm_symbolic", "code_output", "logic_qa", "geography"]


def test_all_tasks_are_there():
    assert {*HUB, *PROCEDURAL, "humaneval"} <= set(task_names())


@pytest.mark.parametrize("name", sorted({*HUB, *PROCEDURAL, "humaneval"}))
def test_cards_need_no_data(name):
    card = load_task(name).card
    assert card.name == name
    assert card.version >= 1
    assert card.licence not in ("", "unknown")
    assert card.answer_format
    assert not any(sign.isdigit() for sign in card.answer_format)  # small models give it as their answer
    assert set(card.splits) == {"search", "validation", "test"}
    assert card.lengths.question > 0 < card.lengths.answer
    assert card.votable == (not card.grader.startswith("code/"))
    if name in HUB:
        assert len(card.source.split("@")[1]) == 40  # a commit, not a branch


@pytest.mark.parametrize("name", PROCEDURAL)
def test_manifests_hold_and_splits_are_disjoint(name):
    task = load_task(name)
    assert task.manifest == task.planned_rows()
    texts = [question.text for split in task.card.splits for question in task.questions(split)]
    assert len(set(texts)) == len(texts)
    ids = [question.id for split in task.card.splits for question in task.questions(split)]
    assert len(set(ids)) == len(ids)


def test_lm_eval_reads_our_folder_the_same(tmp_path):
    """lm-eval's own loader, templates and process_results beside ours."""
    from lm_eval.tasks import TaskManager

    shutil.copytree(bundled_folder("tasks") / "micro_math", tmp_path / "micro_math")
    theirs = TaskManager(include_path=str(tmp_path), include_defaults=False).load(["micro_math"])["tasks"]["micro_math"]
    task = load_task("micro_math")
    questions = task.questions("test")
    docs = list(theirs.test_docs())
    assert [theirs.doc_to_text(doc) for doc in docs] == [question.text for question in questions]
    assert [theirs.doc_to_target(doc) for doc in docs] == [task.target(question.doc) for question in questions]
    outputs = [question.doc["answer"] if i % 2 else "-5" for i, question in enumerate(questions)]
    scores = [theirs.process_results(doc, [said])["exact_match"] for doc, said in zip(docs, outputs, strict=True)]
    assert scores == [grade.score for grade in task.grade(questions, outputs)]


def test_unknown_names_offer_near_ones():
    with pytest.raises(UnknownName, match="micro_math"):
        load_task("micro_mth")
    with pytest.raises(InputError, match="no such task folder"):
        load_task("./nowhere")


def test_bad_task_files_name_the_field(tmp_path):
    text = (bundled_folder("tasks") / "template" / "task.yaml").read_text()
    for number, (old, new, message) in enumerate(
        [
            ("grader: number", "grader: magic", "metadata.ttgbench.grader"),
            ("lengths: [60, 4]", "lengths: [0, 4]", "metadata.ttgbench.lengths"),
            ("domain: math", "domain: art", "metadata.ttgbench.domain"),
            ("votable: true", "votabel: true", "metadata.ttgbench.votabel"),
            ("votable: true", "splits: {test: {from: a}}", "needs search and test"),
            ("task: my_task", "task: a/b", "task"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "task.yaml").write_text(text.replace(old, new))
        with pytest.raises(InputError, match=message.replace(".", r"\.")):
            load_task(str(folder))


def test_plugin_folders_are_packages(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "task.yaml").write_text("")
    (tmp_path / "p" / "one.py").write_text("from .two import value\ndef get():\n    return value\n")
    (tmp_path / "p" / "two.py").write_text("value = 7\n")
    folder = find_plugin("tasks", str(tmp_path / "p"))
    assert load_function(folder, "one.get")() == 7
    assert load_package(folder) is load_package(folder)
    with pytest.raises(InputError, match="holds no function 'nothing'"):
        load_function(folder, "one.nothing")
    with pytest.raises(InputError, match=r"must be file\.function"):
        load_function(folder, "../evil.get")
