"""Sphinx: `sphinx-build -W -b html docs docs/_build/html`."""

import importlib.metadata
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.generated import PARTS

project = "groupadd"
author = "The groupadd developers"
project_copyright = "2026, the groupadd developers"
try:
    release = importlib.metadata.version(project)
except importlib.metadata.PackageNotFoundError:  # built from a tree that is not installed
    release = ""

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
default_role = "code"  # docstrings write `names` as Markdown does
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "groupadd"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["page.css"]


class Generated(SphinxDirective):
    """Puts in a part that is made from the code, as `docs/generated.py` makes it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        part = self.arguments[0]
        self.env.note_reread()
        return [nodes.container("", *self.parse_text_to_nodes(PARTS[part]()), classes=[part])]


def setup(app: Sphinx) -> None:
    app.add_directive("generated", Generated)
