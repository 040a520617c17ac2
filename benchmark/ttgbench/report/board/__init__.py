"""The board: plain tables made of archived runs, and nothing that is not in those archives.

entry.py      one archived run as arrays: problems x seeds
slices.py     what shares a table: a suite, one budget or all, one objective or all
methods.py    the table of methods: scores, ranks, spend to targets, cost
anytime.py    what searches had found by when
graphs.py     the graphs they ended with: accuracy against cost
nodes.py      what each node of a graph nominally costs
traces.py     what every node of the best graphs said on a few recorded questions
logs.py       logs of runs, cut to what a reader follows
compare.py    two methods or two graphs, and a verdict in words
cite.py       BibTeX of a suite and of a result
export.py     the table of methods as CSV, JSON and LaTeX
schemas.py    the columns of every table, with their types
build.py      `build`: archives in, tables out
files.py      `write_board`, `read_board`: Parquet, the manifest last
results.py    `load_results`: all cells as one table
"""

from ttgbench.report.board.build import build
from ttgbench.report.board.files import Board, read_board, write_board
from ttgbench.report.board.results import load_results

__all__ = ["Board", "build", "load_results", "read_board", "write_board"]
