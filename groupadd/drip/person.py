"""One person of a plan: their row of the ledger, and the case that the add flow makes of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen
from sqlalchemy import Connection, ScalarSelect, Text, bindparam, func, literal, select

from groupadd.adding.attempt import Attempt, LookSchedule
from groupadd.drip.schema import State, is_planned, people
from groupadd.model.codes import Meaning
from groupadd.model.identity import Identity, alternates, parse_participants
from groupadd.model.masking import repr_masked
from groupadd.model.outcome import Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim
from groupadd.settings import AddSettings

Stored = Any  # what a JSON column holds


@frozen
class Person:
    """A row of the ledger as it was read.

    Attributes:
        id: The row.
        group_jid: The group.
        given: The user's own spelling.
        jid: The canonical JID.
        state: Where the person stands.
        tries: How often they were asked for.
        sent_at: When the last add was sent, in seconds since 1970.
        answered_at: When it was answered, or given up on.
        looks: How many of the looks that are due after it were taken.
        look_at: When the next one is due.
    """

    id: int
    group_jid: str = field(repr=repr_masked)
    given: str = field(repr=repr_masked)
    jid: str = field(repr=repr_masked)
    state: State = field(converter=State)
    tries: int
    sent_at: float | None
    answered_at: float | None
    looks: int
    look_at: float | None
    _before: Stored = field(repr=False)
    _claim: Stored = field(repr=False)
    _after: Stored = field(repr=False)
    _invite: Stored = field(repr=False)

    def case(self) -> Attempt:
        """Return the person's way through the add so far."""
        (participant,) = parse_participants([self.given])
        before = None if self._before is None else _observation(self._before)
        after = tuple(_observation(one) for one in self._after or ())
        return Attempt(participant, before, _claim(self._claim), after) if self._claim else Attempt(participant, before)

    def course(self, case: Attempt, terms: AddSettings) -> LookSchedule:
        """Return the looks that are due after the person's last add."""
        return LookSchedule.after(self.sent_at or 0.0, self.answered_at or 0.0, terms, lost=case.was_lost)

    @property
    def was_invited(self) -> bool:
        """Whether an invitation was sent, or may have been: there is no second one."""
        sent = bool(self._invite) and self._invite["state"] in {InviteState.SENT, InviteState.UNKNOWN}
        return sent or self.state is State.INVITING


_COLUMNS = (
    people.c.id,
    people.c.group_jid,
    people.c.given,
    people.c.jid,
    people.c.state,
    people.c.tries,
    people.c.sent_at,
    people.c.answered_at,
    people.c.looks,
    people.c.look_at,
    people.c.before,
    people.c.claim,
    people.c.after,
    people.c.invite,
)


def those(tx: Connection, provider: str, *states: State, group: str | None = None) -> list[Person]:
    """Read the people of an account who stand somewhere, in the order of the plan."""
    where = [people.c.provider == provider, people.c.state.in_([state.value for state in states])]
    if group is not None:
        where.append(people.c.group_jid == group)
    return [Person(*tuple(row)) for row in tx.execute(select(*_COLUMNS).where(*where).order_by(people.c.id))]


def next_ones(tx: Connection, provider: str) -> Mapping[State, Person]:
    """Read who of an account is next to be asked for, and who is next to be invited."""
    found = [Person(*tuple(row)) for row in tx.execute(_NEXT, {"name": provider})]
    return {person.state: person for person in found}


def _first(state: State) -> ScalarSelect[int]:
    stands = (people.c.provider == bindparam("name"), people.c.state == literal(state.value, Text))
    return select(func.min(people.c.id)).where(*stands).scalar_subquery()


_NEXT = select(*_COLUMNS).where(people.c.id.in_([_first(State.WAITING), _first(State.TO_INVITE)]))


def other_form(tx: Connection, person: Person, *, locked: bool = False) -> Person | None:
    """Read who is planned for the same group under the other form of a person's number.

    Args:
        tx: The transaction.
        person: The person.
        locked: Whether nobody may change either of the two before the transaction ends.
    """
    forms = [Identity(form).id for form in alternates(person.case().participant.phone or "")]
    if not forms:
        return None
    where = (people.c.group_jid == person.group_jid, people.c.jid.in_([person.jid, *forms]), is_planned)
    both = select(*_COLUMNS).where(*where).order_by(people.c.id)
    rows = tx.execute(both.with_for_update() if locked else both)
    return next((other for row in rows if (other := Person(*tuple(row))).id != person.id), None)


def looks_due(tx: Connection, provider: str) -> list[tuple[str, float]]:
    """Read in which groups an account has people who wait for a verdict, and when the first look is due in each."""
    return [(group, at) for group, at in tx.execute(_LOOKS_DUE, {"name": provider})]


_LOOKS_DUE = (
    select(people.c.group_jid, func.min(people.c.look_at))
    .where(people.c.provider == bindparam("name"), people.c.state == State.WATCHED.value)
    .group_by(people.c.group_jid)
)


def latest_verdicts(tx: Connection, provider: str, since: float, most: int) -> list[tuple[Status, Reason | None]]:
    """Read an account's latest verdicts since a moment, the newest first."""
    of_account = (people.c.provider == provider, people.c.settled_at > since)
    query = select(people.c.status, people.c.reason).where(*of_account)
    newest_first = query.order_by(people.c.settled_at.desc(), people.c.id.desc()).limit(most)
    return [(Status(status), reason and Reason(reason)) for status, reason in tx.execute(newest_first)]


def stored_observation(observation: Observation | None) -> Stored:
    """Return a look at somebody as JSON."""
    return None if observation is None else [observation.member, observation.reason, observation.complete]


def stored_claim(claim: Claim) -> Stored:
    """Return a claim as JSON. The code of a personal invitation is a secret and is not kept."""
    meaning = claim.meaning
    return [meaning.status, meaning.reason, claim.says, None if claim.invite is None else claim.invite.as_dict()]


def stored_after(after: Sequence[Observation]) -> Stored:
    """Return the looks after an add as JSON."""
    return [stored_observation(observation) for observation in after]


def stored_outcome(outcome: ParticipantOutcome) -> Mapping[str, Stored]:
    """Return what became of somebody, by column."""
    return {
        "status": outcome.status.value,
        "reason": outcome.reason and outcome.reason.value,
        "evidence": outcome.evidence.value,
        "says": outcome.provider_says,
        "invite": None if outcome.invite is None else outcome.invite.as_dict(),
    }


def _observation(stored: Stored) -> Observation:
    member, reason, complete = stored
    return Observation(member, reason and Reason(reason), complete)


def _claim(stored: Stored) -> Claim:
    status, reason, says, invite = stored
    return Claim(Meaning(Status(status), reason and Reason(reason)), says, invite and _invite(invite))


def _invite(stored: Mapping[str, Stored]) -> Invite:
    return Invite(
        stored["kind"],
        stored["state"] and InviteState(stored["state"]),
        stored["at"] and datetime.fromisoformat(stored["at"]),
        stored["message_id"],
        stored["expires_at"] and datetime.fromisoformat(stored["expires_at"]),
    )


NOTHING_HEARD: Mapping[str, Stored] = {  # of somebody who is to be asked for anew
    "claim": None,
    "after": None,
    "looks": 0,
    "look_at": None,
    "sent_at": None,
    "answered_at": None,
}
