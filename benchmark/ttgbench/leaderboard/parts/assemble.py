"""Puts the tabs together: one load that reads the link, one render per tab, links that follow every choice."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ttgbench.leaderboard.pages import ALL
from ttgbench.leaderboard.parts import api
from ttgbench.leaderboard.parts.frame import header, no_results, notices
from ttgbench.leaderboard.parts.page import Page, parse
from ttgbench.leaderboard.parts.source import Source

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def assemble(source: Source) -> gr.Blocks:
    """The whole page."""
    demo: gr.Blocks
    with gr.Blocks(title="TTG-Bench", analytics_enabled=False, fill_width=True) as demo:
        top = gr.HTML(elem_id="ttg-top")
        pages: list[Page] = []
        tabs: list[gr.Tab] = []
        with gr.Tabs(elem_id="ttg-tabs") as all_tabs:
            for kind in ALL:
                with gr.Tab(kind.label, id=kind.id, elem_id=f"ttg-tab-{kind.id}") as tab:
                    pages.append(kind(source))
                    tabs.append(tab)
        foot = gr.HTML(elem_id="ttg-foot")
        for page, tab in zip(pages, tabs, strict=True):
            _wire(source, page, tab)

        def opened(request: gr.Request) -> dict[Any, Any]:
            state = source.state
            empty = state.board is None or not state.board.manifest["suites"]
            return {
                **_opened(source, pages, all_tabs, dict(request.query_params)),
                top: header(state) + (no_results(state.problem) if empty else ""),
                foot: notices(state),
            }

        demo.load(
            opened,
            outputs=[top, foot, all_tabs, *(c for page in pages for c in _targets(page))],
            **QUIET,
        ).then(None, js="() => { window.ttgReady = true; }", **QUIET)
        api.declare(source)
    return demo


def _targets(page: Page) -> list[Any]:
    return [*page.params.values(), *page.outputs]


def _wire(source: Source, page: Page, tab: gr.Tab) -> None:
    inputs, targets = list(page.params.values()), _targets(page)
    triggers = [component.input for component in inputs if hasattr(component, "input")]
    follow = f"(...values) => ttgUrl({page.id!r}, {list(page.params)!r}, values)"

    def selected(request: gr.Request, *values: Any) -> dict[Any, Any]:
        if page.params and values[list(page.params).index("suite")] is None:  # shown for the first time
            values = _linked(page, dict(request.query_params))
        return _rendered(source, page, *values)

    tab.select(selected, inputs, targets, **QUIET)
    tab.select(None, inputs, None, js=follow, **QUIET)
    if triggers:
        gr.on(triggers, partial(_rendered, source, page), inputs, targets, trigger_mode="always_last", **QUIET)
        gr.on(triggers, None, inputs, None, js=follow, **QUIET)


def _rendered(source: Source, page: Page, *values: Any) -> dict[Any, Any]:
    board = source.state.board
    if board is None or (page.needs_results and not board.manifest["suites"]):
        return {component: gr.skip() for component in _targets(page)}
    return page.render(board, **dict(zip(page.params, values, strict=True)))


def _opened(source: Source, pages: list[Page], all_tabs: gr.Tabs, query: dict[str, str]) -> dict[Any, Any]:
    """Opens the tab that a link names with the choices that it names. Nonsense in a link opens the first."""
    page = next((page for page in pages if page.id == query.get("tab")), pages[0])
    nothing = {component: gr.skip() for each in pages for component in _targets(each)}
    shown = _rendered(source, page, *_linked(page, {"tab": page.id, **query}))
    return {**nothing, **shown, all_tabs: gr.Tabs(selected=page.id)}


def _linked(page: Page, query: dict[str, str]) -> tuple[Any, ...]:
    """The choices that a link names, if it names this tab; None for those that it does not."""
    if query.get("tab", page.id) != page.id:
        return (None,) * len(page.params)
    return tuple(parse(component, query[name]) if name in query else None for name, component in page.params.items())
