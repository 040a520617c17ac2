"""`ttgbench doctor`: what is usable here, and why not."""

from __future__ import annotations

from typing import Any

from ttgbench.cli.common import JsonFlag, out, print_json, table
from ttgbench.errors import TTGBenchError


def doctor(json: JsonFlag = False) -> None:
    """What engines, models, sandboxes and GPUs are usable here, and why not."""
    rows = [*_engine_rows(), *_model_rows(), *_sandbox_rows(), *_gpu_rows()]
    if json:
        print_json(rows)
        return
    out.print(table(None, "kind", "name", "usable", "detail", rows=[[*map(str, row.values())] for row in rows]))


def _row(kind: str, name: str, usable: bool, detail: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "usable": usable, "detail": detail}


def _engine_rows() -> list[dict[str, Any]]:
    from ttgbench.engines import availability

    return [_row("engine", engine.name, engine.usable, engine.reason) for engine in availability()]


def _model_rows() -> list[dict[str, Any]]:
    from ttgbench.models.pool import load_pool
    from ttgbench.models.weights import cached_path

    rows = []
    for card in load_pool("embedded"):
        path = cached_path(card)
        detail = str(path) if path else "not fetched yet: `ttgbench models fetch`, or the demo does it"
        rows.append(_row("model", card.name, path is not None, detail))
    return rows


def _sandbox_rows() -> list[dict[str, Any]]:
    try:
        from ttgbench.sandbox import choose

        return [_row("sandbox", choose().layer, True, "model-written code runs contained")]
    except TTGBenchError as error:
        return [_row("sandbox", "none", False, str(error))]


def _gpu_rows() -> list[dict[str, Any]]:
    import shutil
    import subprocess

    tool = shutil.which("nvidia-smi")
    if tool is None:
        return [_row("gpu", "none", False, "nvidia-smi is not on the PATH")]
    query = [tool, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError) as error:
        return [_row("gpu", "none", False, f"nvidia-smi failed: {error}")]
    return [_row("gpu", line.split(",")[0], True, line.split(",", 1)[1].strip()) for line in lines]
