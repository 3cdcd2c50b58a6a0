"""Lists of people: the one reader and writer of files, with one person a line or as a CSV with a phone column.

The reader skips blank lines. It skips `#` comments, too, except below the header of a CSV: a row may begin with `#`.
All text is cleaned as it is read. Cells stay whole; column names, numbers and the names of files are words.
"""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import TextIO, TypeAlias

from attrs import frozen

from groupadd.errors import CannotRead, InvalidParticipant
from groupadd.files import FilePath, open_binary, replacing, why
from groupadd.model.cleaning import clean_cell, clean_word
from groupadd.model.identity import parse_participants
from groupadd.model.masking import scrubbed

Rows: TypeAlias = Iterable[Mapping[str, str]]

STDIN = "-"
_STDIN_NAME = "standard input"
PHONE_COLUMNS = ("phone", "participant", "number")  # the first of these that the header of a CSV names
DELIMITERS = ",;\t"  # no number and no JID holds one of them
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_PEOPLE = 100_000  # in a list that is read into memory
_MOST_ROWS = 1_000_000
_LONGEST_LINE = 2**18  # characters
_MOST_OF_STDIN = 2**28  # bytes


@frozen
class People:
    """The people that a caller names, and where.

    Attributes:
        given: The caller's own spellings, in order.
        places: The place of each spelling, in the same order, such as `people.csv, line 4`.
    """

    given: tuple[str, ...]
    places: tuple[str, ...]

    def __add__(self, more: "People") -> "People":
        return People(self.given + more.given, self.places + more.places)

    def require_all(self) -> None:
        """Check that there are people and that each spelling can be parsed.

        Raises:
            InvalidParticipant: All faults at once, each with its place.
        """
        if not self.given:
            raise InvalidParticipant({0: "no participants are given"}, ["participants"])
        try:
            parse_participants(self.given)
        except InvalidParticipant as error:
            faults = error.faults
        else:
            return
        raise InvalidParticipant(faults, self.places)


@frozen
class Sheet:
    """A table of people, to be read once.

    Attributes:
        name: The name of the table in messages.
        header: The names of the columns.
        delimiter: The character between two cells.
        phone_at: The position of the phone column, from 0.
        rows: The rows that are not blank, in order: the line on which each begins, from 1, and its cells.
    """

    name: str
    header: Sequence[str]
    delimiter: str
    phone_at: int
    rows: Iterator[tuple[int, Sequence[str]]]

    def phone(self, cells: Sequence[str]) -> str:
        """Return the phone number of a row, empty where the row is too short."""
        return clean_word(cells[self.phone_at].strip()) if self.phone_at < len(cells) else ""


@frozen
class _Header:
    """The first row of a file that is neither blank nor a comment.

    Attributes:
        line: The line on which it begins, from 1.
        text: Its text, several lines where a quoted cell holds line breaks.
        delimiter: The delimiter by which it names a phone column; None where it names none.
    """

    line: int
    text: str
    delimiter: str | None


def named(given: Sequence[str]) -> People:
    """Return the people that are named on the command line."""
    return People(tuple(map(clean_word, given)), tuple(f"participant {one}" for one in range(1, len(given) + 1)))


def read(source: str) -> People:
    """Read a list of people: one a line, or a CSV.

    Args:
        source: The path of the file, or `-` for standard input.

    Raises:
        CannotRead: The file cannot be read, holds no people or too many, or is a CSV without a phone column.
    """
    name = _STDIN_NAME if source == STDIN else clean_word(source)
    with _opened(source, name) as lines:
        return people_in(lines, name)


def people_in(lines: Iterable[str], name: str) -> People:
    """Return the people in the lines of a file.

    Args:
        lines: The lines, with their ends.
        name: The name of the file in messages.

    Raises:
        CannotRead: The file holds no people or too many, is no CSV after all, or has no phone column.
    """
    rows = list(islice(_numbers(iter(lines), name), _MOST_PEOPLE + 1))
    if not rows:
        raise CannotRead(f"{name}: the file names no participants")
    if len(rows) > _MOST_PEOPLE:
        raise CannotRead(f"{name}: the file names more than {_MOST_PEOPLE:,} participants")
    return People(tuple(given for _, given in rows), tuple(f"{name}, line {line}" for line, _ in rows))


