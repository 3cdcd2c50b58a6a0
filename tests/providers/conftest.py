"""A client of the example world, in the wire format of the provider that the test file is named for."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from groupadd import Client
from groupadd.sandbox import Sandbox, VirtualClock, World, example_world
from groupadd.sandbox.in_process import in_process
from groupadd.testing.targets import build_provider

Connect: TypeAlias = Callable[..., Client]


@pytest.fixture
def type_(request: pytest.FixtureRequest) -> str:
    return request.path.stem.removeprefix("test_")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000)


@pytest.fixture
def world(clock: VirtualClock) -> World:
    return example_world(clock)


@pytest.fixture
def sandbox(type_: str, world: World) -> Sandbox:
    return Sandbox.for_vendor(type_, world)


@pytest.fixture
def connect(type_: str, sandbox: Sandbox, clock: VirtualClock) -> Iterator[Connect]:
    """Yield a function that returns a client; its keyword arguments replace fields of the provider's config."""
    with in_process(sandbox.handle, clock) as http:
        config = sandbox.config("http://sandbox.invalid")
        yield lambda **fields: Client(build_provider(type_, {**config, **fields}), http=http, clock=clock)


@pytest.fixture
def client(connect: Connect) -> Client:
    return connect()
