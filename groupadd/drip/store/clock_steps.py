"""A clock that is set back or forward in the midst of a plan: the moments that it wrote before are set right.

A moment in the future would hold an account up until then. A lost add counts as over too early where the clock is set
forward. So moments are moved by as much as the clock was.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, select, update

from groupadd.drip.store.audit import note
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.schema import accounts, audit, people
from groupadd.drip.store.states import State

TOLERANCE_S = 5.0  # machines that share a ledger, and network time, differ by less


def after_set_back(ledger: Ledger, tx: Transaction, provider: str) -> None:
    """Move an account's moments back where its audit shows that they were written by a clock that was ahead.

    The latest line of the audit gets the present moment, so that no wait is longer than from now on.
    """
    now = ledger.now()
    of_account = audit.c.provider == provider
    latest = tx.scalar(select(func.max(audit.c.at)).where(of_account, audit.c.at > now + TOLERANCE_S))
    if latest is None:
        return
    ahead_s = latest - now
    too_late = (of_account, audit.c.at > now)
    concerned = select(audit.c.participant).where(*too_late)
    moved = (people.c.provider == provider, people.c.jid.in_(concerned))
    _move_back(tx, people, ("sent_at", "answered_at", "look_at", "settled_at"), moved, now, ahead_s)
    _move_back(tx, accounts, ("next_at", "invite_at", "resumed_at"), (accounts.c.provider == provider,), now, ahead_s)
    _move_back(tx, audit, ("at",), too_late, now, ahead_s)
    note(tx, now, "clock_set_back", "moments in the future", f"{ahead_s:.0f} s", provider=provider)


def _move_back(
    tx: Transaction, table: Table, names: Sequence[str], where: Sequence[ColumnElement[bool]], now: float, by_s: float
) -> None:
    """Move the moments of some columns back that are in the future."""
    values: dict[str, Any] = {
        name: case((table.c[name] > now, table.c[name] - by_s), else_=table.c[name]) for name in names
    }
    tx.execute(update(table).where(*where).values(**values))


def after_set_forward(tx: Transaction, provider: str, by_s: float, *, since: float, until: float) -> None:
    """Move the looks of an account on that wait for an add, as far as the clock wrote their moments before.

    Args:
        tx: The transaction.
        provider: The account, by its configured name.
        by_s: By how much the clock was set forward, in seconds.
        since: The moment from which the account is worked, in seconds since 1970, by the clock before.
        until: A moment that the clock did not reach before it was set.
    """
    waiting = (people.c.provider == provider, people.c.state == State.AWAITING_VERDICT, people.c.sent_at >= since)
    answered = people.c.answered_at < until
    values: dict[str, Any] = {
        "sent_at": case((people.c.sent_at < until, people.c.sent_at + by_s), else_=people.c.sent_at),
        "answered_at": case((answered, people.c.answered_at + by_s), else_=people.c.answered_at),
        "look_at": case((answered, people.c.look_at + by_s), else_=people.c.look_at),
    }
    tx.execute(update(people).where(*waiting).values(**values))
