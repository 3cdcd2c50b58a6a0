"""Text from outside, cleaned where it comes in: safe on terminals, in CSV files, HTML and logs, and in both databases.

A lone surrogate is half of a character: JSON may spell one, no encoding can write it. PostgreSQL stores no NUL. Other
control characters steer terminals, and bidi overrides show a text in another order than it is stored.
"""

from collections.abc import Mapping

LONGEST_WORD = 200  # characters of a word, an id, a name, a state, a code
LONGEST_MESSAGE = 1000

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_SURROGATES = range(0xD800, 0xE000)
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # embeddings, overrides, isolates and their ends
_LINE_BREAKS = "\n\r\t\v\f\x85\u2028\u2029"

_IN_CELLS: Mapping[int, str] = {
    **dict.fromkeys((*_CONTROLS, *_SURROGATES), _REPLACEMENT),
    **dict.fromkeys(_BIDI, ""),
    **{ord(char): char for char in "\n\r\t"},
}
_IN_ONE_LINE: Mapping[int, str] = {**_IN_CELLS, **dict.fromkeys(map(ord, _LINE_BREAKS), " ")}


def clean_word(text: str) -> str:
    """Return a word, an id, a name or a state in one line, at most 200 characters long."""
    return _one_line(text, LONGEST_WORD)


def clean_message(text: str) -> str:
    """Return a message in one line, at most 1,000 characters long."""
    return _one_line(text, LONGEST_MESSAGE)


def clean_cell(text: str) -> str:
    """Return a cell of the user's own, whole: its line breaks and tabs stay."""
    return text if text.isprintable() else text.translate(_IN_CELLS)


def one_line(text: str) -> str:
    """Return a whole text in one line."""
    return text if text.isprintable() else text.translate(_IN_ONE_LINE)


def _one_line(text: str, longest: int) -> str:
    return one_line(text if len(text) <= longest else f"{text[: longest - 1]}…")
