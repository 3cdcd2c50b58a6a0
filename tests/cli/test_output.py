"""Standard output is data, standard error is talk; colour is for terminals."""

import json
from collections.abc import Mapping

import pytest

from groupadd.cli import main
from groupadd.cli.output import Output
from groupadd.errors import CannotWrite
from groupadd.sandbox.example import GROUP
from groupadd.wire.messages import log as driver
from tests.support.cli import ADA, Served


def test_pauses_between_looks_are_plain_lines_on_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(json=True).progress():
        driver.info("waiting", extra={"wait_s": 8.0})
        driver.info("something else")
    driver.info("waiting", extra={"wait_s": 22.0})
    out, err = capsys.readouterr()
    assert (out, err) == ("", "next look at the group in 8 s (Ctrl-C prints what is known so far)\n")


def test_a_warning_is_shown_on_stderr_while_a_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(json=True).progress():
        driver.warning("keys go to %s unencrypted", "api.example")
    assert capsys.readouterr() == ("", "warning: keys go to api.example unencrypted\n")


def test_at_a_terminal_the_line_about_a_pause_goes_away_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Output().progress():
        driver.info("waiting", extra={"wait_s": 8.0})
        driver.info("waiting", extra={"wait_s": 22.0})
    _, first, second = capsys.readouterr().err.replace("next look", "|next look").split("|")
    assert "\n" not in first + second
    assert first.endswith("\r\x1b[2K\x1b[2m")
    assert second.endswith("\r\x1b[2K")


@pytest.mark.parametrize(("environ", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True)])
def test_colour_is_for_terminals(
    served: Served,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environ: Mapping[str, str],
    *,
    coloured: bool,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    main(["add", GROUP, ADA])
    assert ("\x1b[32m" in capsys.readouterr().out) is coloured
    monkeypatch.setenv("NO_COLOR", "1")
    main(["check", GROUP, ADA])
    assert "\x1b" not in capsys.readouterr().out


def test_data_that_comes_in_pieces_is_refused_where_stdout_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(CannotWrite, match="it is closed"), Output().stream():
        pytest.fail("there is nowhere to pour it")


@pytest.mark.parametrize("columns", ["0", "1", "20", "59"])
def test_on_a_narrow_terminal_no_word_is_cut(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    output = Output()
    assert not output.is_live, "lines that wrap cannot be rewritten"
    assert main(["add", GROUP, ADA]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 60
    assert {ADA, "Participant", "reported", "added"} <= {*printed.split()}


def test_json_is_written_past_the_terminal(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("rich is asked")

    monkeypatch.setattr("rich.console.Console.print", fail)
    for argv in (["add", GROUP, ADA], ["members", GROUP], ["providers"], ["add", GROUP, ADA, "--dry-run"]):
        assert main([*argv, "--json"]) == 0
        assert isinstance(json.loads(capsys.readouterr().out), dict)
