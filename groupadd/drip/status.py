"""How a plan stands: in all, and account by account."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias, TypedDict

from attrs import frozen
from sqlalchemy import func, select

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip import rate_limit
from groupadd.drip.stop_rules import HOW_TO_GO_ON
from groupadd.drip.store.accounts import AccountSnapshot, snapshots
from groupadd.drip.store.audit import adds_since
from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.drip.store.schema import is_planned, people
from groupadd.drip.store.states import State
from groupadd.model.outcome import Status
from groupadd.settings import PaceSettings
from groupadd.wire.driver import Clock

AccountState: TypeAlias = Literal["ready", "running", "resting", "stopped", "done"]


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


def status(*, ledger: str = DEFAULT_URL, config: Source = None, clock: Clock | None = None) -> DripStatus:
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


def status_of(book: Ledger, pace: PaceSettings) -> DripStatus:
    """Say how everything in an open ledger stands."""
    columns = (people.c.provider, people.c.state, people.c.status)
    planned = select(*columns, func.count()).where(is_planned).group_by(*columns)
    by_account: dict[str, Counter[State]] = {}
    counts: Counter[Status] = Counter()
    with book.reading() as tx:
        for provider, state, became, count in tx.execute(planned):
            by_account.setdefault(provider, Counter())[state] += count
            if state is State.DONE:
                counts[became] += count
        lately = adds_since(tx, book.now() - 60)
        stand = snapshots(tx, pace)
    told = tuple(
        _account(one, by_account.get(one.provider, Counter()), lately.get(one.provider, 0), pace, book.now())
        for one in stand
    )
    left = sum(one.left for one in told)
    return DripStatus(book.name, left + counts.total(), left, counts, told)


def _account(
    standing: AccountSnapshot, counted: Counter[State], in_last_minute: int, pace: PaceSettings, now: float
) -> AccountStatus:
    left, to_ask = counted.total() - counted[State.DONE], counted[State.QUEUED]
    next_at = rate_limit.due(pace, standing.next_at, standing.answers, chance=0.0, now=now) if to_ask else None
    ends_at = next_at and rate_limit.last_moment(pace, left=to_ask, asked=standing.asked, next_at=next_at)
    state: AccountState
    if not left:
        state = "done"
    elif standing.stopped is not None:
        state = "stopped"
    elif standing.lease_until <= now:
        state = "ready"
    else:
        resting = next_at is not None and next_at - now > pace.gap_s * (1 + pace.jitter)
        state = "resting" if resting else "running"
    return AccountStatus(
        standing.provider,
        state,
        standing.why if state == "stopped" else None,
        HOW_TO_GO_ON.get(str(standing.stopped)) if state == "stopped" else None,
        counted[State.DONE],
        left,
        None if ends_at is None else max(ends_at - now, 0.0),
        None if next_at is None else datetime.fromtimestamp(next_at, UTC),
        in_last_minute,
    )
