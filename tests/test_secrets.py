"""A secret has no way out but the transport's: every class that may hold one, looked at in every way."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import attrs
import httpx
import pytest

from groupadd import AsyncClient, Client, Secret, drip
from groupadd.config import registry
from groupadd.config.load import load
from groupadd.config.sources import ConfigSource
from groupadd.sandbox import VirtualClock
from groupadd.testing.leaks import LeakDetector
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport
from tests.support.carriers import KEY, build_provider, carriers
from tests.support.inspectors import all_ways, looked_at
from tests.support.servers import answer, says, server

DETECTOR = LeakDetector({"the key": KEY}, ())
WAYS = all_ways()
SAFE = build_provider("wasend", base_url="https://api.example")
NO_LEDGER = "sqlite:////dev/null/none.db"
CONFIG: ConfigSource = {"providers": {"main": {"type": "wasend", "session_id": "s1", "api_key": KEY}}}
CARRIERS = {
    "Secret": Secret(KEY),
    "a secret within a text": Secret(KEY).within("Bearer {}"),
    "a password": Secret(KEY).basic("me"),
    "containers": [Secret(KEY), {"key": Secret(KEY)}, {Secret(KEY)}],
    "Client": Client(SAFE),
    "AsyncClient": AsyncClient(SAFE),
    "HttpTransport": HttpTransport(SAFE.base_url, 1),
    "AsyncHttpTransport": AsyncHttpTransport(SAFE.base_url, 1),
    "Config": load(CONFIG, environ={"A_KEY": KEY, "GROUPADD_PROVIDERS__MAIN__API_KEY": KEY}),
    "Drip": drip.open(NO_LEDGER, CONFIG),
    "AsyncDrip": drip.open_async(NO_LEDGER, CONFIG),
    **dict(carriers()),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_way_of_looking_at_a_value_shows_its_secret(carrier: str) -> None:
    value = CARRIERS[carrier]
    assert [name for name, way in WAYS.items() if DETECTOR.leaks_in(looked_at(way, value))] == []


def test_the_ways_are_many_and_would_find_a_text() -> None:
    @attrs.frozen
    class Careless:
        key: str

    found = [name for name, way in WAYS.items() if DETECTOR.leaks_in(looked_at(way, Careless(KEY)))]
    assert len(found) > 100
    assert {"rich print", "attrs.asdict", "cattrs.unstructure", "traceback with locals", "assertion"} <= {*found}


PROVIDERS = [type_ for type_, origin in registry.installed().items() if origin.built_in]


def error_of(call: Callable[[], object]) -> BaseException | None:
    """Return what a call raises; its traceback begins here, so that it has no frame of a test."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001
        return error
    return None


def shown_by(error: BaseException | None) -> set[str]:
    detector = LeakDetector({"the key": KEY}, ())
    detector.capture_error(error)
    return detector.leaks | detector.leaks_in_frames


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit])
@pytest.mark.parametrize("type_", PROVIDERS)
def test_no_frame_of_a_request_that_is_broken_off_shows_a_secret(type_: str, end: type[BaseException]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        revealed.append(f"{request.url} {request.headers.raw} {request.content!r}")
        raise end

    revealed: list[str] = []
    http = httpx.Client(transport=httpx.MockTransport(handle))
    provider = build_provider(type_, base_url="https://api.example")
    with Client(provider, http=http, clock=VirtualClock(), verify="always") as client:
        shown = shown_by(error_of(lambda: client.add("120363000000000042@g.us", ["+12025550143"])))
    assert DETECTOR.leaks_in("\n".join(revealed)) == {"the key"}
    assert shown == set()


@pytest.mark.parametrize("type_", PROVIDERS)
def test_no_frame_of_a_request_that_is_cancelled_shows_a_secret(type_: str) -> None:
    received, over = threading.Event(), threading.Event()

    def silent(_: socket.socket) -> None:
        received.set()
        over.wait(10)

    async def cancelled(url: str) -> BaseException:
        async with AsyncClient(build_provider(type_, base_url=url)) as client:
            adding = asyncio.ensure_future(client.add("120363000000000042@g.us", ["+12025550143"]))
            await asyncio.to_thread(received.wait, 10)
            adding.cancel()
            done, _ = await asyncio.wait([adding])
            over.set()
            with pytest.raises(asyncio.CancelledError) as error:
                done.pop().result()
            return error.value

    with server(silent) as url:
        assert shown_by(asyncio.run(cancelled(url))) == set()


CARELESS = """
import asyncio, contextlib, gc, logging, sys
from tests.support.carriers import build_provider
from groupadd import AsyncClient, Client, GroupAddError

logging.basicConfig(level=logging.DEBUG)
GROUP, PEOPLE = "120363000000000042@g.us", ["+12025550143"]

async def leave_everything_open():
    client = AsyncClient(build_provider(sys.argv[1], base_url=sys.argv[2]), look_after_s=(), timeout_s=1)
    with contextlib.suppress(GroupAddError):
        await client.members(GROUP)
    left = asyncio.create_task(client.add(GROUP, PEOPLE), name="left")
    print(repr(left), file=sys.stderr)
    client.members(GROUP)  # never awaited
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)

try:
    Client(build_provider(sys.argv[1], base_url=sys.argv[2])).members(GROUP)
finally:
    asyncio.run(leave_everything_open(), debug=True)
    gc.collect()
"""


@pytest.mark.slow
@pytest.mark.parametrize("type_", ["green_api", "wawp", "wppconnect", "gowa"])
def test_python_in_development_mode_shows_no_secret(type_: str) -> None:
    with server(says(answer(b"[]"))) as url:
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "always", "-c", CARELESS, type_, url],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert "never awaited" in ended.stderr
    assert "ZeroDivisionError" in ended.stderr
    assert not DETECTOR.leaks_in(ended.stdout + ended.stderr)


def test_every_provider_is_looked_at() -> None:
    looked_at_types = {name.split(".")[2] for name in CARRIERS if name.startswith("groupadd.providers.")}
    assert looked_at_types == {*PROVIDERS}
    assert {"groupadd.wire.messages.Request", "groupadd.provider.Claim"} <= CARRIERS.keys()
