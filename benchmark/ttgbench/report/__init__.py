"""What finished runs mean.

`runs.py` reads and checks them; `problems.py`, `grid.py`, `overall.py`, `anytime.py` and `tradeoff.py` make tables of
them with the functions of `ttgbench.stats`; `build.py` puts the tables together; `plots.py` draws; `page.py` and
`export.py` write.
"""

from ttgbench.report.build import Report, build
from ttgbench.report.runs import Runs, read_runs

__all__ = ["Report", "Runs", "build", "read_runs"]
