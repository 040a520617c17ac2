"""Layers are chosen by trying to break out; where none holds, the refusal says what was found and what to do."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ttgbench.errors import SandboxUnavailable
from ttgbench.sandbox import Finding, Limits, Outcome, choose, findings, layers
from ttgbench.sandbox.inside import confine
from ttgbench.sandbox.inside.confine import waited
from ttgbench.sandbox.inside.fork_server import ForkServer
from ttgbench.sandbox.inside.limits import MAX_BUSY
from ttgbench.sandbox.server import BUBBLEWRAP, LAYERS, Server
from ttgbench.tasks.grading.code import judge


def test_what_is_chosen_is_the_strongest_that_holds_or_a_refusal():
    holding = [finding.layer for finding in findings() if finding.holds]
    if holding:
        assert choose().layer == holding[0]
        assert judge("def f(): return 1", "assert f() == 1").layer == holding[0]
    else:
        with pytest.raises(SandboxUnavailable, match="cannot be contained"):
            choose()
        with pytest.raises(SandboxUnavailable, match="bubblewrap"):
            judge("def f(): return 1", "assert f() == 1")


def test_each_probe_of_a_holding_layer_was_refused():
    for finding in findings():
        assert finding.layer in LAYERS
        if finding.holds:
            assert len(finding.probes) == 9
            assert all(result.startswith("refused") for _, result in finding.probes)
        else:
            assert finding.reason


def test_the_refusal_says_what_was_found_and_how_to_help(monkeypatch):
    reasons = {LAYERS[0]: "bwrap is not installed", LAYERS[1]: "does not contain: fork"}
    monkeypatch.setattr(layers, "probe", lambda layer: Finding(layer, False, reasons[layer], ()))
    with pytest.raises(SandboxUnavailable) as refusal:
        choose()
    for part in (*LAYERS, *reasons.values(), "apt install bubblewrap"):
        assert part in str(refusal.value)


class Uncontained:
    """What a layer that contains nothing looks like to the probe."""

    def run_python(self, code, **_):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        return Outcome("exited", done.returncode, done.stdout, done.stderr, "none", 0.0)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Probes anew, with a home folder of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    layers.probe.cache_clear()
    yield tmp_path
    layers.probe.cache_clear()


def test_a_layer_that_contains_nothing_is_found_out(monkeypatch, fresh):
    monkeypatch.setattr(layers, "sandbox_under", lambda layer: Uncontained())
    finding = layers.probe(LAYERS[0])
    assert not finding.holds
    for attempt in ("connect over TCP", "read $HOME", "write to $HOME", "fork", "start a program"):
        assert attempt in finding.reason
    assert not list(fresh.iterdir())


def test_a_probe_that_says_nothing_is_no_proof(monkeypatch, fresh):
    monkeypatch.setattr(Uncontained, "run_python", lambda *_, **__: Outcome("timeout", -9, b"", b"", "none", 0.0))
    monkeypatch.setattr(layers, "sandbox_under", lambda layer: Uncontained())
    assert "did not report" in layers.probe(LAYERS[0]).reason


def test_a_missing_bubblewrap_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SandboxUnavailable, match="bwrap is not installed"):
        Server(BUBBLEWRAP)


def test_other_systems_are_refused(monkeypatch, fresh):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "needs Linux" in layers.probe(LAYERS[1]).reason


def test_waiting_for_a_core_is_counted_by_the_kernel_or_not_at_all():
    assert waited(os.getpid()) >= 0
    assert waited(2**22 + 1) == 0  # no such process


def test_a_job_is_over_by_its_own_time(monkeypatch):
    limits = Limits(wall_seconds=10)
    server = object.__new__(ForkServer)
    server.children = [SimpleNamespace(pid=1, end=None), SimpleNamespace(pid=2, end="exited")]
    monkeypatch.setattr(confine, "waited", lambda pid: {1: 25.0, 2: 1000.0}[pid])
    assert [server.over(seconds, limits) for seconds in (9, 34, 36)] == [False, False, True]
    monkeypatch.setattr(confine, "waited", lambda pid: 1e9)
    assert server.over(10 * MAX_BUSY + 1, limits)
