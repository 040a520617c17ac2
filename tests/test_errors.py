"""Errors say where, what and what would be right."""

import pickle

import pytest

from ttgbench.errors import BudgetExhausted, GraphError, GraphIssue, InputError, UnknownName
from ttgbench.publish.archive import Rejected


def test_input_error_names_source_and_field():
    error = InputError("must be a list", source="graph.json", field="edges")
    assert str(error) == "graph.json: edges: must be a list"


def test_unknown_name_offers_near_matches():
    assert "did you mean 'assistant'?" in str(UnknownName("role", "asistant", ["assistant", "fuser", "vote"]))


def test_unknown_name_shortens_huge_names():
    assert len(str(UnknownName("model", "x" * 10_000, ["a"]))) < 200


@pytest.mark.parametrize(
    "error",
    [
        InputError("must be a list", source="graph.json", field="edges"),
        UnknownName("role", "asistant", ["assistant", "fuser", "vote"]),
        GraphError([GraphIssue("a", "cycle", "it goes round")], source="graph.json"),
        Rejected("replay-differs", "event 3", source="cells.jsonl"),
        BudgetExhausted("7 are left"),
    ],
)
def test_errors_travel_between_processes_whole(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
