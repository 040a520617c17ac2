"""The program in a model's output: which code blocks run as the answer, and how much of them.

Blocks are found as CommonMark has them. Of those that define the function under test, Python blocks come before
untagged ones and these before others; the last that is valid counts, with the earlier blocks that it needs. The source
is run as it stands; only where it is not valid Python, typographic characters outside its strings are made plain, and
what follows the longest valid part that defines the function is cut off (a base model goes on, a server cuts).
"""

from __future__ import annotations

import ast
import builtins
import itertools
import re
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ttgbench.tasks.grading.answer_text import MAX_QUESTIONS, questions, spoken
from ttgbench.tasks.grading.clean import bounded
from ttgbench.tasks.grading.echo import copied_inputs

MAX_TRIED = 200_000
"""Characters compiled in search of the longest valid part of a program."""

_FENCE_LINE = re.compile(r"(?m)^[ \t>]*(?:(?:[-*+]|[0-9]{1,3}[.)])[ \t]+)?(?:```|~~~)")
_ON_A_LIST = re.compile(r"(?m)^[ \t]*(?:[-*+]|[0-9]{1,3}[.)])[ \t]+(?=```|~~~)")
_IN_A_LINE = re.compile(r"```(?:(?:python3?|py)\s)?([^`\n]+)```")
_PYTHON = re.compile(r"(?i)(?<![a-z])py(?:thon)?[0-9.]*(?![a-z])")
_STARTS = re.compile(r"(?m)^(?:from\s+[\w.]+\s+import|import\s+\w|def\s+\w|class\s+\w|async\s+def|@\w)")
_REPAIRED = re.compile(
    r'''("""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\#[^\n]*)|(.)''',
    re.DOTALL,
)
_PLAIN = str.maketrans("−–—‐‑“”„‘’\u00a0\u202f\u2009", '-----"""\'\'   ', "\u200b\u200c\u200d\u2060\ufeff")


@dataclass(frozen=True, slots=True)
class _Block:
    source: str
    rank: int
    """2 for Python, 1 where no language is given, 0 for any other."""


def extract(output: str, names: Sequence[str] = ()) -> str | None:
    """The program that defines one of `names`, if one does; None where nothing but blanks or reasoning was said.

    Where no block defines a name, the text around the blocks may, or goes on with a function that was begun (its first
    line is indented); else the last block counts, and without blocks the whole output.
    """
    text = spoken(bounded(output))
    if text is None or not text.strip():
        return None
    text = _own(text, names)
    blocks, around = _blocks(text)
    defining = [block for block in blocks if _defines(block.source, names)]
    if defining:
        return _with_earlier(_best(defining, names), blocks, names)
    if _defines(around, names):
        return _unfenced(around, names)
    if blocks and not (names and re.match(r"\n*[ \t]+\S", around)):
        return _best(blocks, names).source
    return around if around.strip() else None


def finished(program: str, names: Sequence[str]) -> str:
    """The program as it stands if it is valid; else repaired, or cut after the longest valid part that defines a name.

    Asserts and prints at its end, where models try their functions out, are left away. What cannot be helped is
    returned unchanged.
    """
    for variant in (program, textwrap.dedent(program), _repaired(program)):
        if _valid(variant):
            return _without_trials(variant, names)
    cut = _cut(_repaired(program), names)
    return program if cut is None else _without_trials(cut, names)


def continued(prompt: str, body: str, name: str) -> str:
    """The prompt, which ends inside function `name`, and what a model went on with, indented if it is not."""
    flat = textwrap.indent(textwrap.dedent(body), "    ")
    variants = [prompt + body, f"{prompt}    {body.lstrip()}", prompt + flat]
    whole = [text for text in variants if _valid(text)]
    if whole:
        return _without_trials(whole[0], [name])
    return max((finished(text, [name]) for text in variants), key=lambda text: len(text) if _valid(text) else 0)


def _own(text: str, names: Sequence[str]) -> str:
    """The text up to a made-up next question or a copy of the inputs, if a block before them defines a name."""
    copied = copied_inputs(text)
    for end in sorted([*itertools.islice(questions(text), MAX_QUESTIONS), *([] if copied is None else [copied])]):
        own = text[:end]
        is_closed = len(_FENCE_LINE.findall(own)) % 2 == 0
        if is_closed and any(_defines(block.source, names) for block in _blocks(own)[0]):
            return own
    return text


