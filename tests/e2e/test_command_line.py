"""The command line as a process: pipes, closed outputs, Ctrl-C, and what is not installed."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.sandbox import faults, vendor_names
from groupadd.sandbox.example import GROUP
from tests.support.cli import ADA, CLEO, SIGNALS, Served, command, environment, start, without_sqlalchemy


def test_without_the_drip_extra_a_mistyped_command_is_a_usage_error(served: Served) -> None:
    argv = without_sqlalchemy("memberz", "--json")
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == Exit.NOT_SENT, done.stderr
    printed = json.loads(done.stdout)["error"]
    assert (printed["type"], "memberz" in printed["message"]) == ("UsageError", True)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_between_looks_prints_the_outcome_as_far_as_known_and_ends_with_130(
    served: Served, number: signal.Signals
) -> None:
    served.configure("[0, 0.01]", "[0, 600]")
    with start("add", GROUP, ADA, CLEO, "--provider", "wawp", "--json") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if re.search(r"next look at the group in [56]\d\d s", line):
                process.send_signal(number)
                break
        out, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED, err
    printed = {row["participant"]: (row["status"], row["reason"]) for row in json.loads(out)["participants"]}
    assert printed == {ADA: ("added", None), CLEO: ("unknown", "absence_unproven")}
    assert "this is what is known so far" in err


def test_a_reader_that_has_gone_costs_neither_noise_nor_the_exit_code(served: Served) -> None:
    with start("add", GROUP, ADA) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == Exit.EVERYONE_IN


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_an_outcome_that_stdout_cannot_take_goes_to_stderr_and_keeps_its_exit_code(served: Served) -> None:
    with Path("/dev/full").open("w") as full:
        argv = command("add", GROUP, ADA, "--json")
        done = subprocess.run(argv, env=environment(), text=True, check=False, stdout=full, stderr=subprocess.PIPE)
        nowhere = subprocess.run(argv, env=environment(), check=False, stdout=full, stderr=full)
    printed, _, outcome = done.stderr.partition("\n\n")
    assert (done.returncode, nowhere.returncode) == (Exit.EVERYONE_IN, Exit.EVERYONE_IN)
    assert printed == "standard output cannot be written (No space left on device); its text follows:"
    assert json.loads(outcome)["everyone_in"] is True


@pytest.mark.skipif(os.name == "nt", reason="the shell is POSIX's")
def test_an_outcome_goes_to_stderr_where_stdout_was_closed_from_the_start(served: Served) -> None:
    argv = ["sh", "-c", 'exec "$@" >&-', "sh", *command("add", GROUP, ADA, "--json")]
    done = subprocess.run(argv, env=environment(), text=True, check=False, stderr=subprocess.PIPE)
    printed, _, outcome = done.stderr.partition("\n\n")
    assert (done.returncode, printed) == (
        Exit.EVERYONE_IN,
        "standard output cannot be written (it is closed); its text follows:",
    )
    assert json.loads(outcome)["everyone_in"] is True


def test_in_a_pipe_there_is_no_colour_and_python_m_is_the_same_program(served: Served) -> None:
    done = subprocess.run(command("add", GROUP, ADA), env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (Exit.EVERYONE_IN, "")
    assert "added" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_an_answer_is_awaited_prints_the_outcome(served: Served, number: signal.Signals) -> None:
    served.sandboxes["wasend"].faults.plan(faults.slow(60), on="add")
    with start("add", GROUP, ADA, "--json") as process:
        while "add" not in served.requests():
            pass
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED, err
    (row,) = json.loads(out)["participants"]
    assert (row["status"], row["reason"]) == ("unknown", "no_answer")


@pytest.mark.parametrize("number", SIGNALS)
def test_sandbox_prints_a_config_that_works_until_it_is_ended(
    own_folder: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    with start("sandbox") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            talk = next(line for line in process.stderr if "groupadd check" in line)
            config = ""
            while config.count("base_url") < len(vendor_names()):
                config += process.stdout.readline()
            (tmp_path / "groupadd.toml").write_text(config)
            assert main(talk.split()[1:]) == Exit.SOMEONE_OUT
        finally:
            process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (Exit.EVERYONE_IN, "", "")
    assert "1 in, 1 not in" in capsys.readouterr().out
