"""One account at work: whatever is due first is done next, one request at a time.

Asking does not wait for looking: who was asked for is looked at later, together with everybody else in their group who
waits for a verdict. One reading of a roster counts as the look of each, and `groupadd.inference` decides as for any add.
"""

import asyncio
import random
from collections.abc import Mapping
from math import inf
from typing import NamedTuple, TypeVar

from attrs import define, evolve, field

from groupadd.adding import LOOKS_THAT_PROVE, Case, Times, ask, ask_who_waits, looks_before
from groupadd.codes import NO_ANSWER, UNRECOGNISED
from groupadd.drip import pace as paces
from groupadd.drip import person as persons
from groupadd.drip.failing import stop_for
from groupadd.drip.holding import Holding, Overtaken, Standing, Step
from groupadd.drip.person import NOTHING_HEARD, Person, stored_after, stored_claim, stored_outcome, stored_sight
from groupadd.drip.rules import LAST, REFUSALS, Stop, after_verdicts
from groupadd.drip.schema import State
from groupadd.errors import GroupAddError, ProviderError, RequestRefused
from groupadd.flow import AsyncTransport, Flow, Request, Response, drive_async, log
from groupadd.identity import GroupId, Participant
from groupadd.inference import Seen, seen
from groupadd.inviting import invite, is_invitable
from groupadd.looking import Account, Watch, tried
from groupadd.outcome import Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import Claim, KnowsSession, ListsParticipants
from groupadd.roster import Sight
from groupadd.secret import Secret
from groupadd.terms import Pace, Terms

T = TypeVar("T")

FRESH_S = 600.0  # how old a roster may be that somebody is looked up in before the add
_SLICE_S = 15.0  # sleep no longer than that at a time: new people, a pause and the clock may change what is due
_PATIENCE = 5  # failures in a row after which the account stops; the pauses between them double
_LOST = frozenset({Reason.NO_ANSWER, Reason.UNREADABLE_ANSWER})


@define
class Room:
    """A group as the account sees it.

    Attributes:
        watch: Who is looked for, and the roster as it was last seen.
        read_at: When that was.
        next_at: When it may be read again at the earliest.
    """

    watch: Watch
    read_at: float = -inf
    next_at: float = 0.0


class Turn(NamedTuple):
    """What is to be done next, and when: `ask` or `invite` somebody, or `look` into a group."""

    at: float
    what: str
    person: Person | None = None
    group: str = ""


