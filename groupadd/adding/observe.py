"""Looks: one reading of a roster, and what it shows of each participant."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from attrs import define, evolve, field, frozen

from groupadd.errors import ProviderError, SessionNotReady, Unsupported
from groupadd.model.identity import GroupId, Identity, Participant, Person, alternates, same_first
from groupadd.model.masking import repr_masked, repr_scrubbed
from groupadd.model.outcome import Reason
from groupadd.model.roster import Observation, Roster
from groupadd.provider import (
    ChecksNumbers,
    GroupMembershipProvider,
    KnowsSession,
    ListsJoinRequests,
    ListsParticipants,
    RefreshesRoster,
    ResolvesLids,
    Session,
)
from groupadd.wire.messages import Flow, log
from groupadd.wire.retry import delayed, or_none, with_retries


@frozen
class Membership:
    """Whether one participant is in the group, from one look.

    Attributes:
        participant: The caller's own spelling.
        phone: Digits without a plus, or None.
        id: The canonical JID.
        member: True, False, or None where the roster proves neither.
        reason: Why the roster proves neither; None where it proves one.
    """

    participant: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    id: str = field(repr=repr_masked)
    member: bool | None
    reason: Reason | None


@define
class ProviderSession:
    """A provider, and what a client asks about its WhatsApp account once.

    Attributes:
        provider: The provider.
    """

    provider: GroupMembershipProvider
    _session: Session | None = None
    _lid_asked: bool = False

    def me(self) -> Flow[Identity | None]:
        """Return our own names, or None where the provider does not tell them.

        Raises:
            SessionNotReady: The provider's WhatsApp session is down.
        """
        if self._session is None and isinstance(self.provider, KnowsSession):
            session = yield from or_none(self.provider.session())
            if session is not None and session.ready is False:
                says = repr_scrubbed(session.says)
                raise SessionNotReady(f"the provider's WhatsApp session is {says}: link it again or restart it")
            self._session = session
        return None if self._session is None else self._session.me

    def roster(self, group: GroupId, *, not_before: float = 0.0) -> Flow[Roster]:
        """Read the group's roster once.

        Args:
            group: The group.
            not_before: The earliest moment of the request, in seconds of the driver's clock.

        Raises:
            Unsupported: The provider has no roster.
            ProviderError: The roster could not be read.
        """
        if not isinstance(self.provider, ListsParticipants):
            raise Unsupported("this provider cannot list the members of a group")
        roster = yield from with_retries(delayed(self.provider.list_participants(group), not_before))
        roster = roster.seen_by((yield from self.me()))
        if roster.misses_me_by_phone and (yield from self._learn_own_lid()):
            roster = roster.seen_by((yield from self.me()))
        return roster

    def _learn_own_lid(self) -> Flow[bool]:
        """Ask for our own LID, once. Return whether the provider knows it."""
        me = yield from self.me()
        if self._lid_asked or me is None or me.phone is None or not isinstance(self.provider, ResolvesLids):
            return False
        self._lid_asked = True
        lid = ((yield from or_none(self.provider.resolve_lids((me.phone,)))) or {}).get(me.phone)
        if lid is not None and self._session is not None:
            self._session = evolve(self._session, me=Identity(me.phone, lid))
        return lid is not None


@define
class RosterObserver:
    """The participants of one call in one group: their known names, and what rosters show of them.

    Attributes:
        session: The provider and its account.
        group: The group.
        people: The participants of the call, by canonical JID.
        roster: The last roster that was read, or None.
    """

    session: ProviderSession
    group: GroupId
    people: Mapping[str, Participant]
    roster: Roster | None = None
    _persons: dict[str, Person] = field(factory=dict)
    _looked_up: set[str] = field(factory=set)
    _refreshed: bool | None = None  # None: not tried in this call

    def person(self, jid: str) -> Person:
        """Return every known name of a participant."""
        return self._persons.get(jid) or Person.of(self.people[jid])

    def index(self, jids: Collection[str]) -> tuple[Mapping[str | None, str], Mapping[str | None, str]]:
        """Index participants by their known names.

        Returns:
            Canonical JIDs by phone, and canonical JIDs by LID.
        """
        by_phone: dict[str | None, str] = {phone: jid for jid in jids if (phone := self.people[jid].phone)}
        by_lid: dict[str | None, str] = {lid: jid for jid in jids if (lid := self.people[jid].lid)}
        for jid, person in self._persons.items():
            if jid in jids:
                by_phone.update(dict.fromkeys(person.phones, jid))
                by_lid.update(dict.fromkeys(person.lids, jid))
        return by_phone, by_lid

    def other_forms(self, jids: Collection[str]) -> Collection[str]:
        """Return the unconfirmed other forms of these participants' numbers."""
        return {form for jid in jids for form in alternates(self.people[jid].phone or "")}

    def learn(self, jid: str, names: Identity) -> None:
        """Store further names of a participant, as one source gives them."""
        self._persons[jid] = self.person(jid).also(names)

    def look(
        self, jids: Collection[str], *, also: Collection[str] = (), not_before: float = 0.0
    ) -> Flow[Mapping[str, Observation]]:
        """Read the roster once. Where it names members in another way, the participants' other names are looked up.

        Args:
            jids: The participants to observe.
            also: Further participants, observed only in a live roster: a cached one may hold people who have left.
            not_before: The earliest moment of the request, in seconds of the driver's clock.

        Returns:
            What the roster shows, by canonical JID.

        Raises:
            ProviderError: The roster could not be read.
        """
        roster = yield from self.session.roster(self.group, not_before=not_before)
        if self._refreshed:
            roster = evolve(roster, live=True)
        self.roster = roster
        observed = dict.fromkeys((*jids, *also) if roster.live else jids)
        observations = {jid: roster.observation(self.person(jid)) for jid in observed}
        unresolved = [jid for jid in jids if observations[jid].reason is Reason.UNRESOLVED_IDENTITY]
        if unresolved:
            yield from self.identify(unresolved)
            observations.update({jid: roster.observation(self.person(jid)) for jid in unresolved})
        return observations

    def refresh(self, *, not_before: float = 0.0) -> Flow[None]:
        """Refresh a cached roster, at most once in a call. Where that fails, the roster stays cached."""
        provider = self.session.provider
        if isinstance(provider, RefreshesRoster) and self._refreshed is None:
            self._refreshed = False
            try:
                yield from with_retries(delayed(provider.refresh_roster(self.group), not_before))
                self._refreshed = True
            except ProviderError as error:
                log.info("the roster could not be refreshed: %s", error)

    def identify(self, jids: Iterable[str]) -> Flow[None]:
        """Ask the provider, once for each participant, for other names: the LID, and the canonical number."""
        provider = self.session.provider
        phones = {phone: jid for jid in jids if jid not in self._looked_up for phone in self.person(jid).phones}
        self._looked_up.update(phones.values())
        if isinstance(provider, ResolvesLids) and phones:
            lids = yield from or_none(provider.resolve_lids(tuple(phones)))
            for phone, lid in (lids or {}).items():
                if phone in phones:
                    self.learn(phones[phone], Identity(lid=lid))
        if isinstance(provider, ChecksNumbers):
            for phone, jid in phones.items():
                if self.person(jid).maybe_phones and (canonical := (yield from or_none(provider.check_number(phone)))):
                    self.learn(jid, canonical)


