"""Each provider of ours is held to what holds for all: over the sandbox in its dialect, and by its cassettes."""

from pathlib import Path

from groupadd import plugins
from groupadd.sandbox import Sandbox, VirtualClock, dialect_names, small_town
from groupadd.testing import Candidate, Conformance
from groupadd.testing.stages import provider

CASSETTES = Path(__file__).parent.parent / "cassettes"


def built_in(type_: str) -> Candidate:
    credentials = Sandbox.speaking(type_, small_town(VirtualClock())).dialect.credentials()
    return Candidate(
        provider(type_, {**credentials, "base_url": "http://sandbox.invalid"}),
        lambda town: Sandbox.speaking(type_, town).handle,
        cassettes=CASSETTES / type_,
        name=type_,
    )


class TestBuiltIn(Conformance):
    candidates = tuple(map(built_in, dialect_names()))


def test_every_provider_of_ours_has_a_dialect() -> None:
    assert {type_ for type_, origin in plugins.installed().items() if origin.built_in} == {*dialect_names()}
