"""People from a file: one a line, or a CSV with a phone column.

Blank lines are passed over, and so are `#` comments, but none below a CSV's header: a row there may begin with `#`.
"""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from attrs import frozen

from groupadd.errors import InvalidParticipant
from groupadd.model.identity import parse_participants
from groupadd.model.masking import scrubbed

STDIN = "-"
PHONE_COLUMNS = ("phone", "participant", "number")  # the first of these that a CSV's header names
_DELIMITERS = ",;\t"  # none of them stands in a number or JID
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@frozen
class People:
    """The people that a caller names, and where.

    Attributes:
        given: The caller's own spellings, in order.
        places: Where each was read, such as `people.csv, line 4`.
    """

    given: tuple[str, ...]
    places: tuple[str, ...]

    def __add__(self, more: "People") -> "People":
        return People(self.given + more.given, self.places + more.places)

    def require_all(self) -> None:
        """Check that somebody is named and that everybody can be parsed.

        Raises:
            InvalidParticipant: All faults at once, each with its place.
        """
        if not self.given:
            raise _unusable("participants", "nobody was named")
        try:
            parse_participants(self.given)
        except InvalidParticipant as error:
            faults = error.faults
        else:
            return
        raise InvalidParticipant(faults, self.places)


def named(given: Sequence[str]) -> People:
    """Return the people that are named on the command line."""
    return People(tuple(given), tuple(f"participant {position}" for position in range(1, len(given) + 1)))


def read(source: str) -> People:
    """Read a file of people.

    Args:
        source: The file's path, or `-` for standard input.

    Raises:
        InvalidParticipant: The file cannot be read, or it is a CSV without a phone column.
    """
    name = "standard input" if source == STDIN else source
    if source == STDIN and sys.stdin is None:
        raise _unusable(name, "cannot be read: it is closed")
    try:
        raw = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
        text = raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig")
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        why = "it is not UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)"
    else:
        return people_in(text, name)
    raise _unusable(scrubbed(name), f"cannot be read: {why}")  # a number may stand where a file should


def people_in(text: str, name: str) -> People:
    """Return the people in the text of a file.

    Args:
        text: What the file holds.
        name: What the file is called in messages.

    Raises:
        InvalidParticipant: It is a CSV that cannot be read or has no phone column.
    """
    lines = [(number, line.strip()) for number, line in enumerate(io.StringIO(text, newline=None), start=1)]
    lines = [(number, line) for number, line in lines if line]
    start, header = next(((at, line) for at, line in lines if _delimiter(line) or not line.startswith("#")), (1, ""))
    if delimiter := _delimiter(header):
        return _located(_cells(text, name, delimiter, start), name)
    if any(one in header for one in _DELIMITERS):
        raise _headless(name, start)
    return _located([(number, line) for number, line in lines if not line.startswith("#")], name)


def _located(rows: Sequence[tuple[int, str]], name: str) -> People:
    if not rows:
        raise _unusable(name, "nobody is named in it")
    return People(tuple(given for _, given in rows), tuple(f"{name}, line {number}" for number, _ in rows))


def _cells(text: str, name: str, delimiter: str, start: int) -> Sequence[tuple[int, str]]:
    """Return the phone column below the header, each cell with the number of the line on which its row begins.

    Raises:
        InvalidParticipant: It is no CSV, or its header, on line `start`, names no phone column after all.
    """
    rows = _rows(text, name, delimiter, start)
    _, header = next(rows)
    column = _phone_column(header)
    if column is None:
        raise _headless(name, start)
    return [(number, row[column].strip() if column < len(row) else "") for number, row in rows]


def _rows(text: str, name: str, delimiter: str, start: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(islice(io.StringIO(text, newline=""), start - 1, None), delimiter=delimiter, strict=True)
    while True:
        number = start + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            why = str(error)
            break
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield number, row
    raise _unusable(f"{name}, line {number}", f"is not CSV: {why}")


def _delimiter(header: str) -> str | None:
    return next((one for one in _DELIMITERS if _phone_column(header.split(one)) is not None), None)


def _phone_column(header: Sequence[str]) -> int | None:
    names = [cell.strip().strip('"').lower() for cell in header]
    return next((names.index(wanted) for wanted in PHONE_COLUMNS if wanted in names), None)


def _headless(name: str, line: int) -> InvalidParticipant:
    *others, last = PHONE_COLUMNS
    wanted = f"{', '.join(others)} or {last}"
    return _unusable(f"{name}, line {line}", f"a CSV needs a header with a column named {wanted}")


def _unusable(place: str, why: str) -> InvalidParticipant:
    return InvalidParticipant({0: why}, [place])
