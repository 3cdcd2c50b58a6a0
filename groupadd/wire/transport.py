"""The transports: the only file that imports httpx. Requests leave with secrets revealed; errors hold none of them.

httpx and httpcore log whole URLs and headers. During a call of ours their log lines are dropped. Our own line shows
the path template instead.
"""

import asyncio
import json
import logging
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any, Self
from urllib.parse import quote, urlsplit

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
# The first that a cause is an instance of names it. A failed connection has several causes, from httpx's error inwards.
_CLAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "there is no such host as {host}"),
    (ConnectionRefusedError, "{host} refuses connections"),
    (ssl.SSLCertVerificationError, "the certificate of {host} is not valid"),
    (ssl.SSLError, "{host} does not speak TLS as expected"),
    (httpx.ProxyError, "the proxy in front of {host} refuses the connection"),
    (httpx.ConnectTimeout, "{host} accepts no connection in time"),
    (httpx.PoolTimeout, "too many requests to {host} wait for a connection"),
    (httpx.UnsupportedProtocol, "the address of {host} is neither http:// nor https://"),
    (httpx.InvalidURL, "the address of {host} cannot be used"),
    (httpx.ConnectError, "{host} cannot be reached"),
    (httpx.TimeoutException, "{host} did not answer in time"),
    (ConnectionResetError, "{host} broke the connection"),
)
_OTHERWISE = "the connection to {host} broke"
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
    """A blocking transport over an httpx client.

    Args:
        base_url: The provider's address.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        http: The caller's own client, which the caller closes; None makes one.
    """

    def __init__(self, base_url: str, timeout_s: float, http: httpx.Client | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._host = _host_of(base_url)
        self._timeout_s = timeout_s
        self._own = http is None
        self._http = _own_client() if http is None else http
        self._places = threading.BoundedSemaphore(IN_FLIGHT)

    def __call__(self, request: Request) -> Response:
        """Send the request once and read its answer to the last byte.

        Raises:
            NoAnswer: No answer came in time, or it cannot be read.
            ConfigError: A credential or id holds a character that HTTP cannot carry.
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
                return _response(answer, call.body, self._host)
            except _FAILURES as error:
                failure: Exception = error
            raise _no_answer(failure, self._host)

    @property
    def closed(self) -> bool:
        """Whether the transport is closed."""
        return self._http.is_closed

    def close(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._own:
            self._http.close()


def _own_client() -> httpx.Client:
    """Return a client whose sockets keep our deadline. Behind a proxy of the environment, httpx makes its own."""
    proxies = urllib.request.getproxies().keys() - {"no"}
    return httpx.Client(transport=None if proxies else _DeadlineTransport())


class AsyncHttpTransport:
    """An async transport over an httpx client; arguments as for `HttpTransport`."""

    def __init__(self, base_url: str, timeout_s: float, http: httpx.AsyncClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._host = _host_of(base_url)
        self._timeout_s = timeout_s
        self._http = http
        self._by_loop: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, asyncio.Semaphore]] = {}
        self._closed = False

    async def __call__(self, request: Request) -> Response:
        """Send the request once and read its answer to the last byte.

        Raises:
            NoAnswer: No answer came in time, or it cannot be read.
            ConfigError: A credential or id holds a character that HTTP cannot carry.
        """
        http, places = self._of_this_loop()
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
                    return _response(answer, call.body, self._host)
                except _FAILURES as error:
                    failure: Exception = error
                raise _no_answer(failure, self._host)

    def _of_this_loop(self) -> tuple[httpx.AsyncClient, asyncio.Semaphore]:
        """Return the running loop's client and its limit. Connections of another loop would break after sending."""
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            self._by_loop = {one: client for one, client in self._by_loop.items() if not one.is_closed()}
            limits = httpx.Limits(max_connections=IN_FLIGHT)
            http = self._http or httpx.AsyncClient(verify=_trust(), limits=limits)
            self._by_loop[loop] = http, asyncio.Semaphore(IN_FLIGHT)
        return self._by_loop[loop]

    @property
    def closed(self) -> bool:
        """Whether the transport is closed."""
        return self._closed if self._http is None else self._http.is_closed

    async def close(self) -> None:
        """Close the running loop's connections, unless the client is the caller's own."""
        self._closed = True
        ours = self._by_loop.pop(asyncio.get_running_loop(), None)
        if self._http is None and ours is not None:
            await ours[0].aclose()


@cache
def _trust() -> ssl.SSLContext:
    """Return the trusted certificates. Reading them takes 30 ms and a megabyte, so that all clients share them."""
    return httpx.create_ssl_context()


_GRACE_S = 0.05  # httpx's own time-out comes first: it knows whether anything was sent


class _OurCall:
    """One request under its deadline, from connecting to the last byte."""

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
        """Keep a piece of the answer. The deadline is checked here: a caller's own client counts it per operation.

        Raises:
            httpx.ReadTimeout: The piece comes after the deadline.
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
        """The pieces that were kept, joined."""
        return b"".join(self._chunks)


_url = lru_cache(maxsize=256)(httpx.URL)  # parsing one takes as long as much of the rest


def _built(http: httpx.Client | httpx.AsyncClient, base_url: str, request: Request, timeout_s: float) -> httpx.Request:
    """Build the request. Its error is raised outside the except block, since httpx's errors hold URLs."""
    try:
        return _build(http, base_url, request, timeout_s)
    except UnicodeError:
        failure: Exception = ConfigError(_NOT_FOR_HTTP)
    except httpx.InvalidURL as error:
        failure = NoAnswer(_why(error, _host_of(base_url)), maybe_sent=False)
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


def _response(answer: httpx.Response, body: bytes, host: str) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, body, headers, host=host)


def _host_of(base_url: str) -> str:
    """Return the host of an address, with its port where the address names one, without credentials."""
    return urlsplit(base_url).netloc.rpartition("@")[2]


def _no_answer(error: Exception, host: str) -> NoAnswer:
    """Return the error to raise outside every except block: httpx's errors hold URLs and headers."""
    return NoAnswer(_why(error, host), maybe_sent=not isinstance(error, _NEVER_SENT))


def _why(error: Exception, host: str) -> str:
    """Return why a request to a host failed, with the cause's type: `api.example refuses connections (…)`."""
    causes = list(_causes(error))
    known = ((clause, cause) for kind, clause in _CLAUSES for cause in causes if isinstance(cause, kind))
    clause, cause = next(known, (_OTHERWISE, error))
    details = getattr(cause, "verify_message", "")  # OpenSSL's words for a certificate name hosts and dates alone
    return f"{clause.format(host=host or 'the provider')} ({': '.join(filter(None, (type(cause).__name__, details)))})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes and, for a group of errors, its members, from the outside in, each once."""
    left, seen = [error], set[int]()
    while left:
        cause = left.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        left += [one for one in (cause.__cause__, cause.__context__, *inner) if one is not None]


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
