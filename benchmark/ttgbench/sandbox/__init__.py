"""Contained execution of model-written code: `choose()` gives a sandbox under the strongest layer that holds here.

Contained code has the standard library, 1 GiB of address space, a processor and a wall limit, 64 threads, an empty
folder of 64 MiB that is wiped after it, and 64 KB of output. It has no network, no other process, no other file and no
environment. Under the weaker layer (without bubblewrap) it can still find out whether a path exists.

layers.py    which containment holds, found out by trying to break out
runner.py    `Sandbox.run_python` and `Sandbox.judge`, and what comes of them
server.py    starting and speaking to fork servers
inside/      what runs inside: the fork server, how its children lock themselves in, what they may use (limits.py),
             the candidate and its judge
"""

from ttgbench.sandbox.inside.limits import GRADED, Limits
from ttgbench.sandbox.layers import Finding, choose, findings
from ttgbench.sandbox.runner import Judgement, Outcome, Sandbox

__all__ = ["GRADED", "Finding", "Judgement", "Limits", "Outcome", "Sandbox", "choose", "findings"]
