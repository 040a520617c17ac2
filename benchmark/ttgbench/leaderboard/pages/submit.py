"""Submit: an upload is checked at once; on a Space it can be handed in with one's own Hub login."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gradio as gr

from ttgbench.errors import TTGBenchError
from ttgbench.leaderboard.parts.page import Page
from ttgbench.leaderboard.parts.source import Source
from ttgbench.leaderboard.parts.upload import Verdict, examined
from ttgbench.publish.hub import open_pull_request
from ttgbench.report.board import Board
from ttgbench.util.text import escaped

STEPS = """
<ol class="ttg-list">
<li>Write a method: <code>ttgbench submission new my_method</code>, then edit <code>my_method/method.py</code>.</li>
<li>Check it: <code>ttgbench submission check my_method</code>. The same checks run for everybody.</li>
<li>Run it and archive what it did:
<code>ttgbench submit ./my_method --suite synthetic-v1 --results results</code>.</li>
<li>Zip the folder <code>results</code>, drop it here and read what is said about it.</li>
</ol>
"""
HERE = """<p class="ttg-note">This copy of the page runs on your machine and hands nothing in. Open a pull request on
the results data set with <code>ttgbench submit --repo OWNER/NAME</code>, or put the folder into a GitHub pull request.
</p>"""
THERE = """<p class="ttg-note">This copy of the page runs on your machine and hands nothing in. Open a pull request on
the results data set with <code>ttgbench submit --repo OWNER/NAME</code>, or put the folder into a GitHub pull request.
</p>"""


class Submit(Page):
    id, label, needs_results = "submit", "Submit", False

    def __init__(self, source: Source) -> None:
        on_space = "SPACE_ID" in os.environ and bool(os.environ.get("TTGBENCH_RESULTS_REPO"))
        gr.HTML(STEPS)
        upload = gr.File(label="Results or a packed submission (.zip)", file_types=[".zip"], elem_id="ttg-upload")
        verdict = gr.HTML(elem_id="ttg-checked")
        gr.HTML(THERE if on_space else HERE)
        upload.upload(check, upload, verdict, api_visibility="private")
        upload.clear(lambda: "", None, verdict, api_visibility="private")
        if on_space:
            with gr.Row():
                gr.LoginButton()
                button = gr.Button("Open a pull request", variant="primary")
            button.click(hand_in, upload, verdict, api_visibility="private")
        self.params, self.outputs = {}, []

    def render(self, board: Board, **_: Any) -> dict[Any, Any]:
        return {}


def check(path: str | None) -> str:
    """What is wrong with the upload, or that nothing is."""
    if path is None:
        return ""
    with examined(Path(path), _suites()) as verdict:
        return _said(verdict)


def hand_in(path: str | None, token: gr.OAuthToken | None) -> str:
    """Opens a pull request with what the upload holds, in the name of who is signed in."""
    if token is None:
        return _said(Verdict("Sign in first.", ("the pull request is opened in your name",)))
    if path is None:
        return _said(Verdict("Choose a file first.", ("nothing was uploaded",)))
    with examined(Path(path), _suites()) as verdict:
        if not verdict.archives:
            return _said(verdict)
        opened = []
        for archive in verdict.archives:
            try:
                opened.append(open_pull_request(archive, os.environ["TTGBENCH_RESULTS_REPO"], token=token.token).url)
            except TTGBenchError as error:
                return _said(
                    Verdict("The Hub did not take it.", (str(error), *(f"{url} was opened" for url in opened)))
                )
        links = ", ".join(f"<a href='{escaped(url, quote=True)}'>{escaped(url)}</a>" for url in opened)
        return f"<p class='ttg-verdict ttg-good' role='status'>Handed in: {links}</p>"


def _suites() -> tuple[str, ...]:
    return tuple(path for path in os.environ.get("TTGBENCH_SUITES", "").split(os.pathsep) if path)


def _said(verdict: Verdict) -> str:
    kind = "ttg-bad" if verdict.problems else "ttg-good"
    items = "".join(f"<li>{escaped(problem)}</li>" for problem in verdict.problems)
    return (
        f"<p class='ttg-verdict {kind}' role='status'>{escaped(verdict.sentence)}</p>"
        f"{f'<ul class=ttg-list>{items}</ul>' if items else ''}"
    )