@define
class Worker:
    """Works one account.

    Attributes:
        holding: The account's place in the ledger.
        account: The account itself.
        terms: How people are added.
        pace: How fast.
        transport: What carries the requests.
        stopping: Set when the worker is to end after the person in hand.
    """

    holding: Holding
    account: Account
    terms: Terms
    pace: Pace
    transport: AsyncTransport
    stopping: asyncio.Event
    _rooms: dict[str, Room] = field(factory=dict[str, Room])
    _codes: dict[int, Secret] = field(factory=dict[int, Secret])  # of personal invitations: never written down
    _failures: int = 0
    _not_before: float = 0.0
    _limited_s: float | None = None

    async def work(self, until: float = inf) -> float | None:
        """Work until nobody is left, the account stops, or the next thing is due after a moment.

        Returns:
            When the next thing is due, or None where there is nothing to be done, or nothing may be.

        Raises:
            Overtaken: Somebody else has taken the account.
            LedgerError: The ledger cannot be used. Who is in hand is looked up when it can.
        """
        self._recover()
        while not self.stopping.is_set():
            turn = self._next_turn()
            if turn is None or turn.at >= until:
                return None if turn is None else turn.at
            if (wait_s := turn.at - self._now()) > 0:
                await self._sleep(min(wait_s, _SLICE_S))
            else:
                await self._take(turn)
        return self._now()

    def _now(self) -> float:
        return self.holding.ledger.clock.now()

    async def _sleep(self, seconds: float) -> None:
        told = asyncio.ensure_future(self.stopping.wait())
        slept = asyncio.ensure_future(self.holding.ledger.clock.sleep_async(seconds))
        try:
            await asyncio.wait({told, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            slept.cancel()

    def _next_turn(self) -> Turn | None:
        """Return what is due first, an add before a look before an invitation; None where the account may not go on."""
        provider, ledger = self.holding.provider, self.holding.ledger
        with ledger.reading() as tx:
            standing = self._standing = self.holding.standing(tx, self.pace.adds_per_day)
            waiting = persons.those(tx, provider, State.WAITING, most=1)
            to_invite = persons.those(tx, provider, State.TO_INVITE, most=1)
            watched = persons.looks_due(tx, provider)
        if standing.stopped is not None:
            return None
        now = self._now()
        turns = [Turn(self._add_at(standing, now), "ask", person) for person in waiting]
        turns += [Turn(max(at, self._room(group).next_at), "look", group=group) for group, at in watched]
        turns += [Turn(paces.after_quiet(self.pace, max(standing.invite_at, now)), "invite", one) for one in to_invite]
        first = min(turns, key=lambda turn: turn.at, default=None)
        return first and first._replace(at=max(first.at, self._not_before))

    def _add_at(self, standing: Standing, now: float) -> float:
        return paces.allowed_from(self.pace, max(standing.next_at, now), standing.days_first)

    async def _take(self, turn: Turn) -> None:
        """Take a turn; what keeps us from it is waited for a few times, or stops the account."""
        self._limited_s = None
        try:
            if turn.what == "ask" and turn.person is not None:
                await self._ask(turn.person)
            elif turn.what == "invite" and turn.person is not None:
                await self._invite(turn.person)
            else:
                await self._read(turn.group)
        except Overtaken:
            self.holding.renew()  # raises where the account is not ours; else it was stopped, or the person changed
        except GroupAddError as error:
            self._fail(error)
        else:
            self._failures = 0
        if self._limited_s is not None:
            self.holding.stop(Stop("rate_limited", "the provider asks for patience (429)", self._limited_s))

    def _fail(self, error: GroupAddError) -> None:
        """Stop the account for what will not pass by itself; wait a while for what may.

        Raises:
            GroupAddError: It is not about the provider.
        """
        stop = stop_for(error)
        self._failures += 1
        if stop is None and self._failures >= _PATIENCE:
            stop = Stop("unreachable", f"{self._failures} tries in a row failed: {error}")
        if stop is None:
            pause_s = self.pace.gap_s * 2**self._failures
            self._not_before = self._now() + pause_s
            log.warning("%s: %s; trying again in %.0f s", self.holding.provider, error, pause_s)
        elif self._limited_s is None:
            self.holding.stop(stop)

    def _recover(self) -> None:
        """Take up whoever was found in mid-call: they may have been asked for, or written to."""
        provider, ledger, now = self.holding.provider, self.holding.ledger, self._now()
        with ledger.reading() as tx:
            asking = persons.those(tx, provider, State.ASKING)
            inviting = persons.those(tx, provider, State.INVITING)
            standing = self.holding.standing(tx, self.pace.adds_per_day)
        if not asking and not inviting:
            return
        next_at = paces.next_moment(self.pace, asked=standing.asked, answered_at=now, chance=1.0)
        with self.holding.step(next_at=max(standing.next_at, next_at)) as step:
            for person in asking:
                case = evolve(person.case(), claim=Claim(NO_ANSWER))
                self._watch_or_settle(step, person, case, Times(now, now), "recovered", "found in mid-call")
            for person in inviting:
                offer = person.case().outcome
                unknown = Invite(offer.invite.kind if offer.invite else self._invites_by, InviteState.UNKNOWN)
                told = stored_outcome(evolve(offer, invite=unknown))
                step.move(person, State.DONE, "invite_unknown", "found in mid-invitation", settled_at=now, **told)

    @property
    def _invites_by(self) -> str:
        return "personal" if self.terms.invite == "personal" else "link"

    async def _ask(self, person: Person) -> None:
        """Ask for one person, after a look where one is due: intent, call, record."""
        standing, case = self._standing, person.case()
        if looks_before(self.account.provider, self.terms):
            case.before = await self._look_before(person)
        if case.before is not None and case.before.member:
            with self.holding.step() as step:
                self._settle(step, person, case, "seen before the add")
            return
        now = self._now()
        latest = paces.next_moment(self.pace, asked=standing.asked + 1, answered_at=now, chance=1.0)
        with self.holding.step(unless_stopped=True, asked=standing.asked + 1, next_at=latest) as step:
            rule = "again, after proof of absence" if person.tries else "next in the plan"
            intent = {"tries": person.tries + 1, "sent_at": now, "before": stored_sight(case.before)}
            step.move(person, State.ASKING, "asking", rule, **intent)
        person = evolve(person, state=State.ASKING, tries=person.tries + 1)
        watch = evolve(self._room(person.group_jid).watch, people={person.jid: case.participant}, refreshed=False)
        try:
            times = await self._drive(ask(watch, {person.jid: case}, self.terms))
        except RequestRefused as error:  # of one person, it may well be about that person
            case.claim, times = Claim(UNRECOGNISED, str(error)), Times(now, self._now())
        except ProviderError as error:
            if not error.maybe_applied:
                self._not_asked(person, error)
                raise
            case.claim, times = Claim(NO_ANSWER, str(error)), Times(now, self._now())
        except GroupAddError as error:
            self._not_asked(person, error)
            raise
        chance = random.random()  # noqa: S311  nobody is to be kept from guessing it
        next_at = paces.next_moment(self.pace, asked=standing.asked + 1, answered_at=times.at, chance=chance)
        with self.holding.step(next_at=next_at) as step:
            self._watch_or_settle(step, person, case, times, "answered", case.claim.says or "")
        if case.claim.code is not None:
            self._codes[person.id] = case.claim.code
        await self._judge(case.claim.meaning.reason)

    def _not_asked(self, person: Person, error: GroupAddError) -> None:
        """Put back whoever was surely not asked for."""
        with self.holding.step() as step:
            step.move(person, State.WAITING, "not_asked", type(error).__name__, str(error), tries=person.tries - 1)

    def _watch_or_settle(
        self, step: Step, person: Person, case: Case, times: Times, event: str, detail: str
    ) -> None:
        heard = {"claim": stored_claim(case.claim), "sent_at": times.sent_at, "answered_at": times.at}
        moments = evolve(person, sent_at=times.sent_at, answered_at=times.at).course(case, self.terms).moments
        if moments and isinstance(self.account.provider, ListsParticipants) and case.needs_looks(self.terms):
            rule = case.claim.meaning.reason or case.claim.meaning.status
            step.move(person, State.WATCHED, event, rule, detail, look_at=moments[0], looks=0, after=None, **heard)
        else:
            self._settle(step, person, case, event, **heard)

    def _settle(self, step: Step, person: Person, case: Case, rule: str, **values: object) -> None:
        """Give somebody their verdict; who was proven absent after a lost answer is asked for once more instead."""
        outcome = case.outcome
        absent = outcome.status is Status.NOT_ADDED and outcome.evidence is Evidence.OBSERVED
        if absent and (person.tries == 0 or (person.tries == 1 and outcome.reason in _LOST)):
            step.move(person, State.WAITING, "to_ask_again", rule, "absent in two looks", **NOTHING_HEARD)
            return
        told = {**stored_outcome(outcome), **values, "after": stored_after(case.after)}
        if person.was_invited:
            del told["invite"]
        detail = f"{outcome.status}, {outcome.reason or 'in'}, {outcome.evidence}"
        to = State.TO_INVITE if self._may_invite(person, outcome, case.claim.code) else State.DONE
        now = self._now()
        before = stored_sight(case.before)
        step.move(person, to, "settled", rule, detail, settled_at=now, look_at=None, before=before, **told)

    def _may_invite(self, person: Person, outcome: ParticipantOutcome, code: Secret | None) -> bool:
        if self.terms.invite == "never" or person.was_invited or not is_invitable(outcome):
            return False
        return self.terms.invite == "link" or code is not None or person.id in self._codes

    async def _look_before(self, person: Person) -> Sight:
        """Look somebody up in the roster at hand; who seems to be in is looked up in a fresh one."""
        room = self._room(person.group_jid)
        roster = room.watch.roster
        if roster is not None and self._now() - room.read_at <= FRESH_S:
            room.watch = evolve(room.watch, people={person.jid: person.case().participant})
            sight = roster.sight(room.watch.person(person.jid))
            if sight.member is False:
                return sight
        return await self._read(person.group_jid, also=person)

    async def _read(self, group: str, also: Person | None = None) -> Sight:
        """Read a group's roster once, for everybody who waits for a verdict in it, and perhaps for one person more."""
        ledger, room, now = self.holding.ledger, self._room(group), self._now()
        with ledger.reading() as tx:
            watched = persons.those(tx, self.holding.provider, State.WATCHED, group=group)
        cases = {person.jid: person.case() for person in watched}
        courses = {person.jid: person.course(cases[person.jid], self.terms) for person in watched}
        everybody = {name: case.participant for name, case in cases.items()}
        everybody |= {} if also is None else {also.jid: also.case().participant}
        room.watch = evolve(room.watch, people=everybody, roster=None, refreshed=False)
        room.next_at = now + self.pace.gap_s
        proving = any(len(courses[person.jid].moments) - person.looks <= LOOKS_THAT_PROVE for person in watched)
        sights = await self._drive(_reading(room.watch, everybody, refreshed=proving))
        room.read_at = now
        looked: list[Person] = []
        for person in watched:
            case, course = cases[person.jid], courses[person.jid]
            case.after += (course.believed(sights[person.jid], now),)
            looked.append(evolve(person, looks=person.looks + (person.look_at is None or person.look_at <= now)))
        over = {
            person.jid: cases[person.jid]
            for person in looked
            if person.looks >= len(courses[person.jid].moments) or seen(cases[person.jid].after) is Seen.PRESENT
        }
        await self._drive(ask_who_waits(room.watch, over))
        with self.holding.step() as step:
            for person in looked:
                case, moments = cases[person.jid], courses[person.jid].moments
                if person.jid in over:
                    self._settle(step, person, case, "looks", claim=stored_claim(case.claim), looks=person.looks)
                    continue
                due = person.look_at
                if person.looks and (due is None or due <= now):
                    due = max(moments[person.looks], now + moments[person.looks] - moments[person.looks - 1])
                values = {"looks": person.looks, "look_at": due, "after": stored_after(case.after)}
                step.move(person, State.WATCHED, "looked", "looks", _shows(case.after[-1]), **values)
        for case in over.values():
            await self._judge(case.outcome.reason)
        return Sight(None) if also is None else sights[also.jid]

    async def _invite(self, person: Person) -> None:
        """Invite one person: intent, message, record. What was sent cannot be looked up, and is never sent again."""
        now = self._now()
        case, code = person.case(), self._codes.pop(person.id, None)
        if self.terms.invite == "never" or (self.terms.invite == "personal" and code is None):
            with self.holding.step() as step:
                step.move(person, State.DONE, "not_invited", "no invitation at hand")
            return
        with self.holding.step(unless_stopped=True, invite_at=now + self.pace.gap_s) as step:
            step.move(person, State.INVITING, "inviting", self._invites_by)
        person = evolve(person, state=State.INVITING)
        told = await self._drive(
            invite(
                self.account.provider,
                GroupId(person.group_jid),
                {person.jid: case.outcome},
                {person.jid: case.participant},
                terms=self.terms,
                codes={} if code is None else {person.jid: code},
            )
        )
        outcome = told[person.jid]
        state = outcome.invite.state if outcome.invite else None
        with self.holding.step() as step:
            event = "invited" if state is InviteState.SENT else f"invite_{state or InviteState.FAILED}"
            step.move(person, State.DONE, event, self._invites_by, settled_at=self._now(), **stored_outcome(outcome))

    async def _judge(self, reason: Reason | None) -> None:
        """Stop the account where its latest verdicts, or its session after a refusal, say so."""
        if reason is Reason.RATE_LIMITED:
            self.holding.stop(Stop("rate_limited", "the provider says of a person that we ask too often"))
            return
        provider = self.account.provider
        if reason in REFUSALS and isinstance(provider, KnowsSession):
            session = await self._drive(tried(provider.session()))
            if session is not None and session.ready is False:
                self.holding.stop(Stop("session_down", "the provider's WhatsApp session is down after a refusal"))
                return
        with self.holding.ledger.reading() as tx:
            latest = persons.latest_verdicts(tx, self.holding.provider, self._standing.resumed_at, LAST)
        if (stop := after_verdicts(latest)) is not None:
            self.holding.stop(stop)

    def _room(self, group: str) -> Room:
        if group not in self._rooms:
            nobody: Mapping[str, Participant] = {}
            self._rooms[group] = Room(Watch(self.account, GroupId(group), nobody))
        return self._rooms[group]

    async def _drive(self, flow: Flow[T]) -> T:
        return await drive_async(flow, self._carry, self.holding.ledger.clock)

    async def _carry(self, request: Request) -> Response:
        """Carry a request, unless it may change something and the account may be somebody else's by now.

        Raises:
            Overtaken: It may be.
        """
        if not request.repeatable and self._now() >= self.holding.held_until:
            raise Overtaken
        response = await self.transport(request)
        if response.status == 429:
            self._limited_s = max(self._limited_s or 0.0, response.retry_after_s or 0.0)
        return response


def _reading(watch: Watch, names: Mapping[str, Participant], *, refreshed: bool) -> Flow[Mapping[str, Sight]]:
    if refreshed:
        yield from watch.refresh()
    return (yield from watch.look(names))


def _shows(sight: Sight) -> str:
    return "present" if sight.member else "absent" if sight.member is False else f"unclear: {sight.reason}"
