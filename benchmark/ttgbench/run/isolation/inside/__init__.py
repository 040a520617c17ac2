"""What runs in an isolated method's process.

fork_server.py  the process that it is forked from
child.py    become a process of one's own, lock in, load the method, run it, report
lock.py     how it gives up files, network and other processes
remote.py   the problem that the method meets: all that costs or decides anything is asked of the harness
"""

from ttgbench.run.isolation.inside.fork_server import main

__all__ = ["main"]
