"""What is known before an add: rights, places, members, and whether looks can prove a verdict. Adds no participant."""

from collections.abc import Sequence

from attrs import evolve, field, frozen

from groupadd.adding.observe import ProviderSession, RosterObserver
from groupadd.model.identity import GroupId, Identity, Participant, Person, same_first
from groupadd.model.json_form import to_json
from groupadd.model.masking import repr_masked
from groupadd.model.outcome import Reason
from groupadd.model.roster import Proof, Roster
from groupadd.provider import DescribesGroup, GroupInfo
from groupadd.wire.messages import Flow
from groupadd.wire.retry import or_none

USUAL_LIMIT = 1024  # WhatsApp's own, where the provider does not give the group's
_ADMINS = frozenset({"admin", "superadmin"})


@frozen
class Prospect:
    """A participant of a preflight.

    Attributes:
        participant: The caller's own spelling.
        phone: Digits without a plus, or None.
        id: The canonical JID.
        member: Whether the participant is in the group; None where the roster proves neither.
        on_whatsapp: Whether the number is on WhatsApp; None where the provider proves neither, and for members, whose
            numbers are not checked.
    """

    participant: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    id: str = field(repr=repr_masked)
    member: bool | None
    on_whatsapp: bool | None


@frozen
class Preflight:
    """What is known before an add. None means unknown.

    Attributes:
        provider: The provider's configured name, or its type for a bare client.
        type: The provider's type.
        group: The group's JID.
        in_group: Whether our account is in the group.
        may_add: Whether our account may add: it is an admin, or members may.
        needs_approval: Whether people wait for an admin's approval unless an admin adds them.
        places_left: The number of people that still fit in.
        limit: The largest number of members.
        limit_is_known: Whether the provider gives that limit; else it is WhatsApp's usual one.
        provable: Whether looks can prove presence and absence. In a list that may hold people who have left, they prove
            presence where an earlier look lacked the participant.
        why_not_provable: Why looks cannot; None where they can.
        participants: The participants, each person once.
    """

    provider: str
    type: str
    group: str = field(repr=repr_masked)
    in_group: bool | None
    may_add: bool | None
    needs_approval: bool | None
    places_left: int | None
    limit: int
    limit_is_known: bool
    provable: bool
    why_not_provable: Reason | None
    participants: tuple[Prospect, ...]

    def as_dict(self) -> dict[str, object]:
        """Return everything as JSON values, keyed by attribute."""
        return to_json(self)


def preflight(
    session: ProviderSession, name: str, kind: str, group: GroupId, participants: Sequence[Participant]
) -> Flow[Preflight]:
    """Look once, read the group's settings, and check the numbers of participants who are not in the group.

    Returns:
        What is known, with each person once.

    Raises:
        Unsupported: The provider has no roster.
        ProviderError: The roster could not be read.
    """
    observer = RosterObserver.of(session, group, same_first(participants))
    people = observer.names.people
    observations = yield from observer.look(people)
    roster = observer.roster or Roster(())
    info = yield from _group_info(session, group)
    prospects: list[Prospect] = []
    for jid, person in people.items():
        member = observations[jid].member
        on_whatsapp = None if member else (yield from observer.names.check_recipient(jid)).exists
        prospects.append(Prospect(person.given, person.phone, person.id, member, on_whatsapp))
    limit, size = info.limit or USUAL_LIMIT, info.size or (len(roster.members) if roster.complete else None)
    why = yield from _why_not_provable(session, roster, [shown.reason for shown in observations.values()])
    return Preflight(
        provider=name,
        type=kind,
        group=group.jid,
        in_group=in_group(roster),
        may_add=may_add(roster, info),
        needs_approval=info.needs_approval,
        places_left=None if size is None else max(limit - size, 0),
        limit=limit,
        limit_is_known=info.limit is not None,
        provable=why is None,
        why_not_provable=why,
        participants=tuple(prospects),
    )


def in_group(roster: Roster) -> bool | None:
    """Return whether our own account is in the group."""
    if roster.me is None:
        return None
    return evolve(roster, me=None).observation(_us(roster.me)).member


def may_add(roster: Roster, info: GroupInfo) -> bool | None:
    """Return whether our account may add people, by its role in the roster or because members may."""
    if info.is_community:
        return False
    role = roster.role(roster.me)
    if role in _ADMINS or info.members_may_add:
        return True
    return False if role == "member" and info.members_may_add is False else None


def remarks(roster: Roster, asked: int) -> Sequence[str]:
    """Return warnings from one look before an add. They are for people: groupadd refuses nothing on a guess."""
    found: list[str] = []
    if in_group(roster) is False:
        found.append("our account is not in the group")
    if roster.role(roster.me) == "member":
        found.append("our account is no admin of the group; most groups let only admins add")
    if roster.complete and len(roster.members) + asked > USUAL_LIMIT:
        found.append(f"the group has {len(roster.members):,} members, and {USUAL_LIMIT:,} usually fit in")
    return found


def _us(me: Identity) -> Person:
    return Person(frozenset(), frozenset()).also(me)


def _group_info(session: ProviderSession, group: GroupId) -> Flow[GroupInfo]:
    provider = session.provider
    if isinstance(provider, DescribesGroup):
        return (yield from or_none(provider.group_info, group)) or GroupInfo()
    return GroupInfo()


def _why_not_provable(session: ProviderSession, roster: Roster, doubts: Sequence[Reason | None]) -> Flow[Reason | None]:
    proof = yield from session.roster_proof()
    proves = roster.proves if proof is None else proof.of_copy(refreshed=True)
    if not roster.complete or Proof.ABSENCE not in proves:
        return Reason.STALE_ROSTER
    return Reason.UNRESOLVED_IDENTITY if Reason.UNRESOLVED_IDENTITY in doubts else None
