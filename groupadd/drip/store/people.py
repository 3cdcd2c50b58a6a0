"""The participants of a plan, as the ledger's rows tell of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, fields, frozen
from sqlalchemy import ScalarSelect, bindparam, func, select

from groupadd.adding.attempt import NOT_ASKED, Attempt, LookSchedule
from groupadd.adding.verdict import Verdict
from groupadd.drip.store.database import Transaction
from groupadd.drip.store.schema import is_planned, people
from groupadd.drip.store.states import State
from groupadd.model.identity import Identity, Participant, alternates
from groupadd.model.masking import repr_masked, repr_masked_lid
from groupadd.model.outcome import Evidence, Invite, InviteState, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim
from groupadd.settings import AddSettings

_SENT = frozenset({InviteState.SENT, InviteState.UNKNOWN})


@frozen(kw_only=True)
class PlannedPerson:
    """A participant of a plan, as the ledger's row was read.

    Attributes:
        id: The row.
        group_jid: The group.
        given: The user's own spelling.
        phone: Digits with country code, no plus; None for a participant named by LID.
        lid: The digits of the LID; None for a participant named by number.
        jid: The canonical JID.
        state: Where the participant stands.
        same_as: The JID of the row of which this one is a duplicate, where the two spellings differ.
        tries: How many adds were sent.
        sent_at: When the last add was sent, in seconds since 1970.
        answered_at: When it was answered or given up, likewise.
        looks: How many of the looks that are due after the add were taken.
        look_at: When the next look is due, in seconds since 1970.
        before: The look before the add, or None.
        claim: The provider's claim about the participant, or None.
        after: The looks after the add, in order.
        status: The verdict, or None.
        reason: Its reason.
        evidence: Its evidence.
        says: The provider's own word or code, or None.
        invite: The invitation that was sent or exists, or None.
        settled_at: When the verdict was given, in seconds since 1970.
    """

    id: int
    group_jid: str = field(repr=repr_masked)
    given: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    lid: str | None = field(repr=repr_masked_lid)
    jid: str = field(repr=repr_masked)
    state: State
    same_as: str | None = field(repr=repr_masked)
    tries: int
    sent_at: float | None
    answered_at: float | None
    looks: int
    look_at: float | None
    before: Observation | None
    claim: Claim | None
    after: tuple[Observation, ...] | None
    status: Status | None
    reason: Reason | None
    evidence: Evidence | None
    says: str | None = field(repr=False)
    invite: Invite | None
    settled_at: float | None

    @property
    def participant(self) -> Participant:
        """The participant, as the user named them."""
        return Participant(self.given, self.phone, self.lid, self.jid)

    def attempt(self, settings: AddSettings) -> Attempt:
        """Return the participant's way through the add so far.

        Args:
            settings: How adds are carried out: when looks are due.
        """
        attempt = Attempt(
            self.participant,
            self.before,
            self.claim or NOT_ASKED,
            self.after or (),
            looks=self.looks,
            look_at=self.look_at or 0.0,
            believes_claims=settings.believes_claims,
        )
        if self.sent_at is not None and self.answered_at is not None:
            lost = attempt.was_lost
            attempt.schedule = LookSchedule.after(self.sent_at, self.answered_at, settings, lost=lost)
        return attempt

    @property
    def was_invited(self) -> bool:
        """Whether an invitation was sent, or may have been: no second one follows."""
        return self.state is State.INVITING or (self.invite is not None and self.invite.state in _SENT)


_COLUMNS = tuple(people.c[one.name] for one in fields(PlannedPerson))


@frozen
class LookDue:
    """A group in which participants wait for a verdict.

    Attributes:
        group_jid: The group.
        at: When the first look is due there, in seconds since 1970.
    """

    group_jid: str = field(repr=repr_masked)
    at: float


@frozen
class Count:
    """How many participants of an account stand alike.

    Attributes:
        provider: The account, by its configured name.
        state: Where they stand.
        status: Their verdict, or None.
        people: How many there are.
    """

    provider: str
    state: State
    status: Status | None
    people: int


def counts(tx: Transaction) -> list[Count]:
    """Return how many participants of each account stand alike; rows that no add is sent for do not count."""
    columns = (people.c.provider, people.c.state, people.c.status)
    counted = select(*columns, func.count().label("people")).where(is_planned).group_by(*columns)
    return [Count(**row._mapping) for row in tx.execute(counted)]


def in_state(tx: Transaction, provider: str, *states: State, group: str | None = None) -> list[PlannedPerson]:
    """Return the participants of an account in these states, in the order of the plan; in one group, or in all."""
    where = [people.c.provider == provider, people.c.state.in_(states)]
    if group is not None:
        where.append(people.c.group_jid == group)
    return [_person(row) for row in tx.execute(select(*_COLUMNS).where(*where).order_by(people.c.id))]


def planned_in(tx: Transaction, group_jid: str) -> Mapping[str, Participant]:
    """Return everybody who is planned for a group, by any account, by canonical JID."""
    columns = (people.c.given, people.c.phone, people.c.lid, people.c.jid)
    rows = tx.execute(select(*columns).where(people.c.group_jid == group_jid, is_planned))
    return {row.jid: Participant(row.given, row.phone, row.lid, row.jid) for row in rows}


def next_up(tx: Transaction, provider: str) -> Mapping[State, PlannedPerson]:
    """Return the first participant of an account who is queued, and the first to invite, by state."""
    found = [_person(row) for row in tx.execute(_NEXT, {"name": provider})]
    return {person.state: person for person in found}


def _first(state: State) -> ScalarSelect[int]:
    standing = (people.c.provider == bindparam("name"), people.c.state == state)
    return select(func.min(people.c.id)).where(*standing).scalar_subquery()


_NEXT = select(*_COLUMNS).where(people.c.id.in_([_first(State.QUEUED), _first(State.TO_INVITE)]))


def other_form(tx: Transaction, person: PlannedPerson, *, lock: bool = False) -> PlannedPerson | None:
    """Return the row that is planned for the same group under the other form of the participant's number.

    Args:
        tx: The transaction.
        person: The participant.
        lock: Whether both rows stay as they are until the transaction ends.
    """
    forms = [Identity(form).id for form in alternates(person.phone or "")]
    if not forms:
        return None
    where = (people.c.group_jid == person.group_jid, people.c.jid.in_([person.jid, *forms]), is_planned)
    both = select(*_COLUMNS).where(*where).order_by(people.c.id)
    rows = tx.execute(both.with_for_update() if lock else both)
    return next((other for row in rows if (other := _person(row)).id != person.id), None)


def no_other_form_invited(tx: Transaction, person: PlannedPerson) -> bool:
    """Return whether no invitation went to the other form of the participant's number, and keep it so.

    Both rows stay as they are until the transaction ends.
    """
    other = other_form(tx, person, lock=True)
    return other is None or not other.was_invited


def looks_due(tx: Transaction, provider: str) -> list[LookDue]:
    """Return the groups in which an account has participants who wait for a verdict, and when looks are due."""
    return [LookDue(row.group_jid, row.at) for row in tx.execute(_LOOKS_DUE, {"name": provider})]


_LOOKS_DUE = (
    select(people.c.group_jid, func.min(people.c.look_at).label("at"))
    .where(people.c.provider == bindparam("name"), people.c.state == State.AWAITING_VERDICT)
    .group_by(people.c.group_jid)
)


def latest_verdicts(tx: Transaction, provider: str, since: float, most: int) -> Sequence[Verdict]:
    """Return an account's latest verdicts since a moment, the newest first, at most so many."""
    of_account = (people.c.provider == provider, people.c.settled_at > since)
    query = select(people.c.status, people.c.reason, people.c.evidence).where(*of_account)
    newest_first = query.order_by(people.c.settled_at.desc(), people.c.id.desc()).limit(most)
    return [Verdict(row.status, row.reason, row.evidence) for row in tx.execute(newest_first)]


def _person(row: Any) -> PlannedPerson:  # noqa: ANN401  a row
    return PlannedPerson(**row._mapping)
