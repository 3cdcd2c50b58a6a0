"""A secret has no way out but the transport's: every class that may hold one, looked at in every way."""

import attrs
import pytest

from groupadd import AsyncClient, Client, Secret
from groupadd.config import registry
from groupadd.testing.leaks import LeakDetector
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport
from tests.support.carriers import KEY, build_provider, carriers
from tests.support.inspectors import all_ways, looked_at

DETECTOR = LeakDetector({"the key": KEY}, ())
WAYS = all_ways()
SAFE = build_provider("wasend", base_url="https://api.example")
CARRIERS = {
    "Secret": Secret(KEY),
    "a secret within a text": Secret(KEY).within("Bearer {}"),
    "a password": Secret(KEY).basic("me"),
    "containers": [Secret(KEY), {"key": Secret(KEY)}, {Secret(KEY)}],
    "Client": Client(SAFE),
    "AsyncClient": AsyncClient(SAFE),
    "HttpTransport": HttpTransport(SAFE.base_url, 1),
    "AsyncHttpTransport": AsyncHttpTransport(SAFE.base_url, 1),
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


def test_every_provider_is_looked_at() -> None:
    looked_at_types = {name.split(".")[2] for name in CARRIERS if name.startswith("groupadd.providers.")}
    assert {type_ for type_, origin in registry.installed().items() if origin.built_in} == looked_at_types
    assert {"groupadd.wire.messages.Request", "groupadd.provider.Claim"} <= CARRIERS.keys()
