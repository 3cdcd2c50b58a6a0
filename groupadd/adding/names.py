"""The names of participants: the numbers and LIDs that each is known by, and the look-ups that find more."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from attrs import define, evolve, field

from groupadd.model.identity import (
    PHONE_DOMAIN,
    Identity,
    Lookalikes,
    Participant,
    Person,
    alternates,
    same_first,
)
from groupadd.provider import ChecksNumbers, GroupMembershipProvider, NumberCheck, ResolvesLids
from groupadd.wire.messages import Flow
from groupadd.wire.retry import or_none

MOST_CHECKED = 20  # participants of one call whose numbers are checked because of an unexplained row or claim
_UNKNOWN = NumberCheck(exists=None)


@define
class KnownNames:
    """The participants of a call, and every name that each is known by.

    Attributes:
        provider: The provider, which may know more names.
        people: The participants, by canonical JID.
    """

    provider: GroupMembershipProvider
    people: Mapping[str, Participant]
    _persons: dict[str, Person] = field(factory=dict[str, Person])
    _checks: dict[str, NumberCheck] = field(factory=dict[str, NumberCheck])  # by phone
    _resolved: set[str] = field(factory=set[str])  # the phones whose LIDs were asked for
    _checks_left: int = MOST_CHECKED

    def for_call(self, people: Mapping[str, Participant]) -> "KnownNames":
        """Return the names for a further call, with all that is known so far."""
        answered = {phone: check for phone, check in self._checks.items() if check != _UNKNOWN}
        return evolve(self, people=people, checks=answered, checks_left=MOST_CHECKED)

    def person(self, jid: str) -> Person:
        """Return every known name of a participant."""
        return self._persons.get(jid) or Person.of(self.people[jid])

    def learn(self, jid: str, names: Identity) -> None:
        """Store further names of a participant, as one source gives them."""
        self._persons[jid] = self.person(jid).also(names)

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

    def without_owner(self, names: Iterable[Identity], *, me: Identity | None) -> Iterator[Identity]:
        """Yield the names that are no participant's and not our own account's, in order."""
        by_phone, by_lid = self.index(self.people)
        ours = me or Identity()
        phones, lids = {*by_phone, ours.phone} - {None}, {*by_lid, ours.lid} - {None}
        return (one for one in names if one.phone not in phones and one.lid not in lids)

    def is_canonical(self, jid: str) -> bool:
        """Return whether a number check has named the participant's account: no other number is theirs."""
        return self._canonical(jid) is not None

    def _canonical(self, jid: str) -> str | None:
        """Return the number of the account that a check of the participant's number names."""
        checks = (self._checks.get(phone, _UNKNOWN) for phone in sorted(self.person(jid).phones))
        return next((check.account.phone for check in checks if check.account and check.account.phone), None)

    def resolve_lids(self, jids: Iterable[str]) -> Flow[None]:
        """Ask the provider for the participants' LIDs, once for each number."""
        phones = {phone: jid for jid in jids for phone in self.person(jid).phones if phone not in self._resolved}
        if not phones or not isinstance(self.provider, ResolvesLids):
            return
        self._resolved.update(phones)
        lids = yield from or_none(self.provider.resolve_lids, tuple(phones))
        for phone, lid in (lids or {}).items():
            if phone in phones:
                self.learn(phones[phone], Identity(lid=lid))

    def check_numbers(self, jids: Iterable[str], unexplained: Lookalikes) -> Flow[None]:
        """Check the participants' numbers: the answers may name the accounts to which unexplained names belong.

        At most 20 numbers are checked in a call. Those of which another form is unexplained come first.
        """
        if not isinstance(self.provider, ChecksNumbers):
            return
        phones = [(jid, phone) for jid in jids if (phone := self.people[jid].phone) and phone not in self._checks]
        phones.sort(key=lambda unchecked: not unexplained.hold_another_form_of(unchecked[1]))
        for jid, phone in phones[: self._checks_left]:
            self._checks_left -= 1
            yield from self._check(jid, phone)

    def _check(self, jid: str, phone: str) -> Flow[NumberCheck]:
        """Check a number of a participant's, once in a call, and learn the account that the provider names."""
        if phone not in self._checks and isinstance(self.provider, ChecksNumbers):
            check = (yield from or_none(self.provider.check_number, phone)) or _UNKNOWN
            self._checks[phone] = check
            if check.exists and check.account is not None:
                self.learn(jid, check.account)
        return self._checks.get(phone, _UNKNOWN)

    def check_recipient(self, jid: str) -> Flow[NumberCheck]:
        """Check the number at which messages reach a participant."""
        phone = self.recipient(jid).phone
        return _UNKNOWN if phone is None else (yield from self._check(jid, phone))

    def recipient(self, jid: str) -> Participant:
        """Return a participant under the number that the provider's own answers give them, or else the one asked for.

        A number check comes before a row: the check is for this one number.
        """
        participant = self.people[jid]
        others = self.person(jid).phones - {participant.phone}
        phone = self._canonical(jid) or (next(iter(others)) if len(others) == 1 else None)
        if participant.phone is None or phone is None:
            return participant
        return evolve(participant, phone=phone, id=f"{phone}@{PHONE_DOMAIN}")

    def may_be_one_of(self, jid: str, others: Collection[str]) -> bool:
        """Return whether a participant may be one of these participants under another form of the number.

        Two LIDs, or two accounts that number checks name, are two people.
        """
        phone, person, is_canonical = self.people[jid].phone, self.person(jid), self.is_canonical(jid)
        lookalikes = [other for other in others if _look_alike(phone, self.people[other].phone)]
        return any(
            not (person.lids and self.person(other).lids) and not (is_canonical and self.is_canonical(other))
            for other in lookalikes
        )

    def is_another_account(self, jid: str, recipient: Identity | None) -> Flow[bool]:
        """Return whether a message went to another account than the participant's, by the name in its answer."""
        if recipient is None or recipient.phone in self.person(jid).phones:
            return False
        if recipient.lid is not None and not self.person(jid).lids:
            yield from self.resolve_lids([jid])
        person = self.person(jid)
        is_comparable = bool((recipient.phone and person.phones) or (recipient.lid and person.lids))
        return is_comparable and recipient.lid not in person.lids


def _look_alike(phone: str | None, other: str | None) -> bool:
    return phone is not None and Lookalikes.among([other]).hold_another_form_of(phone)


def distinct_people(
    provider: GroupMembershipProvider, participants: Sequence[Participant]
) -> Flow[Mapping[str, Participant]]:
    """Return the first entry of each person in a list, by the canonical JID of every entry.

    Two forms of one line (Brazil's ninth digit and its like) are one person only if the provider takes them for the
    same account. It is asked only where the list holds both.
    """
    first_entries = same_first(participants)
    seen: dict[str, Participant] = {}
    for person in [person for person in first_entries.values() if person.phone and alternates(person.phone)]:
        phone = person.phone or ""
        earlier = next((seen[form] for form in alternates(phone) if form in seen), None)
        if earlier is not None and (yield from same_account(provider, earlier.phone or "", phone)):
            first_entries[person.id] = earlier
        seen[phone] = person
    return first_entries


def same_account(provider: GroupMembershipProvider, phone: str, other_form: str) -> Flow[bool | None]:
    """Return whether the provider takes two numbers for one account; None where it does not tell."""
    if not isinstance(provider, ChecksNumbers):
        return None
    accounts: list[Identity] = []
    for number in (phone, other_form):
        check = yield from or_none(provider.check_number, number)
        if check is None or check.account is None:
            return None
        accounts.append(check.account)
    return accounts[0] == accounts[1]
