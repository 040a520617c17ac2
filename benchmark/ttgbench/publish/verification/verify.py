"""`verify`: all checks in order, and the badge that they earn."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ttgbench._version import __version__
from ttgbench.errors import InputError
from ttgbench.evaluate.store.store import Store
from ttgbench.methods.submission.pack import pack, unpack
from ttgbench.problems.family.record import InstanceFile
from ttgbench.problems.method import LoadedMethod
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Archive, Verification, read_archive
from ttgbench.publish.archive.layout import CELLS, RUN, STORE, SUBMISSION, VERIFICATION, uses_store
from ttgbench.publish.archive.record import BADGES, Badge, Renamed
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.publish.verification.held_out import held_out
from ttgbench.publish.verification.names import check_names
from ttgbench.publish.verification.replay import Progress, replay
from ttgbench.publish.verification.rerun import rerun
from ttgbench.publish.verification.stores import check_recorded, regrade, take_grades, take_over
from ttgbench.run.agent import load_agent
from ttgbench.run.isolation import IsolationLimits, load_isolated
from ttgbench.run.recorded import as_recorded, begin, recorded_store
from ttgbench.run.session import Session
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Options:
    """How thoroughly, and with what."""

    rerun: int = 0
    """Number of cells to run again on a live engine. Where the suite itself answers, none is: the replay was that."""
    engine: str | None = None
    """As `launch` takes it, for models and search agent."""
    store: Path | None = None
    """A Parquet file with the generations, where the archive has none."""
    data_dir: Path | None = None
    fewer_seeds: bool = False
    """Accept fewer seeds than the suite has."""
    season: InstanceFile | None = None
    """Held-out instances that the method is run on as well."""
    names: int = field(default_factory=lambda: secrets.randbits(64))
    """Seed of the names that every search meets besides its own; fresh, so that nobody can prepare for them."""
    ignore_badge: bool = False
    """The archive's own verification is about to be replaced: whatever it claims is no matter."""
    limits: IsolationLimits = field(default_factory=IsolationLimits)


def verify(
    path: Path,
    options: Options = Options(),
    *,
    suites: Mapping[str, Suite] | None = None,
    progress: Progress = lambda line: None,
) -> Verification:
    """Verifies one archive: everything is computed again from its generations and its packed method.

    The method runs in isolation. suites: by label, besides those shipped. Raises Rejected with the first thing that
    is wrong, SandboxUnavailable where nothing contains a method, EngineError, and InputError for a suite whose own
    bank is not there or not what its anchors say.
    """
    archive = read_archive(path, suites=suites)
    _check_seeds(archive, options)
    _check_search(archive)
    _check_agent(archive)
    _check_engine(archive, options)
    with tempfile.TemporaryDirectory(prefix="ttgbench-verify-") as name:
        scratch = Path(name)
        method = _method(archive, scratch / "submission", options.limits)
        store, grades = _recorded(archive, scratch / "store.sqlite", options)
        with Session(store, None, data_dir=options.data_dir, agent=archive.record.agent) as session:
            _check_anchors(archive.suite, session)
            cells = replay(archive, method, session, scratch / "replay", progress)
            season = options.season
            held = held_out(archive, method, season, session, scratch / "season", progress) if season else None
        renamed = _renamed(archive, method, store, scratch / "renamed", options, progress)
        badge: Badge = "replay-verified"
        rerun_cells = _rerun(archive, method, store, scratch, options, progress) if options.rerun else 0
        if rerun_cells:
            badge = "re-run"
    found = Verification(
        run_id=archive.run_id,
        badge=badge,
        package_version=__version__,
        cells=cells,
        grades=grades,
        rerun=rerun_cells,
        season=held,
        renamed=renamed,
    )
    claimed = archive.badge
    if not options.ignore_badge and BADGES.index(claimed) > BADGES.index(badge):
        message = f"says {claimed!r}; this verification found {badge!r}"
        raise Rejected("forged-badge", message, source=archive.path / VERIFICATION, field="badge")
    return found


def _check_anchors(suite: Suite, session: Session) -> None:
    bank = session.bank(suite)
    for spec in suite.problems if bank is not None else ():
        assert bank is not None
        bank.check_anchor(suite, spec)


def _check_seeds(archive: Archive, options: Options) -> None:
    if archive.record.seeds < archive.suite.seeds and not options.fewer_seeds:
        message = f"{archive.record.seeds} of the suite's {archive.suite.seeds} seeds"
        raise Rejected("incomplete", message, source=archive.path / RUN, field="seeds")


