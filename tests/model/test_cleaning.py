"""Text from outside is safe for what takes it: terminals, files, logs and databases."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd.model.cleaning import LONGEST_MESSAGE, LONGEST_WORD, clean_cell, clean_message, clean_word

any_text = st.text(st.characters(codec=None) | st.sampled_from("\ud83d\udfff\0\x1b\x9b\u202e\u2066\n\r\t\x85"))


@pytest.mark.parametrize(
    ("text", "word", "cell"),
    [
        ("SUCCESS", "SUCCESS", "SUCCESS"),
        ("Zoë 😀 👩‍👧", "Zoë 😀 👩‍👧", "Zoë 😀 👩‍👧"),
        ("Sorry \ud83d", "Sorry \N{REPLACEMENT CHARACTER}", "Sorry \N{REPLACEMENT CHARACTER}"),
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b", "a\N{REPLACEMENT CHARACTER}b"),
        ("\x1b[31mred\x9b0m", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}0m", None),
        ("\u202a+1 202 555 0143\u202c", "+1 202 555 0143", "+1 202 555 0143"),
        ("not \u202egnihton\u2069", "not gnihton", "not gnihton"),
        ("two\r\nlines\tand\u2028more", "two  lines and more", "two\r\nlines\tand\u2028more"),
    ],
)
def test_what_no_one_can_write_or_read_is_replaced(text: str, word: str, cell: str | None) -> None:
    assert clean_word(text) == clean_message(text) == word
    assert clean_cell(text) == (word if cell is None else cell)


@given(any_text)
def test_any_text_can_be_encoded_and_stays_in_one_line(text: str) -> None:
    for clean in (clean_word, clean_message):
        cleaned = clean(text)
        cleaned.encode()
        assert not {unicodedata.category(char) for char in cleaned} & {"Cc", "Cs", "Zl", "Zp"}
        assert not {unicodedata.bidirectional(char) for char in cleaned} & {"LRE", "RLE", "LRO", "RLO", "LRI", "RLI"}
        assert clean(cleaned) == cleaned


@given(any_text)
def test_a_cell_keeps_its_lines_and_its_length(text: str) -> None:
    cleaned = clean_cell(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert [cleaned.count(char) for char in "\n\r\t"] == [text.count(char) for char in "\n\r\t"]


@pytest.mark.parametrize(("clean", "longest"), [(clean_word, LONGEST_WORD), (clean_message, LONGEST_MESSAGE)])
def test_a_longer_text_is_cut(clean: Callable[[str], str], longest: int) -> None:
    assert clean("x" * longest) == "x" * longest
    assert clean("x" * 10**6) == "x" * (longest - 1) + "…"
    assert clean_cell("x" * 10**6) == "x" * 10**6
