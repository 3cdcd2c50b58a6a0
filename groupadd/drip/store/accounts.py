"""The accounts, as the ledger's rows tell of them: pace, stops, and the queue for workers on other machines.

A queued account outlives every worker and the command that queued it. An engine's jobs are made from the queue; a lost
job is made anew.
"""

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Integer, ScalarSelect, bindparam, exists, insert, literal, select, update

from groupadd.drip.rate_limit import Answers
from groupadd.drip.stop_rules import Stop
from groupadd.drip.store.audit import note
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.schema import accounts, audit, is_to_do, people
from groupadd.settings import PaceSettings


@frozen(kw_only=True)
class AccountSnapshot:
    """An account, as the ledger's row was read. Moments are seconds since 1970.

    Attributes:
        provider: Its configured name.
        asked: How many adds it has sent.
        next_at: The moment of its next add in the schedule.
        invite_at: When its next invitation is due.
        stopped: The rule by which it has stopped, or None.
        why: Why it has stopped.
        resumed_at: When it was last resumed.
        lease_until: When the lease of its worker ends; a past moment where no worker has it.
        last: When its last add was answered, or None.
        window_ago: When the add was answered that is a window's share ago, or None.
        day_ago: When the add was answered that is a day's share ago, or None.
    """

    provider: str
    asked: int
    next_at: float
    invite_at: float
    stopped: str | None
    why: str | None
    resumed_at: float
    lease_until: float
    last: float | None
    window_ago: float | None
    day_ago: float | None

    @property
    def answers(self) -> Answers:
        """When the adds were answered that bind the next one."""
        return Answers(self.last, self.window_ago, self.day_ago)


def snapshots(tx: Transaction, pace: PaceSettings) -> list[AccountSnapshot]:
    """Return all accounts, by name."""
    return [_snapshot(row) for row in tx.execute(_ALL, _shares(pace))]


def snapshot(tx: Transaction, pace: PaceSettings, provider: str) -> AccountSnapshot:
    """Return one account."""
    return _snapshot(tx.execute(_ONE, {**_shares(pace), "name": provider}).one())


def _shares(pace: PaceSettings) -> dict[str, int]:
    return {"window": pace.window_share - 1, "day": pace.adds_per_day - 1}


def _snapshot(row: Any) -> AccountSnapshot:  # noqa: ANN401  a row
    return AccountSnapshot(**row._mapping)


def _answer(adds_ago: ColumnElement[int]) -> ScalarSelect[float]:
    answered = (audit.c.provider == accounts.c.provider, audit.c.event == "answered")
    newest_first = select(audit.c.at).where(*answered).order_by(audit.c.id.desc())
    return newest_first.offset(adds_ago).limit(1).correlate(accounts).scalar_subquery()


_ALL = select(
    accounts.c.provider,
    accounts.c.asked,
    accounts.c.next_at,
    accounts.c.invite_at,
    accounts.c.stopped,
    accounts.c.why,
    accounts.c.resumed_at,
    accounts.c.lease_until,
    _answer(literal(0)).label("last"),
    _answer(bindparam("window", type_=Integer)).label("window_ago"),
    _answer(bindparam("day", type_=Integer)).label("day_ago"),
).order_by(accounts.c.provider)
_ONE = _ALL.where(accounts.c.provider == bindparam("name"))


def names(tx: Transaction) -> Sequence[str]:
    """Return the configured names of all accounts."""
    return tx.scalars(select(accounts.c.provider).order_by(accounts.c.provider)).all()


def with_people_to_do(tx: Transaction) -> Sequence[str]:
    """Return the configured names of the accounts that have people to do."""
    to_do = select(people.c.provider).where(is_to_do).distinct().order_by(people.c.provider)
    return tx.scalars(to_do).all()


def add_account(tx: Transaction, provider: str) -> None:
    """Add an account, where the ledger has none of this name."""
    if tx.scalar(select(accounts.c.provider).where(accounts.c.provider == provider)) is None:
        tx.execute(insert(accounts).values(provider=provider))


def stop_account(ledger: Ledger, tx: Transaction, provider: str, stop: Stop) -> bool:
    """Stop an account, whichever worker has it. Return whether that is news: a stopped one keeps its first reason."""
    going = (accounts.c.provider == provider, accounts.c.stopped.is_(None))
    is_news = bool(tx.execute(update(accounts).where(*going).values(stopped=stop.rule, why=stop.why)).rowcount)
    if is_news:
        note(tx, ledger.now(), "stopped", stop.rule, stop.why, provider=provider)
    return is_news


def resume_account(ledger: Ledger, tx: Transaction, provider: str) -> bool:
    """Let a stopped account go on; return whether it had stopped.

    Its earlier verdicts no longer count against it. Its pace stays.
    """
    stopped = (accounts.c.provider == provider, accounts.c.stopped.isnot(None))
    going_on = {"stopped": None, "why": None, "resumed_at": ledger.now()}
    is_news = bool(tx.execute(update(accounts).where(*stopped).values(**going_on)).rowcount)
    if is_news:
        note(tx, ledger.now(), "resumed", "by hand", provider=provider)
    return is_news


_has_people_to_do = exists(select(people.c.id).where(people.c.provider == accounts.c.provider, is_to_do))


@frozen(kw_only=True)
class QueuedAccount:
    """An account that workers are to work.

    Attributes:
        provider: Its configured name.
        lease_until: When the lease of its worker ends, in seconds since 1970; a past moment where no worker has it.
    """

    provider: str
    lease_until: float


def enqueue_accounts(ledger: Ledger) -> Sequence[str]:
    """Queue every account with people to do; return their configured names."""
    with ledger.writing() as tx:
        found = tx.scalars(select(accounts.c.provider).where(_has_people_to_do).order_by(accounts.c.provider)).all()
        new = (accounts.c.provider.in_(found), accounts.c.queued_at.is_(None))
        tx.execute(update(accounts).where(*new).values(queued_at=ledger.now()))
    return found


def queued_accounts(ledger: Ledger) -> Sequence[QueuedAccount]:
    """Return the accounts that are queued, have people to do, and have not stopped."""
    waiting = (accounts.c.queued_at.isnot(None), accounts.c.stopped.is_(None), _has_people_to_do)
    with ledger.reading() as tx:
        rows = tx.execute(select(accounts.c.provider, accounts.c.lease_until).where(*waiting))
        return [QueuedAccount(**row._mapping) for row in rows]


def dequeue(ledger: Ledger, provider: str) -> None:
    """Take an account out of the queue if it has no people to do: later ones wait until it is queued again."""
    done = (accounts.c.provider == provider, ~_has_people_to_do)
    with ledger.writing() as tx:
        tx.execute(update(accounts).where(*done).values(queued_at=None))
