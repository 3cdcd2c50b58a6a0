import asyncio
import contextlib
import gzip
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpcore
import httpx
import pytest

from groupadd.errors import ConfigError
from groupadd.model.masking import MASK, Secret
from groupadd.wire.body import LARGEST_BODY
from groupadd.wire.connections import IN_FLIGHT
from groupadd.wire.messages import NoAnswer, Request, Response
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport, _warn_of_plain_http
from tests.support.servers import answer, drips, refusing, says, server

Send = Callable[..., Response]

UNENCRYPTED = "unencrypted, since its address begins with http:// and not with https://"


def send_blocking(
    base_url: str, request: Request, *, timeout_s: float = 5.0, http: httpx.Client | None = None
) -> Response:
    transport = HttpTransport(base_url, timeout_s, http)
    try:
        return transport(request)
    finally:
        transport.close()


def send_async(
    base_url: str, request: Request, *, timeout_s: float = 5.0, http: httpx.AsyncClient | None = None
) -> Response:
    async def run() -> Response:
        transport = AsyncHttpTransport(base_url, timeout_s, http)
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


@pytest.mark.parametrize("host", ["127.0.0.1:99999", "a..b", "a" * 70])
def test_address_that_cannot_be_was_surely_not_sent_to(send: Send, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAnswer) as lost:
        send(f"http://{host}", Request("POST", "/add"))
    assert not lost.value.maybe_sent
    monkeypatch.setenv("HTTP_PROXY", f"http://{host}")
    with pytest.raises(NoAnswer) as lost:
        send("http://api.example", Request("POST", "/add"))
    assert not lost.value.maybe_sent


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
    body = b" " * (LARGEST_BODY + 1)
    raw = answer(gzip.compress(body), headers=b"Content-Encoding: gzip\r\n") if packed else answer(body)
    with server(says(raw)) as url, pytest.raises(NoAnswer, match="too large") as lost:
        send(url, Request("POST", "/add"), timeout_s=30)
    assert lost.value.maybe_sent


def test_an_answer_may_be_packed_with_gzip_and_every_request_says_so(send: Send) -> None:
    with server(says(answer(gzip.compress(b"{}"), headers=b"Content-Encoding: gzip\r\n"))) as url:
        assert send(url, Request("GET", "/x")).body == b"{}"
    with recording() as (url, received):
        send(url, Request("GET", "/x"))
    assert b"\r\naccept-encoding: gzip\r\n" in received[0].lower()


def test_an_answer_that_echoes_a_secret_of_its_request_shows_a_mask(send: Send) -> None:
    key, token, password = 'wz/Live+7Qm"Vx', "fetched-token", "the password"
    echo = {"path": f"/{quote(key, safe='@:')}", "error": f"{key} {token} {password}", "to": "+12025550143"}
    raw = answer(json.dumps(echo).encode(), headers=f"Location: /?key={quote(key, safe='@:')}\r\n".encode())
    request = Request(
        "POST",
        "/{key}",
        params={"key": Secret(key)},
        headers={"Authorization": Secret(token).within("Bearer {}"), "Proxy": Secret(password).basic("ann")},
    )
    with server(says(raw)) as url:
        response = send(url, request)
    assert response.json() == {"path": f"/{MASK}", "error": f"{MASK} {MASK} {MASK}", "to": "+12025550143"}
    assert response.headers["location"] == f"/?key={MASK}"


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,gzip", "br", "deflate", "zstd"])
def test_an_answer_that_is_packed_in_another_way_is_lost(send: Send, encoding: str) -> None:
    twice = gzip.compress(gzip.compress(b"{}"))
    raw = answer(twice, headers=f"Content-Encoding: {encoding}\r\n".encode())
    with server(says(raw)) as url, pytest.raises(NoAnswer, match="another way") as lost:
        send(url, Request("POST", "/add"))
    assert lost.value.maybe_sent


def test_an_answer_that_a_hook_of_the_callers_client_has_read_is_taken_as_it_is() -> None:
    raw = answer(gzip.compress(b"{}"), headers=b"Content-Encoding: gzip\r\n")
    with server(says(raw)) as url, httpx.Client(event_hooks={"response": [httpx.Response.read]}) as http:
        assert send_blocking(url, Request("GET", "/x"), http=http).body == b"{}"


@pytest.mark.parametrize(
    "error", [RuntimeError("Event loop is closed"), MemoryError(), RecursionError(), KeyError("x")]
)
def test_whatever_breaks_a_request_under_way_is_a_lost_answer(error: Exception) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        raise error

    http = httpx.Client(transport=httpx.MockTransport(handle))
    http_async = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    with pytest.raises(NoAnswer) as lost:
        send_blocking("https://api.example", Request("POST", "/add"), http=http)
    with pytest.raises(NoAnswer) as lost_async:
        send_async("https://api.example", Request("POST", "/add"), http=http_async)
    assert lost.value.maybe_sent
    assert lost_async.value.maybe_sent


def test_a_fault_of_the_request_itself_is_raised_as_it_is(send: Send) -> None:
    with pytest.raises(KeyError, match="group"):
        send("https://api.example", Request("POST", "/{group}/add"))
    with pytest.raises(TypeError, match="JSON has no set"):
        send("https://api.example", Request("POST", "/add", json={"people": {1}}))


@pytest.mark.parametrize(
    ("url", "request_", "warns"),
    [
        ("http://api.example", Request("GET", "/x", headers={"key": Secret("k")}), True),
        ("http://api.example", Request("GET", "/x", query={"key": Secret("k")}), True),
        ("http://api.example", Request("GET", "/{key}", params={"key": Secret("k")}), True),
        ("http://api.example", Request("GET", "/x"), False),
        ("http://127.0.0.1:3000", Request("GET", "/x", headers={"key": Secret("k")}), False),
        ("https://api.example", Request("GET", "/x", headers={"key": Secret("k")}), False),
    ],
)
def test_a_key_over_plain_http_to_another_machine_is_warned_of_once(
    url: str, request_: Request, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    _warn_of_plain_http.cache_clear()
    for _ in range(2):
        http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)))
        send_blocking(url, request_, http=http)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned == [f"keys go to api.example {UNENCRYPTED}"] * warns


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
