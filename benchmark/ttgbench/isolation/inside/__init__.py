"""What runs in an isolated method's process.

lock.py     how it gives up files, network and other processes
remote.py   the problem that the method meets: all that costs or decides anything is asked of the harness
child.py    load the method, run it, report
"""

from ttgbench.isolation.inside.child import main

__all__ = ["main"]
