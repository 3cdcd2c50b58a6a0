"""Looks: one reading of a roster, and what it shows of each participant."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import define, evolve, field, frozen

from groupadd.errors import ProviderError, SessionNotReady, Unsupported
from groupadd.model.identity import PHONE_DOMAIN, GroupId, Identity, Participant, Person, alternates, same_first
from groupadd.model.masking import repr_masked, repr_scrubbed
from groupadd.model.outcome import Reason
from groupadd.model.roster import Observation, Proof, Roster, RosterProof
from groupadd.provider import (
    ChecksNumbers,
    GroupMembershipProvider,
    KnowsRosterProof,
    KnowsSession,
    ListsJoinRequests,
    ListsParticipants,
    NumberCheck,
    RefreshesRoster,
    ResolvesLids,
    Session,
)
from groupadd.wire.messages import Flow, log
from groupadd.wire.retry import delayed, or_none, with_retries

MOST_LOOKED_UP = 20  # participants whose other names are asked for in one call
_SAME_END = 6  # digits: two forms of one number have the same end, whatever the country

Names: TypeAlias = frozenset[tuple[str, str]]


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
    _roster_proof: RosterProof | None = None

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

    @property
    def known_me(self) -> Identity | None:
        """Our own names, as far as they were asked for already."""
        return None if self._session is None else self._session.me

    def roster(self, group: GroupId, *, not_before: float = 0.0, refreshed: bool = False) -> Flow[Roster]:
        """Read the group's roster once.

        Args:
            group: The group.
            not_before: The earliest moment of the request, in seconds of the driver's clock.
            refreshed: Whether the provider has refreshed its copy in this call.

        Raises:
            Unsupported: The provider has no roster.
            ProviderError: The roster could not be read.
        """
        if not isinstance(self.provider, ListsParticipants):
            raise Unsupported("this provider cannot list the members of a group")
        roster = yield from with_retries(delayed(self.provider.list_participants(group), not_before))
        if (proof := (yield from self.roster_proof())) is not None:
            roster = evolve(roster, proves=(proof.refreshed if refreshed else None) or proof.cached)
        roster = roster.seen_by((yield from self.me()))
        if roster.misses_me_by_phone and (yield from self._learn_own_lid()):
            roster = roster.seen_by((yield from self.me()))
        return roster

    def roster_proof(self) -> Flow[RosterProof | None]:
        """Ask once what the provider's rosters prove. None where its adapter declares it for each roster."""
        if self._roster_proof is None and isinstance(self.provider, KnowsRosterProof):
            self._roster_proof = (yield from or_none(self.provider.roster_proof())) or RosterProof(Proof.NOTHING)
        return self._roster_proof

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
    _names_before: dict[str, Names] = field(factory=dict)  # the names in the roster before the participant's add
    _doubted: set[str] = field(factory=set)  # a claim under an unknown name may be theirs
    _looked_up: set[str] = field(factory=set)
    _confirmed: set[str] = field(factory=set)  # the provider knows their account by the number we know
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

    def without_owner(self, names: Iterable[Identity]) -> list[Identity]:
        """Return the names that are no participant's and not our own account's, in order."""
        by_phone, by_lid = self.index(self.people)
        me = self.session.known_me or Identity()
        phones, lids = {*by_phone, me.phone} - {None}, {*by_lid, me.lid} - {None}
        return [one for one in names if one.phone not in phones and one.lid not in lids]

    def learn(self, jid: str, names: Identity) -> None:
        """Store further names of a participant, as one source gives them."""
        self._persons[jid] = self.person(jid).also(names)

    def doubt(self, jids: Iterable[str]) -> None:
        """Note participants whose claim may stand under an unknown name: their absence is not proven."""
        self._doubted.update(jids)

    def look_before(self, jids: Collection[str]) -> Flow[Mapping[str, Observation]]:
        """Read the roster once before an add; errors and result as for `look`."""
        observations = yield from self.look(jids)
        self.note_rows_before(jids)
        return observations

    def note_rows_before(self, jids: Iterable[str]) -> None:
        """Note the rows of the last roster as those before these participants' add: later rows are new."""
        if self.roster is not None and self.roster.complete:
            names = _all_names(Identity(row.phone, row.lid) for row in self.roster.members)
            self._names_before.update(dict.fromkeys(jids, names))

    def look(
        self, jids: Collection[str], *, also: Collection[str] = (), not_before: float = 0.0
    ) -> Flow[Mapping[str, Observation]]:
        """Read the roster once. Where it leaves a participant open, the participant's other names are looked up.

        Args:
            jids: The participants to observe.
            also: Further participants, observed only where the roster proves everything.
            not_before: The earliest moment of the request, in seconds of the driver's clock.

        Returns:
            What the roster shows, by canonical JID.

        Raises:
            ProviderError: The roster could not be read.
        """
        refreshed = bool(self._refreshed)
        self.roster = yield from self.session.roster(self.group, not_before=not_before, refreshed=refreshed)
        observed = dict.fromkeys((*jids, *also) if self.roster.proves is Proof.BOTH else jids)
        observations = self.observe(self.roster, observed)
        unclear = [jid for jid in jids if observations[jid].reason is Reason.UNRESOLVED_IDENTITY]
        if unclear:
            yield from self.identify(unclear)
            observations |= self.observe(self.roster, unclear)
        return observations

    def observe(self, roster: Roster, jids: Iterable[str]) -> dict[str, Observation]:
        """Return what a roster shows of participants, by canonical JID.

        An absence stays unproven while a row or claim is left over that may be the participant's under another name.
        """
        observations = {jid: roster.observation(self.person(jid)) for jid in jids}
        absent = [jid for jid, shown in observations.items() if shown.listed is False and jid not in self._confirmed]
        for jid in self._maybe_listed(roster, absent) if absent else ():
            observations[jid] = Observation(None, Reason.UNRESOLVED_IDENTITY, observations[jid].complete)
        return observations

    def _maybe_listed(self, roster: Roster, absent: Sequence[str]) -> Iterator[str]:
        """Yield the participants whom a claim or a row may mean that has no owner.

        Rows that came since the look before may mean a participant. Without a look before, rows whose number ends as
        the participant's does may: another form of a number has the same end.
        """
        rows = self.without_owner(Identity(row.phone, row.lid) for row in roster.members)
        ends = {row.phone[-_SAME_END:] for row in rows if row.phone}
        earlier = {self._names_before[jid] for jid in absent if jid in self._names_before}
        is_new = {names: any(names.isdisjoint(_all_names([row])) for row in rows) for names in earlier}
        for jid in absent:
            before = self._names_before.get(jid)
            same_end = any(phone[-_SAME_END:] in ends for phone in self.person(jid).phones)
            if jid in self._doubted or (same_end if before is None else is_new[before]):
                yield jid

    def refresh(self, *, not_before: float = 0.0) -> Flow[None]:
        """Refresh a cached roster, at most once in a call. Where that fails, the roster stays cached."""
        provider = self.session.provider
        proof = yield from self.session.roster_proof()
        can_refresh = proof is None or proof.refreshed is not None
        if isinstance(provider, RefreshesRoster) and can_refresh and self._refreshed is None:
            self._refreshed = False
            try:
                yield from with_retries(delayed(provider.refresh_roster(self.group), not_before))
                self._refreshed = True
            except (ProviderError, Unsupported) as error:
                log.info("the roster could not be refreshed: %s", error)

    def identify(self, jids: Iterable[str]) -> Flow[None]:
        """Ask the provider, once for each participant, for other names: the LID, and the canonical account.

        At most 20 participants are asked about in a call.
        """
        new = [jid for jid in jids if jid not in self._looked_up][: MOST_LOOKED_UP - len(self._looked_up)]
        self._looked_up.update(new)
        yield from self._learn_lids(new)
        for jid in new:
            for phone in self.person(jid).phones:
                yield from self._check(jid, phone)

    def _learn_lids(self, jids: Iterable[str]) -> Flow[None]:
        provider = self.session.provider
        phones = {phone: jid for jid in jids for phone in self.person(jid).phones}
        if isinstance(provider, ResolvesLids) and phones:
            lids = yield from or_none(provider.resolve_lids(tuple(phones)))
            for phone, lid in (lids or {}).items():
                if phone in phones:
                    self.learn(phones[phone], Identity(lid=lid))

    def _check(self, jid: str, phone: str) -> Flow[NumberCheck | None]:
        """Check a participant's number, where the provider can, and learn the account that it names."""
        provider = self.session.provider
        if not isinstance(provider, ChecksNumbers):
            return None
        check = yield from or_none(provider.check_number(phone))
        if check is not None and check.exists and check.account is not None:
            self.learn(jid, check.account)
            if check.account.phone == phone:
                self._confirmed.add(jid)
        return check

    def is_not_on_whatsapp(self, jid: str) -> Flow[bool]:
        """Check a participant's number before a message goes out. Return whether it is surely not on WhatsApp."""
        phone = self.recipient(jid).phone
        if phone is None or jid in self._confirmed:
            return False
        check = yield from self._check(jid, phone)
        return check is not None and check.exists is False

    def recipient(self, jid: str) -> Participant:
        """Return a participant under the name that the provider's own answers use, where one names another number."""
        person, participant = self.person(jid), self.people[jid]
        others = sorted(person.phones - {participant.phone})
        if participant.phone is None or jid in self._confirmed or len(others) != 1:
            return participant
        (phone,) = others
        return evolve(participant, phone=phone, id=f"{phone}@{PHONE_DOMAIN}")

    def is_another_account(self, jid: str, recipient: Identity | None) -> Flow[bool]:
        """Return whether a message went to another account than the participant's, by what the answer names."""
        if recipient is None:
            return False
        if recipient.phone is None and not self.person(jid).lids:
            yield from self._learn_lids([jid])
        person = self.person(jid)
        is_phone, is_lid = recipient.phone in person.phones, recipient.lid in person.lids
        comparable = bool((recipient.phone and person.phones) or (recipient.lid and person.lids))
        return comparable and not (is_phone or is_lid)


def _all_names(identities: Iterable[Identity]) -> Names:
    """Return every name, each with its kind."""
    names = ((kind, name) for one in identities for kind, name in (("phone", one.phone), ("lid", one.lid)))
    return frozenset((kind, name) for kind, name in names if name is not None)


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
    if not isinstance(provider, ChecksNumbers):
        return None
    accounts: list[Identity] = []
    for number in (phone, other_form):
        check = yield from or_none(provider.check_number(number))
        if check is None or check.account is None:
            return None
        accounts.append(check.account)
    return accounts[0] == accounts[1]


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
