"""Roles that a node can have: one YAML file each says all of a role. CONTRIBUTING.md shows how to add one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError
from ttgbench.util.yaml_input import read_yaml, validation_message

PromptSet = Literal["v1", "v2", "v3"]
"""A set of all roles' prompts. It is part of node keys: a set that something was recorded with stays as it is.

v3 makes the demands of the prompts that arXiv 2511.00086 released, in other words: refine and do not copy; take the
best steps of all answers, be brief for whoever reads on, keep code whole."""

PROMPT_SETS: tuple[PromptSet, ...] = get_args(PromptSet)
LATEST: PromptSet = "v2"
"""Of whatever does not say another."""

FIELDS = frozenset({"question", "answers", "answer_format"})
"""What a template may hold in braces."""


class Templates(BaseModel):
    """What a model is shown, as `str.format` templates over FIELDS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str | None = None
    """First message of a chat."""
    alone: str | None = None
    """For a node without predecessors."""
    informed: str | None = None
    """For a node with predecessors."""

    @model_validator(mode="after")
    def _fillable(self) -> Templates:
        for name in ("system", "alone", "informed"):
            template = getattr(self, name)
            if template is not None:
                try:
                    template.format(**dict.fromkeys(FIELDS, ""))
                except (KeyError, IndexError, ValueError) as error:
                    raise ValueError(f"{name}: only {{question}}, {{answers}} and {{answer_format}}: {error}") from None
        return self


class Prompts(BaseModel):
    """What a role shows to a model, in one prompt set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chat: Templates = Templates()
    """For instruction-tuned models."""
    completion: Templates = Templates()
    """For base models: plain text that the model continues."""

    @property
    def digest(self) -> str:
        """Of all templates, 12 hexadecimal digits."""
        templates = json.dumps([self.chat.model_dump(), self.completion.model_dump()], sort_keys=True)
        return hashlib.sha256(templates.encode()).hexdigest()[:12]


class Colours(BaseModel):
    """Fill and outline of a role's nodes in drawings, as CSS hex colours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fill: str = Field(pattern=r"^#[0-9a-f]{6}$")
    stroke: str = Field(pattern=r"^#[0-9a-f]{6}$")


class Palette(BaseModel):
    """A role's colours on a light and on a dark page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    light: Colours
    dark: Colours


class Role(BaseModel):
    """What a node does with the question and with its predecessors' answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    description: str
    summary: str
    """What a search agent is told of the role, in half a sentence."""
    colours: Palette
    needs_model: bool
    """False for a role that aggregates: it takes the plurality of its predecessors' extracted answers."""
    needs_predecessors: bool
    answers: bool = True
    """False for a role whose output is no answer."""
    prompts: dict[PromptSet, Prompts] = {}
    """By set; empty for a role that runs no model. A role that an old set lacks cannot be used with it."""

    @model_validator(mode="after")
    def _complete(self) -> Role:
        if self.aggregates and not self.needs_predecessors:
            raise ValueError("needs_predecessors: a role without a model has nothing to answer with but predecessors")
        if self.aggregates and self.prompts:
            raise ValueError("prompts: a role without a model has none")
        if self.needs_model and LATEST not in self.prompts:
            raise ValueError(f"prompts lacks {LATEST}")
        needed = ["informed"] if self.needs_predecessors else ["alone", "informed"]
        for chosen, prompts in self.prompts.items():
            for kind in ("chat", "completion"):
                missing = [name for name in needed if getattr(getattr(prompts, kind), name) is None]
                if missing:
                    raise ValueError(f"prompts.{chosen}.{kind} lacks {', '.join(missing)}")
        return self

    @property
    def aggregates(self) -> bool:
        """Whether a node of it runs no model and counts the answers that it reads."""
        return not self.needs_model

    def version(self, prompts: PromptSet) -> str | None:
        """Number of the set and a hash of the templates, so that no change of a prompt goes unnoticed in node keys.

        None if the set lacks this role. A role without a model is the same in all sets.
        """
        if self.aggregates:
            return f"1-{Prompts().digest}"
        return f"{prompts[1:]}-{self.prompts[prompts].digest}" if prompts in self.prompts else None


def read_role(path: Path) -> Role:
    """One role file. Raises InputError naming file and field."""
    try:
        return Role.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


ROLES: Mapping[str, Role] = MappingProxyType(
    {role.name: role for role in map(read_role, sorted(Path(__file__).parent.glob("*.yaml")))}
)
