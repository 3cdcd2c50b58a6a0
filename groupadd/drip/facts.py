"""What a report tells, read from the ledger once: counts, verdicts over time, pace, and who needs a human."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen
from sqlalchemy import ColumnElement, Connection, Select, func, select

from groupadd.drip.status import AccountStatus, DripStatus, status_of
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.schema import audit as lines
from groupadd.drip.store.schema import people, sheets
from groupadd.drip.store.states import State
from groupadd.model.masking import masked, scrubbed
from groupadd.model.outcome import Reason, Status
from groupadd.model.reasons import REASONS
from groupadd.settings import PaceSettings

MOST_PEOPLE = 500  # of one reason, and of rows that cannot be used; `groupadd drip export` has all
_MINUTE_S, _DAY_S = 60.0, 86400.0
_MOST_COLUMNS = 60
_LENGTHS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 4 * 3600, 12 * 3600, 86400, 7 * 86400, 28 * 86400)
_NEED_A_HUMAN = frozenset({Status.UNKNOWN, Status.NOT_ADDED, Status.PENDING_APPROVAL})


@frozen
class Chart:
    """The stretch of time that the charts show, cut into columns.

    Attributes:
        begin: When it begins, in seconds since 1970.
        column_s: Seconds that a column stands for.
        columns: How many there are.
    """

    begin: float
    column_s: float
    columns: int

    @classmethod
    def over(cls, moments: Sequence[float]) -> "Chart":
        """Return the chart that holds these moments; one without columns where there are none."""
        if not moments:
            return cls(0.0, _LENGTHS_S[0], 0)
        first, last = min(moments), max(moments)
        column_s = next((one for one in _LENGTHS_S if (last - first) / one < _MOST_COLUMNS - 1), _LENGTHS_S[-1])
        begin = first - first % column_s
        return cls(begin, column_s, int((last - begin) // column_s) + 1)

    def column(self, moment: float) -> int:
        """Return the column in which a moment falls."""
        return int((moment - self.begin) // self.column_s)

    def begins(self, column: int) -> datetime:
        """Return when a column begins, in local time."""
        return datetime.fromtimestamp(self.begin + column * self.column_s, UTC).astimezone()


@frozen
class AccountFacts:
    """How fast an account went.

    Attributes:
        standing: How it stands.
        adds: How many adds it made in all.
        most_in_a_minute: How many any 60 seconds held at most.
        most_in_a_day: How many any 24 hours held at most.
        course: The most in a minute along the chart, column by column.
    """

    standing: AccountStatus
    adds: int
    most_in_a_minute: int
    most_in_a_day: int
    course: Sequence[int]


@frozen
class Someone:
    """A person whom a human is to look after.

    Attributes:
        place: Where they stand in the user's file, such as `people.csv, line 4`.
        name: Their number.
        group: The group's JID.
        provider: The account.
    """

    place: str
    name: str = field(repr=False)
    group: str = field(repr=False)
    provider: str


@frozen
class Task:
    """People who need a human for one reason.

    Attributes:
        status: What became of them.
        reason: Why.
        count: How many they are.
        people: The first of them.
    """

    status: Status
    reason: Reason
    count: int
    people: Sequence[Someone]


@frozen
class Facts:
    """Everything that a report shows.

    Attributes:
        now: When it was read, in local time.
        status: How everything stands.
        pace: The pace that is allowed.
        chart: The time that the charts show.
        verdicts: How many people got which verdict, column by column.
        reasons: How many people ended for which reason, the most first.
        accounts: How fast every account went.
        tasks: Who needs a human.
        unusable: How many rows could not be used.
        unusable_rows: The first of them: their place, and why.
    """

    now: datetime
    status: DripStatus
    pace: PaceSettings
    chart: Chart
    verdicts: Sequence[Mapping[Status, int]]
    reasons: Mapping[Reason, int]
    accounts: Sequence[AccountFacts]
    tasks: Sequence[Task]
    unusable: int
    unusable_rows: Sequence[tuple[str, str]]


def gather(book: Ledger, pace: PaceSettings, *, full_numbers: bool = False) -> Facts:
    """Read everything that a report shows.

    Args:
        book: The ledger.
        pace: The pace that is allowed.
        full_numbers: Whether numbers and groups are told whole; they are masked otherwise.
    """
    told = status_of(book, pace)
    shown: Callable[[str], str] = str if full_numbers else masked
    with book.reading() as tx:
        asked = {one.provider: _asked(tx, one.provider) for one in told.accounts}
        ends = tx.execute(select(func.min(people.c.settled_at), func.max(people.c.settled_at))).one()
        moments = [moment for moment in ends if moment is not None]
        chart = Chart.over([*moments, *(moment for own in asked.values() for moment in (*own[:1], *own[-1:]))])
        verdicts = _verdicts(tx, chart)
        reasons = _counted(tx, people.c.reason)
        tasks = tuple(_tasks(tx, shown))
        unusable = people.c.state == State.INVALID
        rows = _placed(people.c.fault).where(unusable).order_by(people.c.id).limit(MOST_PEOPLE)
        unusable_rows = [(_place(row), scrubbed(row.fault)) for row in tx.execute(rows)]
        unusable_count = tx.scalar(select(func.count()).select_from(people).where(unusable)) or 0
    return Facts(
        datetime.fromtimestamp(book.now(), UTC).astimezone(),
        told,
        pace,
        chart,
        verdicts,
        {Reason(reason): count for (reason,), count in reasons},
        tuple(_account(one, asked[one.provider], chart) for one in told.accounts),
        tasks,
        unusable_count,
        unusable_rows,
    )


def within(moments: Sequence[float], length_s: float) -> Iterator[int]:
    """Yield for each moment, in order, how many there are in the stretch of time that ends with it."""
    first = 0
    for count, moment in enumerate(moments, start=1):
        while moments[first] <= moment - length_s:
            first += 1
        yield count - first


def _account(standing: AccountStatus, asked: Sequence[float], chart: Chart) -> AccountFacts:
    course = [0] * chart.columns
    for moment, count in zip(asked, within(asked, _MINUTE_S), strict=True):
        course[chart.column(moment)] = max(course[chart.column(moment)], count)
    in_a_day = max(within(asked, _DAY_S), default=0)
    return AccountFacts(standing, len(asked), max(course, default=0), in_a_day, course)


def _asked(tx: Connection, provider: str) -> Sequence[float]:
    asking = (lines.c.provider == provider, lines.c.event == "asking")
    return tx.scalars(select(lines.c.at).where(*asking).order_by(lines.c.at)).all()


def _verdicts(tx: Connection, chart: Chart) -> Sequence[Mapping[Status, int]]:
    verdicts = [Counter[Status]() for _ in range(chart.columns)]
    done = (people.c.state == State.DONE, people.c.settled_at.isnot(None))
    for at, status in tx.execute(select(people.c.settled_at, people.c.status).where(*done)):
        verdicts[chart.column(at)][Status(status)] += 1
    return verdicts


def _counted(tx: Connection, *by: ColumnElement[Any]) -> list[tuple[tuple[Any, ...], int]]:
    """Count the people who have a verdict by these columns, none of which may be empty; the most first."""
    done = (people.c.state == State.DONE, people.c.settled_at.isnot(None), *(column.isnot(None) for column in by))
    counted = select(*by, func.count()).where(*done).group_by(*by).order_by(func.count().desc(), *by)
    return [(tuple(values), count) for *values, count in tx.execute(counted)]


def _tasks(tx: Connection, shown: Callable[[str], str]) -> Iterator[Task]:
    """Yield whom a human can do something for: the unknown first, then the most first."""
    counted = [
        (Status(status), Reason(why), count) for (status, why), count in _counted(tx, people.c.status, people.c.reason)
    ]
    for status, reason, count in sorted(counted, key=lambda one: one[0] is not Status.UNKNOWN):
        if status not in _NEED_A_HUMAN or REASONS[reason].next_step is None:
            continue
        columns = (people.c.given, people.c.group_jid, people.c.provider)
        those = (people.c.state == State.DONE, people.c.status == status, people.c.reason == reason)
        rows = tx.execute(_placed(*columns).where(*those).order_by(people.c.id).limit(MOST_PEOPLE))
        some = [Someone(_place(row), shown(row.given), shown(row.group_jid), row.provider) for row in rows]
        yield Task(status, reason, count, some)


def _placed(*columns: ColumnElement[Any]) -> Select[Any]:
    return select(sheets.c.name, people.c.line, *columns).select_from(people.join(sheets))


def _place(row: Any) -> str:  # noqa: ANN401  a row
    return f"{scrubbed(row.name)}, line {row.line}"
