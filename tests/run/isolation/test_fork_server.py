"""Methods are forked from one warm process: no run has anything of another, and nothing outlives its harness."""

from __future__ import annotations

import ast
import importlib.util
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ttgbench.errors import MethodDied
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.run.isolation import IsolatedMethod, IsolationLimits
from ttgbench.run.isolation.process import MethodProcess

HARNESS = """
import os, sys, time
from pathlib import Path
import numpy as np
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.run.isolation import IsolatedMethod, IsolationLimits
from ttgbench.run.isolation.process import MethodProcess

def run():
    try:
        IsolatedMethod(Path(sys.argv[1]), quiet=True)(Sitting(Toy()).problem, np.random.default_rng(0))
    except ValueError as error:
        return int(str(error))
"""
PARENT = "import os\nraise ValueError(os.getppid())"


@pytest.fixture
def seen(write_method) -> Callable[[str], Any]:
    """What a method notes in `seen`, run in isolation."""
    folders: dict[str, Path] = {}

    def run(body: str) -> Any:
        if body not in folders:
            folders[body] = write_method(
                f"seen = None\n{body}\nraise ValueError('SEEN ' + repr(seen))", f"seen{len(folders)}"
            )
        with pytest.raises(ValueError, match=r"^SEEN ") as raised:
            IsolatedMethod(folders[body], quiet=True)(Sitting(Toy()).problem, np.random.default_rng(0))
        return ast.literal_eval(str(raised.value).removeprefix("SEEN "))

    return run


@pytest.fixture
def harness(write_method, tmp_path) -> Callable[[str], subprocess.Popen[str]]:
    """Starts a harness of its own: HARNESS and then `body`, with a method that tells its parent's process id."""
    folder = write_method(PARENT, "parent")
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}

    def start(body: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HARNESS + body, str(folder)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    return start


def ends(handle: int) -> bool:
    """Whether the process of a pidfd ends within a time that nobody should need."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    try:
        return bool(poll.poll(20_000))
    finally:
        os.close(handle)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_runs_come_from_one_process_and_have_none_of_each_other(seen):
    body = """
import os, sys, tempfile
seen = [os.getppid(), os.getpid(), os.getsid(0), os.getcwd(), dict(os.environ), tempfile.gettempdir()]
"""
    (parent, pid, session, work, environment, temporary), other = seen(body), seen(body)
    assert session == pid != other[1]
    assert parent == other[0] != os.getpid()
    assert environment == {"HOME": work, "TMPDIR": work}
    assert temporary == work != other[3]
    assert other[5] == other[3]
    assert not Path(work).exists()


def test_a_method_has_its_pipes_and_no_other_descriptor(seen, write_method):
    body = """
import os, stat
def kind(number):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return None
    return 'pipe' if stat.S_ISFIFO(mode) else 'device' if stat.S_ISCHR(mode) else 'other'
seen = [found for found in map(kind, range(100_000)) if found]
"""
    beside = MethodProcess(write_method("return None", "beside"), IsolationLimits())
    try:
        beside.wait_until_contained()
        assert seen(body) == ["device", "pipe", "pipe", "pipe", "pipe"]
    finally:
        beside.close()


def test_nothing_of_another_method_is_loaded(seen):
    seen("import sys, random\nsys.modules['planted'] = random\nrandom.planted = 1")
    assert seen("import sys, random\nseen = ['planted' in sys.modules, hasattr(random, 'planted')]") == [False, False]
    loaded = seen("import sys\nseen = [name for name in sys.modules if name.startswith(('ttgbench_plugin', 'torch'))]")
    assert [name.endswith(".method") for name in loaded] == [False, True]


@pytest.mark.parametrize(
    "draw",
    [
        "np.random.random(4).tolist()",
        "np.random.get_state()[1][:4].tolist()",
        "np.random.get_bit_generator().seed_seq.generate_state(4).tolist()",
        "np.random.default_rng().random()",
        "random.Random().random()",
    ],
)
def test_what_no_seed_decides_differs_between_runs(seen, draw):
    body = f"import random\nimport numpy as np\nseen = {draw}"
    assert seen(body) != seen(body)


def test_what_seeds_decide_does_not(seen):
    body = """
import random
import numpy as np
np.random.seed(5)
seen = [random.random(), hash('text'), np.random.normal(size=3).tolist(), list({'a', 'b', 'c', 'd'})]
"""
    random = np.random.RandomState(5)
    first = seen(body)
    assert first == seen(body)
    assert first[2] == random.normal(size=3).tolist()


def test_linear_algebra_works_after_the_fork(seen):
    body = """
import numpy as np
matrix = np.random.default_rng(0).random((400, 400))
seen = float(np.trace(matrix @ np.linalg.inv(matrix)))
"""
    assert seen(body) == pytest.approx(400)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_a_large_library_is_loaded_for_those_that_import_it(seen):
    assert seen("import sys\nseen = 'torch' in sys.modules\nimport torch") is True
    assert seen("import sys\nseen = 'torch' in sys.modules") is False


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_torch_works_after_the_fork(seen):
    assert seen("import torch\nseen = float(torch.trace(torch.ones(300, 300) @ torch.ones(300, 300)))") == 90000


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_sums_do_not_depend_on_how_many_threads_the_harness_may_use(seen, monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    assert seen("import torch\nseen = torch.get_num_threads()") == 1


def test_another_environment_has_a_process_of_its_own(seen, monkeypatch):
    body = "import os\nseen = os.getppid()"
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    one = seen(body)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/elsewhere")
    assert seen(body) != one
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    assert seen(body) == one


def test_the_next_run_works_when_the_process_they_come_from_was_killed(seen, write_method):
    body = "import os\nseen = os.getppid()"
    parent = seen(body)
    running = MethodProcess(write_method("return None", "running"), IsolationLimits())
    try:
        running.wait_until_contained()
        os.kill(parent, signal.SIGKILL)
        with pytest.raises(MethodDied, match="was killed by SIGKILL"):
            running.receive()
        assert seen(body) != parent
    finally:
        running.close()


def test_threads_start_methods_at_once(seen):
    body = "import os\nseen = [os.getppid(), os.getpid()]"
    seen(body)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(seen, [body] * 12))
    assert len({parent for parent, _ in found}) == 1
    assert len({pid for _, pid in found}) == 12


def test_a_harness_that_ends_leaves_nothing(harness, tmp_path):
    output, _ = harness("print(run(), run())").communicate()
    first, second = map(int, output.split())
    assert first == second
    assert not exists(first)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_fork_of_the_harness_has_a_process_of_its_own(harness):
    body = """
before = run()
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, str(run()).encode())
    sys.exit()
os.wait()
print(before, os.read(reader, 100).decode(), run())
"""
    output, _ = harness(body).communicate()
    before, forked, after = map(int, output.split())
    assert before == after != forked
    assert not exists(before)
    assert not exists(forked)


def test_a_harness_that_is_killed_leaves_no_process_even_where_a_fork_of_it_goes_on(harness):
    body = """
parent = run()
process = MethodProcess(Path(sys.argv[1]), IsolationLimits())
process.wait_until_contained()
fork = os.fork()
if fork:
    print(parent, process._child.pid, fork, flush=True)
time.sleep(60)
"""
    with harness(body) as process:
        parent, child, fork = map(int, process.stdout.readline().split())
        handles = [os.pidfd_open(parent), os.pidfd_open(child)]
        process.kill()
        assert [ends(handle) for handle in handles] == [True, True]
        assert exists(fork)
        os.kill(fork, signal.SIGKILL)
