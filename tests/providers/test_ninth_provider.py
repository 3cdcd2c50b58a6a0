"""A new provider takes one file, one vendor file for the sandbox, and a folder of cassettes; no list names it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupadd import Status, connect, providers
from groupadd.config import registry
from groupadd.sandbox import Sandbox, VirtualClock, example_world, vendor_names, vendors
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from groupadd.testing import Cassette, sandbox_target
from tests.support.example import ADA, CLEO, verdicts

SCENARIO = """\
# A participant who can be added, and another who lets only contacts add.
# Shapes: https://ninth.example/docs

scenario:
  call: add
  people: [Ada, Cleo]
  outcome:
    Ada: added, observed
    Cleo: not_added, silent_refusal, observed
"""


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Add Wawp's two files under another name and with other paths, and yield the new vendor's sandbox."""
    for package in (providers, vendors):
        source = (Path(package.__path__[0]) / "wawp.py").read_text("utf-8")
        folder = tmp_path / package.__name__
        folder.mkdir()
        renamed = source.replace("Wawp", "Ninth").replace('"wawp"', '"ninth"').replace("/v2/", "/v9/")
        (folder / "ninth.py").write_text(renamed, "utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    registry._built_in.cache_clear()
    yield Sandbox.for_vendor("ninth", example_world(VirtualClock()))
    registry._built_in.cache_clear()
    for package in (providers, vendors):
        sys.modules.pop(f"{package.__name__}.ninth", None)


def test_it_is_listed_with_its_abilities(sandbox: Sandbox) -> None:
    assert "ninth" in vendor_names()
    assert registry.installed()["ninth"].built_in
    assert {"ListsParticipants", "ResolvesLids"} <= {*registry.abilities(registry.load("ninth"))}


def test_it_is_configured_and_adds_people(sandbox: Sandbox) -> None:
    with SandboxServer(sandbox.handle) as server:
        add = {"look_after_s": [0, 0.01], "late_after_s": 0}
        with connect("main", config={"providers": {"main": sandbox.config(server.url)}, "add": add}) as client:
            outcome = client.add(GROUP, [ADA, CLEO])
    assert outcome.type == "ninth"
    assert [status for status, _ in verdicts(outcome)] == [Status.ADDED, Status.NOT_ADDED]


def test_its_cassette_is_recorded_and_replays(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "ninth").mkdir()
    (tmp_path / "ninth" / "two.yaml").write_text(SCENARIO, "utf-8")
    cassette = Cassette.read(tmp_path / "ninth" / "two.yaml")
    with sandbox_target("ninth", cassette.scenario.setup) as target:
        cassette.record(target)
    recorded = Cassette.read(cassette.path)
    assert recorded.replay() == recorded.scenario.outcome
