"""Reads YAML that people wrote, with errors that name the file and the place in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ttgbench.errors import InputError

MAX_BYTES = 1 << 20


class _NoAliases(yaml.SafeLoader):
    """The safe loader without aliases, which can blow a small file up to gigabytes; and without duplicate keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)

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


class FunctionName(str):
    """The value of a `!function` tag, as lm-eval's task files use it: "utils.process_docs"."""


_NoAliases.add_constructor("!function", lambda loader, node: FunctionName(str(node.value)))


def read_yaml(path: Path) -> dict[str, Any]:
    """Parses a YAML file whose top level is a mapping.

    Raises InputError for a file that is missing, larger than MAX_BYTES, not UTF-8, not YAML or not a mapping.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES} bytes", source=path)
        data = yaml.load(path.read_text("utf-8"), Loader=_NoAliases)
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
    """Per wrong field where it is and what would be right; the first eight. without: fields (`loc`) to leave out."""
    lines = []
    for item in [item for item in error.errors(include_url=False) if item["loc"] not in without][:8]:
        place = ".".join(str(part) for part in item["loc"]) or "top level"
        shown = repr(item["input"])[:60]
        lines.append(f"{place}: {item['msg'].removeprefix('Value error, ')} (got {shown})")
    return "; ".join(lines)
