"""Looking: one reading of a roster, and what it shows of everyone who is watched."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import define, field, frozen
from groupadd.errors import ProviderError, SessionNotReady, Unsupported
from groupadd.flow import Flow
from groupadd.identity import GroupId, Identity, Participant, Person
from groupadd.outcome import Reason
from groupadd.pacing import not_before, patient
from groupadd.provider import (
    ChecksNumbers,
    GroupMembershipProvider,
    KnowsSession,
    ListsParticipants,
    ResolvesLids,
    Session,
)
from groupadd.roster import Roster, Sight
from groupadd.secret import masked, masked_or_none

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

    participant: str = field(repr=masked)
    phone: str | None = field(repr=masked_or_none)
    id: str = field(repr=masked)
    member: bool | None
    reason: Reason | None


@define
class Account:
    """The account behind a provider: what a client asks about it once.

    Attributes:
        provider: The provider.
    """

    provider: GroupMembershipProvider
    _session: Session | None = None

    def me(self) -> Flow[Identity | None]:
        """Return our own names, or None where the provider does not tell them.

        Raises:
            SessionNotReady: The provider's session is down.
        """
        if self._session is None and isinstance(self.provider, KnowsSession):
            session = (yield from _tried(self.provider.session())) or Session(None)
            if session.ready is False:
                raise SessionNotReady(f"the provider's WhatsApp session is {session.says}: link it again or restart it")
            self._session = session
        return self._session and self._session.me

    def roster(self, group: GroupId, *, moment: float = 0.0) -> Flow[Roster]:
        """Read the group's roster once, no earlier than `moment` of the driver's clock.

        Raises:
            Unsupported: The provider has no roster.
            ProviderError: It could not be read.
        """
        if not isinstance(self.provider, ListsParticipants):
            raise Unsupported("this provider cannot list the members of a group")
        roster = yield from patient(not_before(self.provider.list_participants(group), moment))
        return roster.seen_by((yield from self.me()))


@define
class Watch:
    """The people who are looked for in one group during one call; names that are learned of them stay.

    Attributes:
        account: Who looks.
        group: Where.
        persons: Who is looked for, by the canonical JID that the caller gave.
    """

    account: Account
    group: GroupId
    persons: dict[str, Person]
    _looked_up: set[str] = field(factory=set)

    def look(self, moment: float = 0.0) -> Flow[Mapping[str, Sight]]:
        """Read the roster once, no earlier than `moment`, and return what it shows of everyone.

        Where the roster names people in another way than we know them, their other names are looked up, once.

        Raises:
            ProviderError: The roster could not be read.
        """
        roster = yield from self.account.roster(self.group, moment=moment)
        sights = {name: roster.sight(person) for name, person in self.persons.items()}
        doubtful = [name for name, sight in sights.items() if sight.reason is Reason.UNRESOLVED_IDENTITY]
        if unasked := [name for name in doubtful if name not in self._looked_up]:
            yield from self._look_up(unasked)
            sights.update({name: roster.sight(self.persons[name]) for name in unasked})
        return sights

    def _look_up(self, names: Iterable[str]) -> Flow[None]:
        provider = self.account.provider
        self._looked_up.update(names)
        phones = {phone: name for name in names for phone in self.persons[name].phones}
        if isinstance(provider, ResolvesLids) and phones:
            lids = (yield from _tried(provider.resolve_lids(tuple(phones)))) or {}
            for phone, lid in lids.items():
                if phone in phones:
                    self._learn(phones[phone], Identity(lid=lid))
        if isinstance(provider, ChecksNumbers):
            for phone, name in phones.items():
                if self.persons[name].maybe_phones:
                    self._learn(name, (yield from _tried(provider.check_number(phone))))

    def _learn(self, name: str, names: Identity | None) -> None:
        self.persons[name] = self.persons[name].also(names)


def check(account: Account, group: GroupId, participants: Sequence[Participant]) -> Flow[tuple[Membership, ...]]:
    """Say of each person whether they are in the group, from one look.

    Raises:
        Unsupported: The provider has no roster.
        ProviderError: It could not be read.
    """
    watch = Watch(account, group, {person.id: Person.of(person) for person in participants})
    sights = yield from watch.look()
    return tuple(
        Membership(person.given, person.phone, person.id, sights[person.id].member, sights[person.id].reason)
        for person in participants
    )


def _tried(flow: Flow[T]) -> Flow[T | None]:
    """Run a flow of reads that may fail: what it cannot tell stays unknown."""
    try:
        return (yield from patient(flow))
    except ProviderError:
        return None
