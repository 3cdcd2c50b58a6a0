"""Adding a provider takes one file and one folder of cassettes: in a copy of the repository nothing else is touched."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import groupadd

HOUSE = Path(groupadd.__file__).parent
TESTS = Path(__file__).parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]

SCENARIO = """\
# Somebody who can be added, and somebody who lets only contacts add.
# Shapes: https://ninth.example/docs

scenario:
  call: add
  people: [Ada, Cleo]
  outcome:
    Ada: added, observed
    Cleo: not_added, silent_refusal, observed
"""

WHOLE_STORY = """
import groupadd
from groupadd.sandbox import Sandbox, VirtualClock, example_people, example_world
from groupadd.sandbox.server import SandboxServer
from groupadd.sandbox.example import GROUP

sandbox = Sandbox.speaking("ninth", example_world(VirtualClock()))
with SandboxServer(sandbox.handle) as server:
    config = {"providers": {"main": sandbox.config(server.url)}, "add": {"look_after_s": [0, 0.01], "late_after_s": 0}}
    with groupadd.connect("main", config=config) as client:
        outcome = client.add(GROUP, ["+12025550143", "+13125550178"])
print(outcome.type, *(f"{person.status}/{person.reason}" for person in outcome))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Copy the package, and put a ninth provider and its dialect into it; returns what runs Python there.

    The ninth is Wawp under another name and with another path: what differs between vendors is not the point here.
    """
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(HOUSE, folder / "groupadd", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for place in ("providers", "sandbox/vendors"):
        source = (HOUSE / place / "wawp.py").read_text("utf-8")
        renamed = source.replace("Wawp", "Ninth").replace('"wawp"', '"ninth"').replace("/v2/", "/v9/")
        (folder / "groupadd" / place / "ninth.py").write_text(renamed, "utf-8")
    (folder / "tests" / "providers").mkdir(parents=True)
    shutil.copy(TESTS / "providers" / "test_conformance.py", folder / "tests" / "providers")
    (folder / "cassettes" / "ninth").mkdir(parents=True)
    (folder / "cassettes" / "ninth" / "two.yaml").write_text(SCENARIO, "utf-8")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env={"PYTHONPATH": str(folder), "NO_PROXY": "127.0.0.1", "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_it_is_listed_with_its_abilities(run: Run) -> None:
    listed = json.loads(run("-m", "groupadd", "providers", "--json").stdout)["providers"]
    (ninth,) = (one for one in listed if one["type"] == "ninth")
    assert ninth["origin"] == "built in"
    assert {"ListsParticipants", "ResolvesLids"} <= {*ninth["abilities"]}


def test_it_is_configured_and_adds_people(run: Run) -> None:
    assert run("-c", WHOLE_STORY).stdout.split() == ["ninth", "added/None", "not_added/silent_refusal"]


def test_its_cassette_is_recorded_and_the_kit_holds_it_to_all_that_holds_for_the_others(run: Run) -> None:
    recorded = run("-m", "groupadd.testing", "cassettes/ninth/two.yaml")
    assert recorded.stdout == "cassettes/ninth/two.yaml: recorded\n", recorded.stderr
    held = run("-m", "pytest", "-v", "-p", "no:cacheprovider", "tests/providers/test_conformance.py", "-k", "ninth")
    assert held.returncode == 0, held.stdout
    assert held.stdout.count("replays_to_its_declared_outcome") == 2, "sync and async"
