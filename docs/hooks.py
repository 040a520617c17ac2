"""Pages of the site that are made from what is there already: the command line, and documents beside code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
BESIDE_CODE = {
    "rules.md": "benchmark/README.md",
    "howto/engines.md": "benchmark/ttgbench/engines/README.md",
    "landscape.md": "benchmark/landscape/README.md",
    "performance.md": "benchmark/perf/README.md",
    "reference/results.md": "benchmark/ttgbench/publish/archive/README.md",
    "reference/tasks.md": "tasks/README.md",
    "results.md": "submissions/README.md",
}
"""Page -> the file that it shows. Links between shown files become links between pages, others plain text."""
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are no files of docs/."""
    for page, source in BESIDE_CODE.items():
        files.append(File.generated(config, page, content=_linked(page, source)))
    files.append(File.generated(config, "reference/cli.md", content=command_line()))
    return files


def command_line() -> str:
    """Every command with its arguments and options, as `--help` gives them."""
    import typer.main
    from typer.cli import get_docs_for_click

    from ttgbench.cli import app

    command = typer.main.get_command(app)
    context: Any = typer.Context(command, info_name="ttgbench")
    return get_docs_for_click(obj=command, ctx=context, name="ttgbench", title="Command line")


def _linked(page: str, source: str) -> str:
    pages = {(ROOT / file).resolve(): name for name, file in BESIDE_CODE.items()}
    folder = (ROOT / source).parent

    def link(match: re.Match[str]) -> str:
        target = (folder / match[2]).resolve()
        shown = pages.get(target) or pages.get(target / "README.md")
        if shown is None:
            return match[1]
        up = "../" * page.count("/")
        return f"[{match[1]}]({up}{shown}{match[3] or ''})"

    return _LINK.sub(link, (ROOT / source).read_text("utf-8"))
