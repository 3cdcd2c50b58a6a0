"""The JSON of answers: what is read, what is refused, and that both ways of reading agree."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupadd.wire import json_text
from groupadd.wire.body import LARGEST_BODY
from groupadd.wire.json_text import DEEPEST, LARGEST_INTEGER, MOST_VALUES, read_json
from groupadd.wire.messages import NOT_JSON, Response

texts = st.text(max_size=8) | st.sampled_from([":", ":x", " :", "[", "]}", "\x7f", "é", "name"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('abé🔑:[]{ "\\', max_size=5), inner, max_size=4)
    ),
)


def outcome(body: bytes) -> object:
    try:
        return read_json(body)
    except ValueError as error:
        return type(error)


@given(values, st.sampled_from([None, 1]), st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :\n")]))
@example({"a": [":x", {"b": " :"}]}, None, False, (",", ":"))
def test_a_value_is_read_as_it_is_apart_from_what_is_cleaned(
    value: object, indent: int | None, ascii_: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_, separators=separators).replace("Infinity", "1e308")
    try:
        body = text.encode()
    except UnicodeEncodeError:
        body = text.encode("utf-8", "surrogatepass")
    clean = json_text._cleaned(json.loads(text))
    assert read_json(body) == clean


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", '":"', '" :"', '"x"'])), max_size=5), st.data())
def test_a_name_that_is_there_twice_is_found_however_it_is_written(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    blank = st.sampled_from(["", " ", "\t", "\n", "\r "])
    names = [data.draw(st.sampled_from([f'"{name}"', f'"\\u{ord(name):04x}"'])) for name, _ in pairs]
    inside = ",".join(f"{name}{data.draw(blank)}:{value}" for name, (_, value) in zip(names, pairs, strict=True))
    twice = len({name for name, _ in pairs}) < len(pairs)
    assert (outcome(f'[{{"list": [{{{inside}}}]}}]'.encode()) is ValueError) is twice


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a\\u202e": 1, "a": 2}',
        b'{"a":":", "a" :1}',
        b"[NaN]",
        b"[-Infinity]",
        b"[1e999]",
        b"[9223372036854775808]",
        b"[-9223372036854775808]",
        b"[" + b"9" * 5000 + b"]",
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"\\u00e9":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" + b"{}," * MOST_VALUES + b"{}]",
        b'{"a": "raw \n line break"}',
        b"\xff\xfe\xfd",
        b"<html>",
        b"{} {}",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_over_a_limit_or_has_two_meanings_is_not_json(body: bytes) -> None:
    assert Response(200, body).json() is NOT_JSON


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEPEST + b"]" * DEEPEST,
        b"[9223372036854775807,-9223372036854775807]",
        b"[" + b"1," * (MOST_VALUES - 2) + b"1]",
        b'{"a": "18446744073709551616"}',
        b"\xef\xbb\xbf{}",
        '["é"]'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_at_a_limit_is_read(body: bytes) -> None:
    assert Response(200, body).json() == json.loads(body)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (r'"half \ud83d"', "half \ufffd"),
        (r'"whole \ud83d\ude00"', "whole 😀"),
        (r'"a\u0000b"', "a\ufffdb"),
        (r'"\u001b[31mred"', "\ufffd[31mred"),
        (r'"two\nlines"', "two lines"),
        ('"over\u202eride"', "override"),
        ('"\x7f\x9b"', "\ufffd\ufffd"),
    ],
)
def test_texts_and_names_are_cleaned_at_every_depth(text: str, clean: str) -> None:
    body = f'{{"a": [{{{text}: {text}}}]}}'.encode()
    assert read_json(body) == {"a": [{clean: clean}]}


@pytest.mark.parametrize(
    "piece",
    [b"[],", b"{},", b'{"":0},', b"[[[[[[]]]]]],", b'"ab",', b"1.5,", b'"\\n",', b'{"\\n" :{}},', b"1e308,", b'" ",'],
)
@pytest.mark.parametrize("largest", [LARGEST_BODY, None], ids=["largest body", "most values"])
def test_the_dearest_bodies_cost_less_than_a_second(piece: bytes, largest: int | None) -> None:
    count = (largest or len(piece) * MOST_VALUES // sum(map(piece.count, (b",", b"[", b"{")))) // len(piece)
    body = b"[" + piece * (count - 2) + b"0]"
    began = time.process_time()
    outcome(body)
    assert time.process_time() - began < 1
