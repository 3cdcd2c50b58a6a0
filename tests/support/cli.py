"""The command line over the example world: a config that reaches it, in a folder of the test's own."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from rich.console import Console, RenderableType

import groupadd
from groupadd.cli import main
from groupadd.sandbox import Sandbox, World, config_toml, example_world, mount
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from tests.support import example

ADA, BEN, CLEO = (f"+{phone}" for phone in (example.ADA, example.BEN, example.CLEO))  # as people type them
PEOPLE = f"name;phone;agreed\nAda;{ADA};yes\nBen;{BEN};yes\nCleo;{CLEO};yes\nDan;+{example.DAN};no\nBad;12 34;\n"
LEDGER = "sqlite:///groupadd-drip.db"
DRIP_AT_ONCE = "\n[drip]\nadds_per_minute = 60000\nrest_s = 0\n"
AT_ONCE = "\n[add]\nlook_after_s = [0, 0.01]\nlate_after_s = 0\n"
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
WITHOUT_SQLALCHEMY = "import sys; sys.modules['sqlalchemy'] = None; from groupadd.cli import main; sys.exit(main())"
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from groupadd.cli import main
sys.exit(main())
"""


@define
class Served:
    """The example world behind a real server; `groupadd.toml` beside the test knows wasend, the default, and wawp."""

    url: str
    world: World
    sandboxes: Mapping[str, Sandbox]
    config: Path

    def requests(self) -> list[str]:
        return [request.route for sandbox in self.sandboxes.values() for request in sandbox.requests]

    def configure(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder, and without this machine's settings."""
    for name in os.environ:
        if name.startswith("GROUPADD_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def served(own_folder: None, tmp_path: Path) -> Iterator[Served]:
    world = example_world()
    sandboxes = {name: Sandbox.for_vendor(name, world) for name in ("wasend", "wawp")}
    with SandboxServer(mount(sandboxes)) as server:
        config = tmp_path / "groupadd.toml"
        fields = {name: one.config(f"{server.url}/{name}") for name, one in sandboxes.items()}
        config.write_text(config_toml(fields) + AT_ONCE)
        yield Served(server.url, world, sandboxes, config)


@pytest.fixture
def drip_served(served: Served, tmp_path: Path) -> Served:
    """Add a file of people, and a pace without waiting."""
    served.configure("[add]", f"{DRIP_AT_ONCE}\n[add]")
    (tmp_path / "people.csv").write_text(PEOPLE)
    return served


def plan(*more: str) -> int:
    return main(["drip", "plan", "people.csv", "--group", GROUP, *more])


def run_json(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    """Run a command in this process; return its exit code and its JSON."""
    capsys.readouterr()
    code = main([*argv, "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert isinstance(printed, dict)
    return code, printed


def rendered(view: RenderableType, *, width: int = 80) -> str:
    """Return what a table looks like on a terminal of this width, without colour."""
    console = Console(width=width, file=io.StringIO(), highlight=False)
    with console.capture() as printed:
        console.print(view)
    return printed.get()


def command(*argv: str) -> Sequence[str]:
    return [sys.executable, "-m", "groupadd", *argv]


def without_sqlalchemy(*argv: str) -> Sequence[str]:
    return [sys.executable, "-c", WITHOUT_SQLALCHEMY, *argv]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(groupadd.__file__).parents[1]), **more}


def start(*argv: str) -> "subprocess.Popen[str]":
    """Start the command line as a process that Ctrl-C reaches, even where the tests run in the background."""
    return subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
