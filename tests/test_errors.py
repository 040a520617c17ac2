"""Errors say where, what and what would be right."""

from ttgbench.errors import InputError, UnknownName


def test_input_error_names_source_and_field():
    error = InputError("must be a list", source="graph.json", field="edges")
    assert str(error) == "graph.json: edges: must be a list"


def test_unknown_name_offers_near_matches():
    assert "did you mean 'assistant'?" in str(UnknownName("role", "asistant", ["assistant", "fuser", "vote"]))


def test_unknown_name_shortens_huge_names():
    assert len(str(UnknownName("model", "x" * 10_000, ["a"]))) < 200
