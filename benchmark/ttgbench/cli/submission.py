"""`ttgbench submission` and `ttgbench submit`: make a submission, check it, pack it, send its results in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.cells import run_cells
from ttgbench.cli.common import JsonFlag, log, out, print_json
from ttgbench.cli.runs import AgentSpec, DataDir, EngineSpec
from ttgbench.errors import InputError
from ttgbench.util.text import counted, visible

if TYPE_CHECKING:
    from ttgbench.problems.suite import Suite

app = typer.Typer(help="Make, check and pack a submission.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Submission folder.")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; its name becomes the method's.")],
    graphs: Annotated[bool, typer.Option("--graphs", help="Published graphs rather than a search method.")] = False,
) -> None:
    """Start a submission from the template."""
    from ttgbench.methods.submission.new import new

    made = new(folder, graphs=graphs)
    first = "graphs/default.json" if graphs else "method.py"
    out.print(f"{made}: now write {first} and fill in submission.yaml, then", highlight=False, markup=False)
    out.print(f"  ttgbench submission check {made}", highlight=False, markup=False)


@app.command()
def check(
    folder: Folder,
    suite: Annotated[str | None, typer.Option("--suite", help="Hold published graphs against its problems.")] = None,
    json: JsonFlag = False,
) -> None:
    """Check everything that a submission must hold; runs its code. Exit 1 if something is wrong."""
    from ttgbench.methods.submission.check import check
    from ttgbench.problems.suite import load_suite

    findings = []
    for finding in check(folder, load_suite(suite) if suite else None):
        findings.append(finding)
        if not json:
            out.print(visible(str(finding)), highlight=False, markup=False)
    faults = sum(finding.fault is not None for finding in findings)
    if json:
        print_json({"passed": not faults, "findings": [{"check": f.check, "fault": f.fault} for f in findings]})
    if faults:
        raise typer.Exit(1)


@app.command()
def pack(
    folder: Folder,
    target: Annotated[Path | None, typer.Option("--out", help="File to write. Default: NAME-VERSION.zip.")] = None,
) -> None:
    """Pack a submission into one file: the same folder gives the same bytes on every machine."""
    import hashlib

    from ttgbench.methods.submission.pack import pack
    from ttgbench.problems.method import find_method
    from ttgbench.util.files import write_atomic

    metadata = find_method(str(folder.resolve())).metadata
    data = pack(folder)
    path = target or Path(f"{metadata.name}-{metadata.version.replace('/', '_')}.zip")
    try:
        write_atomic(path, data)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", source=path) from None
    out.print(f"{path}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}", highlight=False, markup=False)


def submit(
    path: Annotated[Path, typer.Argument(help="Submission folder, or the name of a bundled method.")],
    suite: Annotated[str | None, typer.Option("--suite", help="A shipped suite or a YAML file.")] = None,
    finished: Annotated[
        Path | None, typer.Option("--run", help="A finished run folder, instead of running now.")
    ] = None,
    results: Annotated[Path | None, typer.Option("--results", help="Results folder to add the archive to.")] = None,
    repo: Annotated[str | None, typer.Option("--repo", help="Results data set on the Hub: OWNER/NAME.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, max=1000, help="Default: the suite's.")] = None,
    store: Annotated[Path | None, typer.Option("--store", help="Default: store.sqlite in the run folder.")] = None,
    engine: EngineSpec = "llama_cpp",
    agent: AgentSpec = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Run a submission on a suite, archive the results, and open a pull request with them (or add them to a folder)."""
    from ttgbench.problems.method import find_method
    from ttgbench.publish.archive import read_archive, write_archive
    from ttgbench.publish.hub import open_pull_request
    from ttgbench.run.experiment import read_manifest

    if (suite is None) == (finished is None):
        raise InputError("give either --suite, to run now, or --run with a finished run folder", source="submit")
    if (results is None) == (repo is None):
        raise InputError("give either --results FOLDER or --repo OWNER/NAME", source="submit")
    method = find_method(str(path))
    run_folder = finished or Path("runs") / f"submit-{method.name}"
    if suite is None:
        manifest = read_manifest(run_folder)
        _say_what_is_lacking(manifest.seeds, manifest.suite)
    else:
        _run_now(run_folder, suite, str(path), seeds, store, engine, agent, data_dir)
    root = results or run_folder / "results"
    archived = write_archive(run_folder, method.name, root, store=store, data_dir=data_dir)
    ran = read_manifest(run_folder).suite
    archive = read_archive(archived, suites={archived.parent.parent.name: ran})
    pull = None if repo is None else open_pull_request(archive, repo)
    if json:
        print_json({"archive": str(archived), "run_id": archive.run_id, "pull_request": pull and pull.url})
        return
    out.print(f"{archived}", highlight=False, markup=False)
    if pull is not None:
        log(f"{'opened' if pull.opened else 'was open already:'} {pull.url}")
    else:
        log(f"check it as the maintainers will: ttgbench verify {archived}")


def _say_what_is_lacking(seeds: int, suite: Suite) -> None:
    if seeds < suite.seeds:
        log(f"{seeds} of the {suite.seeds} seeds of {suite.label}: the board will show these results without a rank")


def _run_now(
    folder: Path,
    suite: str,
    method: str,
    seeds: int | None,
    store: Path | None,
    engine: str,
    agent: str | None,
    data_dir: Path | None,
) -> None:
    from ttgbench.problems.suite import load_suite
    from ttgbench.run.experiment import setup_for

    loaded = load_suite(suite)
    _say_what_is_lacking(seeds or loaded.seeds, loaded)
    setup = setup_for(loaded, folder, store, engine, agent=agent, data_dir=data_dir)
    _, missing = run_cells(folder, setup, [method], seeds or loaded.seeds)
    if missing:
        raise InputError(f"no result of {counted(missing, 'cell')}; start the same command again", source=folder)
