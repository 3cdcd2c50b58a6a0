"""An account in hand: every step is made by compare-and-set, in one transaction with its line of the audit."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import define, field
from sqlalchemy import Connection, bindparam, or_, update

from groupadd.drip.ledger import AuditLine, Ledger
from groupadd.drip.person import Person, Stored
from groupadd.drip.rules import Stop
from groupadd.drip.schema import State, accounts, people
from groupadd.wire.messages import LONGEST_RETRY_S

Tell = Callable[[AuditLine], None]

# Built once: what they set are the parameters named as columns.
_MOVE = update(people).where(
    people.c.id == bindparam("who"), people.c.state == bindparam("stood"), people.c.tries == bindparam("tried")
)
_HOLD = update(accounts).where(accounts.c.provider == bindparam("name"), accounts.c.owner == bindparam("holder"))
_HOLD_IF_GOING = _HOLD.where(accounts.c.stopped.is_(None))


class Overtaken(Exception):
    """Somebody else has taken the account, or changed the row: what we were about to do must not be done."""


@define
class Step:
    """One transaction, and the lines that are told once it is committed."""

    tx: Connection
    ledger: Ledger
    provider: str
    lines: list[AuditLine] = field(factory=list[AuditLine])

    def move(self, person: Person, to: State, event: str, rule: str, detail: str = "", **values: Stored) -> None:
        """Bring somebody from where they were read to stand to where they stand now.

        Raises:
            Overtaken: They stand elsewhere by now.
        """
        stood = {"who": person.id, "stood": person.state.value, "tried": person.tries}
        if self.tx.execute(_MOVE, {**stood, "state": to.value, **values}).rowcount != 1:
            raise Overtaken
        self.note(event, rule, detail, person)

    def note(self, event: str, rule: str, detail: str = "", person: Person | None = None) -> None:
        """Write a line of the audit."""
        group, jid = (None, None) if person is None else (person.group_jid, person.jid)
        self.lines.append(
            self.ledger.note(self.tx, event, rule, detail, provider=self.provider, group=group, participant=jid)
        )


@define
class Holding:
    """An account that is worked here, until it is let go or somebody else takes it.

    Attributes:
        ledger: Where it stands.
        provider: The account, by its configured name.
        lease_s: Seconds after which another machine may take an account that gives no sign of life.
        tell: Who is told of every line.
        held_until: Until when nobody else may have it.
    """

    ledger: Ledger
    provider: str
    lease_s: float
    tell: Tell
    held_until: float = 0.0
    _owner: str = field(factory=lambda: secrets.token_hex(8), init=False)

    def take(self) -> bool:
        """Take the account, and return whether we have it. A ledger that is a file has no other runner: see `lock`."""
        with self.ledger.writing() as tx:
            self.ledger.set_clock(tx)
            now = self.ledger.clock.now()
            is_free = or_(accounts.c.owner.is_(None), accounts.c.lease_until < now)
            where = [accounts.c.provider == self.provider, *([] if self.ledger.file else [is_free])]
            until = now + self.lease_s
            taken = tx.execute(update(accounts).where(*where).values(owner=self._owner, lease_until=until)).rowcount
        self.held_until = until if taken else 0.0
        return bool(taken)

    def renew(self) -> None:
        """Keep the account.

        Raises:
            Overtaken: It is somebody else's.
        """
        with self.ledger.writing() as tx:
            self.ledger.set_clock(tx)
            until = self._hold(tx)
        self.held_until = until

    def lasts(self, seconds: float) -> float:
        """Return for how many seconds nobody else may have the account; where those are too few, keep it first.

        Raises:
            Overtaken: It is somebody else's.
        """
        if self.held_until - self.ledger.clock.now() < seconds:
            self.renew()
        return self.held_until - self.ledger.clock.now()

    def let_go(self) -> None:
        """Leave the account to whoever comes next."""
        mine = (accounts.c.provider == self.provider, accounts.c.owner == self._owner)
        with self.ledger.writing() as tx:
            tx.execute(update(accounts).where(*mine).values(owner=None, lease_until=self.ledger.clock.now()))

    @contextmanager
    def step(self, *, unless_stopped: bool = False, **values: Stored) -> Iterator[Step]:
        """Begin a step of this account's, which changes its own row by these values, and keeps the account.

        Args:
            unless_stopped: Whether the step may not be made by an account that has stopped.
            **values: New values of the account's row, by column.

        Raises:
            Overtaken: The account is somebody else's by now, or has stopped.
        """
        with self.ledger.writing() as tx:
            until = self._hold(tx, unless_stopped=unless_stopped, **values)
            step = Step(tx, self.ledger, self.provider)
            yield step
        self.held_until = until
        for line in step.lines:
            self.tell(line)

    def _hold(self, tx: Connection, *, unless_stopped: bool = False, **values: Stored) -> float:
        until = self.ledger.clock.now() + self.lease_s
        held = {"name": self.provider, "holder": self._owner}
        statement = _HOLD_IF_GOING if unless_stopped else _HOLD
        if tx.execute(statement, {**held, "lease_until": until, **values}).rowcount != 1:
            raise Overtaken
        return until

    def stop(self, stop: Stop) -> None:
        """Stop the account, with why."""
        until = self.ledger.clock.now() + min(LONGEST_RETRY_S, stop.wait_s)  # a plugin may say infinity
        with self.step(stopped=stop.rule, why=stop.why) as step:
            later = (accounts.c.provider == self.provider, accounts.c.next_at < until)
            step.tx.execute(update(accounts).where(*later).values(next_at=until, invite_at=until))
            step.note("stopped", stop.rule, stop.why)
