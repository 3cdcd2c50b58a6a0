"""Each provider of ours is held to what holds for all: over the sandbox, and by its cassettes."""

from pathlib import Path

import pytest

from groupadd.config import registry
from groupadd.sandbox import Sandbox, VirtualClock, example_world, vendor_names
from groupadd.testing import AdapterUnderTest, Conformance
from groupadd.testing.targets import build_provider

pytestmark = pytest.mark.slow  # thousands of answers to each provider

CASSETTES = Path(__file__).parents[2] / "cassettes"


def built_in(type_: str) -> AdapterUnderTest:
    credentials = Sandbox.for_vendor(type_, example_world(VirtualClock())).vendor.credentials()
    return AdapterUnderTest(
        build_provider(type_, {**credentials, "base_url": "http://sandbox.invalid"}),
        lambda world: Sandbox.for_vendor(type_, world).handle,
        cassettes=CASSETTES / type_,
        name=type_,
    )


class TestBuiltIn(Conformance):
    adapters = tuple(map(built_in, vendor_names()))


def test_every_provider_has_a_vendor_in_the_sandbox() -> None:
    assert {type_ for type_, origin in registry.installed().items() if origin.built_in} == {*vendor_names()}
