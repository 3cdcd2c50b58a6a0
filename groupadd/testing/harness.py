"""An adapter under test, the operations on it, and a transport that records requests and mutates responses."""

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
    KnowsRosterProof,
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
from groupadd.testing.targets import example_phones
from groupadd.wire.driver import drive, drive_async
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from groupadd.wire.transport import HttpTransport

StartFlow: TypeAlias = Callable[[Any], Flow[object]]

PHONES = tuple(example_phones().values())
INVITE_CODE = example_world(VirtualClock()).groups[GROUP].invite_code
WHOLE_ADD = "whole add"
_TIMEOUT_S = 30.0


def _silent(_world: World) -> Handler:
    return lambda *_: ServerResponse()


def _type(adapter: "AdapterUnderTest") -> str:
    return type(adapter.provider).__name__.lower()


@frozen
class AdapterUnderTest:
    """A provider to test, with a service that simulates its vendor.

    Attributes:
        provider: The provider. Give its secrets 12 characters or more: the tests look for pieces of them in all logs.
        service: The simulated vendor over a world: `Sandbox.handle`, or any function of method, raw path, header
            fields and body. Left out: every response is empty, and each flow runs as far as its first response.
        cassettes: The folder of the provider's cassettes, named as its type.
        unproven: The words of its tables that neither a cassette nor the service shows.
        name: The adapter's name in test ids.
    """

    provider: GroupMembershipProvider
    service: Callable[[World], Handler] = _silent
    cassettes: Path | None = field(default=None, kw_only=True)
    unproven: Collection[object] = field(default=(), kw_only=True)
    name: str = field(default=Factory(_type, takes_self=True), kw_only=True)

    def secrets(self) -> Mapping[str, str]:
        """Return the secrets that must not leak, by name: the provider's, and the example world's invite code."""
        provider_class: Any = type(self.provider)
        values = {one.name: getattr(self.provider, one.name) for one in attrs.fields(provider_class)}
        own = {name: value.reveal() for name, value in values.items() if isinstance(value, Secret)}
        return {**own, "the invite code": INVITE_CODE}

    def abilities(self) -> "Iterator[Operation]":
        """Yield one operation for `add_participants`, and one for each of the provider's abilities."""
        for ability, start in _START.items():
            if isinstance(self.provider, ability):
                yield Operation(self, ability.__name__, start)

    def sending_abilities(self) -> "Iterator[Operation]":
        """Yield the operations of `abilities` that change a group or send a message."""
        return (operation for operation in self.abilities() if operation.name in _SENDING)

    def operations(self) -> "Iterator[Operation]":
        """Yield the operations of `abilities`, and a whole `Client.add` with looks and invitations."""
        yield from self.abilities()
        yield Operation(self, WHOLE_ADD, _whole_add)


@frozen
class Operation:
    """An operation on an adapter.

    Attributes:
        adapter: The adapter.
        name: The ability's name, or `WHOLE_ADD`.
        start: A function that starts the flow on a provider.
    """

    adapter: AdapterUnderTest
    name: str
    start: StartFlow

    def request_kinds(self) -> tuple[str, ...]:
        """Return the kinds of request that the operation sends with good responses, as `METHOD /path/{template}`."""
        transport = RecordingTransport(self)
        transport.outcome()
        return tuple(dict.fromkeys(map(str, transport.requests)))


@frozen
class Failed:
    """The error that ended an operation.

    Attributes:
        error: The error's class.
        text: The error's text.
    """

    error: type[Exception]
    text: str


@define
class RecordingTransport:
    """A transport for one operation. It records requests, and mutates the responses to one kind of request.

    Attributes:
        operation: The operation.
        request_kind: The kind of request, as `METHOD /path/{template}`; None: all responses stay good.
        mutation: The mutation of its responses.
        requests: The requests that were sent, in order.
        bodies: The bodies of the responses, in order.
        flow: The operation's flow, after the start.
    """

    operation: Operation
    request_kind: str | None = None
    mutation: Mutation = unchanged
    requests: list[Request] = field(factory=list[Request], init=False)
    bodies: list[bytes] = field(factory=list[bytes], init=False)
    flow: Flow[object] = field(init=False)

    def run(self, *, is_async: bool = False) -> object:
        """Run the operation, blocking or with asyncio, and return the flow's value."""
        adapter, clock = self.operation.adapter, VirtualClock()
        service = adapter.service(example_world(clock))

        def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
            response = service(method, target, headers, body)
            if str(self.requests[-1]) == self.request_kind:
                response = self.mutation(response)
            self.bodies.append(response.body)
            return response

        with in_process(handle, clock) as http:
            transport = HttpTransport(adapter.provider.base_url, _TIMEOUT_S, http)

            def carry(request: Request) -> Response:
                self.requests.append(request)
                return transport(request)

            async def carry_async(request: Request) -> Response:
                await asyncio.sleep(0)
                return carry(request)

            self.flow = self.operation.start(adapter.provider)
            if is_async:
                return asyncio.run(drive_async(self.flow, carry_async, clock))
            return drive(self.flow, carry, clock)

    def outcome(self, *, is_async: bool = False) -> object:
        """Run the operation; return the flow's value, or `Failed` for a `GroupAddError` or a `NoAnswer`."""
        try:
            return _without_times(self.run(is_async=is_async))
        except (GroupAddError, NoAnswer) as error:
            return Failed(type(error), str(error))


def _without_times(value: object) -> object:
    """Return a value without the times of its invitations, which come from the machine's clock."""
    if not isinstance(value, AddOutcome):
        return value
    people = [evolve(person, invite=person.invite and evolve(person.invite, at=None)) for person in value]
    return evolve(value, participants=tuple(people))


_GROUP = GroupId.parse(GROUP)
_PEOPLE = parse_participants(PHONES)
_START: Mapping[type, StartFlow] = {
    GroupMembershipProvider: lambda provider: provider.add_participants(_GROUP, _PEOPLE, notify=None),
    ListsParticipants: lambda provider: provider.list_participants(_GROUP),
    KnowsRosterProof: lambda provider: provider.roster_proof(),
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


_SENDING = {ability.__name__ for ability in (GroupMembershipProvider, SendsText, SendsPersonalInvites)}


def _whole_add(provider: GroupMembershipProvider) -> Flow[AddOutcome]:
    how: Invitation = "never"
    if isinstance(provider, SendsPersonalInvites):
        how = "personal"
    elif isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText):
        how = "link"
    return ClientFlows(ProviderSession(provider), "", "", AddSettings(verify="always", invite=how)).add(GROUP, PHONES)
