"""What shares a table: code, rules, suite and board share Major.Minor, and a suite is its hash. Decided here alone."""

from __future__ import annotations

import re

from ttgbench._version import __version__

_VERSION = re.compile(
    r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})((a|b|rc|\.dev|\.post)[0-9]{1,5})?"
)


def series(version: str) -> str | None:
    """Major.Minor of a version such as "0.1.3"; None if it is no version."""
    match = _VERSION.fullmatch(version)
    return None if match is None else f"{match[1]}.{match[2]}"


def why_not_comparable(
    package_version: str, rules: int, suite_hash: str, *, expected_rules: int, expected_hash: str
) -> str | None:
    """Why results made by this package version, under these rules, on this suite share no table with ours; None if
    they do."""
    ours = series(__version__)
    if series(package_version) != ours:
        made = package_version if series(package_version) is not None else f"no version ({package_version[:32]!r})"
        return f"made with ttgbench {made}; results of another series than {ours} share no table with these"
    if rules != expected_rules:
        return (
            f"made under version {rules} of the rules; results under version {expected_rules} share no table with these"
        )
    if suite_hash != expected_hash:
        return f"made on another definition of the suite ({suite_hash[:12]}, here it is {expected_hash[:12]})"
    return None
