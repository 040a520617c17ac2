"""Makes all instances of a salt: draws, filters, measures. Minutes of processor time; goes on where it was killed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.family import VERSION, draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.problems.family.family import objective_of, space_of
from ttgbench.problems.family.record import InstanceFile
from ttgbench.problems.family.reference import assess, refusal

ATTEMPTS = 500


def find(stratum: str, salt: str, number: int) -> dict[str, Any]:
    """The first draw of an instance that the filter lets through, and why those before it were refused."""
    refused: list[str] = []
    while len(refused) < ATTEMPTS:
        instance = draw_instance(STRATA[stratum], salt, number, len(refused))
        record = assess(instance, space_of(instance), objective_of(instance), len(refused))
        reason = refusal(record)
        if reason is None:
            return {"stratum": stratum, "number": number, "refused": refused, "record": record.model_dump(mode="json")}
        refused.append(reason)
    raise InputError(f"{ATTEMPTS} draws of instance {number} of {stratum} were refused: {dict(Counter(refused))}")


def make_instances(
    salt: str, numbers: Iterable[int], jobs: int, part: Path, progress: Callable[[str], Any] = lambda line: None
) -> InstanceFile:
    """Instances of these numbers, of every stratum. part: a file of lines that holds what is already known."""
    numbers = list(numbers)
    lines = part.read_text("utf-8").splitlines() if part.exists() else []
    found = {(line["stratum"], line["number"]): line for line in map(json.loads, lines)}
    missing = [(name, number) for number in numbers for name in STRATA if (name, number) not in found]
    with ProcessPoolExecutor(jobs) as pool, part.open("a", encoding="utf-8") as stream:
        waiting = [pool.submit(find, name, salt, number) for name, number in missing]
        for done in as_completed(waiting):
            line = done.result()
            found[line["stratum"], line["number"]] = line
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            progress(f"{line['stratum']} {line['number']}: {len(line['refused'])} refused")
    chosen = {name: [found[name, number] for number in numbers] for name in STRATA}
    refused = Counter(reason for lines in chosen.values() for line in lines for reason in line["refused"])
    drawn = sum(refused.values()) + sum(map(len, chosen.values()))
    return InstanceFile.model_validate(
        {
            "schema": 1,
            "salt": salt,
            "version": VERSION,
            "drawn": drawn,
            "refused": dict(sorted(refused.items())),
            "instances": {name: [line["record"] for line in lines] for name, lines in chosen.items()},
        }
    )
