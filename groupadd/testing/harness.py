"""A provider that is to be tested, what is asked of it, and a line to its vendor on which answers may be hard."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from attrs import Factory, define, evolve, field, frozen

from groupadd.adding.observe import ProviderSession
from groupadd.client import ClientFlows
from groupadd.errors import GroupAddError
from groupadd.model.identity import GroupId, parse_participants
from groupadd.model.masking import Secret
from groupadd.model.outcome import AddOutcome
from groupadd.provider import (
    ChecksNumbers,
    DescribesGroup,
    GroupMembershipProvider,
    KnowsSession,
    ListsJoinRequests,
    ListsParticipants,
    RefreshesRoster,
    ResolvesLids,
    SendsPersonalInvites,
    SendsText,
    SharesInviteLink,
)
from groupadd.sandbox import ServerResponse, VirtualClock, World, example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.messages import Handler
from groupadd.settings import AddSettings, Invitation
from groupadd.testing.malformed import Mutation, unchanged
from groupadd.testing.targets import town_people
from groupadd.wire.driver import drive, drive_async
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from groupadd.wire.transport import HttpTransport

Call: TypeAlias = Callable[[Any], Flow[object]]

PHONES = tuple(town_people().values())
INVITE_CODE = example_world(VirtualClock()).groups[GROUP].invite_code
WHOLE_ADD = "whole add"
_TIMEOUT_S = 30.0


def _silent(_town: World) -> Handler:
    return lambda *_: ServerResponse()


def _type(candidate: "AdapterUnderTest") -> str:
    return type(candidate.provider).__name__.lower()


@frozen
class AdapterUnderTest:
    """A provider that is to be tested.

    Attributes:
        provider: The provider. Its secrets are looked for wherever they might leak: give them 12 characters or more.
        service: What plays the vendor in a small town: a sandbox's `handle`, or any function of method, raw path,
            header fields and body. Left out: every answer is empty, and flows are followed as far as that.
        cassettes: The folder of its cassettes, named for its type.
        unproven: The words of its table that neither a cassette nor the service shows.
        name: What the tests call it.
    """

    provider: GroupMembershipProvider
    service: Callable[[World], Handler] = _silent
    cassettes: Path | None = field(default=None, kw_only=True)
    unproven: Collection[object] = field(default=(), kw_only=True)
    name: str = field(default=Factory(_type, takes_self=True), kw_only=True)

    def secrets(self) -> Mapping[str, str]:
        """Return what must not leak, by what to call it: the provider's secrets, and the town's invite code."""
        kind: Any = type(self.provider)
        values = {one.name: getattr(self.provider, one.name) for one in attrs.fields(kind)}
        own = {name: value.reveal() for name, value in values.items() if isinstance(value, Secret)}
        return {**own, "the invite code": INVITE_CODE}

    def abilities(self) -> "Iterator[Operation]":
        """Yield an errand for adding, and for each ability that it has besides."""
        for ability, call in _CALLS.items():
            if isinstance(self.provider, ability):
                yield Operation(self, ability.__name__, call)

    def sendings(self) -> "Iterator[Operation]":
        """Yield those of them that change something."""
        return (errand for errand in self.abilities() if errand.name in _SENDINGS)

    def errands(self) -> "Iterator[Operation]":
        """Yield all of these, and an add as a client carries it out: with looks before and after, and invitations."""
        yield from self.abilities()
        yield Operation(self, WHOLE_ADD, _whole_add)


@frozen
class Operation:
    """Something that is asked of a candidate."""

    candidate: AdapterUnderTest
    name: str
    call: Call

    def request_kinds(self) -> tuple[str, ...]:
        """Return the kinds of requests that it takes where all goes well, as `METHOD /path/{template}`."""
        line = RecordingTransport(self)
        line.told()
        return tuple(dict.fromkeys(map(str, line.asked)))


@frozen
class Failed:
    """What an errand has failed with."""

    kind: type[Exception]
    text: str


@define
class RecordingTransport:
    """A line to the vendor for one errand, on which one kind of request gets hard answers.

    Attributes:
        errand: What is asked.
        turn: The kind of request, as `METHOD /path/{template}`; None where all goes well.
        twist: What becomes of its answers.
        asked: The requests that were carried, in order.
        answers: The bodies that were answered, in order.
        flow: The errand's flow, once it runs.
    """

    errand: Operation
    turn: str | None = None
    twist: Mutation = unchanged
    asked: list[Request] = field(factory=list[Request], init=False)
    answers: list[bytes] = field(factory=list[bytes], init=False)
    flow: Flow[object] = field(init=False)

    def run(self, *, is_async: bool = False) -> object:
        """Run the errand, blocking or by asyncio, and return what comes of it."""
        candidate, clock = self.errand.candidate, VirtualClock()
        service = candidate.service(example_world(clock))

        def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
            answer = service(method, target, headers, body)
            twisted = self.twist(answer) if str(self.asked[-1]) == self.turn else answer
            self.answers.append(twisted.body)
            return twisted

        with in_process(handle, clock) as http:
            transport = HttpTransport(candidate.provider.base_url, _TIMEOUT_S, http)

            def carry(request: Request) -> Response:
                self.asked.append(request)
                return transport(request)

            async def carry_async(request: Request) -> Response:
                await asyncio.sleep(0)
                return carry(request)

            self.flow = self.errand.call(candidate.provider)
            if is_async:
                return asyncio.run(drive_async(self.flow, carry_async, clock))
            return drive(self.flow, carry, clock)

    def told(self, *, is_async: bool = False) -> object:
        """Return what comes of the errand, `Failed` where that is an error of ours or a lost answer."""
        try:
            return _timeless(self.run(is_async=is_async))
        except (GroupAddError, NoAnswer) as error:
            return Failed(type(error), str(error))


def _timeless(value: object) -> object:
    """Return a value without the moments at which invitations were sent: the machine's clock tells them."""
    if not isinstance(value, AddOutcome):
        return value
    people = [evolve(person, invite=person.invite and evolve(person.invite, at=None)) for person in value]
    return evolve(value, participants=tuple(people))