def _numbers(lines: Iterator[str], name: str) -> Iterator[tuple[int, str]]:
    """Yield each person of a list or a CSV: the line, from 1, and the user's own spelling."""
    header = _header(lines, PHONE_COLUMNS)
    if header.delimiter is not None:
        sheet = _sheet(header, lines, name, PHONE_COLUMNS)
        yield from ((line, sheet.phone(cells)) for line, cells in sheet.rows)
    elif any(one in header.text for one in DELIMITERS):
        raise _without_phone_column(name, header.line, PHONE_COLUMNS)
    else:
        numbered = enumerate(map(str.strip, chain(_lines(header.text), lines)), header.line)
        yield from ((line, clean_word(given)) for line, given in numbered if given and not given.startswith("#"))


@contextmanager
def open_sheet(source: FilePath | Rows, phone_column: str | None = None) -> Iterator[Sheet]:
    """Open a CSV file, or rows, as a table of people.

    Args:
        source: The path of a CSV file with a header, `-` for standard input, or rows with the same columns.
        phone_column: The name of the phone column; None for the first of `PHONE_COLUMNS` that the header names.

    Raises:
        CannotRead: The file cannot be read or is no CSV, there are no rows, or there is no phone column.
    """
    columns = PHONE_COLUMNS if phone_column is None else (phone_column.strip().lower(),)
    if not isinstance(source, str | PathLike):
        yield _sheet_of(source, columns)
        return
    name = _STDIN_NAME if source == STDIN else clean_word(Path(source).name)
    with _opened(source, name) as lines:
        yield _sheet(_header(lines, columns), lines, name, columns)


def write(
    target: FilePath | TextIO,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    delimiter: str,
    force: bool = False,
    protected: Iterable[FilePath] = (),
) -> None:
    """Write a CSV, in UTF-8.

    Args:
        target: The path of the file, or an open text file, whose own errors are raised unchanged. A file that is there
            is replaced if it is a CSV all of whose columns the new one has.
        header: The names of the columns.
        rows: The cells of each row.
        delimiter: The character between two cells.
        force: Replace a file of another kind, and the file that a symbolic link names.
        protected: Files that are never replaced.

    Raises:
        CannotWrite: The file cannot be written, or is not to be replaced.
    """
    if not isinstance(target, str | PathLike):
        _write(target, header, rows, delimiter)
        return
    has_these = partial(_has_only, columns=header)
    with replacing(target, is_same_kind=has_these, force=force, protected=protected) as file:
        _write(file, header, rows, delimiter)


def _has_only(path: Path, columns: Sequence[str]) -> bool:
    """Return whether a file is a CSV that has no other columns than these."""
    wanted = [name.strip().lower() for name in columns]
    try:
        with _opened(path, path.name) as lines:
            header = _header(lines, wanted)
    except CannotRead:
        return False
    return header.delimiter is not None and {*_names(_cells(header.text, header.delimiter))} <= {*wanted}


def _write(file: TextIO, header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str) -> None:
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


@contextmanager
def _opened(source: FilePath, name: str) -> Iterator[Iterator[str]]:
    """Open a file as lines of text, with their ends: UTF-8, or UTF-16 where its first bytes say so.

    Raises:
        CannotRead: The file cannot be opened, is no such text, or has a line that is too long.
    """
    try:
        with _binary(source) as raw:
            encoding = "utf-16" if raw.peek(2)[:2] in _UTF_16 else "utf-8-sig"
            with io.TextIOWrapper(raw, encoding, newline="") as file:
                yield _bounded_lines(file)
    except OSError as error:
        fault = why(error)
    except UnicodeDecodeError:
        fault = "it is not UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)"
    else:
        return
    raise CannotRead(f"{scrubbed(name)}: cannot be read: {fault}")  # the name may be a number by mistake


