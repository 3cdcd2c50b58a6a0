"""The HTTP clients of our own: their certificates, their proxies, and sockets that keep one deadline."""

import os
import ssl
import time
import urllib.request
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

import httpcore
import httpx

from groupadd.errors import ConfigError

ClientT = TypeVar("ClientT")

IN_FLIGHT = 20  # httpcore's pool slows down with the square of its connections
LONGEST_IDLE_S = 5.0  # a router may have dropped an idle connection without a word: an add over it would be lost
DEADLINE: ContextVar[float | None] = ContextVar("groupadd_deadline", default=None)  # of the request under way

_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_TRUST_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def open_client() -> httpx.Client:
    """Return a client whose sockets keep `DEADLINE`. Behind a proxy of the environment, httpx makes its own sockets.

    Raises:
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """
    trust = _trust()
    if urllib.request.getproxies().keys() - {"no"}:
        return _usable(lambda: httpx.Client(verify=trust, limits=_limits()), _PROXY_VARIABLES)
    return httpx.Client(transport=_DeadlineTransport(trust))


def open_async_client() -> httpx.AsyncClient:
    """Return an async client; errors as for `open_client`."""
    trust = _trust()
    return _usable(lambda: httpx.AsyncClient(verify=trust, limits=_limits()), _PROXY_VARIABLES)


def _limits() -> httpx.Limits:
    return httpx.Limits(max_connections=IN_FLIGHT, keepalive_expiry=LONGEST_IDLE_S)


@cache
def _trust() -> ssl.SSLContext:
    """Return the trusted certificates. Reading them takes 30 ms and a megabyte, so that all clients share them."""
    return _usable(httpx.create_ssl_context, _TRUST_VARIABLES)


def _usable(make: Callable[[], ClientT], variables: tuple[str, ...]) -> ClientT:
    """Return what the environment's variables configure.

    Raises:
        ConfigError: They cannot be used. It names them, and shows none of their values: a proxy may have a password.
    """
    try:
        return make()
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
        kind = type(error).__name__
    named = [name for name in os.environ if name.upper() in variables]
    raise ConfigError(f"the environment's {' and '.join(named) or 'configuration'} cannot be used ({kind})")


class _DeadlineTransport(httpx.HTTPTransport):
    """httpx's transport over sockets that keep one deadline for the whole request."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust,
            max_connections=IN_FLIGHT,
            keepalive_expiry=LONGEST_IDLE_S,
            network_backend=_DeadlineBackend(),
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
    deadline = DEADLINE.get()
    if deadline is None:
        return timeout
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("the answer took too long")
    return left_s
