import asyncio
import contextlib
import gzip
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import httpcore
import httpx
import pytest

from groupadd.errors import ConfigError
from groupadd.model.masking import Secret
from groupadd.wire.messages import NoAnswer, Request, Response
from groupadd.wire.transport import IN_FLIGHT, LARGEST_ANSWER, AsyncHttpTransport, HttpTransport
from tests.support.servers import answer, drips, refusing, says, server

Send = Callable[..., Response]


def send_blocking(
    base_url: str, request: Request, *, timeout_s: float = 5.0, http: httpx.Client | None = None
) -> Response:
    transport = HttpTransport(base_url, timeout_s, http)
    try:
        return transport(request)
    finally:
        transport.close()


def send_async(base_url: str, request: Request, *, timeout_s: float = 5.0) -> Response:
    async def run() -> Response:
        transport = AsyncHttpTransport(base_url, timeout_s)
        try:
            return await transport(request)
        finally:
            await transport.close()

    return asyncio.run(run())


@pytest.fixture(params=[send_blocking, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    chosen: Send = request.param
    return chosen


def test_answer_is_read_whole_with_headers_in_lower_case(send: Send) -> None:
    with server(says(answer(b'{"ok": true}', headers=b"Retry-After: 7\r\n"))) as url:
        response = send(url, Request("GET", "/x"))
    assert (response.status, response.json(), response.retry_after_s) == (200, {"ok": True}, 7.0)
    assert response.host == url.removeprefix("http://")


def test_a_host_is_named_without_the_credentials_in_its_address(send: Send) -> None:
    with server(says(answer(b"{}"))) as url:
        response = send(url.replace("http://", "http://ann:the-password@"), Request("GET", "/x"))
    assert response.host == url.removeprefix("http://")


def test_secrets_are_revealed_on_the_wire_wherever_they_stand(send: Send) -> None:
    with recording() as (url, received):
        send(
            url,
            Request(
                "POST",
                "/{token}/groups/{group}",
                params={"token": Secret("in path"), "group": "1203630000@g.us"},
                query={"q": Secret("in-query")},
                headers={"Authorization": Secret("key").within("Bearer {}")},
                json={"deep": [{"token": Secret("in-body")}], "text": "ä"},
            ),
        )
    raw = received[0].decode()
    assert raw.startswith("POST /in%20path/groups/1203630000@g.us?q=in-query HTTP/1.1")
    assert "authorization: bearer key" in raw.lower()
    assert raw.endswith('{"deep":[{"token":"in-body"}],"text":"ä"}')


@contextlib.contextmanager
def recording() -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            raw = b""
            while b"\r\n\r\n" not in raw:
                raw += connection.recv(65536)
            head, _, body = raw.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            while len(body) < length:
                body += connection.recv(65536)
            received.append(head + b"\r\n\r\n" + body)
            connection.sendall(answer(b"{}"))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    finally:
        thread.join(5)
        listener.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(drips(b""), id="status line"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\nA: "), id="headers"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), id="body"),
        pytest.param(lambda connection: connection.recv(1), id="nothing"),
    ],
)
def test_deadline_holds_for_the_whole_request_however_slowly_it_is_answered(
    send: Send, behaviour: Callable[[socket.socket], None]
) -> None:
    with server(behaviour) as url:
        began = time.monotonic()
        with pytest.raises(NoAnswer) as lost:
            send(url, Request("POST", "/add"), timeout_s=0.3)
        took_s = time.monotonic() - began
    assert lost.value.maybe_sent
    assert took_s < 3, "a drip of 100 bytes, each in time, takes five seconds"


def test_callers_own_client_keeps_the_deadline_between_chunks_of_the_body() -> None:
    slow = drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    with server(slow) as url, httpx.Client() as http, pytest.raises(NoAnswer):
        send_blocking(url, Request("GET", "/x"), timeout_s=0.3, http=http)


def test_refused_connection_was_surely_not_sent_and_names_host_and_cause(send: Send) -> None:
    with refusing() as url, pytest.raises(NoAnswer) as lost:
        send(url, Request("POST", "/add"))
    assert not lost.value.maybe_sent
    assert str(lost.value) == f"{url.removeprefix('http://')} refuses connections (ConnectionRefusedError)"


@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("http://no-such-host.invalid", "there is no such host as no-such-host.invalid (gaierror)"),
        (
            "http://ann:the-password@no-such-host.invalid:81/x",
            "there is no such host as no-such-host.invalid:81 (gaierror)",
        ),
        ("ftp://api.example", "the address of api.example is neither http:// nor https:// (UnsupportedProtocol)"),
        ("http://api.example:port", "the address of api.example:port cannot be used (InvalidURL)"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(send: Send, base_url: str, why: str) -> None:
    with pytest.raises(NoAnswer, match=re.escape(why)) as lost:
        send(base_url, Request("POST", "/add"))
    assert not lost.value.maybe_sent


def test_a_server_without_tls_is_named(send: Send) -> None:
    with (
        server(says(answer(b"{}"))) as url,
        pytest.raises(NoAnswer, match=r"does not speak TLS .*\(SSLError\)") as lost,
    ):
        send(url.replace("http://", "https://"), Request("POST", "/add"))
    assert not lost.value.maybe_sent


def failing(error: Exception) -> NoAnswer:
    """Return what a request comes to whose connection fails with this error."""

    def handle(_: httpx.Request) -> httpx.Response:
        raise error

    http = httpx.Client(transport=httpx.MockTransport(handle))
    with pytest.raises(NoAnswer) as lost:
        send_blocking("https://api.example/the-path", Request("POST", "/add"), http=http)
    return lost.value


def caused(error: Exception, *causes: BaseException) -> Exception:
    """Return an error with this chain of causes."""
    inner: BaseException = error
    for cause in causes:
        inner.__cause__ = cause
        inner = cause
    return error


def bad_certificate() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "why", "maybe_sent"),
    [
        (
            caused(httpx.ConnectError("x"), httpcore.ConnectError("x"), bad_certificate()),
            "the certificate of api.example is not valid (SSLCertVerificationError: certificate has expired)",
            False,
        ),
        (
            caused(httpx.ConnectError("x"), ExceptionGroup("x", [OSError(113), ConnectionRefusedError()])),
            "api.example refuses connections (ConnectionRefusedError)",
            False,
        ),
        (caused(httpx.ConnectError("x"), OSError(101, "x")), "api.example cannot be reached (ConnectError)", False),
        (httpx.ConnectTimeout("x"), "api.example accepts no connection in time (ConnectTimeout)", False),
        (httpx.ProxyError("x"), "the proxy in front of api.example refuses the connection (ProxyError)", False),
        (httpx.ReadTimeout("x"), "api.example did not answer in time (ReadTimeout)", True),
        (
            caused(httpx.ReadError("x"), ConnectionResetError()),
            "api.example broke the connection (ConnectionResetError)",
            True,
        ),
        (httpx.RemoteProtocolError("x"), "the connection to api.example broke (RemoteProtocolError)", True),
    ],
)
def test_why_no_answer_came_is_a_clause_without_the_errors_own_text(
    error: Exception, why: str, maybe_sent: bool
) -> None:
    lost = failing(error)
    assert (str(lost), lost.maybe_sent) == (why, maybe_sent)
    assert lost.__cause__ is lost.__context__ is None


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200", answer(b"{}")[:-1], b"not http\r\n\r\n"])
def test_broken_answer_may_have_been_received(send: Send, raw: bytes) -> None:
    with server(says(raw)) as url, pytest.raises(NoAnswer) as lost:
        send(url, Request("POST", "/add"))
    assert lost.value.maybe_sent


