"""One account at work: whatever is due first is done next, one request at a time.

Asking does not wait for looking: who was asked for is looked at later, together with all others in their group who wait
for a verdict. One reading of a roster counts as the look of each, and `groupadd.adding.verdict` decides as for any add.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from typing import Literal, NamedTuple

from attrs import define, evolve, field

from groupadd.adding.add import looks_before
from groupadd.adding.ask import SentRequests, ask
from groupadd.adding.invite import invite
from groupadd.adding.observe import same_account
from groupadd.drip import rate_limit
from groupadd.drip.desk import Desk, verdict_of
from groupadd.drip.failing import stop_for
from groupadd.drip.rooms import Rooms
from groupadd.drip.stop_rules import LAST, REFUSALS, Stop, after_verdicts
from groupadd.drip.store import accounts, people
from groupadd.drip.store.accounts import AccountSnapshot
from groupadd.drip.store.database import Transaction
from groupadd.drip.store.lease import ConditionNotMet, LeaseLost
from groupadd.drip.store.people import LookDue, PlannedPerson
from groupadd.drip.store.states import Event, State
from groupadd.errors import GroupAddError, LedgerError, ProviderError, RequestRefused
from groupadd.model.codes import NO_ANSWER, UNRECOGNISED, Meaning
from groupadd.model.identity import GroupId
from groupadd.model.outcome import InviteState, Reason
from groupadd.provider import Claim, KnowsSession
from groupadd.settings import PaceSettings
from groupadd.wire.messages import log
from groupadd.wire.retry import or_none

_SLICE_S = 30.0  # sleep no longer than that at a time: new people, a pause and the clock may change what is due
_PATIENCE = 5  # failures in a row after which the account stops; the pauses between them double


class Turn(NamedTuple):
    """What is to be done next, and from when on: with whom, or in which group."""

    at: float
    what: Literal["ask", "look", "invite"]
    person: PlannedPerson | None = None
    group: str = ""


_EVENTS = {
    InviteState.SENT: Event.INVITED,
    InviteState.FAILED: Event.INVITE_FAILED,
    InviteState.UNKNOWN: Event.INVITE_UNKNOWN,
}


def _due(
    tx: Transaction, pace: PaceSettings, provider: str
) -> tuple[AccountSnapshot, Mapping[State, PlannedPerson], Sequence[LookDue]]:
    """Return what the ledger tells of an account's next action."""
    account = accounts.snapshot(tx, pace, provider)
    return account, people.next_up(tx, provider), people.looks_due(tx, provider)


def _other_form_is_uninvited(tx: Transaction, person: PlannedPerson) -> bool:
    other = people.other_form(tx, person, lock=True)
    return other is None or not other.was_invited


def _draw() -> float:
    return random.random()  # noqa: S311  nobody is to be kept from guessing it


