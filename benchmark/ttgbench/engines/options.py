"""Options of an engine, written behind its name: "vllm:dtype=float16,restarts=1", or in a file: "vllm:gpu.yaml"."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ttgbench.errors import InputError
from ttgbench.util.yaml_input import read_yaml, validation_message

R = TypeVar("R", bound="Options")


class Options(BaseModel):
    """Base of every engine's options: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def split(spec: str) -> tuple[str, str]:
    """ "vllm:a=1" -> ("vllm", "a=1"); "vllm" -> ("vllm", "")."""
    name, _, rest = spec.partition(":")
    return name, rest


def parse(record: type[R], text: str, engine: str) -> R:
    """Options as a record. text: empty, "key=value,key.inner=value" with YAML values, or the path of a YAML file.

    Raises InputError naming the file or the engine, and the field.
    """
    source: object = f"--engine {engine}"
    data: Mapping[str, Any]
    if text.endswith((".yaml", ".yml")) and "=" not in text:
        source = Path(text)
        data = read_yaml(source)
    else:
        data = _pairs(text, source)
    try:
        return record.model_validate(data)
    except ValidationError as error:
        known = ", ".join(record.model_fields)
        raise InputError(f"{validation_message(error)}; options are {known}", source=source) from None


def _pairs(text: str, source: object) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise InputError(f"must be key=value,key=value or a .yaml file, not {part[:80]!r}", source=source)
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            parsed = value
        outer, dot, inner = key.strip().partition(".")
        if not dot:
            data[outer] = parsed
        elif isinstance(data.setdefault(outer, {}), dict):
            data[outer][inner] = parsed
        else:
            raise InputError(f"{outer} is given as a value and as a table", source=source, field=key.strip())
    return data