_GROUP = GroupId.parse(GROUP)
_PEOPLE = parse_participants(PHONES)
_CALLS: Mapping[type, Call] = {
    GroupMembershipProvider: lambda provider: provider.add_participants(_GROUP, _PEOPLE, notify=None),
    ListsParticipants: lambda provider: provider.list_participants(_GROUP),
    RefreshesRoster: lambda provider: provider.refresh_roster(_GROUP),
    DescribesGroup: lambda provider: provider.group_info(_GROUP),
    ListsJoinRequests: lambda provider: provider.join_requests(_GROUP),
    SharesInviteLink: lambda provider: provider.invite_link(_GROUP),
    SendsText: lambda provider: provider.send_text(_PEOPLE[0], Secret(f"Join us: {INVITE_CODE}")),
    SendsPersonalInvites: lambda provider: provider.send_personal_invite(
        _GROUP, _PEOPLE[0], code=Secret(INVITE_CODE), expires_at=datetime(2026, 1, 8, tzinfo=UTC)
    ),
    ChecksNumbers: lambda provider: provider.check_number(PHONES[0]),
    ResolvesLids: lambda provider: provider.resolve_lids(PHONES),
    KnowsSession: lambda provider: provider.session(),
}


_SENDINGS = {ability.__name__ for ability in (GroupMembershipProvider, SendsText, SendsPersonalInvites)}


def _whole_add(provider: GroupMembershipProvider) -> Flow[AddOutcome]:
    how: Invitation = "never"
    if isinstance(provider, SendsPersonalInvites):
        how = "personal"
    elif isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText):
        how = "link"
    return ClientFlows(ProviderSession(provider), "", "", AddSettings(verify="always", invite=how)).add(GROUP, PHONES)
