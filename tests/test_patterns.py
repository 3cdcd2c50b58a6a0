"""Every regular expression of the package is linear on hostile text: a quadratic one stops an event loop."""

import re
import time
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import attrs
import pytest

import groupadd

SIZE = 64_000  # characters
MOST_CPU_S = 1.0  # CPU time, not the clock's: a quadratic pattern takes 5 s or more, a linear one a few milliseconds
PUMPS = ("a", "A", "0", "1", " ", "_", "-", ".", "/", ":", "@", "+", "(", '"', "\n", "a ", "0 ", "aA0", "é")


def patterns_in(value: object, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns in a value of a module: compiled ones, and those that a table of refusals holds as text."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from patterns_in(one, depth - 1)
    elif depth and isinstance(value, dict):
        yield from patterns_in([*value, *value.values()], depth - 1)
    elif attrs.has(type(value)) and (words := getattr(value, "words", "")) and isinstance(words, str):
        yield re.compile(words, re.IGNORECASE)


def inline_patterns(file: Path) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns that a call such as `re.sub(r"…", …)` names."""
    for _, text in re.findall(r"\bre\.\w{1,20}\(\s{0,40}[rbf]{0,2}(['\"])(.{1,400}?)\1", file.read_text("utf-8")):
        yield re.compile(text)


def every_pattern() -> Iterable[re.Pattern[Any]]:
    found: dict[re.Pattern[Any], None] = {}
    for module in walk_packages(groupadd.__path__, "groupadd."):
        if module.name != "groupadd.__main__":
            loaded: Any = import_module(module.name)
            for value in vars(loaded).values():
                found.update(dict.fromkeys(patterns_in(value)))
            found.update(dict.fromkeys(inline_patterns(Path(loaded.__file__))))
    return found


def pumped(pattern: str) -> Iterator[str]:
    """Yield long texts that may make a pattern try again and again: its own words, and signs of its classes."""
    words = {word for word in re.split(r"[\\^$.|?*+()\[\]{}]+", pattern) if word}
    for pump in (*PUMPS, *words, *(f"{word} " for word in words)):
        text = pump * (SIZE // len(pump))
        yield text
        yield f"{text}\0"


@pytest.mark.parametrize("pattern", every_pattern(), ids=lambda pattern: repr(pattern.pattern)[:60])
def test_a_pattern_is_linear_on_hostile_text(pattern: re.Pattern[Any]) -> None:
    is_text = isinstance(pattern.pattern, str)
    for text in pumped(pattern.pattern if is_text else pattern.pattern.decode("latin-1")):
        subject: Any = text if is_text else text.encode()
        began = time.process_time()
        pattern.search(subject)
        pattern.fullmatch(subject)
        assert time.process_time() - began < MOST_CPU_S, f"{text[:20]!r}, repeated"
