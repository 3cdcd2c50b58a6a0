"""The lists that the user planned: one sheet for each, and its rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy import and_, func, insert, select, tuple_

from groupadd.drip.store.database import Transaction
from groupadd.drip.store.schema import NOT_PEOPLE, is_planned, people, sheets
from groupadd.drip.store.states import State
from groupadd.model.masking import repr_masked
from groupadd.model.outcome import Evidence, Reason, Status

_AT_ONCE = 1000  # rows that the database hands over at a time


@frozen(kw_only=True)
class StoredSheet:
    """A list as it was planned, without its rows.

    Attributes:
        id: The sheet.
        name: The name of the file, or `rows`.
        header: The names of the columns.
        delimiter: The character between two cells.
    """

    id: int
    name: str
    header: Sequence[str]
    delimiter: str


@frozen(order=True)
class ParticipantKey:
    """What a plan may hold once: one participant in one group."""

    group_jid: str = field(repr=repr_masked)
    jid: str = field(repr=repr_masked)


@frozen(kw_only=True)
class ListedRow:
    """A row of the user's, with the verdict on its participant.

    Attributes:
        sheet: The sheet.
        cells: The user's own cells.
        fault: What is wrong with the row, or None.
        status: The verdict; None where there is none yet.
        reason: Its reason, `duplicate` where an earlier row names the same participant.
        evidence: Its evidence.
        settled_at: When it was given, in seconds since 1970.
    """

    sheet: int
    cells: Sequence[str] = field(repr=False)
    fault: str | None = field(default=None, repr=False)
    status: Status | None = None
    reason: Reason | None = None
    evidence: Evidence | None = None
    settled_at: float | None = None


def stored_sheets(tx: Transaction) -> list[StoredSheet]:
    """Return all sheets, in the order in which they were planned."""
    return [StoredSheet(**row._mapping) for row in tx.execute(select(sheets).order_by(sheets.c.id))]


def add_sheet(tx: Transaction, name: str, header: Sequence[str], delimiter: str) -> int:
    """Add a sheet, and return its id."""
    number = (tx.scalar(select(func.max(sheets.c.id))) or 0) + 1
    tx.execute(insert(sheets).values(id=number, name=name, header=tuple(header), delimiter=delimiter))
    return number


def planned_among(tx: Transaction, keys: Iterable[ParticipantKey]) -> set[ParticipantKey]:
    """Return which of these participants are planned."""
    columns = (people.c.group_jid, people.c.jid)
    wanted = tuple_(*columns).in_([(key.group_jid, key.jid) for key in keys])
    return {ParticipantKey(*row) for row in tx.execute(select(*columns).where(wanted, is_planned))}


def other_forms(tx: Transaction) -> Mapping[ParticipantKey, str]:
    """Return the JID under which a participant is planned who is known under another form of the number, too."""
    columns = (people.c.group_jid, people.c.jid, people.c.same_as)
    rows = tx.execute(select(*columns).where(people.c.same_as.isnot(None)))
    return {ParticipantKey(group_jid, jid): same_as for group_jid, jid, same_as in rows}


def rows_on_lines(tx: Transaction, among: Sequence[int], first: int, last: int) -> set[tuple[int, str, Sequence[str]]]:
    """Return line, group and cells of the rows that these sheets hold between two lines, both included."""
    if not among:
        return set()
    columns = (people.c.line, people.c.group_jid, people.c.cells)
    where = (people.c.sheet.in_(among), people.c.line.between(first, last))
    return {(line, group_jid, cells) for line, group_jid, cells in tx.execute(select(*columns).where(*where))}


def listed_rows(tx: Transaction) -> Iterator[ListedRow]:
    """Yield all rows of all sheets, in the order in which they were planned."""
    for row in tx.execute(_LISTED):
        yield _listed(row)


def _listed(row: Any) -> ListedRow:  # noqa: ANN401  a row
    known = ListedRow(sheet=row.sheet, cells=row.cells, fault=row.fault)
    if row.state is State.DONE:
        verdict = (row.status, row.reason, row.evidence, row.settled_at)
    elif row.state is State.DUPLICATE and row.first_state is State.DONE:
        verdict = (row.first_status, Reason.DUPLICATE, row.first_evidence, row.first_settled_at)
    else:
        return known
    status, reason, evidence, settled_at = verdict
    return ListedRow(
        sheet=row.sheet, cells=row.cells, status=status, reason=reason, evidence=evidence, settled_at=settled_at
    )


_first = people.alias("first")
_is_first = and_(
    people.c.state == State.DUPLICATE,
    _first.c.group_jid == people.c.group_jid,
    _first.c.jid == func.coalesce(people.c.same_as, people.c.jid),
    _first.c.state.notin_(NOT_PEOPLE),
)
_LISTED = (
    select(
        people.c.sheet,
        people.c.cells,
        people.c.state,
        people.c.fault,
        people.c.status,
        people.c.reason,
        people.c.evidence,
        people.c.settled_at,
        _first.c.state.label("first_state"),
        _first.c.status.label("first_status"),
        _first.c.evidence.label("first_evidence"),
        _first.c.settled_at.label("first_settled_at"),
    )
    .select_from(people.outerjoin(_first, _is_first))
    .order_by(people.c.id)
    .execution_options(yield_per=_AT_ONCE)
)