@define
class Worker:
    """Works one account.

    Attributes:
        desk: Its place of work.
        stopping: Set when the worker is to end after the person in hand.
    """

    desk: Desk
    stopping: asyncio.Event
    _rooms: Rooms = field(init=False)
    _account: AccountSnapshot = field(init=False)
    _failures: int = field(default=0, init=False)
    _not_before: float = field(default=0.0, init=False)
    _chance: float = field(factory=_draw, init=False)

    def __attrs_post_init__(self) -> None:
        self._rooms = Rooms(self.desk)

    async def work(self, until: float = inf, *, idle_s: float = inf) -> float | None:
        """Work until nobody is left, the account stops, or the next thing is not due for a while.

        Args:
            until: The moment at which to end.
            idle_s: End, too, where nothing is due for more seconds than that.

        Returns:
            When the next thing is due, or None where there is nothing to be done, or nothing may be.

        Raises:
            LeaseLost: Somebody else has taken the account.
            LedgerError: The ledger cannot be used. Who is in hand is looked up when it can.
        """
        await self.desk.recover()
        while not self.stopping.is_set():
            turn = await self._next_turn()
            if turn is None:
                return None
            if turn.at >= min(until, self.desk.now() + idle_s):
                return turn.at
            wait_s = turn.at - self.desk.now()
            await self.sleep(min(wait_s, _SLICE_S))
            if wait_s <= _SLICE_S and not self.stopping.is_set():
                await self._take(turn)
        return self.desk.now()

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the run is to end."""
        if seconds <= 0:
            return
        told = asyncio.ensure_future(self.stopping.wait())
        slept = asyncio.ensure_future(self.desk.lease.ledger.clock.sleep_async(seconds))
        try:
            await asyncio.wait({told, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            slept.cancel()

    async def _next_turn(self) -> Turn | None:
        """Return what is due first, an add before a look before an invitation; None where the account may not go on."""
        desk, now = self.desk, self.desk.now()
        standing, next_up, looks = await desk.lease.ledger.read(_due, desk.pace, desk.provider)
        self._account = standing
        if standing.stopped is not None:
            return None
        add_at = rate_limit.due(desk.pace, standing.next_at, standing.answers, chance=self._chance, now=now)
        invite_at = rate_limit.after_quiet(desk.pace, max(rate_limit.at_hand(standing.invite_at, now), now))
        request_kinds = [Turn(add_at, "ask", next_up[State.QUEUED])] if State.QUEUED in next_up else []
        request_kinds += [
            Turn(max(look.at, self._rooms.room(look.group_jid).next_at), "look", group=look.group_jid) for look in looks
        ]
        request_kinds += [Turn(invite_at, "invite", next_up[State.TO_INVITE])] if State.TO_INVITE in next_up else []
        first = min(request_kinds, key=lambda turn: turn.at, default=None)
        return first and first._replace(at=max(first.at, self._not_before))

    async def _take(self, turn: Turn) -> None:
        """Take a turn; what keeps us from it is waited for a few times, or stops the account."""
        desk = self.desk
        desk.limited_s = None
        try:
            if turn.person is None:
                await self._rooms.read(turn.group)
            elif turn.what == "ask":
                await self._ask(turn.person)
            else:
                await self._invite(turn.person)
            await self._judge()
        except LeaseLost:
            await desk.lease.renew()  # raises where the account is not ours; else it was stopped, or a person changed
            await desk.recover()
        except GroupAddError as error:
            await self._fail(error)
        else:
            self._failures = 0
        if desk.limited_s is not None:
            await desk.lease.stop(Stop("rate_limited", "the provider asks for patience (429)", desk.limited_s))

    async def _fail(self, error: GroupAddError) -> None:
        """Stop the account for what will not pass by itself; wait a while for what may.

        Raises:
            LedgerError: The error is the ledger's.
        """
        stop = stop_for(error)
        self._failures += 1
        if stop is None and self._failures >= _PATIENCE:
            stop = Stop("unreachable", f"{self._failures} tries in a row failed: {error}")
        if stop is None:
            pause_s = self.desk.pace.gap_s * 2**self._failures
            self._not_before = self.desk.now() + pause_s
            log.warning("%s: %s; trying again in %.0f s", self.desk.provider, error, pause_s)
        elif self.desk.limited_s is None:
            await self.desk.lease.stop(stop)

    async def _ask(self, person: PlannedPerson) -> None:
        """Ask for one person, after a look where one is due: intent, call, record.

        Raises:
            LedgerError: The ledger cannot be used; they may have been asked for.
            GroupAddError: They were surely not asked for, and wait again.
        """
        desk, asked, case = self.desk, self._account.asked + 1, person.attempt()
        other = await self._other_form(person)
        if other is not None and other.id < person.id and await self._are_one(person, other):
            rule = "the provider takes both forms of the number for one account"
            async with desk.lease.step() as step:
                step.share_verdict(person, other, rule)
            return
        if looks_before(desk.account.provider, desk.terms):
            case.before = await self._rooms.look_before(person)
        if case.before is not None and case.before.member:
            async with desk.lease.step() as step:
                desk.settle(step, person, case, "seen before the add")
            return
        now = desk.now()
        following = partial(rate_limit.next_scheduled, desk.pace, asked=asked, scheduled=self._account.next_at)
        async with desk.lease.step(unless_stopped=True, asked=asked, next_at=following(answered_at=now)) as step:
            rule = "again, after proof of absence" if person.tries else "next in the plan"
            person = step.transition(
                person, Event.ASKING, rule, tries=person.tries + 1, sent_at=now, before=case.before
            )
        room = self._rooms.room(person.group_jid)
        watch = evolve(room.watch, people={person.jid: case.participant}, refreshed=None)
        try:
            times = await desk.drive(ask(watch, {person.jid: case}, desk.terms))
        except LedgerError:
            raise  # they stay in mid-call, and are looked up
        except GroupAddError as error:
            case.claim, times = Claim(await self._may_mean(person, error), str(error)), SentRequests(now, desk.now())
        self._chance = _draw()
        async with desk.lease.step(next_at=following(answered_at=times.answered_at)) as step:
            desk.hear(step, person, case, times)
        if case.claim.code is not None:
            desk.codes[person.id] = case.claim.code
        if case.claim.meaning.reason is Reason.RATE_LIMITED:
            await desk.lease.stop(Stop("rate_limited", "the provider says of a person that we ask too often"))

    async def _other_form(self, person: PlannedPerson) -> PlannedPerson | None:
        return await self.desk.lease.ledger.read(people.other_form, person)

    async def _are_one(self, person: PlannedPerson, other: PlannedPerson) -> bool | None:
        """Return whether two forms of a number are one person's, by the provider; None where it does not tell."""
        phone, form = (one.phone or "" for one in (other, person))
        return await self.desk.drive(same_account(self.desk.account.provider, phone, form))

    async def _may_mean(self, person: PlannedPerson, error: GroupAddError) -> Meaning:
        """Return what a refusal of the whole request may mean for the one person in it.

        Raises:
            GroupAddError: They were surely not asked for, and wait again.
        """
        if isinstance(error, RequestRefused):
            return UNRECOGNISED
        if isinstance(error, ProviderError) and error.maybe_applied:
            return NO_ANSWER
        async with self.desk.lease.step() as step:
            step.transition(person, Event.NOT_ASKED, type(error).__name__, str(error), tries=person.tries - 1)
        raise error

    async def _invite(self, person: PlannedPerson) -> None:
        """Invite one person: intent, message, record. What was sent cannot be looked up, and is never sent again."""
        desk, case = self.desk, person.attempt()
        code = desk.codes.pop(person.id, None)
        if desk.terms.invite == "never" or (desk.terms.invite == "personal" and code is None):
            async with desk.lease.step() as step:
                step.transition(person, Event.NOT_INVITED, "no invitation at hand")
            return
        other = await self._other_form(person)
        are_two = other is None or await self._are_one(person, other) is False
        try:
            async with desk.lease.step(unless_stopped=True, invite_at=desk.now() + desk.pace.gap_s) as step:
                if not are_two:
                    step.require(partial(_other_form_is_uninvited, person=person))
                invited = step.transition(person, Event.INVITING, desk.invites_by)
        except ConditionNotMet:
            async with desk.lease.step() as step:
                rule = "the other form of the number may be the same person's"
                step.transition(person, Event.NOT_INVITED, rule)
            return
        inviting = invite(
            desk.account.provider,
            GroupId(person.group_jid),
            {person.jid: case.outcome},
            {person.jid: case.participant},
            settings=desk.terms,
            codes={} if code is None else {person.jid: code},
        )
        outcome = (await desk.drive(inviting))[person.jid]
        state = outcome.invite.state if outcome.invite else None
        event = _EVENTS[state or InviteState.FAILED]
        async with desk.lease.step() as step:
            step.transition(invited, event, desk.invites_by, **verdict_of(outcome, desk.now()))

    async def _judge(self) -> None:
        """Stop the account where its latest verdicts, or its session after a refusal, say so."""
        desk, provider = self.desk, self.desk.account.provider
        reasons, desk.settled = desk.settled, []
        if not any(reasons):
            return
        if REFUSALS.intersection(reasons) and isinstance(provider, KnowsSession):
            session = await desk.drive(or_none(provider.session()))
            if session is not None and session.ready is False:
                await desk.lease.stop(Stop("session_down", "the provider's WhatsApp session is down after a refusal"))
                return
        since = self._account.resumed_at
        latest = await desk.lease.ledger.read(people.latest_verdicts, desk.provider, since, LAST)
        if (stop := after_verdicts(latest)) is not None:
            await desk.lease.stop(stop)
