"""What a contained child does. Descriptor 3 holds its instructions (JSON), later ones its channel and report."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any

from .candidate import Host
from .channel import Channel
from .judge import judge

_INSTRUCTIONS, _INCOMING, _OUTGOING, _REPORT = 3, 4, 5, 6


def _instructions() -> Any:
    with open(_INSTRUCTIONS, "rb") as file:
        return json.loads(file.read())


def script() -> int:
    """Runs a program as `python FILE` would; returns its exit code."""
    code = _instructions()["code"]
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    status = 0
    try:
        exec(compile(code, "<script>", "exec", dont_inherit=True), module.__dict__)
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return status & 0xFF


def candidate() -> int:
    """Loads model-written code and serves the judge."""
    order = _instructions()
    host = Host(Channel(_INCOMING, _OUTGOING))
    if host.load(order["setup"], order["candidate"]):
        host.serve()
    return 0


def verdict() -> int:
    """Runs the tests and reports."""
    order = _instructions()
    status, detail = judge(Channel(_INCOMING, _OUTGOING), order["setup"], order["tests"], order["entry_point"])
    os.write(_REPORT, json.dumps({"status": status, "detail": detail}).encode())
    return 0


ROLES: dict[str, Callable[[], int]] = {"script": script, "candidate": candidate, "judge": verdict}
