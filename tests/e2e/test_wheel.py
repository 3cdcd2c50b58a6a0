"""The wheel beside a third party's provider, as the provider's author and users meet them: in a fresh environment."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_groupadd_pigeon import PIGEON, post_office

import groupadd
from groupadd.sandbox import example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from tests.support.example import ADA, BEN, CLEO, FINN

pytestmark = pytest.mark.network  # pip fetches the build backend and the dependencies

PACKAGE = Path(groupadd.__file__).parent
ROOT = Path(__file__).parents[2]
PEOPLE = (ADA, BEN, CLEO, FINN)
WHISTLE = PIGEON.whistle.reveal()
IMPORTED = "import 'groupadd_pigeon'"  # what `python -v` says of every import

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build both wheels and return them by name; groupadd's is taken from GROUPADD_WHEEL where that is set."""
    folder = tmp_path_factory.mktemp("wheels")
    ready = os.environ.get("GROUPADD_WHEEL")
    sources = [ROOT / "tests" / "third_party", *([] if ready else [ROOT])]
    pip("wheel", "--no-deps", "--wheel-dir", folder, *sources)
    found = [*folder.glob("*.whl"), *([Path(ready)] if ready else [])]
    return {wheel.name.partition("-")[0]: wheel for wheel in found}


@pytest.fixture(scope="module")
def run(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install both wheels into a fresh environment; return a function that runs its Python in a folder of its own."""
    folder = tmp_path_factory.mktemp("user")
    venv.create(folder / "venv")
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip("--python", python, "install", f"{wheels['groupadd']}[cli]", wheels["groupadd_pigeon"])
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GROUPADD_", "PYTEST"))
    }

    def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *words],
            cwd=folder,
            env={**clean, "NO_PROXY": "127.0.0.1", **environ},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def config(tmp_path: Path) -> Iterator[str]:
    """Serve Pigeon Post over the example world, and yield the path of a config that reaches it."""
    with SandboxServer(post_office(example_world())) as server:
        path = tmp_path / "groupadd.toml"
        path.write_text(
            f"""
            [providers.post]
            type = "pigeon"
            loft = "home"
            whistle = "env:WHISTLE"
            base_url = "{server.url}"
            loud = false

            [add]
            look_after_s = [0, 0.01]
            """
        )
        yield str(path)


def pip(*words: str | Path) -> None:
    """Run the pip of this environment, which need not be installed in the other one."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_every_file_of_the_package_byte_for_byte_and_nothing_else(wheels: dict[str, Path]) -> None:
    wheel = zipfile.ZipFile(wheels["groupadd"])
    held = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == {path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes() for path in files}
    assert "groupadd/py.typed" in held


def test_it_is_listed_without_being_imported(run: Run) -> None:
    listed = run("-v", "-m", "groupadd", "providers", "--json")
    kinds = {one["type"]: one for one in json.loads(listed.stdout)["providers"]}
    assert kinds["pigeon"] == {"type": "pigeon", "origin": "groupadd-pigeon", "abilities": None}
    assert "ListsParticipants" in kinds["wawp"]["abilities"]
    assert IMPORTED not in listed.stderr


def test_it_is_imported_when_it_is_named_and_its_abilities_are_shown(run: Run) -> None:
    named = run("-v", "-m", "groupadd", "providers", "pigeon", "--json")
    assert json.loads(named.stdout)["abilities"] == ["ListsParticipants"]
    assert IMPORTED in named.stderr


def test_people_are_added_through_it_by_the_command_line(run: Run, config: str) -> None:
    added = run("-m", "groupadd", "add", GROUP, *PEOPLE, "--config", config, "--json", WHISTLE=WHISTLE)
    outcome = json.loads(added.stdout)
    assert (outcome["provider"], outcome["type"]) == ("post", "pigeon")
    assert [(one["status"], one["reason"], one["evidence"]) for one in outcome["participants"]] == [
        ("added", None, "reported"),
        ("already_member", None, "reported"),
        ("not_added", "privacy", "observed"),
        ("not_added", "unrecognised", "observed"),
    ]
    assert added.returncode == 1


def test_its_refusals_are_reported_and_its_secret_is_not(run: Run, config: str) -> None:
    refused = run("-m", "groupadd", "add", GROUP, ADA, "--config", config, "--json", WHISTLE="a-wrong-whistle")
    assert json.loads(refused.stdout)["error"]["type"] == "NotAuthenticated"
    assert refused.returncode == 3
    assert "a-wrong-whistle" not in refused.stdout + refused.stderr


SCRIPT = """
import sys, groupadd

assert "groupadd_pigeon" not in sys.modules
with groupadd.connect("post", config=sys.argv[1]) as client:
    outcome = client.add(sys.argv[2], sys.argv[3:])
    print(*(person.status for person in outcome), outcome.type, len(client.members(sys.argv[2]).members))
"""


def test_people_are_added_through_it_in_python(run: Run, config: str) -> None:
    script = run("-W", "error", "-c", SCRIPT, config, GROUP, *PEOPLE, WHISTLE=WHISTLE)
    assert script.stdout.split() == ["added", "already_member", "not_added", "not_added", "pigeon", "3"], script.stderr
