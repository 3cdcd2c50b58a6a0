"""A leak detector: it captures logs, values and exceptions, and finds secrets and phone numbers in them."""

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

_PIECE = 12  # a leak of this many characters of a secret counts
_LOGGERS = (None, "groupadd", "httpx", "httpcore")


class LeakDetector(logging.Handler):
    """Captures log records, and all values and exceptions that a test passes to it.

    Attributes:
        captured: The captured texts.
        local_variables: The local variables of all frames of captured exceptions, as text.

    Args:
        secrets: The secrets to find, by the name that `leaks` reports. A piece of 12 characters counts as a leak.
        numbers: The phone numbers to find, as digits. Only whole numbers count.
    """

    def __init__(self, secrets: Mapping[str, str], numbers: Collection[str]) -> None:
        super().__init__()
        self.captured: list[str] = []
        self.local_variables: list[str] = []
        self._secrets = secrets
        self._numbers = numbers

    @property
    def leaks(self) -> set[str]:
        """The leaks in all captured texts: names of secrets, and numbers."""
        return self.leaks_in("\n".join(self.captured))

    @property
    def leaks_in_frames(self) -> set[str]:
        """The names of secrets that a local variable of a captured exception's frames shows."""
        return self.leaks_in("\n".join(self.local_variables)) & self._secrets.keys()

    def leaks_in(self, text: str) -> set[str]:
        """Return the leaks in a text: names of secrets, and numbers; plain, percent-encoded or in Base64."""
        readings = [text, unquote(text), unquote_plus(text), *_decoded_base64(text)]
        found = {
            name
            for name, secret in self._secrets.items()
            for piece in _pieces(secret)
            if any(piece in reading for reading in readings)
        }
        digits = [re.sub(r"(?<=\d)\D{1,3}(?=\d)", "", unicodedata.normalize("NFKC", reading)) for reading in readings]
        return found | {number for number in self._numbers if any(number[1:] in reading for reading in digits)}

    def emit(self, record: logging.LogRecord) -> None:
        """Capture a log record with its arguments and its exception."""
        self.captured += [record.getMessage(), logging.Formatter().format(record), repr(vars(record))]
        if record.exc_info and record.exc_info[1]:
            self.capture_error(record.exc_info[1])

    def capture(self, value: object) -> None:
        """Capture every text form of a value and of its parts."""
        self.captured += [repr(value), str(value), f"{value}"]
        for part in _parts(value):
            self.capture(part)

    def capture_error(self, error: BaseException | None) -> None:
        """Capture an exception with its causes and contexts, including those that a traceback hides.

        Error reporters keep the local variables of every frame, too.
        """
        if error is not None:
            self.captured += [*traceback.format_exception(error), repr(error), repr(error.args), repr(vars(error))]
            for frame, _ in traceback.walk_tb(error.__traceback__):
                self.local_variables += map(repr, frame.f_locals.values())
            self.capture_error(error.__cause__)
            self.capture_error(error.__context__)

    def capture_call(self, call: Callable[[], object]) -> None:
        """Capture what a call returns or raises. A text or mapping is data that was asked for, and is not captured."""
        try:
            if not isinstance(value := call(), str | Mapping):
                self.capture(value)
        except Exception as error:  # noqa: BLE001  any exception is captured
            self.capture_error(error)


@contextmanager
def detect_leaks(secrets: Mapping[str, str], numbers: Collection[str]) -> Generator[LeakDetector]:
    """Yield a detector that captures all log records of the block, with those of httpx and httpcore."""
    detector, root = LeakDetector(secrets, numbers), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(detector)
    try:
        yield detector
    finally:
        root.removeHandler(detector)
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


def _decoded_base64(text: str) -> Iterator[str]:
    for word in re.findall(r"[\w+/-]{12,}", text, re.ASCII):
        standard = word.translate(str.maketrans("-_", "+/"))
        with suppress(binascii.Error):
            yield b64decode(standard + "=" * (-len(standard) % 4)).decode("latin-1")
