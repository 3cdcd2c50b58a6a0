"""A provider without a wire format: it answers with the values that a test writes down, and tells what it was asked.

`Plain` adds and lists. Each further ability is a class of its own; a test combines them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TypeVar

from attrs import define, field

from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, Participant, parse_participants
from groupadd.model.masking import Secret
from groupadd.model.outcome import ParticipantOutcome
from groupadd.model.roster import Member, Proof, Roster, RosterProof
from groupadd.provider import AddReply, GroupMembershipProvider, NumberCheck, SentMessage
from groupadd.settings import AddSettings
from groupadd.wire.driver import drive
from groupadd.wire.messages import Flow, Request, Response
from tests.support.scripts import GROUP, FakeClock

T = TypeVar("T")

LINK = Secret("https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv")


@define(slots=False, kw_only=True)
class Plain:
    """A provider that reports on each person.

    Attributes:
        reply: The answer to the add; or an error, which is raised.
        rosters: The rosters in the order of the looks; the last one stays. A roster may be an error, which is raised.
        asked: What was asked for, in order: `add 15550100`, `list`, `check 15550100`, …
    """

    reports_each_person: ClassVar[bool] = True

    reply: AddReply | Exception = field(factory=AddReply)
    rosters: Sequence[Roster | Exception] = ()
    base_url: str = "http://provider.example"
    asked: list[str] = field(factory=list)

    def ask(self, *words: str, repeatable: bool = True) -> Flow[None]:
        self.asked.append(" ".join(words))
        yield Request("POST", "/", repeatable=repeatable)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        yield from self.ask("add", *(person.phone or person.id for person in participants), repeatable=False)
        return _given(self.reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        yield from self.ask("list")
        return _given(self.rosters[min(self.asked.count("list"), len(self.rosters)) - 1])


class Accepting(Plain):
    """A provider that only accepts: a look goes before the add."""

    reports_each_person: ClassVar[bool] = False


@define(slots=False, kw_only=True)
class Checking(Plain):
    """Checks numbers: `checks` has the answer by number; nothing is known of any other number."""

    checks: Mapping[str, NumberCheck | Exception] = field(factory=dict)

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        yield from self.ask("check", phone)
        return _given(self.checks.get(phone, NumberCheck(exists=None)))


@define(slots=False, kw_only=True)
class Resolving(Plain):
    """Resolves LIDs: `lids` has them by number."""

    lids: Mapping[str, str] = field(factory=dict)

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        yield from self.ask("lids", *phones)
        return self.lids


@define(slots=False, kw_only=True)
class Copying(Plain):
    """Shows a server's copy, which proves what the server's engine says."""

    proof: RosterProof | Exception = field(default=RosterProof(Proof.NOTHING))

    def roster_proof(self) -> Flow[RosterProof]:
        yield from self.ask("proof")
        return _given(self.proof)

    def refresh_roster(self, group: GroupId) -> Flow[None]:
        yield from self.ask("refresh")


@define(slots=False, kw_only=True)
class Inviting(Plain):
    """Tells the link and sends texts, each to the account that `reaches` returns, which the answer names."""

    reaches: Callable[[Participant], Identity | None] = field(default=lambda person: Identity(person.phone, person.lid))
    sent_to: list[str] = field(factory=list)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        yield from self.ask("link")
        return LINK

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        self.sent_to.append(person.id)
        yield from self.ask("send", repeatable=False)
        return SentMessage("m1", self.reaches(person))


def adding(
    provider: GroupMembershipProvider, *people: str, settings: AddSettings | None = None
) -> Sequence[ParticipantOutcome]:
    """Add these people through the provider, and return the outcomes in order."""
    flow = add(ProviderSession(provider), GroupId(GROUP), parse_participants(people), settings or AddSettings())
    return drive(flow, lambda _: Response(200), FakeClock())


def roster(*rows: str | Member, proves: Proof = Proof.BOTH) -> Roster:
    """Return a complete roster of these members, some given by phone alone."""
    return Roster(tuple(Member(row) if isinstance(row, str) else row for row in rows), proves=proves)


def _given(value: T | Exception) -> T:
    if isinstance(value, Exception):
        raise value
    return value