def _check_search(archive: Archive) -> None:
    """A method that looked at nothing knew its graph before: that is a published graph, on a board of its own."""
    if archive.record.kind == "graph":
        return
    for cell in archive.cells:
        if cell.final is not None and cell.search.spent == 0:
            message = f"{cell.problem} seed {cell.seed}: a graph, and nothing spent; submit it with `kind: graph`"
            raise Rejected("hard-coded", message, source=archive.path / CELLS)


def _check_engine(archive: Archive, options: Options) -> None:
    """Before anything is computed: what needs an engine that is not given is refused at once."""
    if options.rerun and options.engine is None and not _answered(archive):
        asked = archive.record.agent is not None
        why = "its search agent's replies are only recorded" if asked else "its suite has no recording"
        message = f"{why}: to run cells again give an engine (--engine), or leave out --rerun"
        raise Rejected("no-engine", message, source=archive.path / RUN, field="agent" if asked else "suite")


def _answered(archive: Archive) -> bool:
    """Whether the suite itself answers all that a run asks, so that the replay is as live as a run can be."""
    suite = archive.suite
    return archive.record.agent is None and (suite.simulated or suite.recorded is not None)


def _check_agent(archive: Archive) -> None:
    """The key of a recorded reply, and its price, are those of a model card: only shipped ones are known here."""
    if archive.record.agent is None:
        return
    try:
        with Store() as store:
            load_agent(archive.record.agent, store, engine=None)
    except InputError as error:
        raise Rejected("agent-unknown", error.message, source=archive.path / RUN, field="agent") from None


def _method(archive: Archive, folder: Path, limits: IsolationLimits) -> LoadedMethod:
    """The archived method, to be run in isolation. Raises Rejected."""
    source = archive.path / SUBMISSION
    if archive.submission is None:
        raise Rejected("no-submission", "without it nothing can be run again", source=source)
    data = source.read_bytes()
    folder.mkdir()
    try:
        unpack(data, folder)
        method = load_isolated(str(folder), limits)
        canonical = pack(folder) == data
    except InputError as error:
        raise Rejected("bad-submission", error.message, source=source, field=error.field) from None
    if not canonical:
        raise Rejected("bad-submission", "is not packed the way the package packs", source=source)
    if method.metadata != archive.record.method:
        raise Rejected("bad-submission", "its submission.yaml says something else than run.json", source=source)
    return method


def _recorded(archive: Archive, store: Path, options: Options) -> tuple[Path | None, int]:
    """A store of the archived generations and replies, and how many grades were compared; (None, 0) where runs use
    neither."""
    if not uses_store(archive.suite, archive.record.agent):
        return None, 0
    parquet = archive.store or options.store
    if parquet is None:
        raise Rejected("no-store", "without its generations nothing can be replayed", source=archive.path / STORE)
    claimed = take_over(parquet, store)
    names = {spec.task for spec in archive.suite.problems if spec.evaluator == "generation"}
    tasks: list[Task] = [load_task(name, data_dir=options.data_dir) for name in sorted(names)]
    if archive.suite.recorded is not None:
        recording = recorded_store(archive.suite.recorded)
        check_recorded(store, recording, parquet)
        take_grades(store, recording)
        with Store(recording, read_only=True) as graded:
            tasks = [as_recorded(task, graded) for task in tasks]
    return store, regrade(claimed, store, tasks, parquet)


def _renamed(
    archive: Archive, method: LoadedMethod, store: Path | None, scratch: Path, options: Options, progress: Progress
) -> Renamed | None:
    """Other courses need more than a run's own generations: the whole recording of the suite, where it has one."""
    agent = archive.record.agent
    if agent is None and archive.suite.recorded is not None:
        store = recorded_store(archive.suite.recorded)
    with Session(store, None, data_dir=options.data_dir, agent=agent) as session:
        return check_names(archive, method, session, scratch, progress, options.names)


def _rerun(
    archive: Archive, method: LoadedMethod, store: Path | None, scratch: Path, options: Options, progress: Progress
) -> int:
    if _answered(archive):
        progress("nothing is run again live: the suite itself answers, and the replay has computed all of it")
        return 0
    assert store is not None
    agent, data_dir = archive.record.agent, options.data_dir
    live, engine = scratch / "live.sqlite", None if archive.suite.recorded else options.engine
    begin(archive.suite, live)
    with Session(live, engine, data_dir=data_dir, agent=agent, agent_engine=options.engine) as session:
        return rerun(archive, options.rerun, method, session, store, scratch / "rerun", progress)


def write_verification(archive: Path, verification: Verification) -> Path:
    """Puts `verification.json` into the archive, whole or not at all; its path."""
    from ttgbench.util.files import write_atomic

    path = archive / VERIFICATION
    write_atomic(path, verification.to_json())
    return path
