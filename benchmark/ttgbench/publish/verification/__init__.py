"""Verifying archived runs on somebody else's machine: nothing is believed that can be computed again.

verify.py    `verify`: all checks in order, and the badge that they earn
stores.py    the archived generations without their grades; the grades made again and compared
replay.py    every cell run again, in isolation, from the recorded generations: byte for byte
names.py     every search run once more under other names: who remembers has nothing to remember by
added.py     which archives a branch adds, and whether it leaves the others alone
rerun.py     sampled cells run again on live engines: exact where texts agree, else within chance
"""

from ttgbench.publish.verification.verify import Options, verify, write_verification

__all__ = ["Options", "verify", "write_verification"]
