"""Named shapes are the graphs that they are named after."""

from typing import Any

import pytest

import ttgbench.shapes
from ttgbench.errors import InputError
from ttgbench.graphs.graph import MAX_NODES, Graph, Node
from ttgbench.graphs.shapes import NAMED, chain, debate, layered, mixture_of_agents, parallel, parallel_chains, single


def size(graph: Graph) -> tuple[int, int, int, int]:
    return len(graph.nodes), len(graph.edges), graph.width, graph.depth


def test_single() -> None:
    assert single("m") == Graph([Node("only", "assistant", "m")])


def test_parallel_samples_end_in_a_vote_or_a_fuser() -> None:
    vote, fuser, other = parallel("m", 5), parallel("m", 5, "fuser"), parallel("m", 5, sink="fuser", sink_model="big")
    assert size(vote) == size(fuser) == size(other) == (6, 5, 5, 2)
    assert [g[g.sink] for g in (vote, fuser, other)] == [
        Node("vote", "vote"),
        Node("fuser", "fuser", "m"),
        Node("fuser", "fuser", "big"),
    ]
    assert parallel("m", 1).role_counts == {"assistant": 1, "vote": 1}


def test_chain_refines_step_by_step() -> None:
    graph = chain("m", 4)
    assert size(graph) == (4, 3, 1, 4)
    assert graph.role_counts == {"assistant": 4}
    assert chain("m", 1) == single("m")


def test_parallel_chains_are_width_times_depth_and_a_sink() -> None:
    graph = parallel_chains("m", 3, 4, sink="fuser")
    assert size(graph) == (13, 12, 3, 5)
    assert [len(level) for level in graph.levels] == [3, 3, 3, 3, 1]
    assert all(len(graph.predecessors(node.id)) <= 1 for node in graph.nodes if node.id != graph.sink)
    assert parallel_chains("m", 5, 1) == parallel("m", 5)


def test_layered_reads_the_whole_layer_before() -> None:
    graph = layered([["m", "k", "m"], ["k", "k"]], "big")
    assert size(graph) == (6, 3 * 2 + 2, 3, 3)
    assert graph.role_counts == {"assistant": 3, "fuser": 3}
    assert graph[graph.sink].model == "big"
    assert layered([["m"] * 4], "m") == parallel("m", 4, "fuser")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: parallel("m", 0), "k"),
        (lambda: parallel("m", True), "k"),
        (lambda: parallel("m", 2.0), "k"),  # type: ignore[arg-type]
        (lambda: parallel("m", 10**12), "k"),
        (lambda: parallel("m", 2, "mean"), "sink"),  # type: ignore[arg-type]
        (lambda: parallel("m", 2, "vote", "big"), "sink_model"),
        (lambda: chain("m", -1), "depth"),
        (lambda: parallel_chains("m", 0, 2), "width"),
        (lambda: parallel_chains("m", 2, 0), "depth"),
        (lambda: parallel_chains("m", MAX_NODES, MAX_NODES), "width"),
        (lambda: layered([], "m"), "models_per_layer"),
        (lambda: layered([[]], "m"), "models_per_layer"),
        (lambda: layered(["llama"], "m"), "models_per_layer"),
        (lambda: single(""), "model name"),
        (lambda: layered([["m"] * 100, ["m"] * 100], "m"), "at most 128 nodes"),
    ],
)
def test_wrong_arguments_are_named(call: Any, field: str) -> None:
    with pytest.raises(InputError, match=field):
        call()


def test_mixture_of_agents_by_number_or_by_models() -> None:
    assert mixture_of_agents(3, aggregator="m") == parallel("m", 3, "fuser")
    assert mixture_of_agents(["m", "k"], aggregator="big", layers=2) == layered([["m", "k"]] * 2, "big")


def test_debate_reads_the_whole_round_before() -> None:
    graph = debate(["m", "k"], rounds=2)
    assert size(graph) == (5, 4 + 2, 2, 3)
    assert graph.role_counts == {"assistant": 4, "vote": 1}
    assert debate(["m"] * 3, rounds=1, sink="fuser", sink_model="big") == parallel("m", 3, "fuser", "big")


@pytest.mark.parametrize("name", NAMED)
def test_named_shapes_grow_with_width_and_depth(name: str) -> None:
    assert callable(getattr(ttgbench.shapes, name))
    assert NAMED[name]("m", 1, 1, None)
    graph = NAMED[name]("m", 3, 2, None)
    assert graph.model_counts.keys() == {"m"}
    if name in ("parallel", "mixture_of_agents", "debate", "parallel_chains"):
        assert NAMED[name]("m", 3, 2, "big")[NAMED[name]("m", 3, 2, "big").sink] == Node("fuser", "fuser", "big")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: mixture_of_agents(0, aggregator="m"), "proposers"),
        (lambda: mixture_of_agents(["m"] * 64, aggregator="m", layers=2), "layers"),
        (lambda: mixture_of_agents([], aggregator="m"), "models_per_layer"),
        (lambda: debate("m"), "models"),
        (lambda: debate(["m"], rounds=0), "rounds"),
        (lambda: debate(["m"], sink="best"), "sink"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_such_shape_is_refused(call: Any, field: str) -> None:
    with pytest.raises(InputError) as refused:
        call()
    assert refused.value.field == field
