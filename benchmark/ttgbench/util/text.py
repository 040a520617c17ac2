"""Text for people: what models, servers and files say made safe for their eyes, and counts with their nouns."""

import html
import re


def visible(text: str) -> str:
    """Control characters of what models, servers and files say are written out, not obeyed; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """At most 300 characters of it for a message, control characters and line ends written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:300])


def first_sentence(text: str) -> str:
    """As `one_line`, up to a stop before a capital letter.

    >>> first_sentence("A tour, e.g. of v1.5. It ranks nothing.")
    'A tour, e.g. of v1.5.'
    """
    return one_line(re.split(r"(?<=[.!?]) (?=[A-Z])", " ".join(text.split()), maxsplit=1)[0])


def escaped(text: str, *, quote: bool = True) -> str:
    """`visible` text as HTML, in which nothing of it is markup. quote: quotation marks too, as attributes need it."""
    return html.escape(visible(text), quote=quote)


def counted(number: float, noun: str, many: str = "") -> str:
    """A number with its noun. many: the plural, where it is not the noun and an s.

    >>> counted(1, "node"), counted(0, "node"), counted(12345, "query", "queries")
    ('1 node', '0 nodes', '12,345 queries')
    """
    return f"{number:,.12g} {noun if number == 1 else many or noun + 's'}"
