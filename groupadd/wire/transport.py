"""The transports. Requests leave with secrets revealed; no error, no log line and no frame of a traceback holds one.

httpx and httpcore log whole URLs and headers, and their errors and frames hold them. During a request of ours their log
lines are dropped, and what they raise is replaced. Our own log line shows the path template instead.
"""

import asyncio
import json
import logging
import os
import threading
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Self
from urllib.parse import quote

import httpx
from attrs import field, frozen

from groupadd.errors import ConfigError, ProviderUnreachable
from groupadd.model.cleaning import clean_message
from groupadd.model.masking import MASK, Secret
from groupadd.wire.address import host_of, is_unencrypted
from groupadd.wire.body import ACCEPTED_ENCODING, Body
from groupadd.wire.connections import DEADLINE, IN_FLIGHT, open_async_client, open_client
from groupadd.wire.failures import NOT_FOR_HTTP, failure
from groupadd.wire.messages import Request, Response, Wire, log

_OTHER_PROCESS = "the httpx client was made in another process, so nothing was sent: make one in each process"
_SHORTEST_ECHO = 8  # characters; a shorter secret may be in an answer by chance
_LOOSE_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "hpack.hpack",
    "hpack.table",
)

for _name in _LOOSE_LOGGERS:
    logging.getLogger(_name).addFilter(lambda _: DEADLINE.get() is None)


@frozen
class _Opened:
    """A client with its limit, and the process that opened it: after a fork, two processes would share its sockets."""

    http: httpx.Client
    places: threading.BoundedSemaphore = field(factory=lambda: threading.BoundedSemaphore(IN_FLIGHT))
    process: int = field(factory=os.getpid)


class HttpTransport:
    """A blocking transport over an httpx client.

    Args:
        base_url: The provider's address.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        http: The caller's own client, which the caller closes; None makes one in each process.

    Raises:
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, base_url: str, timeout_s: float, http: httpx.Client | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._host = host_of(base_url)
        self._timeout_s = timeout_s
        self._is_own = http is None
        self._opened = _Opened(http or open_client())

    def __call__(self, request: Request) -> Response:
        """Send the request once and read its answer to the last byte.

        Raises:
            NoAnswer: No answer came in time, or it cannot be read.
            ConfigError: A credential or id holds a character that HTTP cannot carry.
            ProviderUnreachable: The caller's own client was made in another process.
        """
        opened = self._of_this_process()
        with opened.places, _OurCall(request, self._timeout_s) as call:
            try:
                return self._exchange(opened.http, request, call)
            except BaseException as error:  # noqa: BLE001  whatever it is, its frames hold secrets
                ended = failure(error, self._host, is_sent=call.is_sent)
            raise ended

    def _exchange(self, http: httpx.Client, request: Request, call: "_OurCall") -> Response:
        sent = _build(http, self._base_url, request, self._timeout_s)
        call.is_sent = True
        answer = http.send(sent, stream=True, follow_redirects=False)
        try:
            body = _body(answer)
            for piece in () if answer.is_stream_consumed else answer.iter_raw():
                call.require_time()
                body.add(piece)
            return _response(answer, body, request, self._host)
        finally:
            answer.close()

    def _of_this_process(self) -> _Opened:
        if self._opened.process != os.getpid():
            if not self._is_own:
                raise ProviderUnreachable(_OTHER_PROCESS)
            self._opened = _Opened(open_client())
        return self._opened

    @property
    def closed(self) -> bool:
        """Whether the transport is closed."""
        return self._opened.http.is_closed

    def close(self) -> None:
        """Close the connections of this process, unless the client is the caller's own."""
        if self._is_own:
            self._of_this_process().http.close()


class AsyncHttpTransport:
    """An async transport over an httpx client; arguments and errors as for `HttpTransport`."""

    def __init__(self, base_url: str, timeout_s: float, http: httpx.AsyncClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._host = host_of(base_url)
        self._timeout_s = timeout_s
        self._http = http
        self._process = os.getpid()
        self._by_loop: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, asyncio.Semaphore]] = {}
        self._closed = False

    async def __call__(self, request: Request) -> Response:
        """Send the request once and read its answer to the last byte; errors as for `HttpTransport`."""
        http, places = self._of_this_loop()
        async with places:
            with _OurCall(request, self._timeout_s) as call:
                try:
                    async with asyncio.timeout(self._timeout_s + _GRACE_S):
                        return await self._exchange(http, request, call)
                except BaseException as error:  # noqa: BLE001  whatever it is, its frames hold secrets
                    ended = failure(error, self._host, is_sent=call.is_sent)
                raise ended

    async def _exchange(self, http: httpx.AsyncClient, request: Request, call: "_OurCall") -> Response:
        sent = _build(http, self._base_url, request, self._timeout_s)
        call.is_sent = True
        answer = await http.send(sent, stream=True, follow_redirects=False)
        try:
            body = _body(answer)
            if not answer.is_stream_consumed:
                async for piece in answer.aiter_raw():
                    call.require_time()
                    body.add(piece)
            return _response(answer, body, request, self._host)
        finally:
            await answer.aclose()

    def _of_this_loop(self) -> tuple[httpx.AsyncClient, asyncio.Semaphore]:
        """Return the running loop's client and its limit. Connections of another loop would break after sending."""
        if self._process != os.getpid():
            if self._http is not None:
                raise ProviderUnreachable(_OTHER_PROCESS)
            self._process, self._by_loop = os.getpid(), {}
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            self._by_loop = {one: client for one, client in self._by_loop.items() if not one.is_closed()}
            self._by_loop[loop] = self._http or open_async_client(), asyncio.Semaphore(IN_FLIGHT)
        return self._by_loop[loop]

    @property
    def closed(self) -> bool:
        """Whether the transport is closed."""
        return self._closed if self._http is None else self._http.is_closed

    async def close(self) -> None:
        """Close the running loop's connections, unless the client is the caller's own or of another process."""
        self._closed = True
        ours = self._by_loop.pop(asyncio.get_running_loop(), None)
        if self._http is None and self._process == os.getpid() and ours is not None:
            await ours[0].aclose()


