"""Names of people and groups: phone numbers, JIDs and LIDs, and when two names belong to one person.

A phone number and a LID are different kinds of name: a LID's digits may equal another person's number. Digits are
never compared across kinds.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from groupadd.errors import InvalidGroup, InvalidParticipant
from groupadd.model.masking import masked, repr_masked, repr_masked_lid

PHONE_DOMAIN = "s.whatsapp.net"
LID_DOMAIN = "lid"

_PHONE_DOMAINS = frozenset({PHONE_DOMAIN, "c.us", "hosted"})
_LID_DOMAINS = frozenset({LID_DOMAIN, "hosted.lid"})
_NO_PERSON = {
    "g.us": "is a group, not a person",
    "broadcast": "is a broadcast list, not a person",
    "newsletter": "is a channel, not a person",
    "bot": "is a bot, not a person",
}
_NAME = re.compile(  # a JID, or a bare number: its digits and its domain
    r"\s*\+?([0-9]{5,20})(?:_[0-9]+)?(?::[0-9]+)?(?:@(s\.whatsapp\.net|c\.us|hosted|lid|hosted\.lid))?\s*",
    re.IGNORECASE,
)
_USUAL = re.compile(r"\+?([1-9][0-9]{6,14})(?:@(?:c\.us|s\.whatsapp\.net))?")
_SAME_END = 6  # digits: the end that the forms of one line share, at the least
_LONGEST_BARE_PHONE = 13  # digits; LIDs have 13 to 15, and hardly any country has numbers of 14
_DIGITS = re.compile(r"[0-9]{7,15}")  # E.164: at most 15
_LOCAL = re.compile(r"([0-9]{5,20})(?:_[0-9]+)?(?::[0-9]+)?")  # digits, _agent, :device
_PUNCTUATION = re.compile(r"[\s.()\u2010-\u2015\u2212-]+")
_MORE_THAN_A_NUMBER = (  # joined digits would make a stranger's number
    (re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]"), "holds a line break; name one person at a time"),
    (re.compile(r"/"), "holds a slash; name one number at a time"),
    (re.compile(r"^[^.]*[0-9]\.0+\s*$"), "is a decimal number; leave the .0 out and keep numbers as text"),
    (re.compile(r"[0-9]{7}[\u2010-\u2015\u2212-][0-9]{1,3}\s*$"), "ends in an extension; leave it out"),
)
_GROUP = re.compile(r"[0-9]{5,20}(?:-[0-9]{5,15})?@g\.us")


@frozen
class Identity:
    """The names of one person as one source gives them: a phone number, a LID, or both.

    Attributes:
        phone: Digits with country code, no plus.
        lid: The digits of the LID.
    """

    phone: str | None = field(default=None, repr=repr_masked)
    lid: str | None = field(default=None, repr=repr_masked_lid)

    @property
    def id(self) -> str | None:
        """The canonical JID: by phone where it is known, else by LID."""
        if self.phone is not None:
            return f"{self.phone}@{PHONE_DOMAIN}"
        return None if self.lid is None else f"{self.lid}@{LID_DOMAIN}"


def identity(*names: object) -> Identity | None:
    """Return the person that a provider calls by these names, or None where no name can be read.

    Lenient, for answers: JIDs of any domain spelling with device and agent suffixes, and bare numbers with or without
    a plus. Empty and masked names are skipped. Two different phones or LIDs for one person give None. Bare digits that
    equal the LID are the LID. Bare digits that are longer than phone numbers are no known name: a LID may have as many.
    """
    matches = [match for name in names if isinstance(name, str) and (match := _NAME.fullmatch(name))]
    lids = {digits for digits, domain in map(_named, matches) if domain == LID_DOMAIN}
    phones = {
        digits
        for digits, domain in map(_named, matches)
        if domain == PHONE_DOMAIN or (domain == "" and digits not in lids and len(digits) <= _LONGEST_BARE_PHONE)
    }
    if len(lids) > 1 or len(phones) > 1 or not (lids or phones):
        return None
    return Identity(next(iter(phones), None), next(iter(lids), None))


def _named(match: re.Match[str]) -> tuple[str, str]:
    """Return the digits of a name and their kind: the domain of phones or of LIDs, or none for bare digits."""
    digits, domain = match.groups()
    return digits, LID_DOMAIN if (domain or "").lower() in _LID_DOMAINS else PHONE_DOMAIN if domain else ""


@frozen
class Participant:
    """A person to add, or to ask about.

    Attributes:
        given: The caller's own spelling.
        phone: Digits with country code, no plus; None for a person named by LID.
        lid: The digits of the LID; None for a person named by number.
        id: The canonical JID.
    """

    given: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    lid: str | None = field(repr=repr_masked_lid)
    id: str = field(repr=repr_masked)

    def __str__(self) -> str:
        return masked(self.id)


def parse_participants(people: Iterable[str]) -> tuple[Participant, ...]:
    """Return the participants that a caller names, in order.

    Raises:
        InvalidParticipant: A participant cannot be parsed, or none is given; all faults at once.
    """
    if isinstance(people, str):
        raise InvalidParticipant({0: "is one text, not a list of people; write [participant]"})
    parsed: list[Participant] = []
    faults: dict[int, str] = {}
    for position, given in enumerate(people):
        try:
            parsed.append(_participant(given))
        except ValueError as fault:
            faults[position] = str(fault)
    if faults:
        raise InvalidParticipant(faults)
    if not parsed:
        raise InvalidParticipant({0: "no participants are given"})
    return tuple(parsed)


def _participant(given: object) -> Participant:
    if not isinstance(given, str):
        raise ValueError(f"expected text, got {type(given).__name__}")
    if usual := _USUAL.fullmatch(given):
        return Participant(given, usual[1], None, f"{usual[1]}@{PHONE_DOMAIN}")
    text = given.strip() if given.isascii() else _plain(given)  # most are ASCII, and that is twice as fast
    local, at, domain = text.partition("@")
    domain = domain.lower()
    if at and domain not in _PHONE_DOMAINS:
        return _by_lid(given, local, domain)
    digits = local.removeprefix("+")
    if at and (suffixed := _LOCAL.fullmatch(local)):
        digits = suffixed[1]
    if not _DIGITS.fullmatch(digits):
        digits = _number(digits, given)
    if digits[0] == "0":
        hint = "write + instead of 00" if digits.startswith("00") else "write the country code instead of the leading 0"
        raise ValueError(f"{masked(given)!r} is not an international number; {hint}")
    return Participant(given, digits, None, f"{digits}@{PHONE_DOMAIN}")


def _by_lid(given: str, local: str, domain: str) -> Participant:
    if domain in _NO_PERSON:
        raise ValueError(f"{masked(given)!r} {_NO_PERSON[domain]}")
    digits = _LOCAL.fullmatch(local)
    if domain not in _LID_DOMAINS or digits is None:
        raise ValueError(f"{masked(given)!r} is not a JID; write 15550100@{PHONE_DOMAIN}, @c.us or @lid")
    return Participant(given, None, digits[1], f"{digits[1]}@{LID_DOMAIN}")


def _number(text: str, given: str) -> str:
    if "(0)" in text:
        raise ValueError(f"{masked(given)!r} holds a trunk zero; leave the (0) out")
    for pattern, fault in _MORE_THAN_A_NUMBER:
        if pattern.search(text):
            raise ValueError(f"{masked(given)!r} {fault}")
    digits = _PUNCTUATION.sub("", text)
    if _DIGITS.fullmatch(digits):
        return digits
    if digits.isdigit():
        raise ValueError(f"{masked(given)!r} has {len(digits)} digits; a number with its country code has 7 to 15")
    raise ValueError(f"{masked(given)!r} is not a phone number or JID")


def _plain(text: str) -> str:
    """Return a text with digits of any script as ASCII, and without the invisible marks that come with copied text."""
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in text.strip()
        if unicodedata.category(char) != "Cf"
    ).strip()


@frozen
class GroupId:
    """The JID of a group, such as `1203630000@g.us`."""

    jid: str = field(repr=repr_masked)

    @classmethod
    def parse(cls, text: str) -> "GroupId":
        """Return the group that a text names.

        Raises:
            InvalidGroup: The text is not the JID of a group.
        """
        if not isinstance(text, str):
            raise InvalidGroup(f"a group is text such as 1203630000@g.us, not {type(text).__name__}")
        local, _, domain = text.strip().partition("@")
        jid = f"{local}@{domain.lower()}"
        if _GROUP.fullmatch(jid):
            return cls(jid)
        if "chat.whatsapp.com" in text:
            raise InvalidGroup("an invite link does not name a group; write its JID, such as 1203630000@g.us")
        hint = f"; did you mean {masked(local + '@g.us')}?" if _GROUP.fullmatch(local + "@g.us") and not domain else ""
        raise InvalidGroup(f"{masked(text)!r} is not the JID of a group, such as 1203630000@g.us{hint}")

    def __str__(self) -> str:
        return masked(self.jid)


def alternates(phone: str) -> tuple[str, ...]:
    """Return the other form in which a number may be written, where its country has one.

    The other form is a candidate: only the provider's number check proves that both are one line. Known are Brazil's
    ninth digit (mobiles only), Mexico's 1 and Argentina's 9. No other country's numbers are rewritten.
    """
    if phone[:2] not in {"52", "54", "55"}:
        return ()
    if match := re.fullmatch(r"55(\d\d)(9?)([6-9]\d{7})", phone):
        return (f"55{match[1]}{'' if match[2] else '9'}{match[3]}",)
    if match := re.fullmatch(r"52(1?)(\d{10})", phone):
        return (f"52{'' if match[1] else '1'}{match[2]}",)
    if match := re.fullmatch(r"54(9?)(\d{10})", phone):
        return (f"54{'' if match[1] else '9'}{match[2]}",)
    return ()


@frozen
class Lookalikes:
    """Numbers, among which another form of a number is searched for, whatever the country.

    Two forms of one line end alike. One has more digits than the other (Benin's 01, Mexico's 1, a trunk zero), or their
    first digits alone differ (Russia's 8). A lookalike is a candidate: only the provider can prove that it is one line.
    """

    _by_end: Mapping[str, Sequence[str]] = field(repr=lambda ends: f"<{len(ends)} ends>")

    @classmethod
    def among(cls, phones: Iterable[str | None]) -> "Lookalikes":
        """Return the numbers, ready to be searched."""
        by_end: dict[str, list[str]] = {}
        for phone in phones:
            if phone is not None:
                by_end.setdefault(phone[-_SAME_END:], []).append(phone)
        return cls(by_end)

    def hold_another_form_of(self, phone: str) -> bool:
        """Return whether any of the numbers may be another form of this one."""
        return any(
            other != phone and (len(other) != len(phone) or other[1:] == phone[1:])
            for other in self._by_end.get(phone[-_SAME_END:], ())
        )


@frozen
class Person:
    """All names that certainly belong to one participant.

    Attributes:
        phones: Numbers, digits only.
        lids: LIDs, digits only.
    """

    phones: frozenset[str] = field(repr=lambda names: f"<{len(names)}>")
    lids: frozenset[str] = field(repr=lambda names: f"<{len(names)}>")

    @classmethod
    def of(cls, participant: Participant) -> "Person":
        """Return the person with the name that the caller gave."""
        return cls(
            frozenset() if participant.phone is None else frozenset((participant.phone,)),
            frozenset() if participant.lid is None else frozenset((participant.lid,)),
        )

    @property
    def jids(self) -> frozenset[str]:
        """The canonical JID of every name."""
        by_phone = (f"{phone}@{PHONE_DOMAIN}" for phone in self.phones)
        return frozenset((*by_phone, *(f"{lid}@{LID_DOMAIN}" for lid in self.lids)))

    def also(self, names: Identity | None) -> "Person":
        """Return the person with the further names that a provider gives."""
        if names is None:
            return self
        return Person(
            self.phones if names.phone is None else self.phones | {names.phone},
            self.lids if names.lid is None else self.lids | {names.lid},
        )


def same_first(participants: Sequence[Participant]) -> dict[str, Participant]:
    """Return the first entry of each participant by canonical JID, in order."""
    first: dict[str, Participant] = {}
    for participant in participants:
        first.setdefault(participant.id, participant)
    return first
