"""The export: the user's rows in their order and with their columns, each with the verdict on its participant."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from groupadd.drip.store.database import Ledger
from groupadd.drip.store.lists import ListedRow, StoredSheet, listed_rows, stored_sheets
from groupadd.errors import LedgerError
from groupadd.files import FilePath
from groupadd.people_file import DELIMITERS, write

COLUMNS = ("groupadd_status", "groupadd_reason", "groupadd_evidence", "groupadd_at")


def export(
    ledger: Ledger, target: FilePath | TextIO, *, force: bool = False, protected: Iterable[FilePath] = ()
) -> None:
    """Write every row that was planned; arguments and errors as for `Drip.export`."""
    with ledger.reading() as tx:
        sheets = stored_sheets(tx)
        headers = list(dict.fromkeys(tuple(sheet.header) for sheet in sheets))
        if len(headers) == 1:
            (header,) = headers
            rows = _unchanged(listed_rows(tx), len(header))
        else:
            header = tuple(dict.fromkeys(name for one in headers for name in one))
            rows = _by_name(listed_rows(tx), {sheet.id: sheet for sheet in sheets}, header)
        delimiter = sheets[0].delimiter if sheets else ","
        if delimiter not in [*DELIMITERS]:
            raise LedgerError("the ledger holds a delimiter that no list has")
        write(target, [*header, *COLUMNS], rows, delimiter=delimiter, force=force, protected=protected)


def _unchanged(rows: Iterator[ListedRow], width: int) -> Iterator[Sequence[str]]:
    """Yield the cells as they came, cut or filled up to the header's width: two columns may have the same name."""
    for row in rows:
        yield [*row.cells[:width], *[""] * (width - len(row.cells)), *_verdict(row)]


def _by_name(
    rows: Iterator[ListedRow], sheets: Mapping[int, StoredSheet], header: Sequence[str]
) -> Iterator[Sequence[str]]:
    """Yield the cells under the columns of all sheets, each row with its own."""
    for row in rows:
        named = dict(zip(sheets[row.sheet].header, row.cells, strict=False))
        yield [*(named.get(name, "") for name in header), *_verdict(row)]


def _verdict(row: ListedRow) -> tuple[str, str, str, str]:
    if row.status is None or row.settled_at is None:
        return "", row.fault or "", "", ""
    at = datetime.fromtimestamp(row.settled_at, UTC).isoformat(timespec="seconds")
    return row.status, row.reason or "", row.evidence or "", at
