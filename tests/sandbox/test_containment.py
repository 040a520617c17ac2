"""Attacks from inside the sandbox, on every layer that holds here. Each would be harmless if it succeeded: what it goes
for is a dummy, and what could multiply is bounded."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from processes import alive, burns, descendants, wait_until

from ttgbench.sandbox.inside.limits import Limits
from ttgbench.sandbox.layers import probe, sandbox_under
from ttgbench.sandbox.server import LAYERS, PLAIN

QUICK = Limits(cpu_seconds=1, wall_seconds=8.0)

# Runs attempts and prints what became of each: null where it succeeded.
ATTEMPTS = """
import json, sys
def tell(**attempts):
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            found[name] = None
        except BaseException as error:
            found[name] = type(error).__name__
    print(json.dumps(found))
def syscall(*arguments):
    import ctypes, os
    if ctypes.CDLL(None, use_errno=True).syscall(*map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")
"""


@pytest.fixture(params=LAYERS)
def sandbox(request):
    finding = probe(request.param)
    if not finding.holds:
        pytest.skip(str(finding))
    return sandbox_under(request.param)


def attempt(sandbox, code, **settings):
    """What became of each attempt in `code`, which calls tell(...)."""
    outcome = sandbox.run_python(f"{ATTEMPTS}\nS = json.loads({json.dumps(settings)!r})\n{code}", limits=QUICK)
    assert outcome.status == "exited", outcome
    return json.loads(outcome.stdout)


def assert_harness_lives(sandbox):
    outcome = sandbox.run_python("print(6 * 7, __import__('os').listdir('.'))", limits=QUICK)
    assert (outcome.status, outcome.exit_code, outcome.stdout) == ("exited", 0, b"42 []\n")
    assert outcome.layer == sandbox.layer


def test_a_program_runs_as_usual(sandbox):
    code = """
import sys, threading
results = []
thread = threading.Thread(target=lambda: results.append(sys.stdin.read()))
thread.start(); thread.join()
with open("notes.txt", "w") as file: file.write(results[0])
print(open("notes.txt").read(), file=sys.stderr)
import asyncio
async def three(): return 3
sys.exit(asyncio.run(three()))
"""
    outcome = sandbox.run_python(code, stdin=b"hello", limits=QUICK)
    assert (outcome.status, outcome.exit_code, outcome.stdout, outcome.stderr) == ("exited", 3, b"", b"hello\n")
    assert_harness_lives(sandbox)


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("while True: pass", QUICK),
        ("import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", QUICK),
        ("import time; time.sleep(60)", Limits(wall_seconds=0.5)),
        ("import atexit, time; atexit.register(time.sleep, 60)", Limits(wall_seconds=0.5)),
    ],
    ids=["loop", "loop-ignoring-signals", "sleep", "sleep-at-exit"],
)
def test_endless_programs_are_ended(sandbox, code, limits):
    assert sandbox.run_python(code, limits=limits).status == "timeout"
    assert_harness_lives(sandbox)


def test_no_process_can_be_made(sandbox):
    code = """
import multiprocessing, os, pty, subprocess
def forks():
    for _ in range(3):
        if os.fork() == 0: os._exit(0)
tell(fork=forks, forkpty=os.forkpty, spawn=lambda: os.posix_spawn(S["python"], ["python", "-c", ""], {}),
     execute=lambda: os.execv(S["python"], ["python", "-c", "print('{}')"]),
     run=lambda: subprocess.run([S["python"], "-c", ""], check=True),
     start=lambda: multiprocessing.get_context("fork").Process(target=int).start(),
     shell=lambda: os.system("exit 0") == 0 or 1 / 0, vfork=lambda: syscall(*S["vfork"]))
"""
    vfork = [58] if os.uname().machine == "x86_64" else [220, 0x4111, 0]
    found = attempt(sandbox, code, python=sys.executable, vfork=vfork)
    assert len(found) == 8
    assert None not in found.values(), found


def test_threads_are_limited(sandbox):
    code = """
import threading, time
threading.stack_size(32768)
for _ in range(500): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
time.sleep(5)
"""
    assert sandbox.run_python(code, limits=Limits(wall_seconds=8)).status == "threads"
    assert_harness_lives(sandbox)


def test_memory_is_limited(sandbox):
    code = """
import mmap, os
tell(bytes=lambda: bytearray(10 << 30), list=lambda: [0] * (10 << 30 >> 3), map=lambda: mmap.mmap(-1, 10 << 30),
     file=lambda: os.write(os.memfd_create("x"), b"x"))
"""
    assert None not in attempt(sandbox, code).values()


def test_output_is_limited(sandbox):
    outcome = sandbox.run_python("import sys\nfor _ in range(400): sys.stdout.write('x' * (1 << 20))", limits=QUICK)
    assert outcome.status == "output"
    assert outcome.stdout == b"x" * 65536
    assert_harness_lives(sandbox)


def test_disk_is_limited_and_wiped(sandbox):
    code = "import time\nfor n in range(20):\n  open(str(n), 'wb').write(bytes(8 << 20))\ntime.sleep(5)"
    outcome = sandbox.run_python(code, limits=Limits(wall_seconds=8))
    assert outcome.status == "disk" or b"No space left" in outcome.stderr
    assert_harness_lives(sandbox)


KEPT = """
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
for n in range(40):
    file = os.open("u", os.O_RDWR | os.O_CREAT)
    os.unlink("u")
    os.write(file, bytes(4 << 20))
    {keep}
time.sleep(20)
"""


@pytest.mark.parametrize(
    "keep",
    [
        "",
        "assert libc.mmap(None, 4096, 1, 1, file, ctypes.c_long(0)) < 1 << 60; os.close(file)",
    ],
)
def test_files_without_a_name_count(sandbox, keep):
    outcome = sandbox.run_python(KEPT.replace("{keep}", keep), limits=Limits(wall_seconds=10))
    assert outcome.status == "disk" or b"No space left" in outcome.stderr


def test_litter_is_wiped(sandbox):
    code = """
import os
os.symlink("/", "root"); os.mkdir("closed", 0); os.mkdir("write-only", 0o300); open("write-only/file", "w").close()
for _ in range(1500):
    os.mkdir("d"); os.chdir("d")
"""
    assert sandbox.run_python(code, limits=QUICK).status in ("exited", "disk")
    assert_harness_lives(sandbox)


def test_nothing_outside_can_be_read(sandbox, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    code = """
import os, glob
def link(make):
    make(S["secret"], "link")
    with open("link") as file: file.read()
tell(passwd=lambda: open("/etc/passwd"), repository=lambda: open(S["here"]), secret=lambda: open(S["secret"]),
     folder=lambda: os.listdir(S["folder"]), home=lambda: os.listdir(S["home"]), root=lambda: os.listdir("/"),
     symlink=lambda: link(os.symlink), hardlink=lambda: link(os.link), environ=lambda: open("/proc/self/environ"),
     parent=lambda: open(f"/proc/{os.getppid()}/environ"), memory=lambda: open("/proc/self/mem"),
     packages=lambda: open(S["package"]), up=lambda: open("../judge/x", "w"),
     handle=lambda: os.open(S["secret"], os.O_RDONLY | os.O_NOFOLLOW))
"""
    found = attempt(
        sandbox,
        code,
        secret=str(secret),
        folder=str(tmp_path),
        here=__file__,
        home=os.path.expanduser("~"),
        package=pytest.__file__,
    )
    assert len(found) == 14
    assert None not in found.values(), found


def test_nothing_outside_can_be_changed(sandbox, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("intact")
    before = victim.stat()
    code = """
import os, shutil
v, home = S["victim"], S["home"]
tell(write=lambda: open(v, "w"), append=lambda: open(v, "a"), truncate=lambda: os.truncate(v, 0),
     chmod=lambda: os.chmod(v, 0), chown=lambda: os.chown(v, 1, 1), times=lambda: os.utime(v, (0, 0)),
     remove=lambda: os.remove(v), rename=lambda: os.rename(v, v + "2"), steal=lambda: os.rename(v, "mine"),
     tree=lambda: shutil.rmtree(home), create=lambda: open(home + "/new", "w"), mkdir=lambda: os.mkdir(home + "/d"),
     symlink=lambda: os.symlink("/", home + "/l"), attribute=lambda: os.setxattr(v, "user.x", b"1"),
     python=lambda: open(os.__file__, "a"), mount=lambda: syscall(165, 0, 0, 0, 0, 0), root=lambda: os.chroot("."))
"""
    found = attempt(sandbox, code, victim=str(victim), home=str(tmp_path))
    assert len(found) == 17
    assert None not in found.values(), found
    after = victim.stat()
    assert victim.read_text() == "intact"
    assert (after.st_mode, after.st_mtime, after.st_uid) == (before.st_mode, before.st_mtime, before.st_uid)
    assert [p.name for p in tmp_path.iterdir()] == ["victim"]


def test_nobody_can_be_reached(sandbox, tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "socket"))
        unix.listen()
        abstract.bind(f"\0ttgbench-{os.getpid()}")
        abstract.listen()
        code = """
import socket
def reach(family, kind, address):
    s = socket.socket(family, kind)
    s.connect(address); s.send(b"x")
def through_a_pair():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    a.sendto(b"x", S["unix"])
tell(tcp=lambda: reach(2, 1, ("127.0.0.1", S["tcp"])), udp=lambda: reach(2, 2, ("127.0.0.1", S["udp"])),
     unix=lambda: reach(1, 1, S["unix"]), abstract=lambda: reach(1, 1, S["abstract"]), pair=through_a_pair,
     netlink=lambda: socket.socket(16, 3, 0), raw=lambda: socket.socket(2, 3, 1), ring=lambda: syscall(425, 1, 0))
"""
        found = attempt(
            sandbox,
            code,
            tcp=tcp.getsockname()[1],
            udp=udp.getsockname()[1],
            unix=str(tmp_path / "socket"),
            abstract=f"\0ttgbench-{os.getpid()}",
        )
    assert len(found) == 8
    assert None not in found.values(), found


def test_no_other_process_can_be_touched(sandbox):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as dummy:
        code = """
import ctypes, fcntl, os, resource, signal
p = S["dummy"]
def own():
    r, w = os.pipe()
    fcntl.fcntl(r, fcntl.F_SETOWN, p)
tell(kill=lambda: os.kill(p, 9), parent=lambda: os.kill(os.getppid(), 9), everyone=lambda: os.kill(-1, 0),
     group=lambda: os.killpg(0, 0), pidfd=lambda: os.pidfd_open(p), limit=lambda: resource.prlimit(p, 0, (1, 1)),
     trace=lambda: syscall(S["ptrace"], 16, p, 0, 0), own=own, nice=lambda: os.setpriority(0, p, 19),
     orphan=lambda: syscall(S["prctl"], 1, 0, 0, 0, 0), session=os.setsid,
     namespace=lambda: syscall(S["unshare"], 1 << 28))
"""
        numbers = {"x86_64": (101, 157, 272), "aarch64": (117, 167, 97)}[os.uname().machine]
        settings = dict(zip(("ptrace", "prctl", "unshare"), numbers, strict=True))
        found = attempt(sandbox, code, dummy=dummy.pid, **settings)
        assert dummy.poll() is None
        dummy.kill()
    assert len(found) == 12
    assert None not in found.values(), found
    assert_harness_lives(sandbox)


def test_the_environment_is_empty(sandbox, monkeypatch):
    monkeypatch.setenv("TTGBENCH_SECRET", "hunter2")
    sandbox.close()  # so that a new fork server starts with the secret in its parent's environment
    outcome = sandbox.run_python("import os, sys; print(dict(os.environ), sys.argv)", limits=QUICK)
    assert b"{}" in outcome.stdout
    assert b"hunter2" not in outcome.stdout


def test_no_descriptor_is_inherited(sandbox):
    code = "import os\nfor n in range(3, 300):\n  try: print(n, os.fstat(n))\n  except OSError: pass"
    lines = sandbox.run_python(code, limits=QUICK).stdout.splitlines()
    assert len(lines) <= 1, lines  # 3: the program's own text


@pytest.mark.parametrize(
    ("code", "number"),
    [("import ctypes; ctypes.string_at(0)", signal.SIGSEGV), ("import os; os.abort()", None)],
)
def test_crashes_are_reported(sandbox, code, number):
    outcome = sandbox.run_python(code, limits=QUICK)
    assert outcome.status == "killed"
    assert number is None or outcome.exit_code == -number
    assert_harness_lives(sandbox)


def test_runs_leave_no_trace_in_each_other(sandbox):
    sandbox.run_python("import builtins, math, sys; builtins.len = math.pi = None; sys.modules.clear()", limits=QUICK)
    assert sandbox.run_python("import math; print(len('abc'), math.floor(math.pi))").stdout == b"3 3\n"


def test_everything_dies_with_the_harness(sandbox, tmp_path):
    harness = f"""
import sys
sys.path[:0] = {sys.path!r}
from ttgbench.sandbox.layers import sandbox_under
box = sandbox_under({sandbox.layer!r})
print(box.run_python("print('ready')").stdout.decode(), flush=True)
box.run_python("while True: pass")
"""
    with subprocess.Popen(
        [sys.executable, "-c", harness], stdout=subprocess.PIPE, env={"TMPDIR": str(tmp_path)}
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        wait_until(lambda: any(burns(pid) for pid in descendants(process.pid)))
        below = descendants(process.pid)
        process.kill()
    wait_until(lambda: not any(map(alive, below)) and not any(tmp_path.iterdir()))


@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # that it is done in programs with threads is the point
def test_a_forked_harness_leaves_the_fork_servers_alone(sandbox):
    assert_harness_lives(sandbox)
    child = os.fork()
    if child == 0:
        sandbox.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    (server,) = sandbox._idle
    assert_harness_lives(sandbox)
    assert sandbox._idle == [server]


def test_a_plain_fork_server_removes_its_folder(tmp_path, monkeypatch):
    if not probe(PLAIN).holds:
        pytest.skip(str(probe(PLAIN)))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    from ttgbench.sandbox.runner import Sandbox

    sandbox = Sandbox(PLAIN)
    sandbox.run_python("pass")
    assert len(list(tmp_path.iterdir())) == 1
    sandbox.close()
    assert not list(tmp_path.iterdir())
