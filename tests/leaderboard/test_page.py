"""The page in a real browser: every tab, links, hostile names, dark, small, and no request to anywhere else."""

from __future__ import annotations

import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import made_up
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browsing import playwright, pytestmark, serve, visit, watch  # noqa: F401
from conftest import PLAIN, SUITES
from test_source import pack

from ttgbench.publish.archive import find_archives
from ttgbench.report.board import Board, build, read_board, write_board
from ttgbench.report.board.schemas import TABLES

HOSTILE = "<img src=x onerror=\"window.hacked='name'\">"
HOSTILE_TEXT = "</td><script>window.hacked='text'</script><b>bold</b> {{value}} ${value}"


@pytest.fixture(scope="module")
def shown(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Board:
    """A board with hostile text wherever a text can be: what an archive refuses is forged into the tables."""
    root = shutil.copytree(results, tmp_path_factory.mktemp("hostile") / "results")
    nasty = made_up.MadeUp("made_up_nasty", 0.3, description=HOSTILE_TEXT, error=HOSTILE_TEXT, failing=1)
    made_up.write(root, SUITES["made-up-v1"], nasty)
    (root / HOSTILE.replace("/", "_")).mkdir()
    folder = tmp_path_factory.mktemp("shown")
    tables, manifest = build(find_archives(root, suites=SUITES))
    for name in ("methods", "runs", "cells"):
        rows = tables[name].to_pylist()
        renamed = [{**row, "method": HOSTILE if row["method"] == "made_up_nasty" else row["method"]} for row in rows]
        tables[name] = pa.Table.from_pylist(renamed, schema=TABLES[name])
    graphs = [
        {**row, "found_by": [*row["found_by"], HOSTILE], "node_units": [0.5] * row["nodes"]}
        for row in tables["graphs"].to_pylist()
    ]
    tables["graphs"] = pa.Table.from_pylist(graphs, schema=TABLES["graphs"])
    tables["traces"] = pa.Table.from_pylist([hostile_trace(row) for row in graphs], schema=TABLES["traces"])
    write_board(folder, tables, manifest)
    assert pq.read_table(folder / "methods.parquet").num_rows == tables["methods"].num_rows
    return read_board(folder)


def hostile_trace(graph: dict) -> dict:
    """What nobody's model said."""
    said = dict.fromkeys(("node", "role", "model", "text", "answer"), HOSTILE_TEXT) | {"reads": [HOSTILE]}
    nodes = [{**said, "status": status, "tokens_in": 9, "tokens_out": 9} for status in ("correct", "wrong", None)]
    asked = {"question": "task@1/test/0001", "asked": HOSTILE_TEXT, "answer": HOSTILE, "status": "wrong"}
    return {name: graph[name] for name in ("suite", "problem", "key")} | asked | {"nodes": nodes}


@pytest.fixture(scope="module")
def server(shown: Board, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page, served by the command."""
    suite = tmp_path_factory.mktemp("suites") / "plain.yaml"
    suite.write_text(PLAIN.model_dump_json(by_alias=True))
    yield from serve(shown.folder, TTGBENCH_SUITES=str(suite))


@pytest.fixture(scope="module")
def tab(browser):
    """One browser tab that remembers whom it asked and what went wrong in it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    watch(page)
    yield page
    page.close()


@pytest.fixture(autouse=True)
def _nothing_went_wrong(request, tab, server):
    yield
    own = server.removeprefix("http://").rstrip("/")
    assert {host for host in tab.hosts if not host.startswith(("data:", "blob:"))} <= {own}
    assert tab.errors == []
    assert tab.evaluate("window.hacked") is None


def names(tab) -> list[str]:
    return tab.locator(".ttg-table tbody th.method a").all_text_contents()


def choose(tab, box: str, option: str) -> None:
    """Chooses in a Gradio dropdown of the tab that is shown, by keyboard."""
    field = tab.locator(f"input[aria-label='{box}']:visible").first
    field.click()
    tab.get_by_role("option", name=option, exact=True).first.click()


def test_first_view_shows_the_table(tab, server):
    visit(tab, server, ".ttg-table tbody tr")
    assert names(tab)[:2] == ["made_up_alpha", "made_up_beta"]
    assert tab.locator(".ttg-table .count").text_content() == "6 runs"
    assert "Regret" in tab.locator(".ttg-table thead").inner_text()
    assert "0.8" in tab.locator(".ttg-table tbody tr td.score").first.inner_text()


def test_hostile_names_are_text(tab, server):
    visit(tab, server, ".ttg-table tbody tr")
    assert HOSTILE in names(tab)
    assert tab.locator(".ttg-table tbody img").count() == 0
    tab.locator("#ttg-foot summary").click()
    assert "onerror" in tab.locator("#ttg-foot details").inner_text()
    assert tab.locator("#ttg-foot img").count() == 0


def test_search_filter_and_sort(tab, server):
    visit(tab, server, ".ttg-table tbody tr")
    tab.fill(".ttg-table .q", "ALPH")
    assert names(tab) == ["made_up_alpha"]
    assert tab.locator(".ttg-table .count").text_content() == "1 of 6 runs"
    assert "q=ALPH" in tab.url
    tab.fill(".ttg-table .q", "")
    tab.select_option(".ttg-table .f-llm", "yes")
    assert names(tab) == ["made_up_alpha"]
    tab.select_option(".ttg-table .f-llm", "")
    tab.select_option(".ttg-table .f-badge", "verified")
    assert names(tab) == ["made_up_alpha", "made_up_beta", "made_up_delta"]
    units = tab.locator(".ttg-table th[data-key=units]")
    units.locator("button").press("Enter")
    assert units.get_attribute("aria-sort") == "ascending"
    assert names(tab) == ["made_up_delta", "made_up_beta", "made_up_alpha"]
    tab.keyboard.press("Enter")  # the button keeps the focus
    assert units.get_attribute("aria-sort") == "descending"
    assert names(tab) == ["made_up_alpha", "made_up_beta", "made_up_delta"]


def test_budget_is_chosen_and_the_first_columns_stick(tab, server):
    visit(tab, server, ".ttg-table tbody tr")
    before = tab.locator(".ttg-table tbody tr").first.inner_text()
    choose(tab, "Budget per query", "6 units")
    tab.wait_for_function("text => document.querySelector('.ttg-table tbody tr').innerText !== text", arg=before)
    tab.wait_for_url("**budget=6+units**")
    tab.evaluate("document.querySelector('.ttg-table .scroll').scrollLeft = 400")
    box = tab.locator(".ttg-table .scroll").bounding_box()
    assert abs(tab.locator(".ttg-table tbody .rank").first.bounding_box()["x"] - box["x"]) < 4


def test_columns_are_chosen_and_the_link_holds_them_and_the_order(tab, server):
    visit(tab, server, ".ttg-table tbody tr")
    heads = "[...document.querySelectorAll('.ttg-table thead th')].map(th => th.dataset.key)"
    assert not {"flops", "held_out"} & set(tab.evaluate(heads))
    tab.click(".ttg-table .columns summary")
    tab.check(".ttg-table .columns input[value=flops]")
    tab.uncheck(".ttg-table .columns input[value=regret]")
    shown = tab.evaluate(heads)
    assert "flops" in shown
    assert "regret" not in shown
    tab.keyboard.press("Escape")
    assert tab.locator(".ttg-table .columns[open]").count() == 0
    tab.click(".ttg-table th[data-key=units] button")
    order = names(tab)
    visit(tab, tab.url, ".ttg-table tbody tr")
    assert tab.evaluate(heads) == shown
    assert names(tab) == order
    assert tab.locator(".ttg-table th[data-key=units]").get_attribute("aria-sort") == "ascending"


def test_the_first_view_says_what_is_compared_and_draws_it(tab, server):
    visit(tab, f"{server}?suite=made-up-v1", ".ttg-table tbody tr")
    tab.locator("#ttg-seen").scroll_into_view_if_needed()
    tab.wait_for_selector("#ttg-spend .points path")
    top, story = tab.locator("#ttg-top").inner_text(), tab.locator("#ttg-story").inner_text()
    assert "search methods" in top
    assert tab.locator("#ttg-top a[href*=arxiv]").count() == 1
    assert "4 problems of 2 tasks" in story
    assert "20 full evaluations" in story
    assert tab.locator(".ttg-table tbody .ranks i").count() == 4
    texts = {}
    for kind in ("SVG", "PNG", "CSV"):
        with tab.expect_download() as waiting:
            tab.locator("button[data-plot=ttg-spend]", has_text=kind).click()
        texts[waiting.value.suggested_filename] = Path(waiting.value.path()).read_bytes()
    assert b"<svg" in texts["score-against-spend.svg"]
    assert texts["score-against-spend.png"].startswith(b"\x89PNG")
    lines = texts["score-against-spend.csv"].decode().splitlines()
    assert lines[0].startswith("series,label,x,y")
    assert sorted(line.split(",")[1] for line in lines[1:]) == [
        f"made_up_{x}" for x in ("alpha", "beta", "delta", "gamma")
    ]


def test_downloads_are_what_is_shown(tab, server):
    visit(tab, f"{server}?tab=methods&q=alpha", ".ttg-table tbody tr")
    texts = {}
    for kind in ("CSV", "JSON", "LaTeX"):
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name=kind, exact=True).click()
        texts[kind] = Path(waiting.value.path()).read_text()
    assert texts["CSV"].count("\n") == 2
    assert "made_up_alpha" in texts["JSON"]
    assert "made_up_beta" not in texts["JSON"]
    assert r"made\_up\_alpha" in texts["LaTeX"]


def test_links_open_what_they_name(tab, server, shown):
    visit(tab, f"{server}?suite=plain-v1&badge=re-run", ".ttg-table tbody tr")
    assert names(tab) == ["made_up_alpha"]
    assert "smoke test, not a ranking" in tab.locator(".ttg-table tbody").inner_text()
    run = next(row["run_id"] for row in shown.rows("runs", suite="made-up-v1") if row["method"] == "made_up_beta")
    visit(tab, f"{server}?tab=run&suite=made-up-v1&run={run}&cell=problem-02:3", "#ttg-facts h2")
    assert "made_up_beta" in tab.locator("#ttg-facts h2").inner_text()
    assert "Log of problem-02, seed 3" in tab.locator("#ttg-log").inner_text()
    assert "evaluation 20.00" in tab.locator("#ttg-cells").inner_text()
    assert tab.locator("#ttg-best svg").count() == 1
    visit(tab, f"{server}?tab=nonsense&suite=../../etc", ".ttg-table tbody tr")
    visit(tab, f"{server}?suite=plain-v1&badge=re-run", ".ttg-table tbody tr")
    assert names(tab) == ["made_up_alpha"]
    assert "smoke test, not a ranking" in tab.locator(".ttg-table tbody").inner_text()


def test_run_of_a_hostile_method_is_text(tab, server, shown):
    run = next(row["run_id"] for row in shown.rows("runs", suite="made-up-v1") if row["method"] == HOSTILE)
    visit(tab, f"{server}?tab=run&suite=made-up-v1&run={run}&cell=problem-00:0", "#ttg-facts h2")
    assert HOSTILE_TEXT in tab.locator("#ttg-facts").inner_text()
    assert HOSTILE_TEXT in tab.locator("#ttg-best").inner_text()
    assert tab.locator("#ttg-facts script, #ttg-log script, #ttg-facts img").count() == 0


def test_anytime_draws_the_chosen_methods(tab, server, shown):
    runs = {row["method"]: row["run_id"] for row in shown.rows("runs", suite="made-up-v1")}
    chosen = f"{runs['made_up_alpha']},{runs[HOSTILE]}"
    visit(tab, f"{server}?tab=anytime&suite=made-up-v1&runs={chosen}", "#ttg-ecdf .legendtext")
    assert tab.locator("#ttg-ecdf .legendtext").all_text_contents() == ["made_up_alpha", HOSTILE]
    tab.wait_for_selector("#ttg-incumbent .legendtext")
    assert tab.locator("#ttg-ecdf img").count() == 0


def test_graphs_a_click_draws_the_graph_and_its_json_downloads(tab, server, shown):
    visit(tab, f"{server}?tab=graphs&suite=made-up-v1&problem=problem-00", "#ttg-pareto .points path")
    tab.wait_for_selector("#ttg-graph svg")
    before = tab.url
    points = tab.locator("#ttg-pareto .points path")
    point = points.first.bounding_box()  # the last one is that of the graph shown already
    tab.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    tab.wait_for_function("url => location.href !== url && location.search.includes('key=')", arg=before)
    key = re.search(r"key=([0-9a-f]+)", tab.url).group(1)
    tab.wait_for_function("key => document.querySelector('#ttg-graph').innerText.includes(key)", arg=key[:12])
    with tab.expect_download() as waiting:
        tab.locator("#ttg-graph").get_by_text("Download the graph as JSON").click()
    (row,) = shown.rows("graphs", suite="made-up-v1", problem="problem-00", key=key)
    assert Path(waiting.value.path()).read_text() == row["graph"] + "\n"
    assert HOSTILE in tab.locator("#ttg-graph").inner_text()
    assert tab.locator("#ttg-graph svg .note", has_text="0.5 units").count() == row["nodes"]
    assert HOSTILE_TEXT in tab.locator("#ttg-graph .ttg-asked").inner_text()
    assert tab.locator("#ttg-graph .ttg-trace .ttg-mark").all_text_contents() == ["✗ wrong", "✓ right", "✗ wrong"]
    assert HOSTILE_TEXT in tab.locator("#ttg-graph .ttg-trace tbody").inner_text()
    assert tab.locator("#ttg-graph img, #ttg-graph script").count() == 0


def test_compare_says_it_in_words(tab, server, shown):
    runs = {row["method"]: row["run_id"] for row in shown.rows("runs", suite="made-up-v1")}
    link = f"{server}?tab=compare&suite=made-up-v1&first={runs['made_up_alpha']}&second={runs['made_up_delta']}"
    visit(tab, link, "#ttg-verdict .ttg-verdict")
    assert "made_up_alpha is better than made_up_delta" in tab.locator("#ttg-verdict").inner_text()
    tab.wait_for_selector("#ttg-forest .points path")
    choose(tab, "Second", "made_up_beta")
    tab.wait_for_function("document.querySelector('#ttg-verdict').innerText.includes('No difference shown')")
    tab.wait_for_url(f"**second={runs['made_up_beta']}**")
    choose(tab, "What", "Two graphs")
    tab.wait_for_function("document.querySelector('#ttg-verdict').innerText.includes('over 40 questions')")


def test_uploads_are_checked_at_once(tab, server, results, tmp_path):
    visit(tab, f"{server}?tab=submit", "#ttg-upload input[type=file]", "attached")
    (folder,) = (results / "plain-v1" / "made_up_alpha").iterdir()
    files = {f"results/{path.relative_to(results)}": path.read_bytes() for path in folder.iterdir()}
    tab.set_input_files("#ttg-upload input[type=file]", pack(tmp_path / "good.zip", files))
    tab.wait_for_selector("#ttg-checked .ttg-good")
    assert "made_up_alpha on plain-v1" in tab.locator("#ttg-checked").inner_text()
    bad = pack(tmp_path / "bad.zip", {"submission.yaml": f"name: {HOSTILE!r}".encode(), "method.py": b""})
    visit(tab, f"{server}?tab=submit", "#ttg-upload input[type=file]", "attached")
    tab.set_input_files("#ttg-upload input[type=file]", bad)
    tab.wait_for_selector("#ttg-checked .ttg-bad")
    assert "submission.yaml" in tab.locator("#ttg-checked").inner_text()
    assert tab.locator("#ttg-checked img").count() == 0
    assert tab.get_by_role("button", name="Open a pull request").count() == 0


@pytest.mark.parametrize("tab_id", ["methods", "pictures", "anytime", "graphs", "compare", "run", "cite"])
def test_what_is_chosen_is_in_the_link_and_a_link_opens_it(tab, server, tab_id):
    visit(tab, f"{server}?tab={tab_id}&suite=plain-v1", "input[aria-label='Suite']:visible")
    playwright.expect(tab.locator("input[aria-label='Suite']:visible")).to_have_value("plain-v1", timeout=60_000)
    choose(tab, "Suite", "made-up-v1")
    tab.wait_for_url("**suite=made-up-v1**")
    assert f"tab={tab_id}" in tab.url


def test_rules_and_cite(tab, server, shown):
    visit(tab, f"{server}?tab=rules", "#ttg-rules h1")
    assert "What is compared" in tab.locator("#ttg-rules").inner_text()
    tab.get_by_role("tab", name="Cite").click()
    tab.wait_for_function("document.querySelector('#ttg-cite-suite')?.innerText.includes('@misc')")
    text = tab.locator("#ttg-cite-suite").inner_text() + tab.locator("#ttg-cite-run").inner_text()
    assert shown.manifest["suites"]["made-up-v1"]["hash"] in text
    assert "tab=cite" in tab.url


def test_dark_and_small(browser, server):
    page = browser.new_page(viewport={"width": 400, "height": 800}, color_scheme="dark")
    watch(page)
    visit(page, server, ".ttg-table tbody tr")
    shade = page.evaluate("getComputedStyle(document.querySelector('.ttg-table thead th')).backgroundColor")
    assert max(map(int, re.findall(r"\d+", shade)[:3])) < 60
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.fill(".ttg-table .q", "beta")
    assert names(page) == ["made_up_beta"]
    for tab_id, ready in (("graphs", "#ttg-graph svg"), ("compare", "#ttg-verdict p"), ("run", "#ttg-facts h2")):
        visit(page, f"{server}?tab={tab_id}", ready)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, tab_id
    fill = page.evaluate("getComputedStyle(document.querySelector('.ttg-graph text')).fill")
    assert min(map(int, re.findall(r"\d+", fill)[:3])) > 200
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_no_serious_barrier_to_anybody(browser, server, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core").Axe()
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    watch(page)
    shown = {"methods": "methods-table tbody tr", "pictures": "apart .main-svg"}
    shown |= {"graphs": "graph .ttg-trace", "compare": "forest .main-svg", "run": "search .main-svg"}
    for tab_id, ready in shown.items():
        visit(page, f"{server}?tab={tab_id}&suite=made-up-v1", f"#ttg-{ready}")
        # Gradio puts a label where none belongs in the place of a plot that is still being loaded.
        page.wait_for_function("() => !document.querySelector('[aria-label=\"Empty value\"]')")
        found = axe.run(page).response["violations"]
        serious = [
            (violation["id"], node["html"][:200])
            for violation in found
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
        assert serious == [], tab_id
    page.close()


def test_endpoints_are_few_and_documented(server):
    import json

    with urllib.request.urlopen(f"{server}gradio_api/info") as answer:
        info = json.load(answer)
    assert sorted(info["named_endpoints"]) == ["/cite", "/compare", "/methods", "/suites"]
    assert info["unnamed_endpoints"] == {}
    assert all(endpoint["description"] for endpoint in info["named_endpoints"].values())


def test_no_results_says_what_to_do(browser, tmp_path):
    (tmp_path / "results").mkdir()
    running = serve(tmp_path / "results")
    page = browser.new_page()
    visit(page, next(running), "#ttg-top .ttg-card")
    text = page.locator("#ttg-top").inner_text()
    assert "No results yet" in text
    assert "ttgbench leaderboard --results" in text
    page.close()
    running.close()
