"""Sphinx: the documentation is Markdown, built without reaching for anything outside."""

from veche import __version__

project = "Veche"
author = "the Veche developers"
copyright = author  # noqa: A001 (Sphinx's word)
release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {
    "description": "A self-hosted workplace for organisations on closed networks",
    "page_width": "70em",
}
html_show_copyright = False
html_show_sphinx = False
