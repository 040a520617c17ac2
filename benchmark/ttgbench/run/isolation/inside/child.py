"""The process of one run, from the fork to its end: become one's own, lock in, load the method, run it, report."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ttgbench.graphs.graph import Graph
from ttgbench.problems.method import load_method
from ttgbench.run import serialize
from ttgbench.run.isolation.inside.lock import lock_in
from ttgbench.run.isolation.inside.remote import Line, RemoteProblem
from ttgbench.sandbox.inside import kernel


def main(settings: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Never returns, unless by raising.

    settings: "parent" (the fork server's process id), "folder" (the submission's), "work" (an empty folder), "memory"
    (bytes of address space), "files" (`readable`). descriptors: of the pipes that it hears from, speaks to, prints to.
    """
    incoming, outgoing, printing = descriptors
    os.setsid()
    _keep_only(incoming, outgoing, printing)
    line = Line(incoming, outgoing)
    try:
        kernel.die_with_parent(signal.SIGKILL, settings["parent"])
        _renew()
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


def _keep_only(incoming: int, outgoing: int, printing: int) -> None:
    """Prints go to `printing`; all descriptors but the two others and the standard ones are closed."""
    for standard in (1, 2):
        os.dup2(printing, standard)
    kept = sorted((0, 1, 2, incoming, outgoing))
    for low, high in pairwise([*kept, os.sysconf("SC_OPEN_MAX")]):
        os.closerange(low + 1, high)


def _renew() -> None:
    """What a process of its own would have drawn at its start, so that two runs do not share it."""
    np.random.set_bit_generator(np.random.MT19937())  # type: ignore[attr-defined]
    tempfile.tempdir = None


def _run(problem: RemoteProblem, order: Mapping[str, Any], folder: str) -> dict[str, Any]:
    method = load_method(folder)
    graph: Any = method.search(problem, serialize.rng_from_wire(order["rng"]))
    return {"returned": graph.to_dict() if type(graph) is Graph else type(graph).__name__}
