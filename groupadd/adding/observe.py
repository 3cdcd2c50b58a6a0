"""Looking: one reading of a roster, and what it shows of everyone who is watched."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

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
from groupadd.wire.retry import not_before, or_none, with_retries

T = TypeVar("T")


@frozen
class Membership:
    """Whether one person is in the group, from one look.

    Attributes:
        participant: The caller's own spelling.
        phone: Digits without a plus, or None.
        id: The canonical JID.
        member: True, False, or None where the roster proves neither.
        reason: Why it proves neither.
    """

    participant: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    id: str = field(repr=repr_masked)
    member: bool | None
    reason: Reason | None


@define
class ProviderSession:
    """The account behind a provider: what a client asks about it once.

    Attributes:
        provider: The provider.
    """

    provider: GroupMembershipProvider
    _session: Session | None = None
    _lid_asked: bool = False

    def me(self) -> Flow[Identity | None]:
        """Return our own names, or None where the provider does not tell them.

        Raises:
            SessionNotReady: The provider's session is down.
        """
        if self._session is None and isinstance(self.provider, KnowsSession):
            session = yield from or_none(self.provider.session())
            if session is not None and session.ready is False:
                says = repr_scrubbed(session.says)
                raise SessionNotReady(f"the provider's WhatsApp session is {says}: link it again or restart it")
            self._session = session
        return None if self._session is None else self._session.me

    def roster(self, group: GroupId, *, moment: float = 0.0) -> Flow[Roster]:
        """Read the group's roster once, no earlier than `moment` of the driver's clock.

        Raises:
            Unsupported: The provider has no roster.
            ProviderError: It could not be read.
        """
        if not isinstance(self.provider, ListsParticipants):
            raise Unsupported("this provider cannot list the members of a group")
        roster = yield from with_retries(not_before(self.provider.list_participants(group), moment))
        roster = roster.seen_by((yield from self.me()))
        if roster.misses_me_by_phone and (yield from self._learn_own_lid()):
            roster = roster.seen_by((yield from self.me()))
        return roster

    def _learn_own_lid(self) -> Flow[bool]:
        """Ask for our own LID, once; return whether it is news."""
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
    """The people of one call in one group: who they are known to be, and what rosters show of them.

    Attributes:
        account: Who looks.
        group: Where.
        people: Everyone the call is about, by canonical JID.
        roster: The roster as it was last seen.
    """

    account: ProviderSession
    group: GroupId
    people: Mapping[str, Participant]
    roster: Roster | None = None
    _persons: dict[str, Person] = field(factory=dict)
    _looked_up: set[str] = field(factory=set)
    _refreshed: bool = False

    def person(self, name: str) -> Person:
        """Return everything that is known of who someone is."""
        return self._persons.get(name) or Person.of(self.people[name])

    def index(self, names: Collection[str]) -> tuple[Mapping[str | None, str], Mapping[str | None, str]]:
        """Return these people by phone and by LID, under every name that is known of them."""
        by_phone: dict[str | None, str] = {phone: name for name in names if (phone := self.people[name].phone)}
        by_lid: dict[str | None, str] = {lid: name for name in names if (lid := self.people[name].lid)}
        for name, person in self._persons.items():
            if name in names:
                by_phone.update(dict.fromkeys(person.phones, name))
                by_lid.update(dict.fromkeys(person.lids, name))
        return by_phone, by_lid

    def other_forms(self, names: Collection[str]) -> Collection[str]:
        """Return the unconfirmed other forms of these people's numbers."""
        return {form for name in names for form in alternates(self.people[name].phone or "")}

    def learn(self, name: str, names: Identity) -> None:
        """Note further names of someone's, as one source gives them."""
        self._persons[name] = self.person(name).also(names)

    def look(
        self, names: Collection[str], *, also: Collection[str] = (), moment: float = 0.0
    ) -> Flow[Mapping[str, Observation]]:
        """Read the roster once, no earlier than `moment`, and return what it shows of these people.

        A live one is asked of those as well.

        Where it names its members in another way than we know them, the other names of these are looked up.

        Raises:
            ProviderError: The roster could not be read.
        """
        roster = yield from self.account.roster(self.group, moment=moment)
        if self._refreshed:
            roster = evolve(roster, live=True)
        self.roster = roster
        everybody = dict.fromkeys((*names, *also) if roster.live else names)  # a cached one may hold who has left
        observations = {name: roster.observation(self.person(name)) for name in everybody}
        doubtful = [name for name in names if observations[name].reason is Reason.UNRESOLVED_IDENTITY]
        if doubtful:
            yield from self.identify(doubtful)
            observations.update({name: roster.observation(self.person(name)) for name in doubtful})
        return observations

    def refresh(self, *, moment: float = 0.0) -> Flow[None]:
        """Have a cached roster made fresh, once in a call, where the provider can; if that fails, it stays cached."""
        provider = self.account.provider
        if isinstance(provider, RefreshesRoster) and not self._refreshed:
            try:
                yield from with_retries(not_before(provider.refresh_roster(self.group), moment))
                self._refreshed = True
            except ProviderError as error:
                log.info("the roster could not be made fresh: %s", error)

    def identify(self, names: Iterable[str]) -> Flow[None]:
        """Ask the provider, once each, for other names of these people: LIDs, and what number it takes theirs for."""
        provider = self.account.provider
        phones = {phone: name for name in names if name not in self._looked_up for phone in self.person(name).phones}
        self._looked_up.update(phones.values())
        if isinstance(provider, ResolvesLids) and phones:
            lids = yield from or_none(provider.resolve_lids(tuple(phones)))
            for phone, lid in (lids or {}).items():
                if phone in phones:
                    self.learn(phones[phone], Identity(lid=lid))
        if isinstance(provider, ChecksNumbers):
            for phone, name in phones.items():
                if self.person(name).maybe_phones and (canonical := (yield from or_none(provider.check_number(phone)))):
                    self.learn(name, canonical)


