"""Makes all instances of a salt: draws, filters, measures. Minutes of processor time; goes on where it was killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.family import VERSION, draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.problems.family.family import objective_of, space_of
from ttgbench.problems.family.part import Found, begin_part
from ttgbench.problems.family.record import InstanceFile
from ttgbench.problems.family.reference import assess, refusal

ATTEMPTS = 500


def find(stratum: str, salt: str, number: int) -> Found:
    """The first draw of an instance that the filter lets through, and why those before it were refused."""
    refused: list[str] = []
    while len(refused) < ATTEMPTS:
        instance = draw_instance(STRATA[stratum], salt, number, len(refused))
        record = assess(instance, space_of(instance), objective_of(instance), len(refused))
        reason = refusal(record)
        if reason is None:
            return Found(stratum=stratum, number=number, refused=tuple(refused), record=record)
        refused.append(reason)
    raise InputError(f"{ATTEMPTS} draws of instance {number} of {stratum} were refused: {dict(Counter(refused))}")


def make_instances(
    salt: str, numbers: Iterable[int], jobs: int, part: Path, progress: Callable[[str], Any] = lambda line: None
) -> InstanceFile:
    """Instances of these numbers, of every stratum. part: a file of lines that holds what is already known of the salt.

    Raises InputError for a part of another salt, or with a broken line.
    """
    numbers = list(numbers)
    found = dict(begin_part(part, salt).found)
    missing = [(name, number) for number in numbers for name in STRATA if (name, number) not in found]
    with ProcessPoolExecutor(jobs) as pool, part.open("a", encoding="utf-8") as stream:
        waiting = [pool.submit(find, name, salt, number) for name, number in missing]
        for done in as_completed(waiting):
            one = done.result()
            found[one.stratum, one.number] = one
            stream.write(one.model_dump_json() + "\n")
            stream.flush()
            progress(f"{one.stratum} {one.number}: {len(one.refused)} refused")
    chosen = {name: [found[name, number] for number in numbers] for name in STRATA}
    refused = Counter(reason for ones in chosen.values() for one in ones for reason in one.refused)
    drawn = sum(refused.values()) + sum(map(len, chosen.values()))
    return InstanceFile(
        salt=salt,
        version=VERSION,
        drawn=drawn,
        refused=dict(sorted(refused.items())),
        instances={name: tuple(one.record for one in ones) for name, ones in chosen.items()},
    )
