"""The user's rows back, in their order and with their columns, and with what became of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from sqlalchemy import Connection, and_, func, select

from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.drip.store.schema import NOT_PEOPLE, people, sheets
from groupadd.drip.store.states import State
from groupadd.model.outcome import Reason
from groupadd.people_file import FilePath, write
from groupadd.wire.driver import Clock

COLUMNS = ("groupadd_status", "groupadd_reason", "groupadd_evidence", "groupadd_at")


def export(target: FilePath | TextIO, *, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> None:
    """Write every row that was planned, and behind it status, reason, evidence and time (UTC, ISO 8601).

    Where nothing is known yet, those are empty; of a row that cannot be used, the reason says why. Where files of other
    columns were planned as well, all columns are there, and each row fills its own.

    Args:
        target: A file's path, or an open text file, whose own errors are raised as they are.
        ledger: The ledger's URL.
        clock: Time itself, for tests.

    Raises:
        LedgerError: The ledger cannot be used.
        CannotWrite: The file cannot be written.
    """
    with Ledger.open(ledger, clock=clock) as book, book.reading() as tx:
        known = tx.execute(select(sheets).order_by(sheets.c.id)).all()
        headers: dict[int, Sequence[str]] = {sheet.id: sheet.header for sheet in known}
        columns = list(dict.fromkeys(name for header in headers.values() for name in header))
        only = len({tuple(header) for header in headers.values()}) == 1
        header = [*(next(iter(headers.values())) if only else columns), *COLUMNS]
        write(target, header, _cells(tx, headers, columns, only=only), delimiter=known[0].delimiter if known else ",")


def _cells(
    tx: Connection, headers: Mapping[int, Sequence[str]], columns: Sequence[str], *, only: bool
) -> Iterator[Sequence[str]]:
    for sheet, cells, told in _rows(tx):
        if only:  # as it came, with what stands behind the last column, and two columns of one name
            width = len(headers[sheet])
            yield [*cells[:width], *[""] * (width - len(cells)), *told]
        else:
            named = dict(zip(headers[sheet], cells, strict=False))
            yield [*(named.get(name, "") for name in columns), *told]


def _rows(tx: Connection) -> Iterator[tuple[int, Sequence[str], Iterable[str]]]:
    first = people.alias()
    same = and_(
        people.c.state == State.DUPLICATE,
        first.c.group_jid == people.c.group_jid,
        first.c.jid == func.coalesce(people.c.same_as, people.c.jid),
        first.c.state.notin_(NOT_PEOPLE),
    )
    own = (people.c.status, people.c.reason, people.c.evidence, people.c.settled_at)
    firsts = (first.c.state, first.c.status, first.c.evidence, first.c.settled_at)
    query = select(
        people.c.sheet,
        people.c.cells,
        people.c.state,
        people.c.fault,
        *own,
        *(column.label(f"first_{column.name}") for column in firsts),
    ).select_from(people.outerjoin(first, same))
    for row in tx.execute(query.order_by(people.c.id).execution_options(yield_per=1000)):
        yield row.sheet, row.cells, _told(row)


def _told(row: Any) -> tuple[str, str, str, str]:  # noqa: ANN401  a row
    if row.state == State.INVALID:
        return "", row.fault, "", ""
    if row.state == State.DUPLICATE:
        known = row.first_state == State.DONE
        verdict = (row.first_status, Reason.DUPLICATE.value, row.first_evidence, row.first_settled_at)
    else:
        known = row.state == State.DONE
        verdict = (row.status, row.reason or "", row.evidence, row.settled_at)
    if not known:
        return "", "", "", ""
    status, reason, evidence, at = verdict
    return status, reason, evidence, datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
