"""The demo from its first line to its last, with toys for models and fewer searches."""

from __future__ import annotations

from ttgbench.cli import demo
from ttgbench.problems.suite import load_suite


def test_the_demo_answers_searches_and_compares(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "METHODS", ("single_model", "self_consistency"))
    monkeypatch.setattr(demo, "PAIRS", (("self_consistency", "single_model"),))
    monkeypatch.setattr(demo, "PROBLEMS", demo.PROBLEMS[:1])
    demo.demo(tmp_path / "demo", "echo")
    shown = capsys.readouterr()
    assert shown.out.count("micro_qa@1/search/") == demo.ASKED
    assert "best mean accuracy: " in shown.out
    assert "self_consistency is " in shown.out or "No difference shown between self_consistency" in shown.out
    for part in ("search", "methods"):
        assert "<svg" in (tmp_path / "demo" / part / "report.html").read_text()
    demo.demo(tmp_path / "demo", "echo")
    again = capsys.readouterr()
    assert again.out == shown.out, "everything was recorded"


def test_what_the_demo_compares_is_there():
    methods = set(demo.METHODS)
    assert {name for pair in demo.PAIRS for name in pair} <= methods
    suite = load_suite(demo.SUITE)
    assert set(demo.PROBLEMS) <= {spec.name for spec in suite.problems}