def _binary(source: FilePath) -> io.BufferedReader:
    if source != STDIN:
        return open_binary(source)
    if sys.stdin is None:
        raise OSError(0, "it is closed")
    content = sys.stdin.buffer.read(_MOST_OF_STDIN + 1)
    if len(content) > _MOST_OF_STDIN:
        raise OSError(0, "it is too large")
    return io.BufferedReader(io.BytesIO(content))


def _bounded_lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise OSError(0, f"it has a line of more than {_LONGEST_LINE:,} characters")
        yield line


def _header(lines: Iterator[str], columns: Sequence[str]) -> _Header:
    """Read up to the first row. A line that begins with `#` is a comment unless it names a phone column."""
    for number, line in enumerate(lines, 1):
        is_comment = line.lstrip().startswith("#")
        text = line
        while not is_comment and text.count('"') % 2 and len(text) < _LONGEST_LINE and (more := next(lines, "")):
            text += more  # the line ends within a quoted cell
        delimiter = next((one for one in DELIMITERS if _phone_at(_cells(text, one), columns) is not None), None)
        if delimiter is not None or not (is_comment or line.isspace()):
            return _Header(number, text, delimiter)
    return _Header(1, "", None)


def _cells(text: str, delimiter: str) -> Sequence[str]:
    """Return the cells of one row, none where it is no CSV."""
    try:
        return next(csv.reader(_lines(text), delimiter=delimiter), [])
    except csv.Error:
        return []


def _phone_at(header: Sequence[str], columns: Sequence[str]) -> int | None:
    names = _names(header)
    return next((names.index(wanted) for wanted in columns if wanted in names), None)


def _names(header: Sequence[str]) -> list[str]:
    return [cell.strip().lower() for cell in header]


def _sheet(header: _Header, rest: Iterator[str], name: str, columns: Sequence[str]) -> Sheet:
    """Return the table below a header.

    Raises:
        CannotRead: The header names no phone column.
    """
    names = [clean_word(cell) for cell in _cells(header.text, header.delimiter or ",")]
    phone_at = _phone_at(names, columns)
    if header.delimiter is None or phone_at is None:
        raise _without_phone_column(name, header.line, columns)
    rows = _rows(chain(_lines(header.text), rest), header.delimiter, name, header.line)
    next(rows)
    return Sheet(name, names, header.delimiter, phone_at, rows)


def _rows(lines: Iterator[str], delimiter: str, name: str, first: int) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield every row that is not blank, with the line on which it begins.

    Raises:
        CannotRead: A row is no CSV, or there are too many rows.
    """
    reader, line = csv.reader(lines, delimiter=delimiter, strict=True), first
    for _ in range(_MOST_ROWS):
        line = first + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            fault = f"is not CSV: {error}"
            break
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield line, [clean_cell(cell) for cell in row]
    else:
        fault = f"the file has more than {_MOST_ROWS:,} rows"
    raise CannotRead(f"{name}, line {line}: {fault}")


def _sheet_of(rows: Rows, columns: Sequence[str]) -> Sheet:
    """Return rows as a table with the columns of the first one.

    Raises:
        CannotRead: There are no rows, or the first one has no phone column.
    """
    every = iter(rows)
    first = next(every, None)
    if first is None:
        raise CannotRead("rows: there are none")
    header = list(first)
    phone_at = _phone_at(header, columns)
    if phone_at is None:
        raise _without_phone_column("rows", 1, columns)
    cells = ([clean_cell(str(row.get(name) or "")) for name in header] for row in chain([first], every))
    return Sheet("rows", [clean_word(name) for name in header], ",", phone_at, enumerate(cells, 1))


def _lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))


def _without_phone_column(name: str, line: int, columns: Sequence[str]) -> CannotRead:
    *others, last = columns
    wanted = f"{', '.join(others)} or {last}" if others else last
    return CannotRead(f"{name}, line {line}: a CSV needs a header with a column named {wanted}")
