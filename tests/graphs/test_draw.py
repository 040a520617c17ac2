"""Drawings: nothing crosses a node, nothing breaks out of a label, the same graph gives the same bytes."""

import random
import re
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.graphs.draw.text import as_mermaid, as_svg, as_text
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains, single

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert("1")</script>&amp;#35;`'

Point = tuple[float, float]
Box = tuple[float, float, float, float]


def random_graph(n: int, density: float, seed: int) -> Graph:
    rng = random.Random(seed)
    edges = {(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < density}
    edges |= {(i, n - 1) for i in range(n - 1) if not any(source == i for source, _ in edges)}
    nodes = [Node(f"n{i}", "assistant", rng.choice(["m", "a-model-with-a-long-name"])) for i in range(n)]
    return Graph(nodes, [(f"n{i}", f"n{j}") for i, j in sorted(edges)])


def boxes(svg: str) -> list[Box]:
    rects = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [
        (float(r.get("x", 0)), float(r.get("y", 0)), float(r.get("width", 0)), float(r.get("height", 0))) for r in rects
    ]


def traced(path: str, steps: int = 25) -> list[Point]:
    """Points along a path of M, C and H commands."""
    points: list[Point] = []
    for command, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in text.split()]
        if command == "M":
            points.append((numbers[0], numbers[1]))
        elif command == "H":
            (x, y), end = points[-1], numbers[0]
            points += [(x + (end - x) * i / steps, y) for i in range(1, steps + 1)]
        else:
            assert command == "C"
            bezier = [points[-1], *zip(numbers[::2], numbers[1::2], strict=True)]
            for i in range(1, steps + 1):
                t = i / steps
                weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3]
                points.append(tuple(sum(w * p[axis] for w, p in zip(weights, bezier, strict=True)) for axis in (0, 1)))  # type: ignore[arg-type]
    return points


def edge_paths(svg: str) -> list[str]:
    return [p.get("d", "") for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("class") == "edge"]


def assert_clear(graph: Graph, notes: dict[str, str] | None = None) -> None:
    svg = as_svg(graph, notes)
    drawn = boxes(svg)
    assert len(drawn) == len(graph.nodes)
    for i, (x, y, w, h) in enumerate(drawn):
        for x2, y2, w2, h2 in drawn[:i]:
            assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    width, height = map(float, ElementTree.fromstring(svg).get("viewBox", "").split()[2:])
    for path in edge_paths(svg):
        for px, py in traced(path):
            assert 0 <= px <= width
            assert 0 <= py <= height
            assert not any(x < px < x + w and y < py < y + h for x, y, w, h in drawn), (px, py)


SKIPPING = Graph(
    [Node(i, "assistant", "m") for i in "abcde"],
    [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "e"), ("a", "d"), ("b", "e")],
)


@pytest.mark.parametrize(
    "graph",
    [
        SKIPPING,
        single("m"),
        parallel("m", 64),
        chain("m", 9),
        layered([["m"] * 5] * 3, "m"),
        parallel_chains("m", 4, 3),
    ],
)
def test_no_edge_crosses_a_node(graph: Graph) -> None:
    assert_clear(graph)
    assert_clear(graph, {node.id: "a note of some length" for node in graph.nodes})


def test_a_note_stands_below_what_a_node_is_and_is_only_text() -> None:
    graph = parallel("m", 2, "fuser", "m").canonical()
    plain = ElementTree.fromstring(as_svg(graph))
    noted = ElementTree.fromstring(as_svg(graph, {"n0": HOSTILE[:20], "n1": "1.2 units", "n2": ""}))
    texts = ["".join(element.itertext()) for element in noted.iter(f"{SVG}text")]
    assert texts.count("1.2 units") == 1
    assert HOSTILE[:20] in texts
    assert {element.tag for element in noted.iter()} == {element.tag for element in plain.iter()}
    assert boxes(ElementTree.tostring(noted).decode())[0][3] > boxes(ElementTree.tostring(plain).decode())[0][3]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 16), st.floats(0, 1), st.integers(0, 2**32))
def test_no_edge_crosses_a_node_in_any_wiring(n: int, density: float, seed: int) -> None:
    assert_clear(random_graph(n, density, seed))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.floats(0, 1), st.integers(0, 2**32))
def test_every_edge_can_be_followed_from_node_to_node(n: int, density: float, seed: int) -> None:
    graph = random_graph(n, density, seed)
    svg = as_svg(graph)
    at = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        [(x, y, w, h)] = boxes(ElementTree.tostring(group, encoding="unicode"))
        at[str(group.findtext(f"{SVG}title")).partition(":")[0]] = (x, y + h / 2, x + w)
    reached: dict[Point, set[str]] = {}
    for node_id, (_, middle, right) in at.items():
        reached.setdefault((round(right, 1), round(middle, 1)), set()).add(node_id)
    for path in edge_paths(svg):  # columns from left to right, by the order in which links are drawn
        assert path.startswith("M")
    hops = sorted((traced(path, 1)[0], traced(path, 1)[-1]) for path in edge_paths(svg))
    for start, end in hops:
        key = (round(end[0], 1), round(end[1], 1))
        reached.setdefault(key, set()).update(reached[round(start[0], 1), round(start[1], 1)])
    for node_id, (left, middle, _) in at.items():
        assert reached.get((round(left - 7, 1), round(middle, 1)), set()) == set(graph.predecessors(node_id))


