"""The vendors' own Python clients as witnesses: the same add, to the same server, says the same as ours."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from attrs import define, field, frozen

from groupadd import Client, GroupMembershipProvider, Secret
from groupadd.providers.green_api import GreenApi
from groupadd.providers.waha import Waha

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

    def by(self, provider: GroupMembershipProvider) -> Sent:
        """Return what an adapter of ours sends to add one person."""
        with Client(provider, verify="never") as client:
            client.add(GROUP, [PHONE])
        return self.sent.pop()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            credentials = {name: self.headers[name] for name in CREDENTIALS if name in self.headers}
            recording.sent.append(Sent("POST", self.path, credentials, self.headers["Content-Type"], body))
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"true")

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
