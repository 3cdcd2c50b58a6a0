"""Sphinx: `sphinx-build -W -b html docs docs/_build/html`."""

import importlib.metadata
import re

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.highlighting import lexers

project = "groupadd"
author = "The groupadd developers"
project_copyright = "2026, the groupadd developers"
try:
    release = importlib.metadata.version(project)
except importlib.metadata.PackageNotFoundError:  # built from a tree that is not installed
    release = ""

FORGE = "https://github.com/groupadd/groupadd"

extensions = ["myst_parser", "sphinxcontrib.mermaid"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]

lexers["csv"] = TextLexer()

html_theme = "furo"
html_title = "groupadd"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["page.css"]


def for_sphinx(_: Sphinx, docname: str, source: list[str]) -> None:
    """Adapt a page that is written for a forge: files outside docs/ are linked there, and the index gets a toctree."""
    source[0] = source[0].replace("](../", f"]({FORGE}/blob/main/")
    if docname == "index":
        pages = dict.fromkeys(re.findall(r"\]\(([\w-]+)\.md\)", source[0]))
        source[0] += "\n".join(("\n```{toctree}", ":hidden:", "", *pages, "```\n"))


def setup(app: Sphinx) -> None:
    app.connect("source-read", for_sphinx)
