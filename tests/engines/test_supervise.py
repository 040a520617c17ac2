"""What is on the leash ends with whoever holds it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ttgbench.engines.vllm import hardware, supervise
from ttgbench.errors import InputError


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def ended(pid, seconds=15):
    deadline = time.monotonic() + seconds
    while state(pid) not in (None, "Z") and time.monotonic() < deadline:
        time.sleep(0.02)
    return state(pid) in (None, "Z")


# Starts a helper that ignores SIGTERM, says both process numbers, and waits.
FAMILY = """
import os, subprocess, sys, time
stubborn = "from signal import *; import time; signal(SIGTERM, SIG_IGN); print('up', flush=True); time.sleep(600)"
helper = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
helper.stdout.readline()
print(os.getpid(), helper.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def family():
    """A leash, and the process numbers of the command and its helper."""
    command = [sys.executable, supervise.__file__, sys.executable, "-c", FAMILY]
    environment = {**os.environ, "TTGBENCH_STARTER": str(os.getpid())}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
        pids = [int(word) for word in holder.stdout.readline().split()]
        yield holder, pids
        holder.kill()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def test_a_leash_that_is_asked_to_stop_takes_the_whole_group_along(family):
    holder, pids = family
    holder.terminate()
    assert holder.wait(30) == 128 + signal.SIGTERM
    assert all(map(ended, pids))


def test_a_command_that_dies_takes_its_helpers_along(family):
    holder, (command, helper) = family
    os.kill(command, signal.SIGKILL)
    assert holder.wait(30) == 128 + signal.SIGKILL
    assert ended(helper)


def test_a_command_ends_even_when_its_leash_is_killed(family):
    holder, (command, _) = family
    holder.kill()
    assert ended(command)


def test_the_status_is_passed_on():
    assert subprocess.run([sys.executable, supervise.__file__, "sh", "-c", "exit 7"], check=False).returncode == 7


def smi(tmp_path, monkeypatch, body):
    script = tmp_path / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_gpus_are_what_nvidia_smi_says_and_we_may_use(tmp_path, monkeypatch):
    smi(tmp_path, monkeypatch, "printf '0, 81000\\n1, 24000\\n2, 512\\n'")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert hardware.free_gpus() == {0: 81000 << 20, 1: 24000 << 20, 2: 512 << 20}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    assert list(hardware.free_gpus()) == [0, 2]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1234")
    with pytest.raises(InputError, match="CUDA_VISIBLE_DEVICES"):
        hardware.free_gpus()


@pytest.mark.parametrize("body", ["exit 9", "echo no devices were found", "echo '0, [N/A]'"])
def test_no_gpu_is_no_error(tmp_path, monkeypatch, body):
    smi(tmp_path, monkeypatch, body)
    assert hardware.free_gpus() == {}


def test_the_host_has_memory():
    assert hardware.free_host() > 1 << 20
