"""Lines of text as JSON lines are written: ended by a line feed, and by nothing else."""


def lines_of(text: str) -> list[str]:
    """The lines, without their ends. `str.splitlines` also splits at U+2028 and others that JSON leaves alone."""
    return text.removesuffix("\n").split("\n") if text else []
