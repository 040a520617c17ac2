"""`ttgbench season`: instances that are held out; for maintainers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json
from ttgbench.errors import InputError

if TYPE_CHECKING:
    from ttgbench.problems.family.record import InstanceFile

app = typer.Typer(help="Held-out instances of a suite: open, close and reveal a season.", no_args_is_help=True)

RegistryFile = Annotated[Path | None, typer.Option("--registry", help="Default: the package's list of seasons.")]
Number = Annotated[int, typer.Argument(min=1, help="Number of the season.")]
Salt = Annotated[str | None, typer.Option("--salt", help="Default: 128 random bits.")]


def _registry(path: Path | None) -> Path:
    from ttgbench.problems.family.season import REGISTRY

    return path or Path(str(REGISTRY))


@app.command("open")
def open_(
    suite: Annotated[str, typer.Option("--suite", help="A suite with a family.")] = "synthetic-v2",
    folder: Annotated[Path, typer.Option("--out", help="File for the secret instances; never publish it.")] = Path(
        "season.json"
    ),
    instances: Annotated[int, typer.Option("--instances", min=2, max=15, help="Of each stratum.")] = 10,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=1024)] = 2,
    salt: Salt = None,
    registry: RegistryFile = None,
) -> None:
    """Draw a season: search its instances, write them to a secret file, and list the hash of its salt.

    Stopped and started again, it goes on with the same salt.
    """
    import secrets

    from ttgbench.problems.family.part import read_part
    from ttgbench.problems.family.season import family_of, read_registry, write_registry
    from ttgbench.problems.suite import load_suite
    from ttgbench.util.files import write_atomic

    loaded, path = load_suite(suite), _registry(registry)
    family_of(loaded)
    if folder.exists():
        raise InputError("is there already; choose another file", source=folder, field="--out")
    part = folder.with_name(f".{folder.name}.part")
    before = read_part(part)
    chosen = salt or (secrets.token_hex(16) if before is None else before.salt)
    opened = read_registry(path).open(loaded.label, chosen, date.today())
    held = _made(chosen, instances, jobs, part)
    write_atomic(folder, held.to_json())
    part.unlink(missing_ok=True)
    write_registry(path, opened)
    season = opened.seasons[-1]
    out.print(f"season {season.number} of {season.suite}: sha256 of the salt {season.sha256}", highlight=False)


@app.command()
def close(number: Number, registry: RegistryFile = None) -> None:
    """End a season: nothing more is verified on it."""
    from ttgbench.problems.family.season import read_registry, write_registry

    path = _registry(registry)
    write_registry(path, read_registry(path).close(number, date.today()))


@app.command()
def reveal(
    number: Number,
    salt: Annotated[str, typer.Option("--salt", help="Its hash must be the published one.")],
    registry: RegistryFile = None,
) -> None:
    """Publish the salt of a closed season."""
    from ttgbench.problems.family.season import read_registry, write_registry

    path = _registry(registry)
    write_registry(path, read_registry(path).reveal(number, salt))


@app.command()
def show(registry: RegistryFile = None, json: JsonFlag = False) -> None:
    """List all seasons."""
    from ttgbench.problems.family.season import read_registry

    seasons = read_registry(_registry(registry)).seasons
    if json:
        print_json([season.model_dump(mode="json") for season in seasons])
        return
    for season in seasons:
        state = f"closed {season.closed}" if season.closed else "open"
        line = f"{season.number} {season.suite} opened {season.opened}, {state}: {season.sha256} {season.salt or ''}"
        out.print(line.rstrip(), highlight=False, soft_wrap=True)


def held_instances(season: str, instances: int, jobs: int) -> InstanceFile:
    """The instances of a season, named by its file or its salt; a salt's are searched once and kept in the cache."""
    from ttgbench.models.weights import cache_dir
    from ttgbench.problems.family.record import read_instances
    from ttgbench.problems.family.season import commitment
    from ttgbench.util.files import write_atomic

    if Path(season).is_file():
        return read_instances(Path(season))
    path = cache_dir() / "seasons" / f"{commitment(season)[:32]}-{instances}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        held = _made(season, instances, jobs, path.with_suffix(".part"))
        write_atomic(path, held.to_json())
    return read_instances(path)


def _made(salt: str, instances: int, jobs: int, part: Path) -> InstanceFile:
    from ttgbench.problems.family.make import make_instances
    from ttgbench.problems.family.season import commitment

    commitment(salt)
    held = make_instances(salt, range(1, instances + 1), jobs, part, log)
    log(f"{held.drawn} drawn, refused: {held.refused}")
    return held
