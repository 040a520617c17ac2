"""Tasks from folders in lm-eval's format: `load_task("micro_math")`, `load_task("path/to/my_task")`.

Documents, templates and filters mean what they mean in lm-eval (tests/test_lm_eval_task.py runs both side by side);
lm-eval itself is imported only for tasks that use its filters and metrics, as importing it takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2

from ttgbench.errors import InputError, SandboxUnavailable
from ttgbench.tasks.data import Doc, Documents
from ttgbench.tasks.file import Template, read_task_file
from ttgbench.tasks.grading.named import GRADERS, Grader, Marking
from ttgbench.tasks.groups import group_of
from ttgbench.tasks.season import read_secret, season_of
from ttgbench.tasks.splits import ManifestRow, content_hash, pick, plan_splits, read_manifest, splits_hash
from ttgbench.tasks.task import UNGRADABLE, Grade, Lengths, Question, TaskCard
from ttgbench.util.plugins import find_plugin, load_function, plugin_names
from ttgbench.util.yaml_input import FunctionName

BYTES_PER_TOKEN = 4
"""For nominal lengths that a task does not state."""
MAX_QUESTION_BYTES = 1 << 18


def task_names() -> list[str]:
    """Names of the bundled tasks."""
    return plugin_names("tasks")


def load_task(name_or_path: str, data_dir: Path | None = None, season_seed: str | None = None) -> LmEvalTask:
    """Reads a bundled task by name or any task folder by path. Documents are loaded when first needed.

    data_dir: local data instead of the Hub (see ttgbench.tasks.data.read_local); default: $TTGBENCH_DATA.
    season_seed: a season's secret or the file that holds it; default: $TTGBENCH_SEASON_SEED.
    Raises InputError naming file and field, UnknownName with near matches.
    """
    return LmEvalTask(find_plugin("tasks", name_or_path), data_dir, season_seed)


class LmEvalTask:
    """A task folder: `task.yaml`, the Python it names, and perhaps a manifest."""

    def __init__(self, folder: Path, data_dir: Path | None = None, season_seed: str | None = None) -> None:
        self.folder, self.file = folder, read_task_file(folder)
        self.manifest = read_manifest(folder)
        self.season = season_of(folder, self.file.task, read_secret(season_seed))
        self._documents = Documents(self.file, folder, data_dir, self.season.seed if self.season else None)
        self._questions: dict[str, tuple[Question, ...]] = {}
        self._templates: dict[Template | int, Callable[[Doc], Any]] = {}

    @cached_property
    def card(self) -> TaskCard:
        """What defines the task. Reads documents only where nominal lengths or examples must come from them."""
        file, block = self.file, self.file.metadata.ttgbench
        return TaskCard(
            name=file.task,
            version=file.metadata.version,
            description=file.description.strip(),
            domain=block.domain,
            licence=block.licence,
            citation=block.citation,
            lengths=Lengths(*block.lengths) if block.lengths else self._measured_lengths(),
            max_tokens=file.generation_kwargs.max_gen_toks,
            stop=file.generation_kwargs.until,
            answer_format=block.answer_format.strip(),
            fewshot=self._fewshot(),
            grader=self._grader.version(),
            votable=block.votable,
            splits=self._split_names,
            languages=block.languages,
            source=block.source or file.origin,
            prompting=block.prompting,
        )

    def questions(self, split: str) -> Sequence[Question]:
        """See `Task.questions`."""
        if split not in self._split_names:
            known = ", ".join(self._split_names)
            raise InputError(f"must be one of {known}, not {split[:40]!r}", source=self.file.task, field="split")
        if split not in self._questions:
            picked = self._picked(split)
            if not picked:
                raise InputError("holds no questions", source=self.file.task, field=split)
            self._questions[split] = tuple(self._question(split, i, *entry) for i, entry in enumerate(picked))
        return self._questions[split]

    def grade(self, questions: Sequence[Question], outputs: Sequence[str]) -> list[Grade]:
        """See `Task.grade`."""
        pairs = zip(questions, outputs, strict=True)
        return self._grader.grade([self._marking(question, output) for question, output in pairs])

    def _marking(self, question: Question, output: str) -> Marking:
        shown = [passage for text in (question.text, *self._examples_text) for passage in text.split("\n\n")]
        answer_format = self.file.metadata.ttgbench.answer_format
        stop = self.file.generation_kwargs.until
        return Marking(question.doc, self.target(question.doc), output, shown, answer_format, stop)

    @cached_property
    def _examples_text(self) -> tuple[str, ...]:
        return tuple(text for example in self._fewshot() for text in example)

    def target(self, doc: Doc) -> str:
        """The reference answer, as lm-eval's doc_to_target gives it."""
        return str(self._render("doc_to_target", self.file.doc_to_target, doc))

    def planned_rows(self) -> list[ManifestRow]:
        """The splits as the data and the plan give them, whatever the manifest says. Loads the documents."""
        planned = dict(self._planned())
        return [row for split in self._plan_names for row in planned[split]]

    def splits_hash(self) -> str:
        """sha256 over the documents of all splits, in order, as the manifest lists them or else the data give them."""
        return splits_hash(self.manifest or self.planned_rows())

    @property
    def _split_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.split for row in self.manifest)) if self.manifest else self._plan_names

    @property
    def _plan_names(self) -> tuple[str, ...]:
        plan = self.file.metadata.ttgbench.splits or self.file.splits
        return tuple(name for name in ("search", "validation", "test") if name in plan)

    def _picked(self, split: str) -> list[tuple[ManifestRow, Doc]]:
        if self.season is not None and split == "test":
            rows = self._whole(split, self.file.splits[split])
        elif self.manifest is not None:
            return pick(self._documents, [row for row in self.manifest if row.split == split], self.file.task)
        else:
            rows = next(rows for name, rows in self._planned() if name == split)
        return [(row, self._documents(row.source)[row.row]) for row in rows]

    def _planned(self) -> Iterator[tuple[str, list[ManifestRow]]]:
        plan = self.file.metadata.ttgbench.splits
        if not plan:
            return ((split, self._whole(split, source)) for split, source in self.file.splits.items())
        seed = f"{self.file.task}@{self.file.metadata.version}"
        return plan_splits(plan, self._documents, self._text, self._stratum, seed)

    def _whole(self, split: str, source: str) -> list[ManifestRow]:
        documents = enumerate(self._documents(source))
        return [ManifestRow(split, source, i, content_hash(doc), self._stratum(doc)) for i, doc in documents]

    def _stratum(self, doc: Doc) -> str | None:
        columns = self.file.metadata.ttgbench.strata
        missing = [column for column in columns if column not in doc]
        if missing:
            message = f"names the column {missing[0]!r}; a document has {', '.join(doc)}"
            raise InputError(message, source=self.file.task, field="metadata.ttgbench.strata")
        if columns:
            return " / ".join(str(doc[column]) for column in columns)
        return None if doc.get("stratum") is None else str(doc["stratum"])

    def _text(self, doc: Doc) -> str:
        return str(self._render("doc_to_text", self.file.doc_to_text, doc))

    def _question(self, split: str, index: int, row: ManifestRow, doc: Doc) -> Question:
        text = self._text(doc)
        if not 0 < len(text.encode("utf-8", "surrogatepass")) <= MAX_QUESTION_BYTES:
            message = f"question {row.row} of {row.source} must have 1 to {MAX_QUESTION_BYTES} bytes"
            raise InputError(message, source=self.file.task, field="doc_to_text")
        # Generations and grades are recorded under this id, so it changes with whatever they depend on.
        basis = [text, row.sha256, self._prompt_basis]
        digest = hashlib.sha256(json.dumps(basis).encode("utf-8", "surrogatepass")).hexdigest()
        shown = f"test-s{self.season.number}" if self.season is not None and split == "test" else split
        return Question(
            id=f"{self.file.task}@{self.file.metadata.version}/{shown}/{index:04d}-{digest[:10]}",
            index=index,
            text=text,
            sha256=row.sha256,
            stratum=row.stratum,
            cluster=group_of(doc),
            doc=doc,
        )

    @cached_property
    def _prompt_basis(self) -> list[Any]:
        block = self.file.metadata.ttgbench
        return [block.answer_format, self._fewshot(), block.prompting]

    def _fewshot(self) -> tuple[tuple[str, str], ...]:
        return tuple((self._text(doc), self.target(doc).strip()) for doc in self._examples())

    def _examples(self) -> list[Doc]:
        samples, split = self.file.fewshot_config.samples, self.file.fewshot_config.split or self.file.fewshot_split
        count = self.file.num_fewshot
        if isinstance(samples, FunctionName):
            found: list[Doc] = [dict(doc) for doc in load_function(self.folder, samples)()]
        elif samples is not None:
            found = [dict(doc) for doc in samples]
        elif split is not None and count:
            found = self._documents(split)[:count]
        else:
            found = []
        if count is not None and len(found) < count:
            message = f"asks for {count} examples, there are {len(found)} (fewshot_config.samples or fewshot_split)"
            raise InputError(message, source=self.file.task, field="num_fewshot")
        return found if count is None else found[:count]

    def _measured_lengths(self) -> Lengths:
        texts = [question.text for question in self.questions(self._split_names[0])]
        tokens = sum(len(text.encode()) for text in texts) / len(texts) / BYTES_PER_TOKEN
        return Lengths(max(1, math.ceil(tokens)), max(1, self.file.generation_kwargs.max_gen_toks // 2))

    def _render(self, field: str, template: Template | int, doc: Doc) -> Any:
        if template not in self._templates:
            self._templates[template] = self._compiled(field, template)
        try:
            return self._templates[template](doc)
        except Exception as error:
            message = f"fails on a document: {type(error).__name__}: {str(error)[:200]}"
            raise InputError(message, source=self.folder / "task.yaml", field=field) from None

    def _compiled(self, field: str, template: Template | int) -> Callable[[Doc], Any]:
        """lm-eval's rule: a function, a column's name, or a Jinja template."""
        if isinstance(template, FunctionName):
            return load_function(self.folder, template)
        if isinstance(template, int):
            return lambda doc: template
        try:
            compiled = _ENVIRONMENT.from_string(template)
        except jinja2.TemplateError as error:
            raise InputError(f"is no Jinja template: {error}", source=self.folder / "task.yaml", field=field) from None
        return lambda doc: doc[template] if template in doc else compiled.render(**doc)

    @cached_property
    def _grader(self) -> Grader:
        name = self.file.metadata.ttgbench.grader
        if name is not None:
            return _Careful(GRADERS[name])
        from ttgbench.tasks.grading.lm_eval import LmEvalGrader

        return LmEvalGrader(self.file, self.folder)


class _Careful:
    """A named grader that turns its own failures into UNGRADABLE, one output at a time."""

    def __init__(self, grader: Grader) -> None:
        self.version, self._grader = grader.version, grader

    def grade(self, markings: Sequence[Marking]) -> list[Grade]:
        try:
            return list(self._grader.grade(markings))
        except SandboxUnavailable:
            raise
        except Exception:
            return [self._one(marking) for marking in markings]

    def _one(self, marking: Marking) -> Grade:
        try:
            return next(iter(self._grader.grade([marking])))
        except Exception:
            return Grade(UNGRADABLE, None)


def _regex_replace(string: str, pattern: str, repl: str, count: int = 0) -> str:
    return re.sub(pattern, repl, string, count=count)


_ENVIRONMENT = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
_ENVIRONMENT.filters["regex_replace"] = _regex_replace
