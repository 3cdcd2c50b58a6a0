"""The group's link goes to the right person: what an answer says of its recipient is compared with who was meant.

Servers may rewrite a number, as Evolution does with those of Mexico and Brazil, and name the account they wrote to.
"""

from collections.abc import Mapping

import pytest

from groupadd import Client, InviteState, ParticipantOutcome, Status
from groupadd.provider import ResolvesLids
from groupadd.sandbox import Sandbox, ServerResponse, VirtualClock, World, example_world, vendor_names
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.testing.targets import build_provider
from tests.support.example import CLEO

ANOTHER = "13125550199"
NAMELESS = {"gowa", "green_api"}  # their answers name no recipient
SENDING = ("send", "Send")  # in every vendor's path of a message, but Whapi's

by_type = pytest.mark.parametrize("type_", vendor_names())


def is_message(target: str) -> bool:
    return any(word in target for word in (*SENDING, "/messages/text"))


class Server:
    """A vendor's sandbox that writes to another account than the one meant, and says so."""

    def __init__(self, type_: str, world: World, rewritten: str) -> None:
        self.sandbox = Sandbox.for_vendor(type_, world)
        self.rewritten = rewritten
        self.messages = 0

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        response = self.sandbox.handle(method, target, headers, body)
        if method != "POST" or not is_message(target):
            return response
        self.messages += 1
        return ServerResponse(response.status, response.body.replace(CLEO.encode(), self.rewritten.encode()))


def invited(type_: str, rewritten: str) -> tuple[ParticipantOutcome, Server]:
    clock = VirtualClock(1000)
    server = Server(type_, example_world(clock), rewritten)
    provider = build_provider(type_, server.sandbox.config("http://server.invalid"))
    with in_process(server.handle, clock) as http, Client(provider, http=http, clock=clock) as client:
        (cleo,) = client.add(GROUP, [CLEO], invite="link")
    return cleo, server


@by_type
def test_one_account_by_number_and_by_lid_gets_one_message_where_lids_can_be_resolved(type_: str) -> None:
    clock = VirtualClock(1000)
    server = Server(type_, example_world(clock), CLEO)
    provider = build_provider(type_, server.sandbox.config("http://server.invalid"))
    if not isinstance(provider, ResolvesLids):
        pytest.skip("this provider tells no LIDs")
    by_lid = f"{server.sandbox.vendor.world.people[CLEO].lid}@lid"
    with in_process(server.handle, clock) as http, Client(provider, http=http, clock=clock) as client:
        outcomes = client.add(GROUP, [CLEO, by_lid], invite="link")
    assert {one.status for one in outcomes} <= {Status.INVITED, Status.UNKNOWN}
    assert server.messages == 1


@by_type
def test_a_message_to_the_person_meant_is_an_invitation(type_: str) -> None:
    cleo, server = invited(type_, CLEO)
    assert (cleo.status, server.messages) == (Status.INVITED, 1)


@by_type
def test_a_message_to_another_account_is_no_invitation_and_is_not_sent_again(
    type_: str, caplog: pytest.LogCaptureFixture
) -> None:
    cleo, server = invited(type_, ANOTHER)
    assert cleo.invite is not None
    assert server.messages == 1
    if type_ in NAMELESS:
        assert (cleo.status, cleo.invite.state) == (Status.INVITED, InviteState.SENT)
        return
    assert (cleo.status, cleo.invite.state) == (Status.NOT_ADDED, InviteState.UNKNOWN)
    assert "another account" in caplog.text
    assert ANOTHER not in caplog.text
