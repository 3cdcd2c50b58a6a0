"""The figures of a report, shaped from what the ledger knows. No SQL, no HTML."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from attrs import field, frozen

from groupadd.drip.status import AccountStatus, DripStatus
from groupadd.drip.store.report_facts import InvalidRow, ReasonGroup, ReportFacts, StoredPerson
from groupadd.model.masking import masked, scrubbed
from groupadd.model.outcome import Reason, Status
from groupadd.model.reasons import REASONS
from groupadd.settings import PaceSettings

_MINUTE_S, _DAY_S = 60.0, 86400.0
_MAX_COLUMNS = 60
_WEEK_S = 7 * 86400
_COLUMN_LENGTHS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, _WEEK_S, 4 * _WEEK_S)
_FOLLOW_UP = frozenset({Status.UNKNOWN, Status.NOT_ADDED, Status.PENDING_APPROVAL})


@frozen
class TimeAxis:
    """The time that the charts show, cut into columns of one length.

    Attributes:
        begin: Where the first column begins, in seconds since 1970.
        column_s: The length of a column, in seconds.
        columns: The number of columns.
    """

    begin: float
    column_s: float
    columns: int

    @classmethod
    def over(cls, times: Sequence[float]) -> "TimeAxis":
        """Return the axis that covers these times; without times it has no columns."""
        if not times:
            return cls(0.0, _COLUMN_LENGTHS_S[0], 0)
        first, last = min(times), max(times)
        fitting = (length_s for length_s in _COLUMN_LENGTHS_S if (last - first) / length_s < _MAX_COLUMNS - 1)
        column_s = next(fitting, _COLUMN_LENGTHS_S[-1])
        begin = first - first % column_s
        return cls(begin, column_s, int((last - begin) // column_s) + 1)

    def column_of(self, time: float) -> int:
        """Return the column that a time falls into, counted from 0."""
        return int((time - self.begin) // self.column_s)

    def start_of(self, column: int) -> datetime:
        """Return when a column begins, in local time."""
        return datetime.fromtimestamp(self.begin + column * self.column_s, UTC).astimezone()

    @property
    def labels(self) -> Sequence[str]:
        """The axis's labels, spread evenly: at most five."""
        marks = sorted({self.columns * quarter // 4 for quarter in range(5)})
        form = "%H:%M:%S" if self.column_s < _MINUTE_S else "%d %b %H:%M" if self.column_s < _DAY_S else "%d %b"
        return [f"{self.start_of(mark):{form}}" for mark in marks]


@frozen
class AccountPace:
    """How fast an account sent its adds.

    Attributes:
        status: The account's status.
        adds: How many adds it sent in all.
        most_in_a_minute: The most adds in any 60 seconds.
        most_in_a_day: The most adds in any 24 hours.
        peaks: The most adds in any 60 seconds that end in a column of the axis, by column.
    """

    status: AccountStatus
    adds: int
    most_in_a_minute: int
    most_in_a_day: int
    peaks: Sequence[int]


@frozen
class FollowUpPerson:
    """A person who needs manual follow-up.

    Attributes:
        number: The person's number.
        group: The group's JID.
        provider: The account, by its configured name.
        place: The person's place in the user's file, such as `people.csv, line 4`.
    """

    number: str = field(repr=False)
    group: str = field(repr=False)
    provider: str
    place: str


@frozen
class FollowUp:
    """The people who need manual follow-up for one reason.

    Attributes:
        status: Their status.
        reason: The reason.
        count: Their number.
        people: The first of them.
    """

    status: Status
    reason: Reason
    count: int
    people: Sequence[FollowUpPerson]


@frozen
class RowFault:
    """A row of the user's file that cannot be used.

    Attributes:
        place: The row's place in the file, such as `people.csv, line 4`.
        why: What is wrong with it.
    """

    place: str
    why: str


@frozen(kw_only=True)
class ReportData:
    """Everything that a report shows.

    Attributes:
        made_at: When the ledger was read, in local time.
        status: The status of the plan and of each account.
        pace: The allowed pace.
        axis: The time that the charts show.
        verdicts: How many people got which verdict, by column of the axis.
        reasons: How many people have which reason, the most frequent first.
        accounts: The pace of each account.
        follow_ups: The people who need manual follow-up: unknown first, then by count, descending.
        invalid_count: How many rows cannot be used.
        row_faults: The first of them.
    """

    made_at: datetime
    status: DripStatus
    pace: PaceSettings
    axis: TimeAxis
    verdicts: Sequence[Mapping[Status, int]]
    reasons: Mapping[Reason, int]
    accounts: Sequence[AccountPace]
    follow_ups: Sequence[FollowUp]
    invalid_count: int
    row_faults: Sequence[RowFault]

    @property
    def people_in(self) -> int:
        """How many people are in their group."""
        return self._count(Status.ADDED, Status.ALREADY_MEMBER)

    @property
    def people_invited_or_pending(self) -> int:
        """How many people can accept an invitation, or wait for an admin."""
        return self._count(Status.INVITED, Status.PENDING_APPROVAL)

    def _count(self, *statuses: Status) -> int:
        return sum(self.status.counts.get(status, 0) for status in statuses)

    @property
    def most_verdicts(self) -> int:
        """The most verdicts in one column of the axis."""
        return max((sum(counts.values()) for counts in self.verdicts), default=0)

    @property
    def eta_s(self) -> float | None:
        """Seconds until the slowest account that works sends its last add; None where no account has one to send."""
        going = (one for one in self.status.accounts if one.state not in {"stopped", "done"})
        return max((one.eta_s for one in going if one.eta_s is not None), default=None)

    @property
    def stopped_accounts(self) -> int:
        """How many accounts have stopped."""
        return sum(one.state == "stopped" for one in self.status.accounts)


def shape(rows: ReportFacts, status: DripStatus, pace: PaceSettings, *, now: float, full_numbers: bool) -> ReportData:
    """Return the report's figures.

    Args:
        rows: What the ledger knows.
        status: The status of the plan and of each account.
        pace: The allowed pace.
        now: The present, in seconds since 1970.
        full_numbers: Show whole numbers and groups; they are masked otherwise.
    """
    axis = TimeAxis.over([time for times in (*rows.verdict_times.values(), *rows.add_times.values()) for time in times])
    return ReportData(
        made_at=datetime.fromtimestamp(now, UTC).astimezone(),
        status=status,
        pace=pace,
        axis=axis,
        verdicts=_verdicts(rows.verdict_times, axis),
        reasons=_reasons(rows.reason_groups),
        accounts=[_account_pace(one, rows.add_times.get(one.provider, ()), axis) for one in status.accounts],
        follow_ups=_follow_ups(rows.reason_groups, str if full_numbers else masked),
        invalid_count=rows.invalid_count,
        row_faults=[RowFault(_place(row), scrubbed(row.fault)) for row in rows.invalid_rows],
    )


def counts_within(times: Sequence[float], length_s: float) -> Iterator[int]:
    """Yield for each time, in order, how many times lie in the `length_s` seconds that end with it.

    Args:
        times: The times in seconds, ascending.
        length_s: The length of the window, in seconds.
    """
    first = 0
    for count, time in enumerate(times, start=1):
        while times[first] <= time - length_s:
            first += 1
        yield count - first


def _verdicts(times: Mapping[Status, Sequence[float]], axis: TimeAxis) -> Sequence[Mapping[Status, int]]:
    columns = [Counter[Status]() for _ in range(axis.columns)]
    for status in Status:
        for time in times.get(status, ()):
            columns[axis.column_of(time)][status] += 1
    return columns


def _reasons(groups: Sequence[ReasonGroup]) -> Mapping[Reason, int]:
    counts = Counter[Reason]()
    for group in groups:
        counts[group.reason] += group.count
    return dict(sorted(counts.items(), key=lambda counted: (-counted[1], counted[0])))


def _account_pace(status: AccountStatus, times: Sequence[float], axis: TimeAxis) -> AccountPace:
    peaks = [0] * axis.columns
    for time, count in zip(times, counts_within(times, _MINUTE_S), strict=True):
        column = axis.column_of(time)
        peaks[column] = max(peaks[column], count)
    most_in_a_day = max(counts_within(times, _DAY_S), default=0)
    return AccountPace(status, len(times), max(peaks, default=0), most_in_a_day, peaks)


def _follow_ups(groups: Sequence[ReasonGroup], show: Callable[[str], str]) -> Sequence[FollowUp]:
    needed = (one for one in groups if one.status in _FOLLOW_UP and REASONS[one.reason].next_step is not None)
    unknown_first = sorted(needed, key=lambda group: group.status is not Status.UNKNOWN)
    return [
        FollowUp(group.status, group.reason, group.count, [_person(person, show) for person in group.people])
        for group in unknown_first
    ]


def _person(person: StoredPerson, show: Callable[[str], str]) -> FollowUpPerson:
    return FollowUpPerson(show(person.given), show(person.group_jid), person.provider, _place(person))


def _place(row: StoredPerson | InvalidRow) -> str:
    return f"{scrubbed(row.sheet)}, line {row.line}"
