"""Suites: versioned lists of problems with their budgets, seeds and planned statistics, read from YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate.synthetic.family import Instance
from ttgbench.evaluate.synthetic.strata import BUDGETS, STRATA
from ttgbench.graphs.roles import PromptSet
from ttgbench.models.budget import Budget
from ttgbench.models.pool import Pool, load_pool
from ttgbench.problems.anchors import Anchor, load_anchors
from ttgbench.problems.family.family import Family, budget_of, objective_of
from ttgbench.problems.objective import Objective
from ttgbench.problems.recorded import BankSpec, Recorded, load_recorded
from ttgbench.problems.sampling import SamplingSpec
from ttgbench.problems.space.bank import BankSpace
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.space.space import SearchSpace
from ttgbench.tasks.task import Lengths
from ttgbench.util.text import counted
from ttgbench.util.yaml_input import read_yaml, validation_message

SUITES = files("ttgbench.problems") / "suites"
SUPERSEDED = {"synthetic-v1": "synthetic-v2"}
"""By label: suites that are kept for their results, and what took their place. No part of their definition."""
MIN_GAP = 0.05
"""Of a problem that ranks: five points of the objective between its anchors."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodesSpec(_Record):
    """A budget of nodes before a fixed final node: `NodeBudget`, with prices by model."""

    budget: int = Field(ge=1, le=64)
    prices: dict[str, int]
    final: str


class SpaceSpec(_Record):
    """The shape of a search space; its pool, lengths and budget come from the problem."""

    roles: tuple[str, ...] = ("assistant", "fuser")
    max_nodes: int = Field(default=8, ge=1, le=64)
    max_width: int = Field(default=8, ge=1, le=64)
    max_depth: int = Field(default=8, ge=1, le=64)
    max_in_degree: int = Field(default=8, ge=1, le=64)
    nodes: NodesSpec | None = Field(default=None, exclude_if=lambda nodes: nodes is None)
    """Left out where there is none, as in suites older than it."""

    def arguments(self, pool: Pool) -> dict[str, Any]:
        """For `SearchSpace`. Raises InputError, UnknownName for prices of other models than the pool's."""
        found = self.model_dump(exclude={"nodes"})
        if self.nodes is not None:
            for name in self.nodes.prices:
                if name not in pool.names:
                    raise UnknownName("model", name, pool.names, field="nodes.prices")
            prices = tuple(self.nodes.prices.get(name, 0) for name in pool.names)
            found["nodes"] = NodeBudget(self.nodes.budget, prices, self.nodes.final)
        return found