_GRACE_S = 0.05  # httpx's own time-out comes first: it knows whether anything was sent


class _OurCall:
    """One request under its deadline, from connecting to the last byte.

    Attributes:
        is_sent: Whether sending has begun.
    """

    def __init__(self, request: Request, timeout_s: float) -> None:
        self.is_sent = False
        self._request = request
        self._began = time.monotonic()
        self._deadline = self._began + timeout_s

    def __enter__(self) -> Self:
        self._token = DEADLINE.set(self._deadline)
        return self

    def __exit__(self, *_: object) -> None:
        DEADLINE.reset(self._token)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s took %.0f ms", self._request, (time.monotonic() - self._began) * 1000)

    def require_time(self) -> None:
        """Check the deadline between two pieces of the answer: a caller's own client counts it per operation.

        Raises:
            httpx.ReadTimeout: The deadline is over.
        """
        if time.monotonic() > self._deadline:
            raise httpx.ReadTimeout("the answer took too long")


_url = lru_cache(maxsize=256)(httpx.URL)  # parsing one takes as long as much of the rest


def _build(http: httpx.Client | httpx.AsyncClient, base_url: str, request: Request, timeout_s: float) -> httpx.Request:
    path = request.path.format_map({name: quote(_revealed(value), safe="@:") for name, value in request.params.items()})
    headers = {name: _revealed(value) for name, value in request.headers.items()}
    if not all(value.isprintable() and value == value.strip() for value in headers.values()):
        raise ConfigError(NOT_FOR_HTTP)
    headers["Accept-Encoding"] = ACCEPTED_ENCODING
    content = None
    if request.json is not None:
        content = json.dumps(
            request.json, default=_revealed_in_json, ensure_ascii=False, separators=(",", ":")
        ).encode()
        headers["Content-Type"] = "application/json"
    query = {name: _revealed(value) for name, value in request.query.items()} or None
    if is_unencrypted(base_url) and _holds_secret(request.params, request.query, request.headers):
        _warn_of_plain_http(host_of(base_url))
    url = (httpx.URL if _holds_secret(request.params) else _url)(base_url + path)
    return http.build_request(request.method, url, params=query, headers=headers, content=content, timeout=timeout_s)


def _revealed(value: Wire) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _revealed_in_json(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"JSON has no {type(value).__name__}")


def _holds_secret(*parts: Mapping[str, Wire]) -> bool:
    return any(isinstance(value, Secret) for part in parts for value in part.values())


@cache
def _warn_of_plain_http(host: str) -> None:
    log.warning("keys go to %s unencrypted, since its address begins with http:// and not with https://", host)


def _body(answer: httpx.Response) -> Body:
    """Return the body to fill. A hook of the caller's client may have read and unpacked it already."""
    if not answer.is_stream_consumed:
        return Body(answer.headers.get("content-encoding", ""))
    body = Body("")
    body.add(answer.content)
    return body


def _response(answer: httpx.Response, body: Body, request: Request, host: str) -> Response:
    """Return the answer. What it echoes of the request's secrets is masked, as vendors do when they refuse a key."""
    content = body.whole()
    headers = {name.lower(): clean_message(value) for name, value in answer.headers.items()}
    for echo in _echoes(request):
        content = content.replace(echo.encode(), MASK.encode())
        headers = {name: value.replace(echo, MASK) for name, value in headers.items()}
    return Response(answer.status_code, content, headers, host=host)


def _echoes(request: Request) -> list[str]:
    """Return the request's secrets as they may stand in its answer, in every spelling that a server would use."""
    parts = (request.params, request.query, request.headers, request.json or {})
    echoes: list[str] = []
    for secret in (value for part in parts for value in part.values() if isinstance(value, Secret)):
        for word in filter(lambda word: len(word) >= _SHORTEST_ECHO, _credentials(secret.reveal())):
            echoes += [word] if word.isalnum() else [word, quote(word, safe="@:"), json.dumps(word)[1:-1]]
    return echoes


def _credentials(text: str) -> Iterator[str]:
    """Yield the key in a text such as `Bearer KEY`, and the password in Basic authentication."""
    scheme, _, word = text.rpartition(" ")
    yield word
    if scheme == "Basic":
        yield b64decode(word).decode("utf-8", "replace").partition(":")[2]
