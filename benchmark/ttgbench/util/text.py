"""Text from models, servers and files, made safe for people's eyes."""


def visible(text: str) -> str:
    """Control characters of what models, servers and files say are written out, not obeyed; lines stay lines."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)
