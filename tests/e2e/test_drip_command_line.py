"""`groupadd drip` as a process: full disks, Ctrl-C, what is not installed, and the demo that is killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from tests.support.cli import DRIP_AT_ONCE, SIGNALS, Served, command, environment, plan, start, without_sqlalchemy


@pytest.mark.parametrize("argv", [["drip", "status"], ["demo", "--drip"], ["drip", "status", "--json"]])
def test_without_its_extra_the_command_says_what_to_install(own_folder: None, argv: list[str]) -> None:
    done = subprocess.run(without_sqlalchemy(*argv), capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == Exit.NOT_SENT
    assert "pip install 'groupadd[drip]'" in done.stderr
    assert "--json" not in argv or json.loads(done.stdout)["error"]["type"] == "NotInstalled"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("argv", [["export"], ["audit"], ["audit", "--json"]])
def test_a_stdout_that_is_full_is_a_clear_error(drip_served: Served, argv: list[str]) -> None:
    plan()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("drip", *argv), env=environment(), text=True, check=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == Exit.NOT_SENT
    assert done.stderr == "error: standard output cannot be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to a process there")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_finishes_the_current_person_and_says_how_to_go_on(
    drip_served: Served, number: signal.Signals
) -> None:
    drip_served.configure(DRIP_AT_ONCE, "")  # the second add is 12 seconds away
    plan()
    with start("drip", "run") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "added" in line)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert process.returncode == Exit.INTERRUPTED
    assert "`groupadd drip run` goes on from here" in err
    assert "4 people: 1 added, 3 to do" in out


def test_the_demo_is_killed_in_the_middle_and_loses_no_participant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--drip", "--json"]) == Exit.EVERYONE_IN
    printed = json.loads(capsys.readouterr().out)

    assert 0 < printed["left_when_killed"] < printed["people"] == 40
    assert (printed["lost"], printed["wrong"], printed["twice"]) == (0, 0, 0)
    assert (printed["status"]["left"], printed["status"]["counts"]["added"]) == (0, 37)