def test_wires_of_different_nodes_keep_apart() -> None:
    ends = [traced(path, 1)[-1] for path in edge_paths(as_svg(random_graph(14, 0.4, 3))) if "H" in path]
    assert len(set(ends)) == len(ends)
    assert len(ends) > 5


def test_layout_avoids_needless_crossings() -> None:
    rows = [Node(f"{kind}{i}", "assistant", "m") for kind in "abc" for i in range(6)]
    ladder = [(f"{one}{i}", f"{two}{5 - i if one == 'a' else i}") for one, two in ("ab", "bc") for i in range(6)]
    svg = as_svg(Graph([*rows, Node("v", "vote")], ladder + [(f"c{i}", "v") for i in range(6)]))
    straight = [path for path in edge_paths(svg) if len({round(y, 3) for _, y in traced(path)}) == 1]
    assert len(straight) == 12


def test_labels_cannot_break_out_of_the_svg() -> None:
    graph = Graph([Node(HOSTILE, "assistant", "m]]>'"), Node("終わりの節点", "vote")], [(HOSTILE, "終わりの節点")])
    svg = as_svg(graph)
    tree = ElementTree.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} == {
        *("svg", "title", "style", "path", "g", "rect", "text")
    }
    assert f"{HOSTILE}: assistant · m]]>'" in [title.text for title in tree.iter(f"{SVG}title")]
    assert not re.search(r"url\(|@import|href|<script|\son\w+=", svg)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_long_names_are_cut_on_the_box_and_whole_in_its_title() -> None:
    name = "x" * 64
    tree = ElementTree.fromstring(as_svg(Graph([Node(name, "assistant", name)])))
    assert all(len(text.text or "") <= 28 for text in tree.iter(f"{SVG}text"))
    assert f"{name}: assistant · {name}" in [title.text for title in tree.iter(f"{SVG}title")]


def test_svg_adapts_to_dark_pages_and_styles_nothing_but_itself() -> None:
    [style] = [element.text or "" for element in ElementTree.fromstring(as_svg(single("m"))).iter(f"{SVG}style")]
    assert "prefers-color-scheme:dark" in style
    selectors = re.findall(r"^([^@}\n][^{]*)\{", style, re.MULTILINE)
    assert selectors
    assert all(selector.startswith(".ttg-graph ") for selector in selectors)


def test_an_extra_role_is_drawn_too() -> None:
    from ttgbench.graphs.graph import RoleRule

    graph = Graph([Node("a", "critic", "m")], roles={"critic": RoleRule(True, False)})
    assert "critic" in as_text(graph)
    assert "critic · m" in as_svg(graph)


def test_drawings_are_the_same_bytes_in_every_process() -> None:
    graph = random_graph(12, 0.3, 5)
    program = "import sys; from ttgbench.graphs.draw import text as draw; from ttgbench.graphs.graph import Graph\n"
    program += "g = Graph.from_json(sys.argv[1])"
    program += "; sys.stdout.buffer.write('\\0'.join([draw.as_text(g), draw.as_mermaid(g), draw.as_svg(g)]).encode())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program, graph.to_json()],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().split("\0") == [as_text(graph), as_mermaid(graph), as_svg(graph)]


def test_the_densest_graph_is_drawn_in_reasonable_time_and_size() -> None:
    started = time.process_time()
    svg = as_svg(random_graph(128, 1.0, 0))
    assert time.process_time() - started < 5
    assert len(svg) < 4_000_000


def test_text_lists_the_levels() -> None:
    graph = Graph(
        [
            *(Node(f"a{i}", "assistant", "m") for i in range(1, 6)),
            Node("b", "assistant", "big"),
            Node("f", "fuser", "big"),
            Node("v", "vote"),
        ],
        [*((f"a{i}", "f") for i in range(1, 6)), ("b", "f"), ("b", "v"), ("f", "v")],
    )
    assert as_text(graph) == "\n".join(
        [
            "8 nodes, width 6, depth 3; v gives the answer",
            "level 1",
            "  a1 … a5 (5 nodes)  assistant  m",
            "  b                  assistant  big",
            "level 2",
            "  f                  fuser      big  ← a1 … a5 (5 nodes), b",
            "level 3",
            "  v                  vote       -    ← b, f",
        ]
    )


def test_text_stays_readable_for_64_nodes() -> None:
    for graph in (parallel("m", 64), random_graph(64, 0.1, 1), layered([["m"] * 8] * 7, "m")):
        lines = as_text(graph).splitlines()
        assert len(lines) <= 3 * len(graph.nodes)
        assert max(map(len, lines)) <= 110
    assert len(as_text(parallel("m", 64)).splitlines()) == 5


def test_mermaid_labels_hold_any_character() -> None:
    assert as_mermaid(parallel("m", 2)).splitlines() == [
        "flowchart LR",
        '    n0["a1<br/>assistant · m"]',
        '    n1["a2<br/>assistant · m"]',
        '    n2["vote<br/>vote"]',
        "    n0 --> n2",
        "    n1 --> n2",
    ]
    [_, label, *_] = as_mermaid(Graph([Node(HOSTILE, "assistant", 'm"]')])).splitlines()
    inside = label.removeprefix('    n0["').removesuffix('"]').replace("<br/>", "")
    assert not set(inside) & set('"<>[]`&')
    assert re.sub(r"#(\d+);", lambda match: chr(int(match[1])), inside) == f'{HOSTILE}assistant · m"]'
