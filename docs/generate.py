"""Writes the parts of README.md and docs/ that the code determines, so that they cannot drift.

    python -m docs.generate

A part stands in its page between two comments. The first one names the part and its arguments:

    <!-- generated: file tests/third_party/pyproject.toml -->
    …
    <!-- end -->

The pages are read on a forge as they are, so each part is plain Markdown. A test runs the same functions and compares.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from docs import command_line, examples, pictures, reference, tables

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
LANGUAGES: Mapping[str, str] = {".py": "python", ".toml": "toml"}

_PART = re.compile(r"(?<=<!-- generated: )(?P<call>[^\n]+?)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def source_file(path: str, *last_words: str) -> str:
    """Return a file of the repository as a code block, as far as the line that starts with the last words."""
    lines = (ROOT / path).read_text("utf-8").splitlines(keepends=True)
    if last_words:
        words = " ".join(last_words)
        last = next(number for number, line in enumerate(lines) if line.lstrip().startswith(words))
        lines = lines[: last + 1]
    return f"```{LANGUAGES[Path(path).suffix]}\n{''.join(lines)}```"


PARTS: Mapping[str, Callable[..., str]] = {
    "add_settings": tables.add_settings,
    "commands": command_line.commands,
    "drip_settings": tables.drip_settings,
    "errors": reference.errors,
    "example": examples.example,
    "fields": tables.fields,
    "file": source_file,
    "layers": pictures.layers,
    "matrix": tables.matrix,
    "meanings": reference.meanings,
    "members": reference.members,
    "options": command_line.options,
    "reasons": tables.reasons,
    "reference": reference.reference,
    "letters": tables.letters,
    "sources": tables.sources,
    "states": pictures.states,
    "tests": reference.tests,
    "verdicts": tables.verdicts,
}


def calls(page: str) -> list[str]:
    """Return the parts that a page asks for, each with its arguments, in order."""
    return [match["call"] for match in _PART.finditer(page)]


def written(page: str) -> str:
    """Return a page with each of its parts written anew."""

    def part(match: re.Match[str]) -> str:
        name, *arguments = match["call"].split()
        return f"{match['call']} -->\n\n{PARTS[name](*arguments)}\n\n"

    return _PART.sub(part, page)


if __name__ == "__main__":
    for file in PAGES:
        file.write_text(written(file.read_text("utf-8")), "utf-8")
