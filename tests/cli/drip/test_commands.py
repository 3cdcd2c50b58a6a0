"""`groupadd drip` as people and programs meet it: words, JSON, files and exit codes."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from groupadd import Status
from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.sandbox.example import GROUP
from tests.support.cli import ADA, BEN, CLEO, LEDGER, Served, plan, run_json
from tests.support.servers import refusing


def test_a_plan_says_who_is_planned_what_is_wrong_and_what_to_expect(
    drip_served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan() == Exit.EVERYONE_IN
    out = capsys.readouterr().out
    assert "4 people planned" in out
    assert re.search(r"\n6 +'12 34' has 4 digits", out)
    assert re.search(rf"wasend +{GROUP} +4 +yes +1,022 +yes", out)
    assert "wasend would end in" in out
    assert "warning: adds_per_minute is 60000" in out
    assert drip_served.world.journal == []


def test_a_plan_in_json_has_every_fault_and_place(drip_served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    shared = ("--provider", "wasend", "--provider", "wawp")
    code, printed = run_json(capsys, "drip", "plan", "people.csv", "--group", GROUP, *shared)

    assert code == Exit.EVERYONE_IN
    assert list(printed) == ["people", "planned_before", "faults", "places", "warnings", "ends_at"]
    assert [fault["line"] for fault in printed["faults"]] == [6]
    assert [(one["provider"], one["people"], one["preflight"]["may_add"]) for one in printed["places"]] == [
        ("wasend", 2, True),
        ("wawp", 2, True),
    ]
    assert run_json(capsys, "drip", "plan", "people.csv", "--group", GROUP)[1]["planned_before"] == 4


def test_a_plan_is_kept_where_its_account_cannot_be_reached(
    drip_served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupadd.wire.retry.RETRY_DELAYS_S", (0.0,))
    with refusing() as url:
        drip_served.configure(drip_served.url, url)
        code, printed = run_json(capsys, "drip", "plan", "people.csv", "--group", GROUP)

    assert (code, printed["people"]) == (Exit.EVERYONE_IN, 4)
    assert [(one["preflight"], bool(one["error"])) for one in printed["places"]] == [(None, True)]


def test_a_plan_reads_a_csv_from_standard_input(
    drip_served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"phone\n{ADA}\n12 34\n".encode())))
    code, printed = run_json(capsys, "drip", "plan", "-", "--group", GROUP)

    assert (code, printed["people"], [fault["line"] for fault in printed["faults"]]) == (Exit.EVERYONE_IN, 1, [3])


@pytest.mark.parametrize("command", ["plan", "export"])
def test_an_option_that_the_command_lacks_is_no_file(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main(["drip", command, "--grup"]) == Exit.NOT_SENT
    assert '"--grup" for FILE. It is no option of this command' in capsys.readouterr().err


def test_the_same_file_planned_again_is_nothing_new(drip_served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    capsys.readouterr()
    assert plan() == Exit.EVERYONE_IN
    assert capsys.readouterr().out.startswith(
        "nothing new: all participants in 4 rows are planned for the same group already"
    )


def test_a_file_of_which_nothing_can_be_used_is_an_input_error(drip_served: Served, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone\n12 34\n")

    assert plan() == Exit.NOT_SENT


def test_a_run_ends_with_the_worst_verdict_and_the_csv_comes_back_with_it(
    drip_served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    plan()
    assert main(["drip", "run"]) == Exit.SOMEONE_OUT
    out, err = capsys.readouterr()
    assert "4 people: 1 added, 1 already member, 2 not added" in out
    assert "+1202•••43  added, reported, SUCCESS" in err
    assert not re.search(r"\d{9}", err)
    assert drip_served.world.is_member(GROUP, "12025550143")

    assert main(["drip", "export"]) == Exit.EVERYONE_IN
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out), delimiter=";"))
    added = ["groupadd_status", "groupadd_reason", "groupadd_evidence", "groupadd_at"]
    assert rows[0] == ["name", "phone", "agreed", *added]
    assert [row[:5] for row in rows[1:4]] == [
        ["Ada", ADA, "yes", "added", ""],
        ["Ben", BEN, "yes", "already_member", ""],
        ["Cleo", CLEO, "yes", "not_added", "privacy"],
    ]


def test_the_status_in_json_has_every_documented_key(drip_served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    code, printed = run_json(capsys, "drip", "status")

    assert code == Exit.EVERYONE_IN
    assert list(printed) == ["ledger", "people", "left", "counts", "accounts"]
    assert (printed["ledger"], printed["people"], printed["left"]) == (LEDGER, 4, 4)
    assert list(printed["counts"]) == [status.value for status in Status]
    (account,) = printed["accounts"]
    assert account.keys() >= {"provider", "state", "why", "how_to_go_on", "done", "left", "eta_s", "next_at"}
    assert (account["provider"], account["state"], account["left"]) == ("wasend", "ready", 4)


def test_a_stopped_account_ends_the_run_with_a_code_of_its_own_and_says_why_on_stderr(
    drip_served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    plan()
    main(["drip", "pause", "--provider", "wasend"])
    capsys.readouterr()
    assert main(["drip", "run"]) == Exit.STOPPED
    assert "wasend has stopped: paused by hand\n  → `groupadd drip resume`" in capsys.readouterr().err
    assert drip_served.world.journal == []

    assert main(["drip", "resume"]) == Exit.EVERYONE_IN
    assert main(["drip", "run"]) == Exit.SOMEONE_OUT


def test_the_audit_in_json_is_one_object_a_line(drip_served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    main(["drip", "run"])
    capsys.readouterr()
    assert main(["drip", "audit", "--json"]) == Exit.EVERYONE_IN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {tuple(line) for line in lines} == {("at", "provider", "group", "participant", "event", "rule", "detail")}
    assert [line["event"] for line in lines[:3]] == ["planned", "asking", "answered"]

    assert main(["drip", "audit"]) == Exit.EVERYONE_IN
    assert len(capsys.readouterr().out.splitlines()) == len(lines)


@pytest.mark.parametrize("reason", ["not_on_whatsapp", "not-on-whatsapp"])
def test_people_who_ended_for_a_reason_are_taken_up_again(
    drip_served: Served, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    plan()
    main(["drip", "run"])

    assert run_json(capsys, "drip", "retry", "--reason", reason) == (0, {"reason": "not_on_whatsapp", "taken_up": 1})
    assert run_json(capsys, "drip", "status")[1]["left"] == 1


def test_a_forgotten_person_is_nowhere_any_more(drip_served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    main(["drip", "run"])

    assert run_json(capsys, "drip", "forget", CLEO) == (0, {"deleted": 1})
    main(["drip", "audit"])
    main(["drip", "export"])
    assert not re.search("13125550178|Cleo", capsys.readouterr().out)


def test_the_report_is_written_where_it_is_wanted(drip_served: Served, tmp_path: Path) -> None:
    plan()
    assert main(["drip", "report"]) == Exit.EVERYONE_IN
    assert main(["drip", "report", "full.html", "--full-numbers"]) == Exit.EVERYONE_IN
    assert "0 of 4 people are in" in (tmp_path / "groupadd-drip.html").read_text()
    assert (tmp_path / "full.html").exists()


@pytest.mark.parametrize("command", ["run", "status", "pause", "resume", "export", "audit", "report"])
def test_without_a_ledger_the_error_names_plan(
    drip_served: Served, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main(["drip", command]) == Exit.NOT_SENT
    assert "there is no ledger at groupadd-drip.db: `groupadd drip plan` makes one" in capsys.readouterr().err
