"""The page of a run that goes on, in a real browser."""

from __future__ import annotations

import json

import made_up
import pytest
from browsing import pytestmark, serve, visit, watch  # noqa: F401
from conftest import SUITE

from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import read_archive
from ttgbench.run.experiment import Manifest, write_manifest
from ttgbench.run.run import cell_folder

HOSTILE = "<img src=x onerror=\"window.hacked='watch'\">"


@pytest.fixture
def cells(tmp_path):
    """Results of two made-up methods, and an empty folder of a run that is to make them."""
    plain = Suite.model_validate(SUITE.to_dict())
    names = ("made_up_alpha", "made_up_delta")
    methods = [method for method in made_up.METHODS if method.name in names]
    paths = made_up.write_all(tmp_path / "archives", plain, methods)
    suites = {plain.label: plain}
    found = [cell for path in paths for cell in read_archive(path, suites=suites).cells]
    manifest = Manifest(package_version="0", suite=plain, methods=names, seeds=plain.seeds, engine="none")
    write_manifest(tmp_path / "run", manifest)
    return tmp_path / "run", found


def finish(folder, cell):
    place = cell_folder(folder, cell.problem, cell.method.name, cell.seed)
    place.mkdir(parents=True)
    (place / "result.json").write_text(cell.to_json())


def test_curves_grow_and_the_page_says_how_far_the_run_is(browser, cells):
    folder, found = cells
    running = serve(folder, TTGBENCH_REFRESH_SECONDS="0.5")
    page = browser.new_page(viewport={"width": 400, "height": 800}, color_scheme="dark")
    watch(page)
    try:
        visit(page, next(running), "#ttg-top .ttg-verdict")
        assert "0 of 40 runs finished" in page.locator("#ttg-top").inner_text()
        on_two = [cell for cell in found if cell.problem in ("problem-00", "problem-01")]
        for cell in on_two[:3]:
            finish(folder, cell)
        page.wait_for_selector("#ttg-growing .legendtext")
        assert "3 of 40 runs finished" in page.locator("#ttg-top").inner_text()
        assert page.locator("#ttg-growing .legendtext").all_text_contents() == ["made_up_alpha (3 of 5)"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        for cell in on_two[3:]:
            finish(folder, cell)
        page.wait_for_function("document.querySelectorAll('#ttg-growing .legendtext').length === 2")
        assert "5 of 5" in page.locator("#ttg-finished").inner_text()
        broken = cell_folder(folder, "problem-00", "made_up_alpha", 0) / "result.json"
        broken.write_text(json.dumps({"suite": HOSTILE}))
        page.wait_for_selector("#ttg-top .ttg-problem")
        assert "result.json" in page.locator("#ttg-top").inner_text()
        assert page.locator("#ttg-top img").count() == 0
        assert page.errors == []
    finally:
        page.close()
        running.close()