def _blocks(text: str) -> tuple[list[_Block], str]:
    """The code blocks that hold something, in order, and the text around them."""
    text = _ON_A_LIST.sub("", text)
    lines = text.split("\n")
    blocks: list[_Block] = []
    around: list[str] = []
    done = 0
    for token in _markdown().parse(text):
        if token.type == "fence" and token.map:
            around += lines[done : token.map[0]]
            done = token.map[1]
            if token.content.strip():
                rank = 2 if _PYTHON.search(token.info) else 1 if not token.info.strip() else 0
                blocks.append(_Block(token.content, rank))
    around += lines[done:]
    if not blocks:
        blocks = [_Block(source, 0) for source in _IN_A_LINE.findall(text)]
    return blocks, "\n".join(around)


@cache
def _markdown() -> Any:
    """Fences and quotations alone: with no rule for indented code, fences may stand at any depth of a list."""
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable(["fence", "blockquote"]).disable("inline")


def _best(blocks: Sequence[_Block], names: Sequence[str]) -> _Block:
    highest = max(block.rank for block in blocks)
    ranked = [block for block in blocks if block.rank == highest]
    valid = [block for block in ranked if _valid(block.source) or _valid(_repaired(block.source))]
    return (valid or ranked)[-1]


def _with_earlier(chosen: _Block, blocks: Sequence[_Block], names: Sequence[str]) -> str:
    """The block behind those before it that define what it, or a test, needs."""
    program = chosen.source
    bound, used = _names_of(finished(program, names))
    needed = (used | set(names)) - bound - set(dir(builtins))
    for earlier in reversed(blocks[: blocks.index(chosen)]):
        bound, used = _names_of(earlier.source)
        if needed & bound:
            program = f"{earlier.source}\n{program}"
            needed = (needed | used) - bound - set(dir(builtins))
    return program


def _names_of(source: str) -> tuple[set[str], set[str]]:
    """What a program binds anywhere, and what it uses; nothing where it is not valid."""
    bound: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(_parsed(source)) if _valid(source) else ():
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
            case ast.alias():
                bound.add((node.asname or node.name).split(".")[0])
            case ast.arg():
                bound.add(node.arg)
            case ast.Name():
                (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return bound, used


def _unfenced(text: str, names: Sequence[str]) -> str:
    """A program with prose before it: from the first line that begins code, if it then defines a name."""
    if _valid(text) or _valid(_repaired(text)):
        return text
    for start in list(_STARTS.finditer(text))[:4]:
        program = finished(text[start.start() :], names)
        if _valid(program) and _defines(program, names):
            return program
    return text


def _defines(source: str, names: Sequence[str]) -> bool:
    if not names:
        return False
    either = "|".join(map(re.escape, names))
    defined = rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(?:{either})\b|^(?:{either})[ \t]*(?::[^=\n]+)?=(?!=)"
    return re.search(defined, source, re.MULTILINE) is not None


def _without_trials(program: str, names: Sequence[str]) -> str:
    """Without asserts and prints at the end, where the rest defines a name."""
    body = _parsed(program).body
    kept = len(body)
    while kept and _is_trial(body[kept - 1]):
        kept -= 1
    if kept == len(body) or not kept or body[kept].lineno == body[kept - 1].end_lineno:
        return program
    shorter = "".join(program.splitlines(keepends=True)[: body[kept].lineno - 1])
    return shorter if _defines(shorter, names) and _valid(shorter) else program


def _is_trial(statement: ast.stmt) -> bool:
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    return isinstance(statement, ast.Assert) or (isinstance(called, ast.Name) and called.id == "print")


def _cut(program: str, names: Sequence[str]) -> str | None:
    """The longest run of first lines that is valid and defines a name; None if there is none."""
    lines = program.splitlines(keepends=True)
    end, tried = len(lines), 0
    while tried < MAX_TRIED:
        shorter = "".join(lines[:end])
        tried += len(shorter)
        if not _defines(shorter, names):
            return None
        fault = _fault(shorter)
        if fault is None:
            return shorter
        end = min(end, fault) - 1  # what is wrong at a line is wrong for whatever ends behind it
    return None


def _repaired(program: str) -> str:
    """With plain dashes, quotes and blanks, except in strings and comments."""
    return _REPAIRED.sub(lambda match: match[1] or match[2].translate(_PLAIN), program)


def _valid(program: str) -> bool:
    return _fault(program) is None


def _fault(program: str) -> int | None:
    """The line at which the program stops being valid Python; None for a valid one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings
            compile(program, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or program.count("\n") + 1
    except (ValueError, MemoryError, RecursionError, OverflowError):
        return 1
    return None


def _parsed(program: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(program)
