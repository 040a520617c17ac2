"""From a finished run folder to an archive: same run, same bytes, and nothing half-written."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.methods.submission.pack import pack
from ttgbench.problems.method import FUNCTION, FoundMethod, find_method
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import check, packed
from ttgbench.publish.archive.export import export_used
from ttgbench.publish.archive.layout import CELLS, LOGS, RUN, STORE, SUBMISSION, content_name, uses_store
from ttgbench.publish.archive.read import digest
from ttgbench.publish.archive.record import Hardware, RunRecord, SuiteRef, TaskRef
from ttgbench.run.experiment import STORE as RUN_STORE
from ttgbench.run.experiment import Manifest, read_manifest
from ttgbench.run.recorded import store_of
from ttgbench.run.results import LOG_NAME, RESULT_NAME, CellResult, read_result
from ttgbench.run.run import cell_folder
from ttgbench.util.lines import lines_of


def write_archive(
    run_folder: Path, method: str, root: Path, *, store: Path | None = None, data_dir: Path | None = None
) -> Path:
    """Archives one method's results of a finished run below the results folder `root`; returns the archive's folder.

    method: its name. store: default the suite's recording, else the run folder's own. The same run gives the same
    archive, and is written once.
    Raises InputError if the run is not finished, the method is not in it, or a file would be larger than is allowed.
    """
    manifest = read_manifest(run_folder)
    found_method = _method_of(manifest, method, run_folder)
    if manifest.problems:
        known = ", ".join(manifest.problems)
        message = f"holds runs on some of the suite's problems only ({known}); run the others into it as well"
        raise InputError(message, source=run_folder)
    cells = [
        read_result(cell_folder(run_folder, spec.name, method, seed) / RESULT_NAME)
        for spec in sorted(manifest.suite.problems, key=lambda spec: spec.name)
        for seed in range(manifest.seeds)
    ]
    root.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".ttgbench-archive-", dir=root))
    try:
        (scratch / SUBMISSION).write_bytes(pack(found_method.path))
        packed.write_lines(scratch / CELLS, (cell.to_json().encode() for cell in cells))
        entries = [_log_entry(run_folder, cell) for cell in cells]
        packed.write_lines(scratch / LOGS, map(check.canonical, entries))
        if uses_store(manifest.suite, manifest.agent):
            evaluated = [(cell, entry["events"]) for cell, entry in zip(cells, entries, strict=True)]
            used = store or store_of(manifest.suite, run_folder / RUN_STORE, manifest.agent)
            export_used(manifest.suite, evaluated, used, scratch / STORE, data_dir)
        record = _record(manifest, found_method, cells, scratch)
        (scratch / RUN).write_text(record.to_json(), "utf-8")
        target = root / record.suite.label / record.method.name / record.run_id
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.chmod(scratch, 0o755)
            os.replace(scratch, target)
        return target
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _method_of(manifest: Manifest, method: str, run_folder: Path) -> FoundMethod:
    if FUNCTION + method in manifest.methods:
        return find_method(FUNCTION + method)  # which says why it cannot be archived
    found = [find_method(name) for name in manifest.methods if not name.startswith(FUNCTION)]
    for candidate in found:
        if candidate.name == method:
            return candidate
    known = ", ".join(candidate.name for candidate in found)
    raise InputError(f"has no results of method {method[:80]!r}; it has {known}", source=run_folder)


def _log_entry(run_folder: Path, cell: CellResult) -> dict[str, Any]:
    path = cell_folder(run_folder, cell.problem, cell.method.name, cell.seed) / LOG_NAME
    try:
        events = [json.loads(line) for line in lines_of(path.read_text("utf-8"))]
        return {"problem": cell.problem, "seed": cell.seed, "events": events}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=path) from None
    except ValueError as error:
        raise InputError(f"is not JSON lines: {error}", source=path) from None


def _record(manifest: Manifest, method: FoundMethod, cells: Sequence[CellResult], folder: Path) -> RunRecord:
    return RunRecord(
        package_version=manifest.package_version,
        rules=manifest.rules,
        suite=SuiteRef(name=manifest.suite.name, version=manifest.suite.version, hash=manifest.suite.hash),
        tasks={cell.task: TaskRef(version=cell.task_version, grader=cell.grader) for cell in cells},
        method=method.metadata,
        kind="graph" if method.metadata.kind == "graph" else "method",
        engine="openai" if "://" in manifest.engine else manifest.engine,
        agent=None if manifest.agent is None else manifest.agent.partition("=")[0].rpartition("/")[2],
        hardware=this_machine(),
        seeds=manifest.seeds,
        prices_date=prices_date(manifest.suite),
        files={content_name(path.name): digest(path) for path in sorted(folder.iterdir())},
    )


def this_machine() -> Hardware:
    """What can be said of this machine without asking anybody."""
    return Hardware(
        system=f"{platform.system()} {platform.release()}"[:200],
        machine=platform.machine(),
        processor=_processor()[:200],
        cores=os.cpu_count() or 0,
        python=platform.python_version(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def prices_date(suite: Suite) -> date | None:
    """The latest date of any price that the suite's dollars are counted with."""
    instances = [suite.instance(spec.name, 0) for spec in suite.problems]
    pools = [
        spec.load_pool() if drawn is None else drawn.pool for spec, drawn in zip(suite.problems, instances, strict=True)
    ]
    dates = (card.price_date for pool in pools for card in pool)
    return max((found for found in dates if found is not None), default=None)
