"""How a plan stands: in all, and account by account."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from attrs import frozen

from groupadd.drip import rate_limit
from groupadd.drip.stop_rules import HOW_TO_GO_ON
from groupadd.drip.store.accounts import AccountSnapshot, snapshots
from groupadd.drip.store.audit import adds_since
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.people import counts
from groupadd.drip.store.states import State
from groupadd.model.json_form import to_json
from groupadd.model.outcome import Status
from groupadd.settings import PaceSettings

AccountState: TypeAlias = Literal["ready", "running", "resting", "stopped", "done"]


@frozen
class AccountStatus:
    """How one account stands.

    Attributes:
        provider: Its configured name.
        state: `ready`, `running`, `resting` (running, and its next add is due after a rest, a day or quiet hours),
            `stopped`, or `done`.
        why: Why the account has stopped, or None.
        how_to_go_on: What to do about it, or None.
        done: How many of its people have a verdict.
        left: How many of its people are to do.
        eta_s: Seconds until the last add is due, if nothing goes wrong; None where no add is to do.
        next_at: When the next add is due, in UTC; None where no add is to do.
        adds_in_last_minute: How many adds the account sent in the last 60 seconds.
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
        left: How many people are to do.
        counts: How many people have which status.
        accounts: The accounts, by name.
    """

    ledger: str
    people: int
    left: int
    counts: Mapping[Status, int]
    accounts: tuple[AccountStatus, ...]

    @property
    def has_stopped(self) -> bool:
        """Whether an account that has people to do has stopped."""
        return any(account.state == "stopped" for account in self.accounts)

    def as_dict(self) -> dict[str, object]:
        """Return everything as JSON values, keyed by attribute; `counts` has every status."""
        return {**to_json(self), "counts": {status.value: self.counts.get(status, 0) for status in Status}}


def status_of(ledger: Ledger, pace: PaceSettings) -> DripStatus:
    """Return how everything in a ledger stands."""
    with ledger.reading() as tx:
        now = ledger.now()
        counted = counts(tx)
        in_last_minute = adds_since(tx, now - 60)
        accounts = snapshots(tx, pace)
    by_state: defaultdict[str, Counter[State]] = defaultdict(Counter)
    by_status: Counter[Status] = Counter()
    for one in counted:
        by_state[one.provider][one.state] += one.people
        if one.state is State.DONE and one.status is not None:
            by_status[one.status] += one.people
    stand = tuple(
        _account(account, by_state[account.provider], in_last_minute.get(account.provider, 0), pace, now)
        for account in accounts
    )
    left = sum(account.left for account in stand)
    return DripStatus(ledger.name, left + by_status.total(), left, by_status, stand)


def _account(
    account: AccountSnapshot, by_state: Counter[State], in_last_minute: int, pace: PaceSettings, now: float
) -> AccountStatus:
    left, to_ask = by_state.total() - by_state[State.DONE], by_state[State.QUEUED]
    next_at = rate_limit.due(pace, account.next_at, account.answers, chance=0.0, now=now) if to_ask else None
    ends_at = next_at and rate_limit.last_moment(pace, remaining=to_ask, asked=account.asked, next_at=next_at)
    state = _state(account, left, next_at, pace, now)
    has_stopped = state == "stopped"
    return AccountStatus(
        account.provider,
        state,
        account.why if has_stopped else None,
        HOW_TO_GO_ON.get(str(account.stopped)) if has_stopped else None,
        by_state[State.DONE],
        left,
        None if ends_at is None else max(ends_at - now, 0.0),
        None if next_at is None else datetime.fromtimestamp(next_at, UTC),
        in_last_minute,
    )


def _state(account: AccountSnapshot, left: int, next_at: float | None, pace: PaceSettings, now: float) -> AccountState:
    if not left:
        return "done"
    if account.stopped is not None:
        return "stopped"
    if account.lease_until <= now:
        return "ready"
    rests = next_at is not None and next_at - now > pace.gap_s * (1 + pace.jitter)
    return "resting" if rests else "running"
