"""Search methods in a process of their own, which sees nothing but its problem.

The process has the Python installation and the submission's folder to read, an empty folder to write, and no network,
no other file, no other process, no environment. Data sets, suites and anchors are not among what it can read. It
speaks with the harness in JSON lines: what a method asks of its problem, the harness does, and bills.

method.py     `IsolatedMethod`, which is a SearchMethod: the harness's end
process.py    the process, its pipes and its limits
fork_server.py  where the process is forked from, so that it starts at once
serialize.py       problems, generators, evaluations and errors as JSON, bit for bit
aliases.py    other names for models, to find out whether a method remembers rather than searches
readable.py   which files it may read
inside/       what runs in the process: how it locks itself in, and the problem that it hands to the method
"""

from ttgbench.run.isolation.aliases import Naming
from ttgbench.run.isolation.limits import IsolationLimits
from ttgbench.run.isolation.method import IsolatedMethod, load_isolated

__all__ = ["IsolatedMethod", "IsolationLimits", "Naming", "load_isolated"]
