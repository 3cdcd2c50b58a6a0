"""One account at work: the action that is due first is done next, one request at a time.

An add does not wait for looks. Participants who wait for a verdict are looked up later, all of a group together, and
`groupadd.adding.verdict` decides as for any add.
"""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Literal, NamedTuple, Self

from attrs import define, field, frozen

from groupadd.adding.observe import ProviderSession
from groupadd.drip import rate_limit
from groupadd.drip.stop_rules import LAST, REFUSALS, Stop, after_verdicts
from groupadd.drip.store import accounts, people
from groupadd.drip.store.accounts import AccountSnapshot
from groupadd.drip.store.clock_steps import TOLERANCE_S
from groupadd.drip.store.codec import UnusableValue
from groupadd.drip.store.database import Transaction
from groupadd.drip.store.lease import Lease, LeaseLost
from groupadd.drip.store.people import LookDue, PlannedPerson
from groupadd.drip.store.states import State
from groupadd.drip.worker.polling import RosterPoller
from groupadd.drip.worker.recording import Recorder
from groupadd.drip.worker.sending import RequestSender
from groupadd.drip.worker.steps import AccountSteps
from groupadd.errors import (
    ConfigError,
    GroupAddError,
    GroupNotFound,
    LedgerError,
    NotAllowed,
    NotAuthenticated,
    RateLimited,
    SessionNotReady,
    Unsupported,
    WrongAddress,
)
from groupadd.provider import KnowsSession, ListsParticipants
from groupadd.settings import AddSettings, PaceSettings
from groupadd.wire.messages import AsyncTransport, log
from groupadd.wire.retry import or_none

_SLICE_S = 30.0  # one sleep lasts no longer: new people, a pause and the clock may change what is due
_MOST_FAILURES = 5  # in a row, before the account stops; the pauses between them double

_STOPPING_ERRORS: tuple[tuple[type[GroupAddError], str], ...] = (
    (RateLimited, "rate_limited"),
    (SessionNotReady, "session_down"),
    (NotAuthenticated, "not_authenticated"),
    (NotAllowed, "not_allowed"),
    (GroupNotFound, "not_allowed"),
    (WrongAddress, "wrong_address"),
    (Unsupported, "unsupported"),
    (ConfigError, "config"),
)


class DueAction(NamedTuple):
    """What is due next: an add or an invitation for a participant, or a look at a group.

    Attributes:
        at: When it is due, in seconds since 1970.
        kind: What it is.
        person: The participant of an add or an invitation.
        group_jid: The group of a look.
    """

    at: float
    kind: Literal["ask", "look", "invite"]
    person: PlannedPerson | None = None
    group_jid: str = ""


@frozen
class Due:
    """What the ledger knows of an account's next action.

    Attributes:
        account: The account.
        next_up: The first participant who is queued, and the first to invite, by state.
        looks: The groups in which looks are due.
    """

    account: AccountSnapshot
    next_up: Mapping[State, PlannedPerson]
    looks: Sequence[LookDue]

    @classmethod
    def read(cls, tx: Transaction, pace: PaceSettings, provider: str) -> Self:
        """Read it in one transaction."""
        account = accounts.snapshot(tx, pace, provider)
        return cls(account, people.next_up(tx, provider), people.looks_due(tx, provider))


