"""`ttgbench compare`: is A better than B, equivalent, or is nothing shown?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import JsonFlag, out, print_json
from ttgbench.cli.report import print_first, print_table

SIDE = "A method in --results, FOLDER or FOLDER:METHOD, or a file from `evaluate --json`."


def compare(
    first: Annotated[str, typer.Argument(help=SIDE)],
    second: Annotated[str, typer.Argument(help="The same: of the same suite, or on the same questions.")],
    results: Annotated[Path | None, typer.Option("--results", help="Folder of results that has both methods.")] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", min=1e-9, max=1, help="Differences below this are equivalent. Default: the suite's."),
    ] = None,
    questions: Annotated[
        bool,
        typer.Option(
            "--questions",
            help="Of methods: speak of other test questions, too. Refused where seeds draw their own of a bank.",
        ),
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Compare two methods over their runs, or two graphs over questions: differences, tests, a verdict in words."""
    from ttgbench.report.compare import compare_sides, read_side

    compared = compare_sides(read_side(first, results), read_side(second, results), margin, questions)
    if json:
        print_json(compared.to_dict())
        return
    print_first(compared.about)
    print_table(compared.problems)
    out.print(f"\n{compared.verdict.sentence}", highlight=False, markup=False)
