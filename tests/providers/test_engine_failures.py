"""An engine that fails by itself refuses no participant: a busy database, a token it cannot get, a number without LID.

The words of WhatsApp's refusals occur in such texts by chance: `database is locked` is no 423 `locked`.
"""

from collections.abc import Callable, Mapping

import pytest

from groupadd import Client, InviteState, Reason, Status, errors
from groupadd.sandbox import Sandbox, ServerResponse, VirtualClock, World, example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.messages import json_response
from groupadd.testing.targets import build_provider
from tests.support.example import ADA, CLEO, verdicts

EXCEPTIONS: Mapping[str, Callable[[str], object]] = {  # how each server shows an exception of whatsmeow
    "gowa": lambda text: {"code": "INTERNAL_SERVER_ERROR", "message": text},
    "waha": lambda text: {"statusCode": 500, "exception": {"message": f"2 UNKNOWN: {text}", "code": 2}},
}
TOKEN = "failed to get privacy token for participant 9@lid: failed to get privacy token: "
NOT_SENT = [
    f"{TOKEN}database is locked (5) (SQLITE_BUSY)",
    f"{TOKEN}context deadline exceeded",
    f"{TOKEN}info query returned status 403: forbidden",
    "failed to get phone number for LID 9@lid: database is locked",
]
PERHAPS_SENT = [
    "database is locked (5) (SQLITE_BUSY)",
    "failed to fetch LID mappings: database is locked",
    "database table is locked: whatsmeow_lid_map",
    "info query timed out",
    "websocket disconnected before info query returned response",
    "the resource-limit of the container was reached",
]


class Server:
    """A vendor's sandbox whose answers to some routes are an exception of its engine."""

    def __init__(self, type_: str, world: World, *, carries_out: bool) -> None:
        self.sandbox = Sandbox.for_vendor(type_, world)
        self.provider = build_provider(type_, self.sandbox.config("http://server.invalid"))
        self._shown = EXCEPTIONS[type_]
        self.exceptions: dict[str, str] = {}
        self._carries_out = carries_out

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        failing = next((text for part, text in self.exceptions.items() if method == "POST" and part in target), None)
        if failing is None:
            return self.sandbox.handle(method, target, headers, body)
        if self._carries_out:
            self.sandbox.handle(method, target, headers, body)
        return json_response(self._shown(failing), 500)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000)


@pytest.fixture
def world(clock: VirtualClock) -> World:
    return example_world(clock)


@pytest.fixture(params=EXCEPTIONS)
def type_(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def connect(type_: str, world: World, clock: VirtualClock) -> Callable[..., Client]:
    def client(*, carries_out: bool = False, **exceptions: str) -> Client:
        server = Server(type_, world, carries_out=carries_out)
        server.exceptions = {route.replace("_", "/"): text for route, text in exceptions.items()}
        return Client(server.provider, http=in_process(server.handle, clock), clock=clock)

    return client


@pytest.mark.parametrize("text", NOT_SENT)
def test_an_add_that_was_not_sent_is_an_error_and_no_refusal(connect: Callable[..., Client], text: str) -> None:
    with connect(participants=text) as client, pytest.raises(errors.ProviderFailed) as caught:
        client.add(GROUP, [ADA, CLEO])
    assert not caught.value.maybe_applied


@pytest.mark.parametrize("text", PERHAPS_SENT)
@pytest.mark.parametrize("carried_out", [True, False])
def test_an_add_that_may_have_been_sent_is_settled_by_looks(
    connect: Callable[..., Client], text: str, carried_out: bool
) -> None:
    with connect(carries_out=carried_out, participants=text) as client:
        expected = (Status.ADDED, None) if carried_out else (Status.NOT_ADDED, Reason.NO_ANSWER)
        assert verdicts(client.add(GROUP, [ADA])) == [expected]
        (unlooked,) = client.add(GROUP, [CLEO], verify="never")
        assert (unlooked.status, unlooked.reason) == (Status.UNKNOWN, Reason.NO_ANSWER)


MESSAGE = {"gowa": "send_message", "waha": "sendText"}


@pytest.mark.parametrize("text", ["no LID found for 12025550143@s.whatsapp.net from server", *NOT_SENT[:2]])
def test_an_invitation_that_was_not_sent_has_failed(
    connect: Callable[..., Client], type_: str, world: World, text: str
) -> None:
    with connect(**{MESSAGE[type_]: text}) as client:
        (cleo,) = client.add(GROUP, [CLEO], invite="link")
    assert cleo.status is Status.NOT_ADDED
    assert cleo.invite is not None
    assert cleo.invite.state is InviteState.FAILED


@pytest.mark.parametrize("text", PERHAPS_SENT[:2])
def test_an_invitation_that_may_have_been_sent_is_unknown(
    connect: Callable[..., Client], type_: str, text: str
) -> None:
    with connect(**{MESSAGE[type_]: text}) as client:
        (cleo,) = client.add(GROUP, [CLEO], invite="link")
    assert cleo.invite is not None
    assert cleo.invite.state is InviteState.UNKNOWN
