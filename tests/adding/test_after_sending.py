"""Once an add may have been received, every failure ends in an outcome: of memory, of a plugin, of HTTP, of text."""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import httpx
import pytest
from attrs import field, frozen

from groupadd import Client, Evidence, ParticipantOutcome, Reason, Secret, Status
from groupadd.errors import ConfigError, Unsupported
from groupadd.provider import (
    PRIVACY,
    AddReply,
    Claim,
    Flow,
    GroupId,
    GroupMembershipProvider,
    Participant,
    Request,
    Response,
    Roster,
)
from groupadd.sandbox import VirtualClock
from groupadd.sandbox.example import GROUP
from groupadd.settings import AddSettings
from groupadd.wire.body import LARGEST_BODY
from groupadd.wire.json_text import DEEPEST, MOST_VALUES
from groupadd.wire.transport import HttpTransport
from tests.support.scripts import WASEND

ADA = "+12025550143"
FAILURES = [MemoryError, RecursionError, ValueError, KeyError, UnicodeError, OSError, ConfigError, Unsupported]


@frozen
class Fragile:
    """A provider whose class fails at one place, after the add was sent."""

    reports_each_person: ClassVar[bool] = True

    fails_at: str
    failure: type[Exception] = KeyError
    claim: Any = field(factory=lambda: Claim(PRIVACY))
    base_url: str = "https://api.example"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        yield Request("POST", "/add")
        self._reach("reply")
        return AddReply([(ADA[1:], self.claim)] if self.fails_at in {"claim", "link", "text"} else [])

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        yield Request("GET", "/list", repeatable=True)
        self._reach("roster")
        return Roster(())

    def join_requests(self, group: GroupId) -> Flow[Sequence[Any]]:
        yield Request("GET", "/pending", repeatable=True)
        self._reach("pending")
        return ()

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        yield Request("GET", "/link", repeatable=True)
        self._reach("link")
        return Secret("https://chat.whatsapp.com/x")

    def send_text(self, person: Participant, text: Secret) -> Flow[Any]:
        yield Request("POST", "/send")
        self._reach("text")

    def _reach(self, place: str) -> None:
        if place == self.fails_at:
            raise self.failure


def outcome(
    provider: GroupMembershipProvider, answer: Callable[[httpx.Request], httpx.Response], **settings: Any
) -> ParticipantOutcome:
    http = httpx.Client(transport=httpx.MockTransport(answer))
    with Client(provider, http=http, clock=VirtualClock(), settings=AddSettings(**settings)) as client:
        (person,) = client.add(GROUP, [ADA])
        return person


def accept(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={})


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", ["reply", "roster", "pending"])
def test_what_a_providers_class_raises_after_the_add_loses_no_outcome(place: str, failure: type[Exception]) -> None:
    person = outcome(Fragile(place, failure), accept, verify="auto", look_after_s=(1,))
    assert (person.status, person.evidence) == (Status.UNKNOWN, Evidence.NONE)


@pytest.mark.parametrize("claim", [None, 7, "added", (), object()])
def test_a_claim_that_is_none_loses_no_outcome(claim: object) -> None:
    assert outcome(Fragile("claim", claim=claim), accept, verify="never").status is Status.UNKNOWN


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", ["link", "text"])
def test_what_an_invitation_raises_loses_no_outcome(place: str, failure: type[Exception]) -> None:
    person = outcome(Fragile(place, failure), accept, verify="never", invite="link")
    assert (person.status, person.reason) == (Status.NOT_ADDED, Reason.PRIVACY)


def test_an_invitation_that_http_cannot_carry_loses_no_outcome() -> None:
    person = outcome(Fragile("text"), accept, verify="never", invite="link", invite_text="{link} \ud83d")
    assert (person.status, person.reason) == (Status.NOT_ADDED, Reason.PRIVACY)


@pytest.mark.parametrize("failure", [MemoryError, RecursionError, KeyError, OSError, httpx.ReadError])
def test_whatever_the_http_client_raises_loses_no_outcome(failure: type[Exception]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise failure("under way")

    assert outcome(WASEND, answer, verify="never").status is Status.UNKNOWN


def bomb(times: int) -> bytes:
    """Return gzip of gzip … of 64 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    packed = b"".join([packer.compress(bytes(2**20)) for _ in range(64)]) + packer.flush()
    for _ in range(times - 1):
        packed = gzip.compress(packed)
    return packed


HOSTILE: dict[str, tuple[str, bytes]] = {
    "a bomb": ("gzip", bomb(1)),
    "a bomb in a bomb": ("gzip, gzip", bomb(2)),
    "another packing": ("br", b"x"),
    "too large": ("", b" " * (LARGEST_BODY + 1)),
    "too many values": ("", b"[" + b"{}," * MOST_VALUES + b"{}]"),
    "too deep": ("", b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)),
    "much too deep": ("", b"[" * 10**6),
    "a name twice": ("", b'{"success": true, "data": {"added": [{"id": "12025550143", "id": "1"}], "failed": []}}'),
    "a huge number": ("", b'{"success": true, "data": {"added": [{"id": ' + b"9" * 99 + b"}]}}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_to_an_add_ends_in_an_outcome(name: str) -> None:
    encoding, body = HOSTILE[name]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(body))

    person = outcome(WASEND, answer, verify="never")
    assert person.status is Status.UNKNOWN
    assert person.reason in {Reason.NO_ANSWER, Reason.UNREADABLE_ANSWER}


def test_contradicting_claims_are_one_contradiction_however_many_there_are() -> None:
    words = ["PRIVACY", "NOT_FOUND", "SUCCESS", "x" * 1000] * 1000
    rows = [{"id": ADA[1:], "reason": word} for word in words]
    body = {"success": True, "data": {"added": [], "failed": rows}}
    person = outcome(WASEND, lambda _: httpx.Response(200, json=body), verify="never")
    assert (person.status, person.reason) == (Status.UNKNOWN, Reason.CONTRADICTION)
    assert person.provider_says == "PRIVACY, NOT_FOUND"


@pytest.mark.parametrize("word", ["Sorry \ud83d", "a\0b", "\x1b[2J", "two\nlines", "\u202egnp.exe", "long " * 100])
def test_a_word_of_the_provider_is_cleaned_and_cut_where_it_comes_in(word: str) -> None:
    body = {"success": True, "data": {"added": [], "failed": [{"id": ADA[1:], "reason": word}]}}
    person = outcome(WASEND, lambda _: httpx.Response(200, content=json.dumps(body)), verify="never")
    assert person.provider_says is not None
    assert person.provider_says.encode().decode().isprintable()
    assert len(person.provider_says) <= 200


def test_header_values_are_cleaned_and_cut_where_they_come_in() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"X-Long": "x" * 5000, "X-Escape": "\x1b[2J", "Retry-After": "7"})

    transport = HttpTransport("https://api.example", 5, httpx.Client(transport=httpx.MockTransport(answer)))
    response: Response = transport(Request("GET", "/x"))
    assert len(response.headers["x-long"]) == 1000
    assert response.headers["x-escape"].isprintable()
    assert response.retry_after_s == 7
