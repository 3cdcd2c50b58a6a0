"""One account at work: whatever is due first is done next, one request at a time.

Asking does not wait for looking: who was asked for is looked at later, together with all others in their group who wait
for a verdict. One reading of a roster counts as the look of each, and `groupadd.adding.verdict` decides as for any add.
"""

import asyncio
import random
from functools import partial
from math import inf
from typing import Literal, NamedTuple

from attrs import define, evolve, field

from groupadd.adding.add import looks_before
from groupadd.adding.ask import SentRequests, ask
from groupadd.adding.invite import invite
from groupadd.adding.observe import same_account
from groupadd.drip import pace as paces
from groupadd.drip import person as persons
from groupadd.drip.desk import Desk
from groupadd.drip.failing import stop_for
from groupadd.drip.holding import Overtaken
from groupadd.drip.ledger import LedgerError
from groupadd.drip.person import Person, stored_observation, stored_outcome
from groupadd.drip.rooms import Rooms
from groupadd.drip.rules import LAST, REFUSALS, Stop, after_verdicts
from groupadd.drip.schema import State
from groupadd.drip.standing import Standing, standings
from groupadd.errors import GroupAddError, ProviderError, RequestRefused
from groupadd.model.codes import NO_ANSWER, UNRECOGNISED, Meaning
from groupadd.model.identity import GroupId
from groupadd.model.outcome import InviteState, Reason
from groupadd.provider import Claim, KnowsSession
from groupadd.wire.messages import log
from groupadd.wire.retry import or_none

_SLICE_S = 30.0  # sleep no longer than that at a time: new people, a pause and the clock may change what is due
_PATIENCE = 5  # failures in a row after which the account stops; the pauses between them double


