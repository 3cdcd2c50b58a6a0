"""The vendors' own Python clients as witnesses: the same add, to the same server, says the same as ours."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from attrs import define, evolve, field, frozen

from groupadd import Client, GroupMembershipProvider, Secret
from groupadd.model.identity import GroupId
from groupadd.providers.green_api import GreenApi
from groupadd.providers.waha import Waha
from groupadd.providers.wasend import Wasend

GROUP, PHONE, KEY = "120363000000000042@g.us", "12025550143", "witness-key-0123456789"
CREDENTIALS = ("authorization", "x-api-key")


@frozen
class Sent:
    """One request, as a vendor meets it."""

    method: str
    path: str
    credentials: Mapping[str, str]
    type: str
    body: object


@define
class Recorder:
    """A server that writes down what it is sent, and accepts it."""

    url: str
    sent: list[Sent] = field(factory=list)
    answer: object = True

    def by(self, provider: GroupMembershipProvider) -> Sent:
        """Return what an adapter of ours sends to add one person."""
        with Client(provider, verify="never") as client:
            client.add(GROUP, [PHONE])
        return self.sent.pop()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._record(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self._record(None)

        def _record(self, body: object) -> None:
            credentials = {name: self.headers[name] for name in CREDENTIALS if name in self.headers}
            type_ = self.headers.get("Content-Type", "")
            recording.sent.append(Sent(self.command, unquote(self.path), credentials, type_, body))
            answer = json.dumps(recording.answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recording = Recorder(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield recording
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_green_apis_own_client_adds_as_we_do(recorder: Recorder) -> None:
    """The client's three blind retries are not compared: an add that may have been received is never sent again."""
    client = pytest.importorskip("whatsapp_api_client_python.API", reason="whatsapp-api-client-python is not installed")
    client.GreenAPI("1101", KEY, host=recorder.url).groups.addGroupParticipant(GROUP, f"{PHONE}@c.us")
    assert recorder.by(GreenApi("1101", Secret(KEY), recorder.url)) == recorder.sent.pop()


def test_the_client_that_is_generated_from_wahas_specification_adds_as_we_do(recorder: Recorder) -> None:
    waha = pytest.importorskip("waha", reason="waha-py is not installed")
    models = pytest.importorskip("waha.generated.models")
    client = waha.WahaClient(recorder.url, api_key=KEY)
    people = models.ParticipantsRequest(participants=[models.Participant(id=f"{PHONE}@c.us")])
    client.groups.add_participants("s1", GROUP, people)
    client.close()
    assert recorder.by(Waha("s1", recorder.url, Secret(KEY))) == recorder.sent.pop()


@pytest.fixture(scope="module")
def wasend() -> ModuleType:
    """Return the official SDK, whose core runs on Node."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed, and Wasend's SDK runs on it")
    sdk: ModuleType = pytest.importorskip("wasend", reason="wasend is not installed")
    return sdk


READS: Mapping[str, tuple[object, Callable[[Any], object], Callable[[Client], object]]] = {
    "members": (
        *([], lambda sdk: sdk.get_group_participants("s1", GROUP)),
        lambda client: client._run(Wasend("s1", Secret(KEY)).list_participants(GroupId(GROUP))),
    ),
    "invite link": (
        *("AbCdEfGhIjKlMnOpQrStUv", lambda sdk: sdk.get_group_invite_code("s1", GROUP)),
        lambda client: client._run(Wasend("s1", Secret(KEY)).invite_link(GroupId(GROUP))),
    ),
    "session": (
        *({"status": "WORKING"}, lambda sdk: sdk.retrieve_session_info("s1")),
        lambda client: client._run(Wasend("s1", Secret(KEY)).session()),
    ),
}


def test_wasends_own_sdk_adds_as_we_do(recorder: Recorder, wasend: ModuleType) -> None:
    sdk = wasend.WasendClient(api_key=KEY, base_url=recorder.url)
    sdk.add_group_participants("s1", GROUP, participants=[f"+{PHONE}"], notify=True)
    theirs = recorder.sent.pop()
    with Client(Wasend("s1", Secret(KEY), recorder.url), verify="never") as client:
        client.add(GROUP, [PHONE], notify=True)
    assert recorder.sent.pop() == theirs


@pytest.mark.parametrize("read", READS)
def test_wasends_own_sdk_reads_as_we_do(recorder: Recorder, wasend: ModuleType, read: str) -> None:
    """A GET of ours has no content type. The SDK's types want more of a session than the recorder answers."""
    recorder.answer, by_sdk, by_us = READS[read]
    with suppress(RuntimeError):
        by_sdk(wasend.WasendClient(api_key=KEY, base_url=recorder.url))
    theirs = recorder.sent.pop()
    with Client(Wasend("s1", Secret(KEY), recorder.url)) as client:
        by_us(client)
    assert recorder.sent.pop() == evolve(theirs, type="")
