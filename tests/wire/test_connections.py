"""Connections of our own: after a pause, after a fork, and where the environment cannot be used."""

import asyncio
import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator

import httpx
import pytest

from groupadd.errors import ConfigError, ProviderUnreachable
from groupadd.wire import connections
from groupadd.wire.connections import LONGEST_IDLE_S
from groupadd.wire.messages import Request
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport
from tests.support.servers import counting

KeepsAlive = Callable[[str], contextlib.AbstractContextManager[Callable[[], int]]]


@contextlib.contextmanager
def blocking_transport(url: str) -> Iterator[Callable[[], int]]:
    """Yield a function that sends a request, and returns the number of the connection that carried it."""
    transport = HttpTransport(url, 5)
    try:
        yield lambda: int(transport(Request("POST", "/add")).body)
    finally:
        transport.close()


@contextlib.contextmanager
def async_transport(url: str) -> Iterator[Callable[[], int]]:
    transport = AsyncHttpTransport(url, 5)
    with asyncio.Runner() as runner:
        try:
            yield lambda: int(runner.run(transport(Request("POST", "/add"))).body)
        finally:
            runner.run(transport.close())


@pytest.fixture(params=[blocking_transport, async_transport], ids=["sync", "async"])
def keeps_alive(request: pytest.FixtureRequest) -> KeepsAlive:
    chosen: KeepsAlive = request.param
    return chosen


def test_a_socket_that_was_idle_for_long_is_not_used_again(
    keeps_alive: KeepsAlive, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_s, real = 0.0, time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + late_s)
    with counting() as url, keeps_alive(url) as connection_used:
        used = [connection_used()]
        late_s += LONGEST_IDLE_S / 2
        used.append(connection_used())
        late_s += LONGEST_IDLE_S + 1
        used.append(connection_used())
    assert used == [1, 1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_that_was_forked_has_connections_of_its_own(keeps_alive: KeepsAlive) -> None:
    with counting() as url, keeps_alive(url) as connection_used:
        before = connection_used()
        in_child = forked(connection_used)
        assert (before, in_child, connection_used()) == (1, 2, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_callers_own_client_is_not_used_in_another_process(colour: str) -> None:
    def refused() -> int:
        with pytest.raises(ProviderUnreachable, match="another process"):
            transport(Request("POST", "/add")) if colour == "sync" else asyncio.run(waiting(Request("POST", "/add")))
        return 7

    with counting() as url, httpx.Client() as http:
        transport = HttpTransport(url, 5, http)
        waiting = AsyncHttpTransport(url, 5, httpx.AsyncClient())
        assert transport(Request("GET", "/x")).body == b"1"
        assert forked(refused) == 7
        assert transport(Request("GET", "/x")).body == b"1"


def forked(call: Callable[[], int]) -> int:
    """Return what a call returns in a process that is forked from this one; -1 where it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the servers of these tests are threads
        child = os.fork()
    if child == 0:
        result = 255
        with contextlib.suppress(BaseException):
            result = call()
        os._exit(result)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


PROXY_PASSWORD = "hunter2"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTP_PROXY", f"ftp://me:{PROXY_PASSWORD}@127.0.0.1:1"),
        ("HTTPS_PROXY", f"http://me:{PROXY_PASSWORD}/x@127.0.0.1:1"),
        ("http_proxy", f"http://me:{PROXY_PASSWORD}#x@127.0.0.1:1"),
        ("ALL_PROXY", f"socks5://me:{PROXY_PASSWORD}@127.0.0.1:1"),
        ("SSL_CERT_FILE", f"/{PROXY_PASSWORD}/missing.pem"),
    ],
)
def test_an_environment_that_cannot_be_used_is_a_config_error_that_names_the_variable_alone(
    keeps_alive: KeepsAlive, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    connections._trust.cache_clear()
    with pytest.raises(ConfigError, match=variable) as error, keeps_alive("http://api.example") as connection_used:
        connection_used()
    assert PROXY_PASSWORD not in f"{error.value!r} {error.value.__context__!r} {error.value.__cause__!r}"
