"""Canonical order: one answer for every renumbering, also for graphs in which everything looks alike."""

import random
import time
from itertools import combinations, product

import pytest

from ttgbench.graphs import canonical
from ttgbench.graphs.canonical import SearchLimit, canonical_order

Edges = list[tuple[int, int]]


def written_in_order(colours: list[int], edges: Edges) -> tuple[list[int], Edges]:
    neighbours: list[list[int]] = [[] for _ in colours]
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    order = canonical_order(colours, neighbours)
    assert sorted(order) == list(range(len(colours)))
    place = {vertex: i for i, vertex in enumerate(order)}
    return [colours[v] for v in order], sorted((min(place[a], place[b]), max(place[a], place[b])) for a, b in edges)


def renumbered(colours: list[int], edges: Edges, seed: int) -> tuple[list[int], Edges]:
    rng = random.Random(seed)
    to = list(range(len(colours)))
    rng.shuffle(to)
    edges = [(to[a], to[b]) for a, b in edges]
    rng.shuffle(edges)
    return [colours[to.index(v)] for v in range(len(colours))], edges


def two_layers(n: int, m: int, edges: Edges) -> tuple[list[int], Edges]:
    """n nodes, m nodes that read them, and a sink."""
    joined = [(a, n + b) for a, b in edges] + [(n + b, n + m) for b in range(m)]
    return [0] * n + [1] * m + [2], joined


def ring(k: int) -> Edges:
    return [(i, (i + step) % k) for i in range(k) for step in (0, 1)]


def projective_plane(q: int) -> tuple[list[int], Edges]:
    points = [p for p in product(range(q), repeat=3) if any(p) and next(x for x in p if x) == 1]
    incident = [
        (i, j) for i, p in enumerate(points) for j, line in enumerate(points) if sum(map(int.__mul__, p, line)) % q == 0
    ]
    return two_layers(len(points), len(points), incident)


def latin_square(n: int) -> tuple[list[int], Edges]:
    cells = [(a, n + b, 2 * n + (a + b) % n) for a in range(n) for b in range(n)]
    return two_layers(n * n, 3 * n, [(i, line) for i, cell in enumerate(cells) for line in cell])


def disjoint_pairs(n: int) -> tuple[list[int], Edges]:
    pairs = list(combinations(range(n), 2))
    edges = [(i, j) for i, a in enumerate(pairs) for j, b in enumerate(pairs) if not set(a) & set(b)]
    return two_layers(len(pairs), len(pairs), edges)


HOSTILE = {
    "one ring": two_layers(60, 60, ring(60)),
    "six rings": two_layers(60, 60, [(10 * g + a, 10 * g + b) for g in range(6) for a, b in ring(10)]),
    "all but one": two_layers(60, 60, [(a, b) for a in range(60) for b in range(60) if a != b]),
    "cube": two_layers(32, 32, [(a, b) for a in range(32) for b in range(32) if (a ^ b).bit_count() in (0, 1)]),
    "projective plane": projective_plane(5),
    "latin square": latin_square(8),
    "disjoint pairs": disjoint_pairs(8),
    "nothing joined": ([0] * 100, []),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_graphs_that_look_alike_everywhere_have_one_form(name: str) -> None:
    colours, edges = HOSTILE[name]
    forms = [written_in_order(*renumbered(colours, edges, seed)) for seed in range(3)]
    assert forms[0] == forms[1] == forms[2]


def test_same_degrees_do_not_mean_same_graph() -> None:
    one, two = HOSTILE["one ring"], HOSTILE["six rings"]
    assert written_in_order(*one) != written_in_order(*two)


def test_symmetric_shapes_need_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> list[int]:
        raise AssertionError("branched")

    monkeypatch.setattr(canonical._Search, "branch", fail)
    layers = [layer for layer in range(8) for _ in range(8)]
    full = [(a, b) for a in range(64) for b in range(64) if layers[b] == layers[a] + 1]
    written_in_order(layers, full)
    chains = [(c * 8 + i, c * 8 + i + 1) for c in range(8) for i in range(7)] + [(c * 8 + 7, 64) for c in range(8)]
    written_in_order([*list(range(8)) * 8, 8], chains)


def test_search_gives_up_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MAX_WORK", 20_000)
    started = time.process_time()
    with pytest.raises(SearchLimit):
        written_in_order(*HOSTILE["projective plane"])
    assert time.process_time() - started < 5
