"""What every search method must hold, ours and a stranger's alike: toy problems to run on, and the checks.

python -m ttgbench.methods.conformance my_method/

toy.py      a problem with an analytic landscape
agents.py   search agents that answer nonsense
checks.py   the checks
"""

from ttgbench.methods.conformance.checks import Finding, check_method, fingerprints_elsewhere

__all__ = ["Finding", "check_method", "fingerprints_elsewhere"]