class Turn(NamedTuple):
    """What is to be done next, and from when on: with whom, or in which group."""

    at: float
    what: Literal["ask", "look", "invite"]
    person: Person | None = None
    group: str = ""


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
    _standing: Standing = field(init=False)
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
            Overtaken: Somebody else has taken the account.
            LedgerError: The ledger cannot be used. Who is in hand is looked up when it can.
        """
        self.desk.recover()
        while not self.stopping.is_set():
            turn = self._next_turn()
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
        slept = asyncio.ensure_future(self.desk.holding.ledger.clock.sleep_async(seconds))
        try:
            await asyncio.wait({told, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            slept.cancel()

    def _next_turn(self) -> Turn | None:
        """Return what is due first, an add before a look before an invitation; None where the account may not go on."""
        desk, now = self.desk, self.desk.now()
        with desk.holding.ledger.reading() as tx:
            (standing,) = standings(tx, desk.pace, desk.provider)
            people = persons.next_ones(tx, desk.provider)
            looks = persons.looks_due(tx, desk.provider)
        self._standing = standing
        if standing.stopped is not None:
            return None
        add_at = paces.due(desk.pace, standing.next_at, standing.answers, chance=self._chance, now=now)
        invite_at = paces.after_quiet(desk.pace, max(paces.at_hand(standing.invite_at, now), now))
        request_kinds = [Turn(add_at, "ask", people[State.WAITING])] if State.WAITING in people else []
        request_kinds += [Turn(max(at, self._rooms.room(group).next_at), "look", group=group) for group, at in looks]
        request_kinds += [Turn(invite_at, "invite", people[State.TO_INVITE])] if State.TO_INVITE in people else []
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
        except Overtaken:
            desk.holding.renew()  # raises where the account is not ours; else it was stopped, or a person changed
            desk.recover()
        except GroupAddError as error:
            self._fail(error)
        else:
            self._failures = 0
        if desk.limited_s is not None:
            desk.holding.stop(Stop("rate_limited", "the provider asks for patience (429)", desk.limited_s))

    def _fail(self, error: GroupAddError) -> None:
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
            self.desk.holding.stop(stop)

    async def _ask(self, person: Person) -> None:
        """Ask for one person, after a look where one is due: intent, call, record.

        Raises:
            LedgerError: The ledger cannot be used; they may have been asked for.
            GroupAddError: They were surely not asked for, and wait again.
        """
        desk, asked, case = self.desk, self._standing.asked + 1, person.case()
        other = self._other_form(person)
        if other is not None and other.id < person.id and await self._are_one(person, other):
            with desk.holding.step() as step:
                desk.make_twin(step, person, other)
            return
        if looks_before(desk.account.provider, desk.terms):
            case.before = await self._rooms.look_before(person)
        if case.before is not None and case.before.member:
            with desk.holding.step() as step:
                desk.settle(step, person, case, "seen before the add")
            return
        now = desk.now()
        following = partial(paces.next_scheduled, desk.pace, asked=asked, scheduled=self._standing.next_at)
        with desk.holding.step(unless_stopped=True, asked=asked, next_at=following(answered_at=now)) as step:
            rule = "again, after proof of absence" if person.tries else "next in the plan"
            intent = {"tries": person.tries + 1, "sent_at": now, "before": stored_observation(case.before)}
            step.move(person, State.ASKING, "asking", rule, **intent)
        person = evolve(person, state=State.ASKING, tries=person.tries + 1)
        room = self._rooms.room(person.group_jid)
        watch = evolve(room.watch, people={person.jid: case.participant}, refreshed=None)
        try:
            times = await desk.drive(ask(watch, {person.jid: case}, desk.terms))
        except LedgerError:
            raise  # they stay in mid-call, and are looked up
        except GroupAddError as error:
            case.claim, times = Claim(self._may_mean(person, error), str(error)), SentRequests(now, desk.now())
        self._chance = _draw()
        with desk.holding.step(next_at=following(answered_at=times.answered_at)) as step:
            desk.hear(step, person, case, times)
        if case.claim.code is not None:
            desk.codes[person.id] = case.claim.code
        if case.claim.meaning.reason is Reason.RATE_LIMITED:
            desk.holding.stop(Stop("rate_limited", "the provider says of a person that we ask too often"))

    def _other_form(self, person: Person) -> Person | None:
        with self.desk.holding.ledger.reading() as tx:
            return persons.other_form(tx, person)

    async def _are_one(self, person: Person, other: Person) -> bool | None:
        """Return whether two forms of a number are one person's, by the provider; None where it does not tell."""
        phone, form = (one.case().participant.phone or "" for one in (other, person))
        return await self.desk.drive(same_account(self.desk.account.provider, phone, form))

    def _may_mean(self, person: Person, error: GroupAddError) -> Meaning:
        """Return what a refusal of the whole request may mean for the one person in it.

        Raises:
            GroupAddError: They were surely not asked for, and wait again.
        """
        if isinstance(error, RequestRefused):
            return UNRECOGNISED
        if isinstance(error, ProviderError) and error.maybe_applied:
            return NO_ANSWER
        with self.desk.holding.step() as step:
            step.move(person, State.WAITING, "not_asked", type(error).__name__, str(error), tries=person.tries - 1)
        raise error

    async def _invite(self, person: Person) -> None:
        """Invite one person: intent, message, record. What was sent cannot be looked up, and is never sent again."""
        desk, case = self.desk, person.case()
        code = desk.codes.pop(person.id, None)
        if desk.terms.invite == "never" or (desk.terms.invite == "personal" and code is None):
            with desk.holding.step() as step:
                step.move(person, State.DONE, "not_invited", "no invitation at hand")
            return
        other = self._other_form(person)
        are_two = other is None or await self._are_one(person, other) is False
        with desk.holding.step(unless_stopped=True, invite_at=desk.now() + desk.pace.gap_s) as step:
            other = persons.other_form(step.tx, person, locked=True)
            if other is not None and other.was_invited and not are_two:
                step.move(person, State.DONE, "not_invited", "the other form of the number may be the same person's")
                return
            step.move(person, State.INVITING, "inviting", desk.invites_by)
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
        event = "invited" if state is InviteState.SENT else f"invite_{state or InviteState.FAILED}"
        with desk.holding.step() as step:
            person = evolve(person, state=State.INVITING)
            step.move(person, State.DONE, event, desk.invites_by, settled_at=desk.now(), **stored_outcome(outcome))

    async def _judge(self) -> None:
        """Stop the account where its latest verdicts, or its session after a refusal, say so."""
        desk, provider = self.desk, self.desk.account.provider
        reasons, desk.settled = desk.settled, []
        if not any(reasons):
            return
        if REFUSALS.intersection(reasons) and isinstance(provider, KnowsSession):
            session = await desk.drive(or_none(provider.session()))
            if session is not None and session.ready is False:
                desk.holding.stop(Stop("session_down", "the provider's WhatsApp session is down after a refusal"))
                return
        with desk.holding.ledger.reading() as tx:
            latest = persons.latest_verdicts(tx, desk.provider, self._standing.resumed_at, LAST)
        if (stop := after_verdicts(latest)) is not None:
            desk.holding.stop(stop)
