"""A third party's provider, as its author and its users meet it: two wheels in a fresh environment, and a server."""

import json
import os
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUP = "1203630000@g.us"
WHISTLE = "pst-pst-0123456789"
WORDS = {"12025550100": "landed", "12025550101": "nested", "12025550102": "shy", "12025550103": "moulting"}

Run = Callable[..., subprocess.CompletedProcess[str]]


class PostOffice(BaseHTTPRequestHandler):
    """Pigeon Post in small: whoever has been sent for may be in the flock from then on."""

    protocol_version = "HTTP/1.1"
    flock: set[str]

    def do_PUT(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.flock.update(bird for bird in asked["birds"] if WORDS[bird] in {"landed", "nested", "moulting"})
        self.info({"words": {bird: WORDS[bird] for bird in asked["birds"]}})

    def do_GET(self) -> None:
        self.info({"birds": sorted(self.flock)})

    def info(self, answer: object) -> None:
        obeys = (self.headers["X-Loft"], self.headers["X-Whistle"]) == ("home", WHISTLE)
        body = json.dumps(answer).encode()
        self.send_response(200 if obeys and GROUP in self.path else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
        """Say nothing."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build both wheels by name; groupadd's is taken from GROUPADD_WHEEL where that is set."""
    folder = tmp_path_factory.mktemp("wheels")
    ready = os.environ.get("GROUPADD_WHEEL")
    sources = [ROOT / "tests" / "third_party", *([] if ready else [ROOT])]
    pip("wheel", "--no-deps", "--wheel-dir", folder, *sources)
    found = [*folder.glob("*.whl"), *([Path(ready)] if ready else [])]
    return {wheel.name.partition("-")[0]: wheel for wheel in found}


@pytest.fixture(scope="module")
def run(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install both wheels into a fresh environment; returns what runs its Python there, in a folder of its own."""
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
def config(tmp_path: Path) -> Iterator[Path]:
    """Open the post office, and return a config that reaches it."""
    office = type("Office", (PostOffice,), {"flock": {"12025550101"}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), office)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    path = tmp_path / "groupadd.toml"
    path.write_text(
        f"""
        [providers.post]
        type = "pigeon"
        loft = "home"
        whistle = "env:WHISTLE"
        base_url = "http://127.0.0.1:{server.server_port}"
        loud = false

        [add]
        look_after_s = [0, 0.1]
        """
    )
    try:
        yield path
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_wheel_holds_the_package_with_its_types_and_its_sandbox_and_nothing_else(wheels: dict[str, Path]) -> None:
    names = zipfile.ZipFile(wheels["groupadd"]).namelist()
    package = {name for name in names if name.startswith("groupadd/")}
    assert package >= {
        "groupadd/py.typed",
        "groupadd/providers/wasend.py",
        "groupadd/sandbox/server.py",
        "groupadd/sandbox/vendors/wawp.py",
        "groupadd/testing/cassettes.py",
    }
    assert {name.split("/")[0].rpartition(".")[2] for name in {*names} - package} == {"dist-info"}
    assert not [name for name in package if "test_" in name or name.endswith((".yaml", ".pyc"))]


IMPORTED = "import 'groupadd_pigeon'"  # what `python -v` says of every import


def test_it_is_listed_without_being_imported(run: Run) -> None:
    listed = run("-v", "-m", "groupadd", "providers", "--json")
    assert {"pigeon", "wasend", "wawp"} <= {one["type"] for one in json.loads(listed.stdout)["providers"]}
    assert IMPORTED not in listed.stderr


def test_it_is_imported_when_it_is_named_and_its_abilities_are_told(run: Run) -> None:
    named = run("-v", "-m", "groupadd", "providers", "pigeon", "--json")
    assert json.loads(named.stdout)["abilities"] == ["ListsParticipants"]
    assert IMPORTED in named.stderr


def test_people_are_added_through_it_by_the_command_line(run: Run, config: Path) -> None:
    words = ("-m", "groupadd", "add", GROUP, *WORDS, "--config", str(config), "--json")
    added = run(*words, WHISTLE=WHISTLE)
    outcome = json.loads(added.stdout)
    assert (outcome["provider"], outcome["type"]) == ("post", "pigeon")
    assert [(one["status"], one["reason"], one["evidence"]) for one in outcome["participants"]] == [
        ("added", None, "reported"),
        ("already_member", None, "reported"),
        ("not_added", "privacy", "reported"),
        ("added", None, "inferred"),
    ]
    assert added.returncode == 1


def test_its_refusals_are_told_and_its_secret_is_not(run: Run, config: Path) -> None:
    words = ("-m", "groupadd", "add", GROUP, *WORDS, "--config", str(config), "--json")
    refused = run(*words, WHISTLE="a-wrong-whistle")
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


def test_people_are_added_through_it_in_python(run: Run, config: Path) -> None:
    script = run("-W", "error", "-c", SCRIPT, str(config), GROUP, *WORDS, WHISTLE=WHISTLE)
    assert script.stdout.split() == ["added", "already_member", "not_added", "added", "pigeon", "3"], script.stderr


def pip(*words: str | Path) -> None:
    """Run the pip of this environment, which need not be installed in the other one."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
