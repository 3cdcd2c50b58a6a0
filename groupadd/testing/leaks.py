"""An ear for leaks: hears what is logged, returned or raised, and finds secrets and numbers in it, however spelt."""

import binascii
import logging
import re
import traceback
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import unquote, unquote_plus

from groupadd.model.outcome import AddOutcome
from groupadd.provider import AddReply, Roster

_PIECE = 12  # characters of a secret that already give it away
_LOUD = (None, "groupadd", "httpx", "httpcore")


class LeakDetector(logging.Handler):
    """Hears every log record, and whatever it is given.

    Attributes:
        heard: All of it, as text.

    Args:
        secrets: What may not be heard, not even in part, by what to call it.
        numbers: Phone numbers that may not be heard whole, as digits.
    """

    def __init__(self, secrets: Mapping[str, str], numbers: Collection[str]) -> None:
        super().__init__()
        self.heard: list[str] = []
        self._secrets = secrets
        self._numbers = numbers

    @property
    def leaks(self) -> set[str]:
        """What was heard and should not have been: secrets by what they are called, and numbers."""
        return self.leaks_in("\n".join(self.heard))

    def leaks_in(self, text: str) -> set[str]:
        """Return what can be read in a text: pieces of secrets, whole numbers, plain, percent-encoded or in base64."""
        readings = [text, unquote(text), unquote_plus(text), *_out_of_base64(text)]
        found = {
            name
            for name, secret in self._secrets.items()
            for piece in _pieces(secret)
            if any(piece in reading for reading in readings)
        }
        digits = [re.sub(r"(?<=\d)\D{1,3}(?=\d)", "", unicodedata.normalize("NFKC", reading)) for reading in readings]
        return found | {number for number in self._numbers if any(number[1:] in reading for reading in digits)}

    def emit(self, record: logging.LogRecord) -> None:
        """Hear a log record, with its arguments and its exception."""
        self.heard += [record.getMessage(), logging.Formatter().format(record), repr(vars(record))]
        if record.exc_info and record.exc_info[1]:
            self.raised(record.exc_info[1])

    def told(self, value: object) -> None:
        """Hear a value in all the ways in which it may be printed."""
        self.heard += [repr(value), str(value), f"{value}"]
        for part in _parts(value):
            self.told(part)

    def raised(self, error: BaseException | None) -> None:
        """Hear an exception with all that led to it, whether or not a traceback would show it."""
        if error is not None:
            self.heard += [*traceback.format_exception(error), repr(error), repr(error.args), repr(vars(error))]
            self.raised(error.__cause__)
            self.raised(error.__context__)

    def during(self, call: Callable[[], object]) -> None:
        """Hear what a call returns or raises; bare text that it returns is data that was asked for."""
        try:
            if not isinstance(value := call(), str | Mapping):
                self.told(value)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not leak
            self.raised(error)


@contextmanager
def listening(secrets: Mapping[str, str], numbers: Collection[str]) -> Generator[LeakDetector]:
    """Yield an ear at everything that is logged, httpx's and httpcore's own words included."""
    ear, root = LeakDetector(secrets, numbers), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in _LOUD}
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(ear)
    try:
        yield ear
    finally:
        root.removeHandler(ear)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _parts(value: object) -> Iterable[object]:
    match value:
        case AddOutcome(participants=parts) | Roster(members=parts) | tuple(parts):
            return parts
        case AddReply(claims=claims):
            return [claim for _, claim in claims]
    return ()


def _pieces(secret: str) -> Sequence[str]:
    return [secret[at : at + _PIECE] for at in range(max(len(secret) - _PIECE, 0) + 1)]


def _out_of_base64(text: str) -> Iterator[str]:
    for word in re.findall(r"[\w+/-]{12,}", text, re.ASCII):
        plain = word.translate(str.maketrans("-_", "+/"))
        with suppress(binascii.Error):
            yield b64decode(plain + "=" * (-len(plain) % 4)).decode("latin-1")
