"""BibTeX: one entry names exactly one suite or one result."""

from __future__ import annotations

import json
from typing import Any

from ttgbench.util.latex import latex


def cite_suite(label: str, facts: dict[str, Any], package_version: str) -> str:
    """BibTeX of a suite: version and hash say which problems, budgets and anchors."""
    return _entry(
        f"ttgbench-{label}",
        title=f"{{TTG-Bench}} suite {latex(label)}: {latex(facts['description'])}",
        author="{The TTG-Bench developers}",
        version=latex(f"{label}, ttgbench {package_version}"),
        note=f"Suite hash sha256:{facts['hash']}",
    )


def cite_result(label: str, facts: dict[str, Any], run: dict[str, Any]) -> str:
    """BibTeX of one archived run; run: a row of the table "runs"."""
    record = json.loads(run["record"])
    method = record["method"]
    return _entry(
        f"ttgbench-{label}-{run['method']}-{run['run_id'][:8]}",
        title=f"{latex(method['name'])} {latex(method['version'])} on {{TTG-Bench}} suite {latex(label)}",
        author=" and ".join(f"{{{latex(name)}}}" for name in method["authors"]),
        version=latex(f"{label}, ttgbench {record['package_version']}"),
        note=f"Run {run['run_id']} ({latex(run['badge'])}), suite hash sha256:{facts['hash']}",
    )


def _entry(key: str, **fields: str) -> str:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in key)
    lines = "".join(f"  {name:<8}= {{{text}}},\n" for name, text in fields.items())
    return f"@misc{{{safe},\n{lines}}}\n"
