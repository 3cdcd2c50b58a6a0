"""Every provider of ours is held to what holds for all, over the sandbox that speaks its dialect and by its cassettes."""

from pathlib import Path

from groupadd import plugins
from groupadd.sandbox import Sandbox, VirtualClock, dialect_names, small_town
from groupadd.testing import Candidate, Conformance
from groupadd.testing.stages import provider

CASSETTES = Path(__file__).parent.parent / "cassettes"


def built_in(type_: str) -> Candidate:
    fields = {**Sandbox.speaking(type_, small_town(VirtualClock())).dialect.credentials(), "base_url": "http://sandbox.invalid"}
    return Candidate(
        provider(type_, fields),
        lambda world: Sandbox.speaking(type_, world).handle,
        cassettes=CASSETTES / type_,
        name=type_,
    )


class TestBuiltIn(Conformance):
    candidates = tuple(map(built_in, dialect_names()))


def test_every_provider_of_ours_has_a_dialect() -> None:
    assert {type_ for type_, origin in plugins.installed().items() if origin.built_in} == {*dialect_names()}
