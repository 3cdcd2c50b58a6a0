"""Reading rosters: one reading of a group's roster serves every participant who waits for a verdict there."""

from collections.abc import Collection, Mapping
from math import inf

from attrs import define, field

from groupadd.adding.add import find_pending
from groupadd.adding.attempt import Attempt, next_look
from groupadd.adding.observe import ProviderSession, RosterObserver
from groupadd.drip.store import people
from groupadd.drip.store.lease import Lease, Step
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.states import Event, State
from groupadd.drip.worker.recording import Recorder
from groupadd.drip.worker.sending import RequestSender
from groupadd.model.identity import GroupId
from groupadd.model.roster import Observation
from groupadd.settings import AddSettings, PaceSettings
from groupadd.wire.messages import Flow

FRESH_S = 600.0  # how old a roster may be that shows a participant's absence before the add


@define
class GroupState:
    """One group, as the account sees it.

    Attributes:
        observer: The participants' known names, and the roster as it was last read.
        read_at: When the roster was last read, in seconds since 1970.
        next_at: When it may be read again, at the earliest.
    """

    observer: RosterObserver
    read_at: float = -inf
    next_at: float = 0.0


@define
class RosterPoller:
    """Reads the rosters of all groups of one account.

    Attributes:
        lease: The lease of the account.
        session: The provider and its account.
        sender: Sends the requests.
        recorder: Records the verdicts.
        settings: How adds are carried out.
        pace: How fast; two readings of one roster are a gap apart at least.
    """

    lease: Lease
    session: ProviderSession
    sender: RequestSender
    recorder: Recorder
    settings: AddSettings
    pace: PaceSettings
    _groups: dict[str, GroupState] = field(factory=dict[str, GroupState])

    def group(self, jid: str) -> GroupState:
        """Return the state of a group."""
        if jid not in self._groups:
            self._groups[jid] = GroupState(RosterObserver.of(self.session, GroupId(jid), {}))
        return self._groups[jid]

    def follow_clock(self, by_s: float, *, until: float) -> None:
        """Move the moments of readings on by as many seconds as the clock was set forward; below 0: back.

        Args:
            by_s: The seconds.
            until: Readings before this moment are moved.
        """
        for group in self._groups.values():
            if group.read_at < until:
                group.read_at += by_s
                group.next_at += by_s

    def observer_of(self, person: PlannedPerson) -> RosterObserver:
        """Return the group's observer for a call about one participant."""
        group = self.group(person.group_jid)
        people = {**group.observer.names.people, person.jid: person.participant}
        group.observer = group.observer.for_call(people)
        return group.observer

    async def look_before(self, person: PlannedPerson) -> Observation:
        """Return what the roster shows of a participant before the add.

        The roster at hand is enough if it is fresh and shows absence; else the roster is read.

        Raises:
            ProviderError: The roster cannot be read.
            LeaseLost: Another worker has the account.
            LedgerError: The ledger cannot be used.
        """
        group, observation = self.group(person.group_jid), None
        if self.lease.now() - group.read_at <= FRESH_S:
            observation = self.observer_of(person).observe([person.jid]).get(person.jid)
        if observation is None or observation.member is not False:
            observation = (await self._read(person.group_jid, also=person))[person.jid]
        group.observer.note_rows_before([person.jid])
        return observation

    async def look_after(self, group_jid: str) -> None:
        """Read a group's roster once, as a look for every participant who waits for a verdict there.

        Raises:
            ProviderError: The roster cannot be read, and the reading counts as no look.
            LeaseLost: Another worker has the account.
            LedgerError: The ledger cannot be used.
        """
        await self._read(group_jid)

    async def _read(self, group_jid: str, also: PlannedPerson | None = None) -> Mapping[str, Observation]:
        group, now = self.group(group_jid), self.lease.now()
        waiting = await self.lease.read(people.in_state, self.lease.provider, State.AWAITING_VERDICT, group=group_jid)
        attempts = {person.jid: person.attempt(self.settings) for person in waiting}
        group.observer = group.observer.for_call(await self.lease.read(people.planned_in, group_jid))
        group.next_at = now + self.pace.gap_s
        look = next_look(attempts.values())
        observed = [*attempts, *([also.jid] if also else [])]
        reading = _reading(group.observer, observed, refreshed=look is not None and look.proves_absence)
        observations = await self.sender.drive(reading)
        group.read_at = now
        for jid, attempt in attempts.items():
            attempt.record_look(observations[jid], now)
        over = {jid: attempt for jid, attempt in attempts.items() if attempt.next_look is None}
        await self.sender.drive(find_pending(group.observer, over))
        async with self.lease.step() as step:
            for person in waiting:
                self._record(step, person, attempts[person.jid])
        group.observer.forget_rows_before(over)
        return observations

    def _record(self, step: Step, person: PlannedPerson, attempt: Attempt) -> None:
        look = attempt.next_look
        if look is None:
            self.recorder.record_verdict(step, person, attempt, "looks", claim=attempt.claim, looks=attempt.looks)
        else:
            shown = _in_words(attempt.after[-1])
            step.transition(
                person, Event.LOOKED, "looks", shown, looks=attempt.looks, look_at=look.at, after=attempt.after
            )


def _reading(observer: RosterObserver, jids: Collection[str], *, refreshed: bool) -> Flow[Mapping[str, Observation]]:
    if refreshed:
        yield from observer.refresh()
    return (yield from observer.look(jids))


def _in_words(observation: Observation) -> str:
    if observation.member is None:
        return f"unclear: {observation.reason}"
    return "present" if observation.member else "absent"
