"""The lease of an account: the right to work it, and the steps of its work, each in one transaction with its audit."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypedDict, TypeVar, Unpack

from attrs import define, evolve, field, frozen
from sqlalchemy import bindparam, case, or_, update

from groupadd.drip.stop_rules import Stop
from groupadd.drip.store.audit import AuditLine, Notes, OnLine
from groupadd.drip.store.clock_steps import after_set_back, after_set_forward
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.schema import accounts
from groupadd.drip.store.states import Event, state_after
from groupadd.drip.store.transition import PersonChanges, mark_same, transition
from groupadd.wire.driver import Clock
from groupadd.wire.messages import LONGEST_RETRY_S

P = ParamSpec("P")
T = TypeVar("T")

Condition = Callable[[Transaction], bool]


class LeaseLost(Exception):
    """Another worker has the account, the account has stopped, or the participant's row has changed.

    Nothing was written, and what the step would have announced must not be done.
    """


class ConditionNotMet(Exception):
    """A condition of the step does not hold any more; nothing was written."""


class AccountChanges(TypedDict, total=False):
    """What a step changes of its account's row."""

    asked: int
    next_at: float
    invite_at: float
    stopped: str
    why: str


@frozen
class Move:
    """An event that happens to a participant, and what it changes."""

    person: PlannedPerson
    event: Event
    changes: PersonChanges


@define
class Step:
    """A step of an account's work: a value, which the lease carries out as a whole when its block ends.

    Attributes:
        account: What changes of the account's row.
        unless_stopped: Whether a stopped account must not make the step.
        notes: The lines of the audit.
        moves: What happens to participants.
        duplicates: Participants, each with the JID whose verdict the participant shares.
        conditions: What must hold in the transaction.
        postponed_to: Before this moment, in seconds since 1970, no add and no invitation is due; or None.
    """

    account: AccountChanges
    unless_stopped: bool
    notes: Notes
    moves: list[Move] = field(factory=list[Move])
    duplicates: list[tuple[PlannedPerson, str]] = field(factory=list[tuple[PlannedPerson, str]])
    conditions: list[Condition] = field(factory=list[Condition])
    postponed_to: float | None = None

    def transition(
        self, person: PlannedPerson, event: Event, rule: str, detail: str = "", **changes: Unpack[PersonChanges]
    ) -> PlannedPerson:
        """Let an event happen to a participant; return the participant as they stand after it."""
        self.moves.append(Move(person, event, changes))
        self.note(event.word, rule, detail, person)
        return evolve(person, state=state_after(person.state, event), **changes)

    def share_verdict(self, person: PlannedPerson, first: PlannedPerson, rule: str) -> None:
        """Make a participant the duplicate of `first`, who is planned under the other form of the number."""
        self.transition(person, Event.DUPLICATE, rule, same_as=first.jid)
        self.duplicates.append((person, first.jid))

    def note(self, event: str, rule: str, detail: str = "", person: PlannedPerson | None = None) -> None:
        """Add a line to the audit."""
        group, jid = (None, None) if person is None else (person.group_jid, person.jid)
        self.notes.add(event, rule, detail, group=group, participant=jid)

    def require(self, condition: Condition) -> None:
        """Let the step be made only if a condition holds in its transaction."""
        self.conditions.append(condition)

    def carry_out(self, tx: Transaction, at: float) -> Sequence[AuditLine]:
        """Write everything but the account's row; return the lines of the audit.

        Args:
            tx: The transaction.
            at: The moment of the lines, in seconds since 1970.

        Raises:
            ConditionNotMet: A condition does not hold.
            LeaseLost: A participant's row has changed since it was read.
        """
        if not all(condition(tx) for condition in self.conditions):
            raise ConditionNotMet
        if not all(transition(tx, move.person, move.event, **move.changes) for move in self.moves):
            raise LeaseLost
        for person, first_jid in self.duplicates:
            mark_same(tx, person, first_jid)
        return self.notes.write(tx, at)


