"""The JSON of an answer, read under limits: an answer may be hostile, and has one meaning for every reader or none.

A value costs up to 50 times its text in memory, so the number of values is limited before they are read. What readers
understand in different ways makes a text unreadable: a name twice in one object, numbers that databases cannot store.
Texts within it are cleaned, see `groupadd.model.cleaning`.
"""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

from groupadd.model.cleaning import one_line

MOST_VALUES = 200_000  # lists, objects and what they hold; a roster of 1,024 members has 10,000
MOST_ROWS = 5_000  # for readers: an answer to an add with more rows is unreadable
MOST_MEMBERS = 20_000  # for readers: a roster with more rows is not complete
DEEPEST = 64  # levels of lists and objects; no vendor's answer has more than 8
LARGEST_INTEGER = 2**63 - 1  # what databases store

_CONTAINERS = (dict, list)
_LONG_NUMBER = b"0" * len(str(LARGEST_INTEGER))
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")


def read_json(body: bytes) -> object:
    """Return the value of a JSON text, with clean texts.

    Raises:
        ValueError: The text is no JSON, it is over a limit, or its readers could disagree about it.
    """
    if len(body) > MOST_VALUES and body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise ValueError("too many values")
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    try:
        value: object = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _require_few_levels(value)
    is_clean = "\\" not in text and ("\x7f" not in text if text.isascii() else text.isprintable())
    return value if is_clean and _LONG_NUMBER not in body.translate(_DIGITS_AS_ZEROS) else _cleaned(value)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is not finite")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_finite)


def _require_few_levels(value: object) -> None:
    """Check that lists and objects are nested no deeper than `DEEPEST`.

    Raises:
        ValueError: They are.
    """
    level: Sequence[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(DEEPEST + 1):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _CONTAINERS
        ]
    raise ValueError("nested too deeply")


def _cleaned(value: object) -> object:
    """Return a value with clean texts.

    Raises:
        ValueError: An integer is too large, or two names of an object are the same when clean.
    """
    match value:
        case str():
            return one_line(value)
        case dict():
            return _object([(one_line(name), _cleaned(inner)) for name, inner in value.items()])
        case list():
            return list(map(_cleaned, value))
        case int() if abs(value) > LARGEST_INTEGER:
            raise ValueError("an integer is too large")
    return value
