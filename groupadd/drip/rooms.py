"""The groups as an account sees them: one reading of a roster serves everybody who waits for a verdict there."""

from collections.abc import Mapping
from math import inf

from attrs import define, evolve, field

from groupadd.adding.add import find_pending
from groupadd.adding.attempt import LookSchedule
from groupadd.adding.observe import RosterObserver
from groupadd.adding.verdict import Presence, presence
from groupadd.drip.desk import Desk
from groupadd.drip.store import people
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.states import Event, State
from groupadd.model.identity import GroupId, Participant
from groupadd.model.roster import Observation
from groupadd.wire.messages import Flow

FRESH_S = 600.0  # how old a roster may be in which somebody is looked up before the add


@define
class Room:
    """One group.

    Attributes:
        watch: Who is looked for, and the roster as it was last seen.
        read_at: When that was.
        next_at: When it may be read again at the earliest.
    """

    watch: RosterObserver
    read_at: float = -inf
    next_at: float = 0.0


@define
class Rooms:
    """All groups of an account.

    Attributes:
        desk: The account's place of work.
    """

    desk: Desk
    _rooms: dict[str, Room] = field(factory=dict[str, Room])

    def room(self, group: str) -> Room:
        """Return a group by its JID."""
        if group not in self._rooms:
            nobody: Mapping[str, Participant] = {}
            self._rooms[group] = Room(RosterObserver(self.desk.account, GroupId(group), nobody))
        return self._rooms[group]

    async def look_before(self, person: PlannedPerson) -> Observation:
        """Look somebody up in the roster at hand; who is not surely absent from it is looked up in a fresh one.

        Raises:
            ProviderError: It could not be read.
        """
        room = self.room(person.group_jid)
        roster = room.watch.roster
        if roster is not None and self.desk.now() - room.read_at <= FRESH_S:
            room.watch = evolve(room.watch, people={person.jid: person.participant})
            observation = roster.observation(room.watch.person(person.jid))
            if observation.member is False:
                return observation
        return await self.read(person.group_jid, also=person)

    async def read(self, group: str, also: PlannedPerson | None = None) -> Observation:
        """Read a roster once, for everybody who waits for a verdict in the group; return what it shows of one more.

        Raises:
            ProviderError: It could not be read, and counts as nobody's look.
        """
        desk, room, now = self.desk, self.room(group), self.desk.now()
        watched = await desk.lease.ledger.read(people.in_state, desk.provider, State.AWAITING_VERDICT, group=group)
        cases = {person.jid: person.attempt() for person in watched}
        courses = {
            person.jid: LookSchedule.after(
                person.sent_at or 0.0, person.answered_at or 0.0, desk.terms, lost=cases[person.jid].was_lost
            )
            for person in watched
        }
        everybody = {name: case.participant for name, case in cases.items()}
        everybody |= {} if also is None else {also.jid: also.participant}
        room.watch = evolve(room.watch, people=everybody, roster=None, refreshed=None)
        room.next_at = now + desk.pace.gap_s
        proving = any((look := courses[person.jid].look(person.looks)) and look.proves_absence for person in watched)
        observations = await desk.drive(_reading(room.watch, everybody, refreshed=proving))
        room.read_at = now
        looked: list[PlannedPerson] = []
        for person in watched:
            case, course = cases[person.jid], courses[person.jid]
            case.after += (course.discount_early(observations[person.jid], now),)
            looked.append(evolve(person, looks=person.looks + _is_due(person, now)))
        over = {
            person.jid: cases[person.jid]
            for person in looked
            if person.looks >= len(courses[person.jid].due_at) or presence(cases[person.jid].after) is Presence.PRESENT
        }
        await desk.drive(find_pending(room.watch, over))
        async with desk.lease.step() as step:
            for person in looked:
                case, moments = cases[person.jid], courses[person.jid].due_at
                if person.jid in over:
                    desk.settle(step, person, case, "looks", claim=case.claim, looks=person.looks)
                    continue
                due = person.look_at
                if person.looks and _is_due(person, now):
                    due = max(moments[person.looks], now + moments[person.looks] - moments[person.looks - 1])
                shown = _shows(case.after[-1])
                step.transition(person, Event.LOOKED, "looks", shown, looks=person.looks, look_at=due, after=case.after)
        return Observation(None) if also is None else observations[also.jid]


def _is_due(person: PlannedPerson, now: float) -> bool:
    return person.look_at is None or person.look_at <= now


def _reading(
    watch: RosterObserver, names: Mapping[str, Participant], *, refreshed: bool
) -> Flow[Mapping[str, Observation]]:
    if refreshed:
        yield from watch.refresh()
    return (yield from watch.look(names))


def _shows(observation: Observation) -> str:
    return (
        "present"
        if observation.member
        else "absent"
        if observation.member is False
        else f"unclear: {observation.reason}"
    )
