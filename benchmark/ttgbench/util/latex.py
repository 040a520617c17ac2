"""Text as LaTeX sets it."""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    **{character: "\\" + character for character in "&%$#_"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def latex(text: str) -> str:
    """On one line, whatever characters it holds."""
    return "".join(_SPECIAL.get(c, c if c.isprintable() else " ") for c in text)
