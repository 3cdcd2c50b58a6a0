"""The command line in odd surroundings: narrow screens, no home, a foreign encoding, closed and full streams.

An exit code of 70 says that groupadd has a fault of its own. No surroundings are one.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from groupadd.cli.exit_codes import Exit
from groupadd.sandbox.example import GROUP
from tests.support.cli import ADA, Served, command, environment, plan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell is POSIX's")

SURROUNDINGS: Mapping[str, Mapping[str, str | None]] = {
    "no columns": {"COLUMNS": "0", "LINES": "0"},
    "one column": {"COLUMNS": "1"},
    "20 columns": {"COLUMNS": "20"},
    "a dumb terminal": {"TERM": "dumb", "FORCE_COLOR": "1"},
    "no home": {"HOME": None, "XDG_CONFIG_HOME": None},
    "no locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "a zone that is none": {"TZ": "Nowhere/None"},
    "bytes that are no text": {"GROUPADD_ADD__INVITE_TEXT": "\udcff {link}", "XDG_CONFIG_HOME": "\udcff"},
}
STREAMS = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", ">/dev/full 2>/dev/full", "</dev/full"]
COMMANDS: Mapping[str, Sequence[str]] = {
    "add": ["add", GROUP, ADA],
    "add --json": ["add", GROUP, ADA, "--json"],
    "--help": ["add", "--help"],
    "drip status --json": ["drip", "status", "--json"],
    "drip export": ["drip", "export"],
    "no command": ["memberz"],
}
WORKS = {Exit.EVERYONE_IN, Exit.NOT_SENT}  # standard output may be out of reach


def run(argv: Sequence[str], **environ: str | None) -> "subprocess.CompletedProcess[bytes]":
    variables = {name: value for name, value in {**environment(), **environ}.items() if value is not None}
    return subprocess.run(argv, env=variables, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_a_command_says_the_same_in_odd_surroundings(drip_served: Served, surroundings: str, name: str) -> None:
    plan()
    done = run(command(*COMMANDS[name]), **SURROUNDINGS[surroundings])
    assert done.returncode == (Exit.NOT_SENT if name == "no command" else Exit.EVERYONE_IN), done.stderr
    assert b"Traceback" not in done.stderr
    if name.endswith("--json"):
        json.loads(done.stdout)
    elif name == "add":
        assert b"+12025550143" in done.stdout
        assert b"1 added" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("streams", STREAMS)
def test_a_stream_that_cannot_be_used_is_no_bug(drip_served: Served, streams: str, name: str) -> None:
    plan()
    if "full" in streams and not Path("/dev/full").exists():
        pytest.skip("only Linux has a disk that is always full")
    done = run(["sh", "-c", f'exec "$@" {streams}', "sh", *command(*COMMANDS[name])])
    assert done.returncode in WORKS, done.stderr
    assert b"Traceback" not in done.stderr
    if name.startswith("add"):
        assert done.returncode == Exit.EVERYONE_IN
        assert "2>" in streams or b"everyone_in" in done.stdout + done.stderr or b"1 added" in done.stdout + done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_has_gone_is_no_bug(own_folder: None, name: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = run(["sh", "-c", f'cd {gone}; rmdir {gone}; exec "$@"', "sh", *command(*COMMANDS[name])])
    assert done.returncode == (Exit.EVERYONE_IN if name == "--help" else Exit.NOT_SENT), done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("setpriv") is None and not os.getuid(), reason="root may write anywhere")
@pytest.mark.parametrize(
    "argv", [["add", GROUP, ADA], ["drip", "status"], ["drip", "export", "x.csv"], ["drip", "run"]]
)
def test_a_folder_that_is_read_only_is_no_bug(drip_served: Served, tmp_path: Path, argv: list[str]) -> None:
    plan()
    tmp_path.chmod(0o555)
    as_others = [] if os.getuid() else ["setpriv", "--bounding-set", "-dac_override"]
    done = run([*as_others, *command(*argv)])
    tmp_path.chmod(0o755)
    assert done.returncode == (Exit.NOT_SENT if argv[1] in {"export", "run"} else Exit.EVERYONE_IN), done.stderr
    assert b"Traceback" not in done.stderr
