"""Reads YAML that people wrote, with errors that name the file and the place in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ttgbench.errors import InputError

MAX_BYTES = 1 << 20


MAX_DEPTH = 50
"""Of nested collections that libyaml composes: it calls itself, and nothing would stop it at the end of the stack."""


class _Strict(yaml.constructor.SafeConstructor):
    """Without duplicate keys and halves of surrogate pairs."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = sorted(key for key, times in Counter(keys).items() if times > 1)
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key given twice: {twice[0]}", node.start_mark)
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if any("\ud800" <= character <= "\udfff" for character in str(value)):
            raise yaml.constructor.ConstructorError(None, None, "half of a surrogate pair", node.start_mark)
        return value


class _Python(_Strict, yaml.SafeLoader):
    """PyYAML's own parser, without aliases, which can blow a small file up to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)


class _LibYAML(_Strict, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Ten times as fast. For texts that `_is_plain`."""


class FunctionName(str):
    """The value of a `!function` tag, as lm-eval's task files use it: "utils.process_docs"."""


_Strict.add_constructor("!function", lambda loader, node: FunctionName(str(node.value)))


def _load(text: str) -> Any:
    """By libyaml; what that refuses is left to PyYAML's own parser and its messages."""
    try:
        if _is_plain(text):
            return yaml.load(text, Loader=_LibYAML)
    except yaml.YAMLError:
        pass
    return yaml.load(text, Loader=_Python)


def _is_plain(text: str) -> bool:
    """Whether it holds no alias and is not nested deep. Raises YAMLError."""
    depth = 0
    for event in yaml.parse(text, Loader=_LibYAML):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or isinstance(event, yaml.AliasEvent):
            return False
    return True


def read_yaml(path: Path) -> dict[str, Any]:
    """Parses a YAML file whose top level is a mapping.

    Raises InputError for a file that is missing, larger than MAX_BYTES, not UTF-8, not YAML or not a mapping.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES} bytes", source=path)
        data = _load(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=path) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", source=path) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        field = f"line {where.line + 1}" if where else None
        reason = " ".join(str(getattr(error, "problem", error)).split())
        raise InputError(f"is not valid YAML ({reason})", source=path, field=field) from None
    if not isinstance(data, dict):
        raise InputError("must be a mapping of keys to values", source=path)
    return data


def validation_message(error: ValidationError, without: Collection[tuple[int | str, ...]] = ()) -> str:
    """Per wrong field where it is, what would be right and what is there; the first eight.

    without: fields (`loc`) to leave out. So are lists that are too short because what is in them is wrong.
    """
    items = error.errors(include_url=False)
    inside = {item["loc"][:length] for item in items for length in range(len(item["loc"]))}
    left = [item for item in items if item["loc"] not in without]
    left = [item for item in left if item["type"] != "too_short" or item["loc"] not in inside]
    return "; ".join(_line(item) for item in left[:8])


def _line(item: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in item["loc"])
    message: str = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error" and not place:
        return message  # it says itself which of the fields it means
    got = "" if item["type"] == "missing" else f" (got {_brief(item['input'])})"
    return f"{place or 'top level'}: {message}{got}"


def _brief(value: Any) -> str:
    """A plain value, or its first 40 characters; of anything else its type."""
    if value is None or isinstance(value, str | int | float):
        shown = repr(value)
        return shown if len(shown) <= 40 else f"{shown[:40]}..."
    kind = type(value).__name__
    return {"dict": "a mapping", "list": "a list", "tuple": "a list"}.get(kind, kind)
