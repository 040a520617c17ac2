"""Submit: an upload is checked at once; on a Space it can be handed in with one's own Hub login."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from parts.page import Page
from parts.source import Source
from parts.upload import Verdict, examined

from ttgbench.board import Board

STEPS = """
<ol class="ttg-list">
<li>Write a method: <code>ttgbench submission new my_method</code>, then edit <code>my_method/method.py</code>.</li>
<li>Check it: <code>ttgbench submission check my_method</code>. The same checks run for everybody.</li>
<li>Run it on a suite and archive the results: <code>ttgbench submit my_method</code>.</li>
<li>Zip the results folder, drop it here and read what is said about it.</li>
</ol>
"""
HERE = """<p class="ttg-note">This copy of the page runs on your machine and hands nothing in. Open a pull request on
the results data set with <code>ttgbench submit</code>, or put the folder into a GitHub pull request.</p>"""
THERE = """<p class="ttg-note">Signed in, the button below opens a pull request on the results data set in your name.
The page sees no more of your account than that.</p>"""


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
        from huggingface_hub import CommitOperationAdd, HfApi
        from huggingface_hub.errors import HfHubHTTPError

        operations = [
            CommitOperationAdd("/".join(("results", *archive.path.parts[-3:], file.name)), file)
            for archive in verdict.archives
            for file in sorted(archive.path.iterdir())
            if file.name != "verification.json"  # only the maintainers' own is believed
        ]
        try:
            opened = HfApi(token=token.token).create_commit(
                os.environ["TTGBENCH_RESULTS_REPO"],
                operations,
                commit_message=f"Add results of {verdict.archives[0].record.method.name}",
                repo_type="dataset",
                create_pr=True,
            )
        except (HfHubHTTPError, OSError) as error:
            return _said(Verdict("The Hub did not take it; nothing was handed in.", (str(error)[:500],)))
        url = escape(str(opened.pr_url), quote=True)
        return f"<p class='ttg-verdict ttg-good'>Handed in: <a href='{url}'>{url}</a></p>"


def _suites() -> tuple[str, ...]:
    return tuple(path for path in os.environ.get("TTGBENCH_SUITES", "").split(os.pathsep) if path)


def _said(verdict: Verdict) -> str:
    kind = "ttg-bad" if verdict.problems else "ttg-good"
    items = "".join(f"<li>{escape(problem)}</li>" for problem in verdict.problems)
    return (
        f"<p class='ttg-verdict {kind}' role='status'>{escape(verdict.sentence)}</p>"
        f"{f'<ul class=ttg-list>{items}</ul>' if items else ''}"
    )
