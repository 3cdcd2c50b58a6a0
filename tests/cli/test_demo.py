import json

import pytest
from attrs import evolve

from groupadd import AddOutcome, ParticipantOutcome, Status
from groupadd.cli import main
from groupadd.cli.demo import Run, play
from groupadd.cli.exit_codes import Exit
from groupadd.cli.output import Output
from groupadd.sandbox import VirtualClock


def test_the_demo_shows_one_truth_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == Exit.EVERYONE_IN
    out, err = capsys.readouterr()
    assert out.count("6 people: 1 added, 1 already member, 4 not added") == 2
    assert '- provider = "wasend"\n  + provider = "wawp"' in out
    assert "not added, privacy          not added, silent refusal  not in" in out
    assert "Every status agrees" in out
    assert max(map(len, out.splitlines())) <= 80
    assert ("\x1b" in out, err) == (False, "")


def test_the_demo_takes_less_than_twenty_seconds_even_with_its_pauses() -> None:
    clock = VirtualClock()
    assert play(Output(json=True), clock) == Exit.EVERYONE_IN
    assert 0 < clock.now() < 20


def test_the_demo_in_json_holds_both_outcomes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == Exit.EVERYONE_IN
    printed = json.loads(capsys.readouterr().out)
    assert [outcome["type"] for outcome in printed["outcomes"]] == ["wasend", "wawp"]
    assert printed["agree"] is True
    assert len(printed["people"]) == 6


def test_the_demo_minds_nothing_of_the_users_own_config(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPADD_PROVIDER", "unknown")
    monkeypatch.setenv("GROUPADD_CONFIG", "/nowhere.toml")
    assert main(["demo", "--json"]) == Exit.EVERYONE_IN
    assert json.loads(capsys.readouterr().out)["agree"] is True


def test_the_demo_needs_no_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("socket.socket", None)
    assert main(["demo", "--json"]) == Exit.EVERYONE_IN
    assert capsys.readouterr().err == ""


def test_a_run_is_true_only_where_everything_said_is_known_and_so() -> None:
    added = ParticipantOutcome("+12025550143", None, None, Status.ADDED)
    run = Run(AddOutcome("m", "t", "g", (added,)), (True,), 0)
    assert run.true
    assert not evolve(run, truly_in=(False,)).true
    unknown = evolve(added, status=Status.UNKNOWN)
    assert not evolve(run, outcome=AddOutcome("m", "t", "g", (unknown,)), truly_in=(False,)).true
