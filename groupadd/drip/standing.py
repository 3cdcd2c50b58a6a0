"""How accounts stand, as the ledger says: one statement for one of them or for all."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Integer, ScalarSelect, bindparam, literal, select

from groupadd.drip.pace import Answers
from groupadd.drip.schema import accounts, audit
from groupadd.settings import PaceSettings


@frozen
class Standing:
    """What the ledger says of an account.

    Attributes:
        provider: Its configured name.
        asked: How many adds it has made.
        next_at: The moment of its next add in the schedule.
        invite_at: When its next invitation is.
        stopped: The rule by which it has stopped, or None.
        why: Why it has.
        resumed_at: When it was last let go on.
        lease_until: Until when somebody has it; a moment that is past where nobody does.
    """

    provider: str
    asked: int
    next_at: float
    invite_at: float
    stopped: str | None
    why: str | None
    resumed_at: float
    lease_until: float
    _last: float | None
    _window_ago: float | None
    _day_ago: float | None

    @property
    def answers(self) -> Answers:
        """When the adds were answered that bind the next one."""
        return Answers(self._last, self._window_ago, self._day_ago)


def standings(tx: Connection, pace: PaceSettings, provider: str | None = None) -> list[Standing]:
    """Read how all accounts stand, by name, or how one does."""
    shares = {"window": pace.window_share - 1, "day": pace.adds_per_day - 1}
    one = {} if provider is None else {"name": provider}
    rows: Sequence[Any] = tx.execute(_ALL if provider is None else _ONE, {**shares, **one}).all()
    return [Standing(*row) for row in rows]


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
    _answer(literal(0)),
    _answer(bindparam("window", type_=Integer)),
    _answer(bindparam("day", type_=Integer)),
).order_by(accounts.c.provider)
_ONE = _ALL.where(accounts.c.provider == bindparam("name"))
