"""Pages of the site that are made from what is there already: the command line, and documents beside code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
BESIDE_CODE = {"rules.md": "benchmark/README.md", "methods.md": "submissions/README.md"}
"""Page -> the file that it shows. Links to what the site shows become links between pages, others plain text."""
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are no files of docs/."""
    for page, source in BESIDE_CODE.items():
        content = _relinked((ROOT / source).read_text("utf-8"), page, (ROOT / source).parent)
        files.append(File.generated(config, page, content=content))
    files.append(File.generated(config, "reference/cli.md", content=command_line()))
    files.append(File.generated(config, "reference/columns.md", content=columns()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links of docs/ to documents beside code, which work in the repository, lead to their pages here."""
    return _relinked(markdown, page.file.src_uri, ROOT / "docs" / Path(page.file.src_uri).parent)


def columns() -> str:
    """What the columns of the tables of methods say."""
    from ttgbench.report.columns import COLUMNS

    rows = "".join(f"| {one.name} | {one.help} |\n" for one in COLUMNS)
    head = "# Columns\n\nOf the table of methods, in a report, on the page and in its exports."
    return f"{head}\n\n| column | what it says |\n| --- | --- |\n{rows}"


def command_line() -> str:
    """Every command with its arguments and options, as `--help` gives them."""
    import typer.main
    from typer.cli import get_docs_for_click

    from ttgbench.cli import app

    command = typer.main.get_command(app)
    context: Any = typer.Context(command, info_name="ttgbench")
    return get_docs_for_click(obj=command, ctx=context, name="ttgbench", title="Command line")


def _relinked(text: str, page: str, folder: Path) -> str:
    """`text`, written in `folder` and shown as `page`, with links that lead to pages; other links become text."""
    pages = {(ROOT / file).resolve(): name for name, file in BESIDE_CODE.items()}

    def link(match: re.Match[str]) -> str:
        target = (folder / match[2]).resolve()
        shown = pages.get(target) or pages.get(target / "README.md")
        if shown is None and target.is_relative_to(ROOT / "docs"):
            shown = target.relative_to(ROOT / "docs").as_posix()
        return match[1] if shown is None else f"[{match[1]}]({'../' * page.count('/')}{shown}{match[3] or ''})"

    return _LINK.sub(link, text)