def waiting(watch: RosterObserver, names: Collection[str]) -> Flow[Collection[str]]:
    """Return which of these people wait for an admin's approval, where the provider can tell."""
    provider = watch.account.provider
    requests = (
        (yield from or_none(provider.join_requests(watch.group))) if isinstance(provider, ListsJoinRequests) else None
    )
    if not requests:
        return ()
    if any(who.phone is None for who in requests):
        yield from watch.identify(names)
    by_phone, by_lid = watch.index(names)
    found = {name for who in requests for name in (by_phone.get(who.phone), by_lid.get(who.lid))}
    return [name for name in names if name in found]


def distinct(account: ProviderSession, participants: Sequence[Participant]) -> Flow[Mapping[str, Participant]]:
    """Return for every canonical JID in the list who is meant by it: the same person's first entry.

    Two forms of one line (Brazil's ninth digit and its like) are one person only if the provider takes them for the
    same account; it is asked only where the list holds both.
    """
    meant = same_first(participants)
    seen: dict[str, Participant] = {}
    for person in [person for person in meant.values() if person.phone and alternates(person.phone)]:
        phone = person.phone or ""
        earlier = next((seen[form] for form in alternates(phone) if form in seen), None)
        if earlier is not None and (yield from same_account(account.provider, earlier.phone or "", phone)):
            meant[person.id] = earlier
        seen[phone] = person
    return meant


def same_account(provider: GroupMembershipProvider, phone: str, other_form: str) -> Flow[bool | None]:
    """Return whether the provider takes two numbers for one account; None where it cannot or does not tell."""
    account = (yield from or_none(provider.check_number(phone))) if isinstance(provider, ChecksNumbers) else None
    if account is None or not isinstance(provider, ChecksNumbers):
        return None
    other = yield from or_none(provider.check_number(other_form))
    return None if other is None else account == other


def check(
    account: ProviderSession, group: GroupId, participants: Sequence[Participant]
) -> Flow[tuple[Membership, ...]]:
    """Say of each person whether they are in the group, from one look.

    Raises:
        Unsupported: The provider has no roster.
        ProviderError: It could not be read.
    """
    people = same_first(participants)
    observations = yield from RosterObserver(account, group, people).look(people)
    return tuple(
        Membership(
            person.given, person.phone, person.id, observations[person.id].member, observations[person.id].reason
        )
        for person in participants
    )
