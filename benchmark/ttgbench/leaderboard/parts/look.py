"""How the page looks: system fonts, one accent, numbers that line up, light and dark. Nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent
_FONT = ["system-ui", "-apple-system", "Segoe UI", "Liberation Sans", "sans-serif"]
_MONO = ["ui-monospace", "DejaVu Sans Mono", "monospace"]

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.blue,
    neutral_hue=gr.themes.colors.slate,
    font=_FONT,
    font_mono=_MONO,
    radius_size=gr.themes.sizes.radius_sm,
).set(
    body_background_fill="#ffffff",
    body_background_fill_dark="#0f141b",
    block_background_fill="transparent",
    block_background_fill_dark="transparent",
    block_border_width="0px",
    block_shadow="none",
    block_label_text_weight="500",
    body_text_color_subdued="#526077",
    body_text_color_subdued_dark="#a3afc0",
    link_text_color="#1d5fb8",
    link_text_color_dark="#79aef0",
)

LAUNCH: dict[str, Any] = {
    "theme": THEME,
    "css_paths": [_HERE / "look.css"],
    "head": "".join(f"<script>{(_HERE / name).read_text('utf-8')}</script>" for name in ("link.js", "save.js")),
    "max_file_size": "64mb",
    "quiet": True,
    "ssr_mode": False,
    "footer_links": ["api"],
    "share": False,
}