def awaiting_approval(observer: RosterObserver, jids: Collection[str]) -> Flow[Collection[str]]:
    """Ask which participants wait for an admin's approval.

    Returns:
        Their canonical JIDs, in the order given; none where the provider cannot tell.
    """
    provider = observer.session.provider
    requests = (
        (yield from or_none(provider.join_requests(observer.group)))
        if isinstance(provider, ListsJoinRequests)
        else None
    )
    if not requests:
        return ()
    if any(names.phone is None for names in requests):
        yield from observer.identify(jids)
    by_phone, by_lid = observer.index(jids)
    found = {jid for names in requests for jid in (by_phone.get(names.phone), by_lid.get(names.lid))}
    return [jid for jid in jids if jid in found]


def distinct_people(session: ProviderSession, participants: Sequence[Participant]) -> Flow[Mapping[str, Participant]]:
    """Return the first entry of each person in a list, by the canonical JID of every entry.

    Two forms of one line (Brazil's ninth digit and its like) are one person only if the provider takes them for the
    same account. It is asked only where the list holds both.
    """
    first_entries = same_first(participants)
    seen: dict[str, Participant] = {}
    for person in [person for person in first_entries.values() if person.phone and alternates(person.phone)]:
        phone = person.phone or ""
        earlier = next((seen[form] for form in alternates(phone) if form in seen), None)
        if earlier is not None and (yield from same_account(session.provider, earlier.phone or "", phone)):
            first_entries[person.id] = earlier
        seen[phone] = person
    return first_entries


def same_account(provider: GroupMembershipProvider, phone: str, other_form: str) -> Flow[bool | None]:
    """Return whether the provider takes two numbers for one account; None where it does not tell."""
    account = (yield from or_none(provider.check_number(phone))) if isinstance(provider, ChecksNumbers) else None
    if account is None or not isinstance(provider, ChecksNumbers):
        return None
    other = yield from or_none(provider.check_number(other_form))
    return None if other is None else account == other


def check(
    session: ProviderSession, group: GroupId, participants: Sequence[Participant]
) -> Flow[tuple[Membership, ...]]:
    """Look once, and say of each participant whether they are in the group.

    Returns:
        One membership for each participant, in the order asked.

    Raises:
        Unsupported: The provider has no roster.
        ProviderError: The roster could not be read.
    """
    people = same_first(participants)
    observations = yield from RosterObserver(session, group, people).look(people)
    return tuple(
        Membership(
            person.given, person.phone, person.id, observations[person.id].member, observations[person.id].reason
        )
        for person in participants
    )