@define
class Lease:
    """The right to work an account, until it is released or runs out and another worker acquires it.

    Attributes:
        ledger: The ledger.
        provider: The account, by its configured name.
        lease_s: Seconds after which another worker may acquire an account without a sign of life.
        on_line: Called with every line of the audit once it is committed.
        expires_at: Until when no other worker can acquire the account, in seconds since 1970.
    """

    ledger: Ledger
    provider: str
    lease_s: float
    on_line: OnLine
    expires_at: float = 0.0
    _owner: str = field(factory=lambda: secrets.token_hex(8), init=False)

    @property
    def clock(self) -> Clock:
        """The ledger's clock."""
        return self.ledger.clock

    def now(self) -> float:
        """Return the moment, in seconds since 1970."""
        return self.ledger.now()

    async def read(self, query: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query on the ledger, and return its value.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        return await self.ledger.read(query, *args, **kwargs)

    async def acquire(self) -> bool:
        """Acquire the account; return whether it is ours. A file's one runner acquires it from any owner.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        expires_at = await self.ledger.write(self._acquire)
        self.expires_at = expires_at or 0.0
        return expires_at is not None

    def _acquire(self, tx: Transaction) -> float | None:
        self.ledger.sync_clock(tx)
        now = self.ledger.now()
        is_free = or_(accounts.c.owner.is_(None), accounts.c.lease_until < now)
        where = [accounts.c.provider == self.provider, *([is_free] if self.ledger.is_shared else [])]
        until = now + self.lease_s
        acquired = tx.execute(update(accounts).where(*where).values(owner=self._owner, lease_until=until)).rowcount
        if acquired:
            after_set_back(self.ledger, tx, self.provider)
        return until if acquired else None

    async def follow_clock(self, by_s: float, *, since: float, until: float) -> None:
        """Set the account's moments right after the clock was set.

        Args:
            by_s: By how many seconds it was set forward; below 0: back.
            since: The moment from which the account is worked, by the clock before.
            until: A moment that the clock did not reach before it was set.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        if by_s < 0:
            await self.ledger.write(lambda tx: after_set_back(self.ledger, tx, self.provider))
        else:
            await self.ledger.write(after_set_forward, self.provider, by_s, since=since, until=until)

    async def renew(self) -> None:
        """Keep the account for another `lease_s` seconds.

        Raises:
            LeaseLost: Another worker has it.
            LedgerError: The ledger cannot be used.
        """
        self.expires_at = await self.ledger.write(self._renew)

    def _renew(self, tx: Transaction) -> float:
        self.ledger.sync_clock(tx)
        expires_at = self.ledger.now() + self.lease_s
        self._hold(tx, expires_at)
        return expires_at

    async def ensure(self, seconds: float) -> float:
        """Return for how many seconds no other worker can acquire the account; renew the lease if they are too few.

        Raises:
            LeaseLost: Another worker has it.
            LedgerError: The ledger cannot be used.
        """
        if self.expires_at - self.ledger.now() < seconds:
            await self.renew()
        return self.expires_at - self.ledger.now()

    async def release(self) -> None:
        """Leave the account to the next worker.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        await self.ledger.write(self._release)

    def _release(self, tx: Transaction) -> None:
        ours = (accounts.c.provider == self.provider, accounts.c.owner == self._owner)
        tx.execute(update(accounts).where(*ours).values(owner=None, lease_until=self.ledger.now()))

    @asynccontextmanager
    async def step(self, *, unless_stopped: bool = False, **account: Unpack[AccountChanges]) -> AsyncIterator[Step]:
        """Record a step in the block; carry it out at the end of the block, and renew the lease with it.

        The lines of the audit are passed on once the step is committed.

        Args:
            unless_stopped: Whether a stopped account must not make the step.
            **account: New values of the account's row.

        Raises:
            LeaseLost: Another worker has the account, the account has stopped, or a participant's row has changed.
            ConditionNotMet: A condition of the step does not hold.
            LedgerError: The ledger cannot be used.
        """
        step = Step(account, unless_stopped, Notes(self.provider))
        yield step
        expires_at = self.ledger.now() + self.lease_s  # read before the step is sent: it errs on the short side
        lines = await self.ledger.write(self._carry_out, step, expires_at)
        self.expires_at = expires_at
        for line in lines:
            self.on_line(line)

    def _carry_out(self, tx: Transaction, step: Step, expires_at: float) -> Sequence[AuditLine]:
        self._hold(tx, expires_at, unless_stopped=step.unless_stopped, **step.account)
        if step.postponed_to is not None:
            tx.execute(_POSTPONE, {"name": self.provider, "until": step.postponed_to})
        return step.carry_out(tx, self.ledger.now())

    def _hold(
        self, tx: Transaction, expires_at: float, *, unless_stopped: bool = False, **account: Unpack[AccountChanges]
    ) -> None:
        held: dict[str, Any] = {"name": self.provider, "holder": self._owner, "lease_until": expires_at, **account}
        if tx.execute(_HOLD_IF_GOING if unless_stopped else _HOLD, held).rowcount != 1:
            raise LeaseLost

    async def stop(self, stop: Stop) -> None:
        """Stop the account. Neither an add nor an invitation is due before its wait is over.

        Raises:
            LeaseLost: Another worker has the account.
            LedgerError: The ledger cannot be used.
        """
        async with self.step(stopped=stop.rule, why=stop.why) as step:
            step.postponed_to = self.ledger.now() + min(LONGEST_RETRY_S, stop.wait_s)  # a plugin may say infinity
            step.note("stopped", stop.rule, stop.why)


# Built once: they set the parameters that are named as columns.
_HOLD = update(accounts).where(accounts.c.provider == bindparam("name"), accounts.c.owner == bindparam("holder"))
_HOLD_IF_GOING = _HOLD.where(accounts.c.stopped.is_(None))
_POSTPONE = (
    update(accounts)
    .where(accounts.c.provider == bindparam("name"))
    .values(
        next_at=case((accounts.c.next_at < bindparam("until"), bindparam("until")), else_=accounts.c.next_at),
        invite_at=case((accounts.c.invite_at < bindparam("until"), bindparam("until")), else_=accounts.c.invite_at),
    )
)
