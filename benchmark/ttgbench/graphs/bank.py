"""Graphs made of recorded nodes: a vote over first samples of models and over second-level nodes, or one of them alone.

A bank holds samples of some models for every question, and second-level nodes that read first samples: `n` times a
model means its first n. A graph of a bank is known by its *ballot*: how many samples of each model the vote counts, and
which second-level nodes. A second-level node reads samples that the vote counts, as far as there are any.

>>> bank = BankNodes({"small": 3, "large": 2}, (SecondNode("fuser", "large", ("large", "large")),))
>>> graph = bank.graph((1, 1, 1))
>>> graph.role_counts
{'assistant': 3, 'fuser': 1, 'vote': 1}
>>> bank.ballot(graph)
(1, 1, 1)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import parallel, single

Ballot = tuple[int, ...]
"""Samples of each model, then 1 for each second-level node that is counted, in the order of the bank."""
VOTE = "vote"


@dataclass(frozen=True)
class SecondNode:
    """A node on first samples."""

    role: str
    model: str
    inputs: tuple[str, ...]
    """Models of the samples that it reads."""

    def graph(self) -> Graph:
        """The node on top of its inputs."""
        below = [Node(f"a{number + 1}", "assistant", model) for number, model in enumerate(self.inputs)]
        return Graph([*below, Node("top", self.role, self.model)], [(node.id, "top") for node in below])

    @property
    def name(self) -> str:
        """In words."""
        read = " + ".join(f"{count} {model}" for model, count in Counter(self.inputs).items())
        return f"{self.role} {self.model} of {read}"


@dataclass(frozen=True)
class BankNodes:
    """What is recorded for every question. Raises InputError for a second-level node that reads what there is not."""

    samples: Mapping[str, int] = field(hash=False)
    """By model."""
    second: tuple[SecondNode, ...] = ()

    def __post_init__(self) -> None:
        seen = set()
        for node in self.second:
            reads = Counter(node.inputs)
            for model, count in reads.items():
                if count > self.samples.get(model, 0):
                    raise InputError(f"{node.name} reads more of {model} than `samples` has", field="second")
            if not reads or (node.role, node.model, frozenset(reads.items())) in seen:
                raise InputError(f"{node.name} {'is there twice' if reads else 'reads nothing'}", field="second")
            seen.add((node.role, node.model, frozenset(reads.items())))

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Models with samples, in order."""
        return tuple(self.samples)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the numbers of a ballot count."""
        return (*self.models, *(node.name for node in self.second))

    @property
    def first_second(self) -> int:
        """The place of the first second-level node among all recorded nodes: behind all samples."""
        return sum(self.samples.values())

    @cached_property
    def columns(self) -> dict[str, int]:
        """By model, the place of its first sample among all recorded nodes: samples by model, then second level."""
        found, at = {}, 0
        for model, count in self.samples.items():
            found[model] = at
            at += count
        return found

    def recorded(self) -> list[Graph]:
        """Graphs that together hold every node: a vote over all samples of each model, then the second level."""
        pools = [single(model) if count == 1 else parallel(model, count) for model, count in self.samples.items()]
        return [*pools, *(node.graph() for node in self.second)]

    def graph(self, ballot: Sequence[int]) -> Graph:
        """The graph of a ballot; that of a single answer is its node alone. Raises InputError where there is none."""
        counts, chosen = ballot[: len(self.models)], ballot[len(self.models) :]
        fits = len(ballot) == len(self.names) and all(0 <= flag <= 1 for flag in chosen)
        fits = fits and all(0 <= count <= most for count, most in zip(counts, self.samples.values(), strict=True))
        if not fits or not sum(ballot):
            raise InputError(f"no ballot of this bank: {tuple(ballot)}", field="ballot")
        top = [node for node, flag in zip(self.second, chosen, strict=True) if flag]
        reads = [Counter(node.inputs) for node in top]
        nodes: list[Node] = []
        edges: list[tuple[str, str]] = []
        voting = sum(ballot) > 1
        for number, (model, count) in enumerate(zip(self.models, counts, strict=True)):
            for place in range(max([count, *(read[model] for read in reads)])):
                name = f"m{number + 1}.{place + 1}"
                nodes.append(Node(name, "assistant", model))
                edges += [(name, f"s{at + 1}") for at, read in enumerate(reads) if place < read[model]]
                edges += [(name, VOTE)] if voting and place < count else []
        nodes += [Node(f"s{at + 1}", node.role, node.model) for at, node in enumerate(top)]
        if voting:
            nodes.append(Node(VOTE, VOTE, None))
            edges += [(f"s{at + 1}", VOTE) for at in range(len(top))]
        return Graph(nodes, edges)

    def ballot(self, graph: Graph) -> Ballot | str:
        """The ballot of a graph, or why it is none of the bank."""
        placed = self.placed(graph)
        if isinstance(placed, str):
            return placed
        counted = {placed[name] for name in counted_nodes(graph)}
        counts = [len(counted.intersection(range(at, at + self.samples[m]))) for m, at in self.columns.items()]
        return (*counts, *(int(self.first_second + at in counted) for at in range(len(self.second))))

    def placed(self, graph: Graph) -> dict[str, int] | str:
        """Which recorded node stands for each node of a graph but a vote at its end; or why none does.

        Numbers as in `columns`. Of a model's samples, those that more nodes read come first.
        """
        counted = counted_nodes(graph)
        voting = counted != (graph.sink,)
        if voting and len(counted) == 1:
            return "a vote on a single answer is no graph of the bank"
        inner = [node for node in graph.nodes if not voting or node.id != graph.sink]
        samples = [node for node in inner if node.role == "assistant" and not graph.predecessors(node.id)]
        placed: dict[str, int] = {}
        for node in inner:
            if node not in samples:
                at = self._recorded(graph, node, {sample.id for sample in samples})
                if isinstance(at, str):
                    return at
                if self.first_second + at in placed.values():
                    return f"node {node.id!r}: the bank holds one {self.second[at].name}"
                placed[node.id] = self.first_second + at
        for model in dict.fromkeys(str(node.model) for node in samples):
            readers = {node.id: set(graph.successors(node.id)) for node in samples if node.model == model}
            if len(readers) > self.samples.get(model, 0):
                return f"it has {len(readers)} samples of {model!r}, the bank {self.samples.get(model, 0)}"
            own = sorted(readers, key=lambda name: -len(readers[name]))
            if any(not readers[later] <= readers[first] for first, later in pairwise(own)):
                return f"two nodes read different samples of {model!r}; in a bank each reads the first ones"
            placed |= {name: self.columns[model] + place for place, name in enumerate(own)}
        return placed

    def _recorded(self, graph: Graph, node: Node, samples: Collection[str]) -> int | str:
        """The number of the second-level node that is this one."""
        below = graph.predecessors(node.id)
        if not set(below).issubset(samples):
            return f"node {node.id!r} reads other nodes than samples"
        reads = Counter(graph[name].model for name in below)
        for at, second in enumerate(self.second):
            if (second.role, second.model) == (node.role, node.model) and Counter(second.inputs) == reads:
                return at
        return f"node {node.id!r}: the bank holds no {node.role} of {node.model!r} on such samples"

    def nearest(self, graph: Graph) -> Ballot:
        """What a graph of any kind comes to with the nodes of the bank; it may count more samples than there are.

        A vote within the graph hands on what it counts. A node that reads others is the second-level node of its model
        that is most like it, first in role and then in the models that it reads, each once. Where there is none, it is
        a sample of its model, and at the end of the graph a vote over what it reads. Raises InputError for a model
        without samples.
        """
        flat, end = _flattened(graph), graph.sink
        answers = flat[end]
        if answers == [end] and all(node.model != graph[end].model for node in self.second):
            answers = list(dict.fromkeys(n for name in graph.predecessors(end) for n in flat[name])) or answers
        reads = {n: Counter(graph[m].model for name in graph.predecessors(n) for m in flat[name]) for n in answers}
        found = [0] * len(self.names)
        free = set(range(len(self.second)))

        def likest(name: str) -> tuple[tuple[int, int], int]:
            """How unlike the likest second-level node that is left is, and its number, -1 for none."""
            node, none = graph[name], ((2, 0), -1)
            same = [at for at in free if reads[name] and self.second[at].model == node.model]
            unlike = [(self.second[at].role != node.role, _apart(reads[name], self.second[at])) for at in same]
            return min(zip(unlike, same, strict=True), default=none)

        def order(name: str) -> tuple[object, ...]:
            """The likest first; the same for isomorphic graphs."""
            return likest(name)[0], graph[name].role, str(graph[name].model), sorted(map(str, reads[name].items()))

        for name in sorted(answers, key=order):
            at, model = likest(name)[1], str(graph[name].model)
            if at >= 0:
                free.remove(at)
                found[len(self.models) + at] = 1
            elif model in self.samples:
                found[self.models.index(model)] += 1
            else:
                raise InputError(f"the bank has no samples of {model!r}", source="graph")
        return tuple(found)


def counted_nodes(graph: Graph) -> tuple[str, ...]:
    """Ids of the nodes whose answers a vote at the end counts; the last node itself where it is none."""
    return graph.predecessors(graph.sink) if graph[graph.sink].role == VOTE else (graph.sink,)


def _flattened(graph: Graph) -> dict[str, list[str]]:
    """By node, the nodes whose answers it hands on: its own, or what a vote counts."""
    flat: dict[str, list[str]] = {}
    for name in (name for level in graph.levels for name in level):
        below = graph.predecessors(name)
        counted = list(dict.fromkeys(other for source in below for other in flat[source]))
        flat[name] = counted if graph[name].role == VOTE else [name]
    return flat


def _apart(reads: Counter[str | None], node: SecondNode) -> int:
    """How many samples more or less one of them reads than the other."""
    other = Counter[str | None](node.inputs)
    return (reads - other).total() + (other - reads).total()
