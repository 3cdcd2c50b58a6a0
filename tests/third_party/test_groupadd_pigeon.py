"""Pigeon Post is held to what holds for every provider, and its own traps are tried."""

import json
from collections.abc import Mapping
from urllib.parse import unquote

import pytest
from groupadd_pigeon import Pigeon

from groupadd import Client, Reason, Secret, Status
from groupadd.provider import identity
from groupadd.sandbox import Code, ServerResponse, VirtualClock, World, example_world
from groupadd.sandbox.answers import Refused
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.messages import Handler
from groupadd.testing import AdapterUnderTest, Conformance

PIGEON = Pigeon("roof", Secret("tweet-tweet-tweet"), "http://pigeon.invalid")
WORDS: Mapping[Code, str] = {Code.ADDED: "landed", Code.ALREADY_IN: "nested", Code.PRIVACY: "shy"}


def post_office(world: World) -> Handler:
    """Play the vendor: its page in twenty lines."""
    (account,) = world.accounts.values()

    def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        group = unquote(target.split("/")[2])
        names = {name.lower(): value for name, value in headers.items()}
        if names.get("x-whistle") != PIGEON.whistle.reveal():
            return ServerResponse(401)
        try:
            if method == "PUT":
                asked = [identity(bird) for bird in json.loads(body)["birds"]]
                results = world.add_participants(group, [who for who in asked if who], by=account)
                words = {result.requested.phone: WORDS.get(result.code, "moulting") for result in results}
                return ServerResponse(200, json.dumps({"words": words}).encode())
            birds = [row.phone for row in world.roster(group, by=account)]
            return ServerResponse(200, json.dumps({"birds": birds}).encode())
        except Refused as refused:
            return ServerResponse(refused.code)

    return handle


class TestPigeon(Conformance):
    adapters = (AdapterUnderTest(PIGEON, post_office),)


def test_an_unknown_word_is_settled_by_looking() -> None:
    clock = VirtualClock()
    with in_process(post_office(example_world(clock)), clock) as http, Client(PIGEON, http=http, clock=clock) as client:
        (finn,) = client.add(GROUP, ["+1 713 555 0115"])
    assert (finn.status, finn.reason, finn.provider_says) == (Status.NOT_ADDED, Reason.UNRECOGNISED, "moulting")


@pytest.mark.parametrize("loud", [True, False])
def test_people_hear_of_it_as_the_config_says_unless_an_add_says_otherwise(loud: bool) -> None:
    pigeon = Pigeon("roof", PIGEON.whistle, PIGEON.base_url, loud=loud)
    notified = []
    clock = VirtualClock()
    office = post_office(example_world(clock))

    def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        notified.extend([json.loads(body)["loud"]] if body else [])
        return office(method, target, headers, body)

    with in_process(handle, clock) as http, Client(pigeon, http=http, clock=clock, verify="never") as client:
        client.add(GROUP, ["+1 202 555 0143"])
        client.add(GROUP, ["+1 202 555 0143"], notify=not loud)
    assert notified == [loud, not loud]
