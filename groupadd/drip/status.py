"""How a plan stands: in all, and account by account."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, TypedDict

from attrs import frozen
from sqlalchemy import Connection, func, select

from groupadd.config import load
from groupadd.document import Source
from groupadd.drip import pace as paces
from groupadd.drip.holding import answers
from groupadd.drip.ledger import DEFAULT, Ledger
from groupadd.drip.rules import HOW_TO_GO_ON
from groupadd.drip.schema import State, accounts, audit, people
from groupadd.flow import Clock
from groupadd.outcome import Status
from groupadd.terms import Pace

AccountRow: TypeAlias = Any  # a row of the table of accounts
AccountState: TypeAlias = Literal["ready", "running", "resting", "stopped", "done"]
_NO_PERSON = (State.TWIN.value, State.UNUSABLE.value)


class AccountJSON(TypedDict):
    """One account in the JSON of a status."""

    provider: str
    state: str
    why: str | None
    done: int
    left: int
    eta_s: float | None


class StatusJSON(TypedDict):
    """The JSON of a status (contract 8)."""

    ledger: str
    people: int
    left: int
    counts: dict[str, int]
    accounts: list[AccountJSON]


@frozen
class AccountStatus:
    """How one account stands.

    Attributes:
        provider: Its configured name.
        state: `ready`, `running`, `resting` (running, and its next add is due after a rest, a day or quiet hours),
            `stopped`, or `done`.
        why: Why it has stopped, or None.
        how_to_go_on: What to do about it, or None.
        done: How many of its people have a verdict.
        left: How many have none.
        eta_s: Seconds until the last one is asked for, if nothing goes wrong; None where nobody is left to ask for.
        next_at: When its next add is due, in UTC; None likewise.
        adds_in_last_minute: How many adds it made in the last 60 seconds.
    """

    provider: str
    state: AccountState
    why: str | None
    how_to_go_on: str | None
    done: int
    left: int
    eta_s: float | None
    next_at: datetime | None
    adds_in_last_minute: int


@frozen
class DripStatus:
    """How everything in a ledger stands.

    Attributes:
        ledger: The ledger's URL, without a password.
        people: How many people are planned, each once a group.
        left: How many of them have no verdict yet.
        counts: How many have which verdict.
        accounts: How each account stands, by name.
    """

    ledger: str
    people: int
    left: int
    counts: Mapping[Status, int]
    accounts: tuple[AccountStatus, ...]

    @property
    def has_stopped(self) -> bool:
        """Whether an account with people left has stopped."""
        return any(account.state == "stopped" for account in self.accounts)

    def as_dict(self) -> StatusJSON:
        """Return everything as JSON values."""
        return {
            "ledger": self.ledger,
            "people": self.people,
            "left": self.left,
            "counts": {status.value: self.counts.get(status, 0) for status in Status},
            "accounts": [
                {
                    "provider": one.provider,
                    "state": one.state,
                    "why": one.why,
                    "done": one.done,
                    "left": one.left,
                    "eta_s": one.eta_s,
                }
                for one in self.accounts
            ],
        }


def status(*, ledger: str = DEFAULT, config: Source = None, clock: Clock | None = None) -> DripStatus:
    """Say how everything in a ledger stands.

    Args:
        ledger: The ledger's URL.
        config: Where the pace is configured, as for `groupadd.connect`.
        clock: Time itself, for tests.

    Raises:
        ConfigError: The configuration cannot be used.
        LedgerError: The ledger cannot be used.
    """
    pace = load(config).drip
    with Ledger.open(ledger, clock=clock) as book:
        return status_of(book, pace)


def status_of(book: Ledger, pace: Pace) -> DripStatus:
    """Say how everything in an open ledger stands."""
    columns = (people.c.provider, people.c.state, people.c.status)
    by_account: dict[str, Counter[str]] = {}
    counts: Counter[Status] = Counter()
    with book.reading() as tx:
        planned = select(*columns, func.count()).where(people.c.state.notin_(_NO_PERSON)).group_by(*columns)
        for provider, state, became, count in tx.execute(planned):
            by_account.setdefault(provider, Counter())[_where(state)] += count
            if _where(state) == "done":
                counts[Status(became)] += count
        told = tuple(_account(tx, row, by_account, pace, book.clock.now()) for row in _rows(tx))
    left = sum(one["left"] for one in by_account.values())
    return DripStatus(book.name, left + counts.total(), left, counts, told)


def _where(state: str) -> str:
    return "done" if state == State.DONE else "left"


def _rows(tx: Connection) -> list[AccountRow]:
    return list(tx.execute(select(accounts).order_by(accounts.c.provider)))


def _account(
    tx: Connection,
    row: AccountRow,
    by_account: Mapping[str, Counter[str]],
    pace: Pace,
    now: float,
) -> AccountStatus:
    counted = by_account.get(row.provider, Counter())
    last = ends_at(tx, row.provider, pace, now)
    held = row.owner is not None and row.lease_until > now
    next_at = None if last is None else _next_at(tx, row, pace, now)
    state: AccountState
    if not counted["left"]:
        state = "done"
    elif row.stopped is not None:
        state = "stopped"
    elif not held:
        state = "ready"
    else:
        resting = next_at is not None and next_at - now > pace.gap_s * (1 + pace.jitter)
        state = "resting" if resting else "running"
    minute = (audit.c.provider == row.provider, audit.c.event == "asking", audit.c.at > now - 60)
    return AccountStatus(
        row.provider,
        state,
        row.why if state == "stopped" else None,
        HOW_TO_GO_ON.get(str(row.stopped)) if state == "stopped" else None,
        counted["done"],
        counted["left"],
        None if last is None else max(last - now, 0.0),
        None if next_at is None else datetime.fromtimestamp(next_at, UTC),
        tx.scalar(select(func.count()).select_from(audit).where(*minute)) or 0,
    )


def ends_at(tx: Connection, provider: str, pace: Pace, now: float) -> float | None:
    """Return when the last of an account's adds is due, if nothing goes wrong; None where nobody is to be asked for."""
    waits = (people.c.provider == provider, people.c.state == State.WAITING.value)
    left = tx.scalar(select(func.count()).select_from(people).where(*waits)) or 0
    if not left:
        return None
    row: AccountRow = tx.execute(select(accounts).where(accounts.c.provider == provider)).one()
    return paces.last_moment(pace, left=left, asked=row.asked, next_at=_next_at(tx, row, pace, now))


def _next_at(tx: Connection, row: AccountRow, pace: Pace, now: float) -> float:
    return paces.due(pace, row.next_at, answers(tx, row.provider, pace), chance=0.0, now=now)
