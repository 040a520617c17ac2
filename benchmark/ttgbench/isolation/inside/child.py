"""The process from its first line to its last: lock in, load the method, run it, report."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from ttgbench.graph import Graph
from ttgbench.isolation import wire
from ttgbench.isolation.inside.lock import lock_in
from ttgbench.isolation.inside.remote import Line, RemoteProblem
from ttgbench.method import load_method
from ttgbench.sandbox.inside import kernel


def main(settings: Mapping[str, Any]) -> None:
    """Never returns. `settings`: see `MethodProcess`."""
    line = Line(settings["incoming"], settings["outgoing"])
    try:
        kernel.die_with_parent(signal.SIGKILL, settings["parent"])
        broken = lock_in(settings)
    except OSError as error:
        broken = str(error)
    line.send({"contained": broken or True})
    if broken:
        os._exit(1)
    order = line.receive()
    try:
        report = _run(RemoteProblem(line, order["problem"]), order, settings["folder"])
    except BaseException as error:  # whatever a method raises is its result, SystemExit included
        traceback.print_exc(file=sys.stderr)
        report = {"raised": [type(error).__name__, str(error)]}
    sys.stdout.flush()
    sys.stderr.flush()
    line.send(report)
    os._exit(0)  # threads and exit handlers of the method have nothing left to do


def _run(problem: RemoteProblem, order: Mapping[str, Any], folder: str) -> dict[str, Any]:
    method = load_method(folder)
    graph: Any = method.search(problem, wire.rng_from_wire(order["rng"]))
    return {"returned": graph.to_dict() if type(graph) is Graph else type(graph).__name__}
