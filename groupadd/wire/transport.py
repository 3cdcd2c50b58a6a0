"""HTTP: the only file that knows httpx. Requests go out with secrets revealed; nothing of them comes back in errors.

httpx and httpcore log whole URLs and headers. While one of our calls runs, what they log is dropped, and our own line,
which shows path templates, stands in its place.
"""

import asyncio
import json
import logging
import ssl
import threading
import time
import urllib.request
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any, Self
from urllib.parse import quote

import httpcore
import httpx

from groupadd.errors import ConfigError
from groupadd.model.masking import Secret
from groupadd.wire.messages import NoAnswer, Request, Response, Wire, log

IN_FLIGHT = 20  # httpcore's pool slows down with the square of its connections
LARGEST_ANSWER = 32 * 2**20  # bytes, decoded
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_NOT_FOR_HTTP = "a credential or id holds characters that HTTP cannot carry, such as a line break at its end"
_FAILURES = (  # RuntimeError: a loop or pool that ended under way
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,
    RuntimeError,
)
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

_deadline: ContextVar[float | None] = ContextVar("groupadd_deadline", default=None)


for _name in _LOOSE_LOGGERS:
    logging.getLogger(_name).addFilter(lambda _: _deadline.get() is None)


class HttpTransport:
    """Carries requests over a blocking httpx client.

    Args:
        base_url: Where the provider is reached.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        http: The caller's own client, which stays the caller's to close; None for one of ours.
    """

    def __init__(self, base_url: str, timeout_s: float, http: httpx.Client | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._own = http is None
        self._http = _own_client() if http is None else http
        self._places = threading.BoundedSemaphore(IN_FLIGHT)

    def __call__(self, request: Request) -> Response:
        """Send the request once and read its answer to the last byte.

        Raises:
            NoAnswer: There was none in time, or none that can be read.
            ConfigError: A credential or id cannot be sent.
        """
        with self._places, _OurCall(request, self._timeout_s) as call:
            sent = _built(self._http, self._base_url, request, self._timeout_s)
            try:
                answer = self._http.send(sent, stream=True, follow_redirects=False)
                try:
                    for chunk in answer.iter_bytes():
                        call.keep(chunk)
                finally:
                    answer.close()
                return _response(answer, call.body)
            except _FAILURES as error:
                failure: Exception = error
            raise _no_answer(failure)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._http.is_closed

    def close(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._own:
            self._http.close()


def _own_client() -> httpx.Client:
    """Return a client of ours, over sockets of ours unless the environment names a proxy."""
    proxies = urllib.request.getproxies().keys() - {"no"}
    return httpx.Client(transport=None if proxies else _DeadlineTransport())


class AsyncHttpTransport:
    """Carries requests over an async httpx client; arguments as for `HttpTransport`."""

    def __init__(self, base_url: str, timeout_s: float, http: httpx.AsyncClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._http = http
        self._lines: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, asyncio.Semaphore]] = {}
        self._closed = False

    async def __call__(self, request: Request) -> Response:
        """Send the request once and read its answer to the last byte.

        Raises:
            NoAnswer: There was none in time, or none that can be read.
            ConfigError: A credential or id cannot be sent.
        """
        http, places = self._line()
        async with places:
            with _OurCall(request, self._timeout_s) as call:
                sent = _built(http, self._base_url, request, self._timeout_s)
                try:
                    async with asyncio.timeout(self._timeout_s + _GRACE_S):
                        answer = await http.send(sent, stream=True, follow_redirects=False)
                        try:
                            async for chunk in answer.aiter_bytes():
                                call.keep(chunk)
                        finally:
                            await answer.aclose()
                    return _response(answer, call.body)
                except _FAILURES as error:
                    failure: Exception = error
                raise _no_answer(failure)

    def _line(self) -> tuple[httpx.AsyncClient, asyncio.Semaphore]:
        """Return the running loop's own connections and places: those of another loop break after sending."""
        loop = asyncio.get_running_loop()
        if loop not in self._lines:
            self._lines = {one: line for one, line in self._lines.items() if not one.is_closed()}
            limits = httpx.Limits(max_connections=IN_FLIGHT)
            http = self._http or httpx.AsyncClient(verify=_trust(), limits=limits)
            self._lines[loop] = http, asyncio.Semaphore(IN_FLIGHT)
        return self._lines[loop]

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed if self._http is None else self._http.is_closed

    async def close(self) -> None:
        """Close the running loop's connections, unless the client is the caller's own."""
        self._closed = True
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if self._http is None and line is not None:
            await line[0].aclose()


@cache
def _trust() -> ssl.SSLContext:
    """Return whom we trust; reading it takes 30 ms and a megabyte, and some have hundreds of clients."""
    return httpx.create_ssl_context()


_GRACE_S = 0.05  # lets httpx's own time-out speak first, which knows whether anything was sent


class _OurCall:
    """One request of ours under its deadline, from connecting to the last byte."""

    def __init__(self, request: Request, timeout_s: float) -> None:
        self._request = request
        self._began = time.monotonic()
        self._deadline = self._began + timeout_s
        self._chunks: list[bytes] = []
        self._size = 0

    def __enter__(self) -> Self:
        self._token = _deadline.set(self._deadline)
        return self

    def __exit__(self, *_: object) -> None:
        _deadline.reset(self._token)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s took %.0f ms", self._request, (time.monotonic() - self._began) * 1000)

    def keep(self, chunk: bytes) -> None:
        """Keep a piece of the answer; the time-outs of sockets that are not ours are for one operation each.

        Raises:
            httpx.ReadTimeout: It comes too late.
            httpx.ReadError: The answer is too large.
        """
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > LARGEST_ANSWER:
            raise httpx.ReadError("the answer is too large")
        if time.monotonic() > self._deadline:
            raise httpx.ReadTimeout("the answer took too long")

    @property
    def body(self) -> bytes:
        """What was kept."""
        return b"".join(self._chunks)


_url = lru_cache(maxsize=256)(httpx.URL)  # parsing one takes as long as much of the rest


def _built(http: httpx.Client | httpx.AsyncClient, base_url: str, request: Request, timeout_s: float) -> httpx.Request:
    """Build the request; what cannot be built is told outside of the except block, as httpx's errors hold URLs."""
    try:
        return _build(http, base_url, request, timeout_s)
    except UnicodeError:
        failure: Exception = ConfigError(_NOT_FOR_HTTP)
    except httpx.InvalidURL as error:
        failure = NoAnswer(type(error).__name__, maybe_sent=False)
    raise failure


def _build(http: httpx.Client | httpx.AsyncClient, base_url: str, request: Request, timeout_s: float) -> httpx.Request:
    path = request.path.format_map({name: quote(_revealed(value), safe="@:") for name, value in request.params.items()})
    headers = {name: _revealed(value) for name, value in request.headers.items()}
    if not all(value.isprintable() and value == value.strip() for value in headers.values()):
        raise ConfigError(_NOT_FOR_HTTP)
    content = None
    if request.json is not None:
        content = json.dumps(request.json, default=_revealed, ensure_ascii=False, separators=(",", ":")).encode()
        headers["Content-Type"] = "application/json"
    query = {name: _revealed(value) for name, value in request.query.items()} or None
    return http.build_request(
        request.method, _url(base_url + path), params=query, headers=headers, content=content, timeout=timeout_s
    )


def _revealed(value: Wire) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _response(answer: httpx.Response, body: bytes) -> Response:
    return Response(answer.status_code, body, {name.lower(): value for name, value in answer.headers.items()})


def _no_answer(error: Exception) -> NoAnswer:
    """Return what to raise, outside of every except block: httpx's errors hold URLs and headers."""
    return NoAnswer(type(error).__name__, maybe_sent=not isinstance(error, _NEVER_SENT))


class _DeadlineTransport(httpx.HTTPTransport):
    """httpx's transport over sockets that keep one deadline for the whole request."""

    def __init__(self) -> None:
        super().__init__(verify=_trust())
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(), max_connections=IN_FLIGHT, network_backend=_DeadlineBackend()
        )


class _DeadlineBackend(httpcore.SyncBackend):
    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _DeadlineStream(super().connect_tcp(*args, **kwargs))


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(timeout))

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _DeadlineStream(self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _left_s(timeout: float | None) -> float | None:
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("the answer took too long")
    return left_s