def test_redirects_are_never_followed() -> None:
    followed: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        followed.append(request.url.path)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/steal"})

    http = httpx.Client(transport=httpx.MockTransport(handle), follow_redirects=True)
    response = send_blocking("https://api.example", Request("POST", "/add", json={"token": Secret("t")}), http=http)
    assert (response.status, followed) == (307, ["/add"])


@pytest.mark.parametrize("key", ["schlüssel", "schl\n", " schl", "schl\r\nX: y"])
def test_credential_that_http_cannot_carry_is_a_config_error_that_does_not_show_it(send: Send, key: str) -> None:
    with server(says(answer(b"{}"))) as url, pytest.raises(ConfigError) as error:
        send(url, Request("GET", "/x", headers={"Authorization": Secret(key)}))
    assert "schl" not in f"{error.value!r} {error.value.__context__!r} {error.value.__cause__!r}"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(send: Send, packed: bool) -> None:
    body = b" " * (LARGEST_ANSWER + 1)
    raw = answer(gzip.compress(body), headers=b"Content-Encoding: gzip\r\n") if packed else answer(body)
    with server(says(raw)) as url, pytest.raises(NoAnswer) as lost:
        send(url, Request("POST", "/add"), timeout_s=30)
    assert lost.value.maybe_sent


def test_whatever_breaks_a_request_under_way_is_a_lost_answer() -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        raise RuntimeError("Event loop is closed")

    with pytest.raises(NoAnswer) as lost:
        send_blocking(
            "https://api.example", Request("POST", "/add"), http=httpx.Client(transport=httpx.MockTransport(handle))
        )
    assert lost.value.maybe_sent


def test_one_async_transport_serves_one_event_loop_after_another() -> None:
    raw = answer(b"{}").replace(b"Connection: close\r\n", b"")

    def keep_alive(connection: socket.socket) -> None:
        connection.sendall(raw)
        connection.recv(65536)
        connection.sendall(raw)

    with server(keep_alive) as url:
        transport = AsyncHttpTransport(url, 5)

        async def twice(*, close: bool) -> list[int]:
            statuses = [(await transport(Request("POST", "/add"))).status for _ in range(2)]
            if close:
                await transport.close()
            return statuses

        with asyncio.Runner() as first:
            assert first.run(twice(close=False)) == [200, 200]
            first.run(asyncio.sleep(0))
        assert asyncio.run(twice(close=True)) == [200, 200]


def test_no_proxy_alone_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "localhost")
    with server(drips(b"HTTP/1.1 200 OK\r\nA: ")) as url:
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            send_blocking(url, Request("GET", "/x"), timeout_s=0.3)
        took_s = time.monotonic() - began
    assert took_s < 3, "httpx's own time-out is for one byte of the header"


def test_no_more_requests_are_in_flight_than_the_pool_carries_well() -> None:
    now, most = 0, 0

    async def handle(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0)
        now -= 1
        return httpx.Response(200)

    async def run() -> None:
        transport = AsyncHttpTransport(
            "https://api.example", 5, httpx.AsyncClient(transport=httpx.MockTransport(handle))
        )
        await asyncio.gather(*(transport(Request("GET", "/x")) for _ in range(5 * IN_FLIGHT)))

    asyncio.run(run())
    assert most == IN_FLIGHT
