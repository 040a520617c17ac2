"""A graph's trace in the terminal: a question with its reference answer, and what every node said of it."""

from __future__ import annotations

from typing import Any

from ttgbench.cli.common import out, table
from ttgbench.util.text import visible

MARKS = {"correct": "right", "wrong": "wrong", "unanswered": "no answer", "ungradable": "ungradable"}


def print_trace(trace: dict[str, Any]) -> None:
    """A record of `trace_outputs`."""
    status = MARKS.get(trace["status"], trace["status"])
    out.print(f"\n{trace['question']}  answer {trace['answer']!r}: {status}", markup=False, highlight=False)
    out.print(visible(trace["asked"]), style="dim", markup=False, highlight=False)
    if trace["reference"] is not None:
        out.print(f"reference: {visible(trace['reference'])}", style="dim", markup=False, highlight=False)
    said = [
        [node["node"], node["role"], node["model"] or "", node["text"], MARKS.get(node["status"], "")]
        for node in trace["nodes"]
    ]
    out.print(table(None, "node", "role", "model", "said", "", rows=said))