class ProblemSpec(_Record):
    """One problem: task x pool x search space x budget x objective."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    task: str
    pool: str
    models: tuple[str, ...] = ()
    """A subset of the pool; empty means all."""
    space: SpaceSpec = SpaceSpec()
    budget: str
    """Per query, e.g. "6 units"."""
    objective: Objective = Objective()
    sampling: SamplingSpec = SamplingSpec()
    prompts: PromptSet = Field(default="v1", exclude_if=lambda prompts: prompts == "v1")
    """Which prompts its nodes show to models. Left out where it is the first set, which suites older than it mean."""
    search_questions: int = Field(default=0, ge=0)
    """Number of questions of the search split, from the first; 0 means all. Of a bank: how many each seed draws."""
    test_questions: int = Field(default=0, ge=0)
    evaluator: Literal["generation", "synthetic"] = "generation"
    projected: bool = Field(default=False, exclude_if=lambda projected: not projected)
    """Of a bank: methods are shown the open space of the same limits, and of every graph its projection is meant."""

    @field_validator("budget")
    @classmethod
    def _readable(cls, budget: str) -> str:
        try:
            Budget.parse(budget)
        except InputError as error:
            raise ValueError(error.message) from None
        return budget

    def load_pool(self) -> Pool:
        """The pool, restricted to `models`."""
        pool = load_pool(self.pool)
        return pool.subset(self.models) if self.models else pool

    def load_space(self, lengths: Lengths) -> SearchSpace:
        """The search space of this problem for a task with these nominal lengths."""
        pool, budget = self.load_pool(), Budget.parse(self.budget)
        return SearchSpace(pool=pool, lengths=lengths, budget=budget, **self.space.arguments(pool))


def search_universe(seed: int, universes: int) -> int:
    """The draw of samples that a run with this seed searches on: seeds share `universes` in turn; 0: each has its own.

    Runs that share one are not independent.
    """
    return seed % universes if universes else seed


class Suite(_Record):
    """A versioned list of problems and how runs on them are made and read."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    version: int = Field(ge=1)
    description: str
    problems: tuple[ProblemSpec, ...] = Field(min_length=1, max_length=1000)
    """Left out where there is a family: its strata then."""
    family: Family | None = Field(default=None, exclude_if=lambda family: family is None)
    """Problems are strata, and every seed runs on another instance."""
    methods: tuple[str, ...] = ()
    """Run when no methods are named."""
    seeds: int = Field(default=10, ge=1, le=1000)
    search_evaluations: float = Field(gt=0, le=1e9)
    """Search budget of one run, in full evaluations of the search questions at the per-query budget."""
    checkpoints: tuple[float, ...] = ()
    """The incumbents at these search spends (in full evaluations) are scored on test, besides the final graph."""
    search_universes: int = Field(default=0, ge=0, le=1000)
    """Number of search universes that seeds share in turn, so that these can be recorded; 0: each seed has its own."""
    test_universes: int = Field(default=1, ge=1, le=1000)
    recorded: Recorded | None = None
    """Replayed, and no engine started: a file of all generations, or a bank, which decides what its problems leave out:
    pool, sampling and prompts, and how many universes are searched and tested in."""
    score_incumbents: Literal["checkpoints", "all"] = "checkpoints"
    """Which incumbents of the anytime log are scored on test: those at the checkpoints, or every one."""
    margin: float = Field(default=0.02, gt=0, lt=1)
    """Differences in accuracy below this are practically equivalent."""

    @model_validator(mode="before")
    @classmethod
    def _strata(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("family") and "problems" not in data:
            return {**data, "problems": [stratum_spec(name).model_dump() for name in STRATA]}
        return _with_bank(data)

    @model_validator(mode="after")
    def _consistent(self) -> Suite:
        names = [problem.name for problem in self.problems]
        if len(set(names)) < len(names):
            raise ValueError("problem names must differ")
        if self.family is not None and any(problem != stratum_spec(problem.name) for problem in self.problems):
            raise ValueError("with a family, problems are its strata; leave them out")
        if any(point <= 0 or point > self.search_evaluations for point in self.checkpoints):
            raise ValueError("checkpoints must lie between 0 and search_evaluations")
        for problem in self.problems:
            if fault := _bank_fault(self, problem):
                raise ValueError(f"problem {problem.name}: {fault}")
        return self

    @property
    def bank(self) -> BankSpec | None:
        """The bank that answers it, if one does."""
        return self.recorded if isinstance(self.recorded, BankSpec) else None

    def search_universe(self, seed: int) -> int:
        """The universe that a run with this seed draws its search samples from."""
        return search_universe(seed, self.search_universes)

    def spec(self, name: str) -> ProblemSpec:
        """The problem of this name. Raises UnknownName with near matches."""
        for problem in self.problems:
            if problem.name == name:
                return problem
        raise UnknownName("problem", name, [problem.name for problem in self.problems])

    def variant(self, seed: int) -> int:
        """Which form of each problem a seed meets: its instance, or its split of a bank; 0 where all seeds meet one."""
        if self.family is not None:
            return self.family.number(seed)
        return 0 if self.bank is None else seed

    def load_space(self, spec: ProblemSpec, lengths: Lengths) -> SearchSpace:
        """The graphs that a problem is about, for a task with these nominal lengths. Raises InputError."""
        if self.bank is None:
            return spec.load_space(lengths)
        return BankSpace.over(self.bank.plan.nodes, spec.load_pool(), lengths, Budget.parse(spec.budget))

    def instance(self, name: str, seed: int) -> Instance | None:
        """The drawn instance that a seed runs on; None where every seed has the same problem. Raises UnknownName."""
        return None if self.family is None else self.family.instance(self.spec(name).name, seed)

    def spec_for(self, name: str, seed: int) -> ProblemSpec:
        """The problem as a run with this seed meets it. Raises UnknownName."""
        spec, instance = self.spec(name), self.instance(name, seed)
        if instance is None:
            return spec
        space = SpaceSpec(
            roles=instance.roles,
            max_nodes=instance.max_nodes,
            max_width=instance.max_width,
            max_depth=instance.max_depth,
            max_in_degree=instance.max_in_degree,
        )
        drawn = {"space": space, "budget": budget_of(instance), "objective": objective_of(instance)}
        return spec.model_copy(update=drawn)

    def anchor(self, name: str, seed: int) -> Anchor | None:
        """What counts as 0 and 1 for a run with this seed; None without anchors."""
        if self.family is not None:
            return self.family.anchor(name, seed)
        return None if self.anchors is None else self.anchors[name]

    def to_dict(self) -> dict[str, Any]:
        """Everything that defines the suite, JSON-ready."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def label(self) -> str:
        """Name and version, e.g. "synthetic-v1": what results and the board call it."""
        return f"{self.name}-v{self.version}"

    @property
    def superseded_by(self) -> str | None:
        """Label of the suite that took its place."""
        return SUPERSEDED.get(self.label)

    @property
    def simulated(self) -> bool:
        """Whether no problem needs an engine or a store; a search agent may still need both."""
        return all(problem.evaluator == "synthetic" for problem in self.problems)

    # Neither is remembered: model_copy would take a remembered value along.
    @property
    def anchors(self) -> Mapping[str, Anchor] | None:
        """By problem, what counts as 0 and 1; None where nobody has frozen them. Of strata, means over instances."""
        if self.family is not None:
            return {spec.name: self.family.mean_anchor(spec.name) for spec in self.problems}
        return load_anchors(self.label, [problem.name for problem in self.problems])

    @property
    def flat(self) -> frozenset[str]:
        """Problems on which the best graph known is less than MIN_GAP above the best single model.

        What is searched for there is smaller than what chance decides, so no mean over problems and no rank counts
        them.
        """
        anchors = self.anchors or {}
        return frozenset(name for name, anchor in anchors.items() if anchor.one - anchor.zero < MIN_GAP)

    @property
    def hash(self) -> str:
        """sha256 of the definition with its anchors; results carry it."""
        definition = _unlocated(self.to_dict())
        if self.family is not None:
            definition["instances"] = self.family.digest
        elif self.anchors is not None:
            definition["anchors"] = {name: anchor.to_dict() for name, anchor in self.anchors.items()}
        return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


def _with_bank(data: Any) -> Any:
    """A definition with what its bank decides; as it is where it has none. Raises ValueError for a faulty one."""
    recorded = data.get("recorded") if isinstance(data, dict) else None
    if not (isinstance(recorded, BankSpec) or (isinstance(recorded, dict) and "plan" in recorded)):
        return data
    try:
        bank = BankSpec.model_validate(recorded)
    except ValidationError as error:
        raise ValueError(f"recorded: {validation_message(error)}") from None
    plan = bank.plan
    decided = {"pool": plan.pool, "sampling": plan.sampling.model_dump(), "prompts": plan.prompts}
    given = data.get("problems")
    problems = given if isinstance(given, list | tuple) else []
    tasks = {str(one["task"]) for one in problems if isinstance(one, dict) and "task" in one}
    counts = {len(bank.universes(task)) for task in tasks}
    recorded = counts.pop() if len(counts) == 1 else 0
    universes = {"search_universes": recorded, "test_universes": max(1, recorded - 1)}
    filled = [{**decided, **one} if isinstance(one, dict) else one for one in problems]
    return {**universes, **data, "problems": filled or given}


def _bank_fault(suite: Suite, problem: ProblemSpec) -> str | None:
    """What of a problem does not go with the suite's bank; None if all does."""
    bank = suite.bank
    if bank is None:
        return "projected: only a bank's problems are" if problem.projected else None
    try:
        bank.entry(problem.task)
    except InputError as error:
        return str(error)
    universes, plan = len(bank.universes(problem.task)), bank.plan
    if not bank.questions(problem.task):
        return f"nothing of {problem.task} is recorded in the segments of {plan.name}"
    if not 1 <= suite.search_universes <= universes or suite.test_universes > max(1, universes - 1):
        said = f"{problem.task} is recorded in {counted(universes, 'universe')}: "
        if universes == 1:
            return said + "search_universes and test_universes are 1; leave them out"
        return said + (
            f"search_universes is 1 to {universes}, and test_universes at most {universes - 1}, which leaves out the "
            "one that a seed searches in"
        )
    if (problem.pool, problem.sampling, problem.prompts) != (plan.pool, plan.sampling, plan.prompts):
        return f"pool, sampling and prompts are those of {plan.name}; leave them out"
    if problem.models or problem.space != SpaceSpec() or problem.evaluator != "generation":
        return "its graphs are the bank's: models, space and evaluator have no place here"
    return None if problem.search_questions else "search_questions: of a bank it is 1 or more"


def stratum_spec(name: str) -> ProblemSpec:
    """A stratum as a problem: what its instances have in common. Raises UnknownName."""
    if name not in STRATA:
        raise UnknownName("stratum", name, STRATA)
    stratum = STRATA[name]
    return ProblemSpec(
        name=name,
        task=f"simulated_{name}",
        pool="drawn",
        budget=f"{BUDGETS[stratum.budget]:g} units",
        objective=Objective(kind="accuracy-latency" if stratum.latency else "accuracy"),
        evaluator="synthetic",
    )


def suite_names() -> list[str]:
    """Names of the shipped suites."""
    return sorted(entry.name.removesuffix(".yaml") for entry in SUITES.iterdir() if entry.name.endswith(".yaml"))


def load_suite(name_or_path: str) -> Suite:
    """Reads a shipped suite by name or any suite file by path; paths in it are relative to it, else to where we are.

    Raises InputError naming file and field, UnknownName with near matches.
    """
    if name_or_path in suite_names():
        path = Path(str(SUITES / f"{name_or_path}.yaml"))
    elif name_or_path.endswith((".yaml", ".yml")):
        path = Path(name_or_path)
    else:
        raise UnknownName("suite", name_or_path, suite_names())
    try:
        data = _located(read_yaml(path), path.parent)
        if data.get("recorded") is not None:
            data = {**data, "recorded": load_recorded(data["recorded"], path)}
        return Suite.model_validate(data)
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def _located(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The definition with the paths of tasks, pools and recording as they are from anywhere."""

    def located(record: Any, *keys: str) -> Any:
        if not isinstance(record, dict):
            return record
        names = {key: record[key] for key in keys if isinstance(record.get(key), str) and _is_path(record[key])}
        paths = {key: folder / name for key, name in names.items() if "\0" not in name}
        return {**record, **{key: str(path.resolve()) for key, path in paths.items() if path.exists()}}

    problems = data.get("problems")
    if isinstance(problems, list):
        data = {**data, "problems": [located(problem, "task", "pool") for problem in problems]}
    return {**data, "recorded": located(data["recorded"], "file")} if "recorded" in data else data


def _unlocated(data: dict[str, Any]) -> dict[str, Any]:
    """The same for whoever has these files elsewhere: of a path its last part counts."""

    def unlocated(record: dict[str, Any], *keys: str) -> dict[str, Any]:
        return {**record, **{key: Path(record[key]).name for key in keys if _is_path(record[key])}}

    found = {**data, "problems": [unlocated(problem, "task", "pool") for problem in data["problems"]]}
    recorded = data.get("recorded")
    if not recorded:
        return found
    if "plan" not in recorded:
        return {**found, "recorded": unlocated(recorded, "file")}
    tasks = [unlocated(task, "task") for task in recorded["plan"]["tasks"]]
    plan = {**unlocated(recorded["plan"], "pool"), "tasks": tasks}
    return {**found, "recorded": {**unlocated(recorded, "folder"), "plan": plan}}


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith((".yaml", ".yml", ".parquet"))