@define
class AccountWorker:
    """Works one account.

    Attributes:
        lease: The lease of the account.
        steps: Asks, invites and recovers.
        poller: Reads the rosters.
        sender: Sends the requests.
        recorder: Records the verdicts.
        pace: How fast.
        stopping: Set when the worker is to end after the participant in mid-call.
    """

    lease: Lease
    steps: AccountSteps
    poller: RosterPoller
    sender: RequestSender
    recorder: Recorder
    pace: PaceSettings
    stopping: asyncio.Event
    _failures: int = field(default=0, init=False)
    _not_before: float = field(default=0.0, init=False)
    _began_at: float = field(default=0.0, init=False)
    _clock_moved_s: float = field(default=0.0, init=False)
    _clock_checked_at: float = field(default=0.0, init=False)
    _chance: float = field(factory=random.random, init=False)

    @classmethod
    def of(
        cls,
        lease: Lease,
        session: ProviderSession,
        *,
        settings: AddSettings,
        pace: PaceSettings,
        transport: AsyncTransport,
        stopping: asyncio.Event,
    ) -> Self:
        """Return a worker for a leased account."""
        sender = RequestSender(lease, transport, settings.timeout_s)
        recorder = Recorder(lease, settings, isinstance(session.provider, ListsParticipants))
        poller = RosterPoller(lease, session, sender, recorder, settings, pace)
        steps = AccountSteps(lease, session, sender, poller, recorder, settings, pace)
        return cls(lease, steps, poller, sender, recorder, pace, stopping)

    @property
    def provider(self) -> str:
        """The account's configured name."""
        return self.lease.provider

    async def work(self, until: float = inf, *, idle_s: float = inf) -> float | None:
        """Work until no participant is to do, the account stops, or nothing is due for a while.

        Args:
            until: The moment at which to end, in seconds since 1970.
            idle_s: End, too, where nothing is due for more seconds than that.

        Returns:
            When the next action is due, in seconds since 1970; or None where there is none, or the account has stopped.

        Raises:
            LeaseLost: Another worker has the account.
            LedgerError: The ledger cannot be used. A participant in mid-call is looked up when it can be.
        """
        try:
            return await self._work(until, idle_s)
        except UnusableValue as error:  # a row of this account: the other accounts go on
            await self.lease.stop(Stop("ledger", str(error)))
            return None

    async def _work(self, until: float, idle_s: float) -> float | None:
        await self.steps.recover()
        self._began_at = self._clock_checked_at = self.lease.now()
        self._clock_moved_s = self.lease.ledger.clock_moved_s
        while not self.stopping.is_set():
            until += await self._follow_clock()
            due = await self.lease.read(Due.read, self.pace, self.provider)
            action = self._next_action(due)
            if action is None:
                return None
            if action.at >= min(until, self.lease.now() + idle_s):
                return action.at
            wait_s = action.at - self.lease.now()
            await self.sleep(min(wait_s, _SLICE_S))
            if wait_s <= _SLICE_S and not self.stopping.is_set():
                await self._execute(action, due.account)
        return self.lease.now()

    async def _follow_clock(self) -> float:
        """Set all moments right if the clock was set since the last action: none holds the account up.

        Returns:
            By how many seconds it was set forward; below 0: back.
        """
        moved_s, checked_at = self.lease.ledger.clock_moved_s, self._clock_checked_at
        by_s, self._clock_checked_at = moved_s - self._clock_moved_s, self.lease.now()
        if abs(by_s) <= TOLERANCE_S:
            return 0.0
        log.warning("the clock was set %s by %.0f s", "forward" if by_s > 0 else "back", abs(by_s))
        until = checked_at + abs(by_s)  # an action takes less time than that, or the step is short
        await self.lease.follow_clock(by_s, since=self._began_at, until=until)
        self.poller.follow_clock(by_s, until=until)
        self._clock_moved_s = moved_s
        self._not_before += by_s if self._not_before < until else 0.0
        self._began_at += by_s
        return by_s

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the worker is to end."""
        if seconds <= 0:
            return
        stopping = asyncio.ensure_future(self.stopping.wait())
        sleeping = asyncio.ensure_future(self.lease.clock.sleep_async(seconds))
        try:
            await asyncio.wait({stopping, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            sleeping.cancel()

    def _next_action(self, due: Due) -> DueAction | None:
        """Return what is due first, an add before a look before an invitation; None where the account has stopped."""
        if due.account.stopped is not None:
            return None
        first = min(self._actions(due), key=lambda action: action.at, default=None)
        return first and first._replace(at=max(first.at, self._not_before))

    def _actions(self, due: Due) -> Iterator[DueAction]:
        account, now = due.account, self.lease.now()
        if queued := due.next_up.get(State.QUEUED):
            add_at = rate_limit.due(self.pace, account.next_at, account.answers, chance=self._chance, now=now)
            yield DueAction(add_at, "ask", queued)
        for look in due.looks:
            next_at = self.poller.group(look.group_jid).next_at
            yield DueAction(max(look.at, next_at), "look", group_jid=look.group_jid)
        if to_invite := due.next_up.get(State.TO_INVITE):
            invite_at = max(rate_limit.at_most_a_year_on(account.invite_at, now), now)
            yield DueAction(rate_limit.after_quiet(self.pace, invite_at), "invite", to_invite)

    async def _execute(self, action: DueAction, account: AccountSnapshot) -> None:
        """Do what is due. A failure is retried a few times, or stops the account."""
        self.sender.limited_s = None
        try:
            if action.person is None:
                await self.poller.look_after(action.group_jid)
            elif action.kind == "ask":
                await self.steps.ask(action.person, account)
                self._chance = random.random()  # noqa: S311  no secret
            else:
                await self.steps.invite(action.person)
            await self._apply_stop_rules(account)
        except LeaseLost:
            await self.lease.renew()  # raises if the lease is lost; else the account has stopped, or a row has changed
            await self.steps.recover()
        except UnusableValue as error:  # the answer is lost, and not the account: the participant is looked up
            await self._handle(error)
            await self.steps.recover()
        except GroupAddError as error:
            await self._handle(error)
        else:
            self._failures = 0
        if (limited_s := self.sender.limited_s) is not None:
            await self.lease.stop(Stop("rate_limited", "the provider asks for patience (429)", limited_s))

    async def _handle(self, error: GroupAddError) -> None:
        """Stop the account for an error that does not pass by itself; pause for one that may.

        Raises:
            LedgerError: The error is the ledger's.
        """
        stop = _stop_for(error)
        self._failures += 1
        if stop is None and self._failures >= _MOST_FAILURES:
            rule = "ledger" if isinstance(error, UnusableValue) else "unreachable"
            stop = Stop(rule, f"{self._failures} tries in a row failed: {error}")
        if stop is None:
            pause_s = self.pace.gap_s * 2**self._failures
            self._not_before = self.lease.now() + pause_s
            log.warning("%s: %s; trying again in %.0f s", self.provider, error, pause_s)
        elif self.sender.limited_s is None:
            await self.lease.stop(stop)

    async def _apply_stop_rules(self, account: AccountSnapshot) -> None:
        """Stop the account where its latest verdicts, or its session after a refusal, say so."""
        reasons = self.recorder.take_reasons()
        if not any(reasons):
            return
        if REFUSALS.intersection(reasons) and await self._session_is_down():
            await self.lease.stop(Stop("session_down", "the provider's WhatsApp session is down after a refusal"))
            return
        latest = await self.lease.read(people.latest_verdicts, self.provider, account.resumed_at, LAST)
        if (stop := after_verdicts(latest)) is not None:
            await self.lease.stop(stop)

    async def _session_is_down(self) -> bool:
        provider = self.steps.session.provider
        if not isinstance(provider, KnowsSession):
            return False
        session = await self.sender.drive(or_none(provider.session))
        return session is not None and session.ready is False


def _stop_for(error: GroupAddError) -> Stop | None:
    """Return why the account stops for this error; None for one that may pass by itself.

    Raises:
        LedgerError: The ledger cannot be used: without a ledger, nothing can be stopped.
    """
    if isinstance(error, LedgerError) and not isinstance(error, UnusableValue):
        raise error
    rule = next((rule for kind, rule in _STOPPING_ERRORS if isinstance(error, kind)), None)
    wait_s = error.retry_after_s or 0.0 if isinstance(error, RateLimited) else 0.0
    return None if rule is None else Stop(rule, str(error), wait_s)
