"""Where participants stand, and what changes it: no other code writes a `state`. The table is in `states`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack

from attrs import field, fields, frozen
from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select, update

from groupadd.drip.store import audit
from groupadd.drip.store.audit import Notes
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.schema import people
from groupadd.drip.store.states import Event, state_after, states_before
from groupadd.errors import LedgerError
from groupadd.model.identity import Participant
from groupadd.model.masking import repr_masked, repr_masked_lid
from groupadd.model.outcome import Evidence, Invite, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim


class PersonChanges(TypedDict, total=False):
    """What an event changes of a participant beside the state; the names are those of `PlannedPerson`."""

    same_as: str | None
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
    says: str | None
    invite: Invite | None
    settled_at: float | None


NOT_SENT: Final[PersonChanges] = {  # of a participant whose add is to be sent anew
    "claim": None,
    "after": None,
    "looks": 0,
    "look_at": None,
    "sent_at": None,
    "answered_at": None,
}
_NO_VERDICT: Final[PersonChanges] = {"status": None, "reason": None, "evidence": None, "says": None, "settled_at": None}


@frozen(kw_only=True)
class PlannedRow:
    """A row of the user's, as it goes into the ledger.

    Attributes:
        event: `PLANNED`, `PLANNED_DUPLICATE` or `PLANNED_INVALID`.
        sheet: The sheet.
        line: The line of the sheet, from 1.
        cells: The user's own cells.
        provider: The account, by its configured name.
        group_jid: The group's JID, or the user's own word for it in an invalid row.
        given: The user's own spelling of the participant.
        phone: Digits with country code, no plus, or None.
        lid: The digits of the LID, or None.
        jid: The canonical JID; empty in an invalid row.
        same_as: The JID of the row of which this one is a duplicate, where the two spellings differ.
        fault: What is wrong with an invalid row.
    """

    event: Event
    sheet: int
    line: int
    cells: tuple[str, ...] = field(repr=False)
    provider: str
    group_jid: str = field(repr=repr_masked)
    given: str = field(repr=repr_masked)
    phone: str | None = field(default=None, repr=repr_masked)
    lid: str | None = field(default=None, repr=repr_masked_lid)
    jid: str = field(default="", repr=repr_masked)
    same_as: str | None = field(default=None, repr=repr_masked)
    fault: str | None = field(default=None, repr=False)


_COPIED = tuple(one.name for one in fields(PlannedRow) if one.name != "event")


def insert_people(tx: Transaction, rows: Sequence[PlannedRow]) -> None:
    """Put rows into the ledger, in order."""
    if rows:
        tx.execute(insert(people), [_inserted(row) for row in rows])


def _inserted(row: PlannedRow) -> Mapping[str, object]:
    return {"state": state_after(None, row.event), **{name: getattr(row, name) for name in _COPIED}}


def transition(tx: Transaction, person: PlannedPerson, event: Event, **changes: Unpack[PersonChanges]) -> bool:
    """Let an event happen to a participant, by compare-and-set.

    Returns:
        Whether the participant still stood where the row was read, and was changed.
    """
    read = {"row": person.id, "read_state": person.state, "read_tries": person.tries}
    after: dict[str, Any] = {"state": state_after(person.state, event), **changes}
    return tx.execute(_TRANSITION, {**read, **after}).rowcount == 1


_TRANSITION = update(people).where(  # sets the parameters that are named as columns
    people.c.id == bindparam("row"),
    people.c.state == bindparam("read_state"),
    people.c.tries == bindparam("read_tries"),
)


def _transition_all(
    tx: Transaction, where: Sequence[ColumnElement[bool]], event: Event, **changes: Unpack[PersonChanges]
) -> None:
    """Let an event happen to all participants of a condition."""
    for state in states_before(event):
        after: dict[str, Any] = {"state": state_after(state, event), **changes}
        tx.execute(update(people).where(*where, people.c.state == state).values(**after))


def mark_same(tx: Transaction, person: PlannedPerson, first_jid: str) -> None:
    """Note of every row with the participant's spelling whose duplicate it is."""
    same_form = (people.c.group_jid == person.group_jid, people.c.jid == person.jid)
    tx.execute(update(people).where(*same_form).values(same_as=first_jid))


def retry_people(ledger: Ledger, tx: Transaction, reason: Reason) -> int:
    """Take up again the participants who ended for a reason and are not in; return how many.

    A participant who is known to be absent is queued. One whose outcome is unknown is looked up first.
    """
    count = _retry(ledger, tx, reason, Status.NOT_ADDED, Event.RETRIED, {"before": None, **NOT_SENT})
    looked_up: PersonChanges = {"looks": 0, "look_at": ledger.now(), "after": None}
    return count + _retry(ledger, tx, reason, Status.UNKNOWN, Event.RETRIED_UNKNOWN, looked_up)


def _retry(
    ledger: Ledger, tx: Transaction, reason: Reason, status: Status, event: Event, changes: PersonChanges
) -> int:
    where = (people.c.reason == reason, people.c.status == status)
    columns = (people.c.provider, people.c.group_jid, people.c.jid)
    found = tx.execute(select(*columns).where(*where, people.c.state.in_(states_before(event)))).all()
    notes = Notes()
    for row in found:
        notes.add(event.word, reason.value, provider=row.provider, group=row.group_jid, participant=row.jid)
    notes.write(tx, ledger.now())
    anew: PersonChanges = {**_NO_VERDICT, **changes, "tries": 0}
    _transition_all(tx, where, event, **anew)
    return len(found)


def forget_person(ledger: Ledger, tx: Transaction, participant: Participant) -> int:
    """Delete a participant's rows in all groups, and the name in the audit; return how many rows.

    Raises:
        LedgerError: A request about the participant is under way.
    """
    jids = _all_forms(tx, participant.id)
    theirs = or_(people.c.jid.in_(jids), people.c.given == participant.given.strip())
    in_mid_call = people.c.state.notin_(states_before(Event.FORGOTTEN))
    if tx.scalar(select(people.c.id).where(theirs, in_mid_call).limit(1)) is not None:
        raise LedgerError("a request about this person is under way: try again in a minute")
    deleted = tx.execute(delete(people).where(theirs)).rowcount
    audit.forget(tx, list(jids))
    audit.note(tx, ledger.now(), Event.FORGOTTEN.word, "by hand", f"{deleted} rows")
    return deleted


def _all_forms(tx: Transaction, jid: str) -> set[str]:
    """Return a JID, and that of the other form of its number where it has proven to be the same person's."""
    pairs = select(people.c.jid, people.c.same_as).where(people.c.same_as.isnot(None))
    proven = pairs.where(or_(people.c.jid == jid, people.c.same_as == jid)).distinct()
    return {jid, *(form for row in tx.execute(proven) for form in (row.jid, row.same_as))}
