"""What the report reads from the ledger, in one transaction."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen
from sqlalchemy import func, select

from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.schema import audit, people, sheets
from groupadd.drip.store.states import State
from groupadd.model.masking import repr_masked
from groupadd.model.outcome import Reason, Status


@frozen(kw_only=True)
class StoredPerson:
    """A person with a verdict.

    Attributes:
        sheet: The user's file.
        line: The person's line in it, counted from 1.
        given: The user's own spelling of the number.
        group_jid: The group.
        provider: The account, by its configured name.
    """

    sheet: str
    line: int
    given: str = field(repr=repr_masked)
    group_jid: str = field(repr=repr_masked)
    provider: str


@frozen(kw_only=True)
class ReasonGroup:
    """The people with one status for one reason.

    Attributes:
        status: Their status.
        reason: The reason.
        count: Their number.
        people: The first of them, in the order of the plan.
    """

    status: Status
    reason: Reason
    count: int
    people: Sequence[StoredPerson]


@frozen(kw_only=True)
class InvalidRow:
    """A row of the user's file that cannot be used.

    Attributes:
        sheet: The user's file.
        line: The row's line in it, counted from 1.
        fault: What is wrong with the row.
    """

    sheet: str
    line: int
    fault: str = field(repr=False)


@frozen(kw_only=True)
class ReportFacts:
    """What the ledger knows that a report shows. Times are seconds since 1970.

    Attributes:
        add_times: When each account sent its adds, by its configured name; ascending.
        verdict_times: When people got their verdicts, by status; in no order.
        reason_groups: The people with a reason, the largest group first.
        invalid_count: How many rows cannot be used.
        invalid_rows: The first of them, in the order of the plan.
    """

    add_times: Mapping[str, Sequence[float]]
    verdict_times: Mapping[Status, Sequence[float]]
    reason_groups: Sequence[ReasonGroup]
    invalid_count: int
    invalid_rows: Sequence[InvalidRow]


def read_report_facts(ledger: Ledger, *, limit: int) -> ReportFacts:
    """Read what a report shows.

    Args:
        ledger: The ledger.
        limit: How many people of one reason group, and how many invalid rows, are read at most.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    with ledger.reading() as tx:
        return ReportFacts(
            add_times=_add_times(tx),
            verdict_times=_verdict_times(tx),
            reason_groups=tuple(_reason_groups(tx, limit)),
            invalid_count=tx.scalar(select(func.count()).select_from(people).where(_IS_INVALID)) or 0,
            invalid_rows=_invalid_rows(tx, limit),
        )


_HAS_VERDICT = (people.c.state == State.DONE, people.c.settled_at.isnot(None))
_IS_INVALID = people.c.state == State.INVALID
_PLACE = (sheets.c.name.label("sheet"), people.c.line)


def _add_times(tx: Transaction) -> Mapping[str, Sequence[float]]:
    sent = select(audit.c.provider, audit.c.at).where(audit.c.event == "asking").order_by(audit.c.at)
    times = defaultdict[str, list[float]](list)
    for row in tx.execute(sent):
        times[row.provider].append(row.at)
    return times


def _verdict_times(tx: Transaction) -> Mapping[Status, Sequence[float]]:
    times = defaultdict[Status, list[float]](list)
    for row in tx.execute(select(people.c.status, people.c.settled_at).where(*_HAS_VERDICT)):
        times[row.status].append(row.settled_at)
    return times


def _reason_groups(tx: Transaction, limit: int) -> Iterator[ReasonGroup]:
    which, count = (people.c.status, people.c.reason), func.count().label("count")
    has_reason = (*_HAS_VERDICT, people.c.reason.isnot(None))
    groups = select(*which, count).where(*has_reason).group_by(*which).order_by(count.desc(), *which)
    for group in tx.execute(groups).mappings().all():
        same = (people.c.status == group["status"], people.c.reason == group["reason"])
        columns = (*_PLACE, people.c.given, people.c.group_jid, people.c.provider)
        first = select(*columns).join(sheets).where(*_HAS_VERDICT, *same).order_by(people.c.id).limit(limit)
        yield ReasonGroup(**group, people=[StoredPerson(**row) for row in tx.execute(first).mappings()])


def _invalid_rows(tx: Transaction, limit: int) -> Sequence[InvalidRow]:
    first = select(*_PLACE, people.c.fault).join(sheets).where(_IS_INVALID).order_by(people.c.id).limit(limit)
    return [InvalidRow(**row) for row in tx.execute(first).mappings()]
