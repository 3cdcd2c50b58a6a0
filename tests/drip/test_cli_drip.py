"""`groupadd drip` as people and programs meet it: words, JSON, files and exit codes, over a sandbox on loopback."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from attrs import define
from rich.console import Console

import groupadd
from groupadd import Status
from groupadd.cli import main
from groupadd.cli.drip import tables
from groupadd.cli.drip.progress import Progress
from groupadd.cli.exit_codes import Exit, of_statuses
from groupadd.cli.output import Output
from groupadd.drip import AccountStatus, AuditLine, Drip, DripStatus
from groupadd.drip.status import AccountState
from groupadd.sandbox import Sandbox, World, config_toml, example_world, mount
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from groupadd.settings import PaceSettings

ADA, BEN, CLEO, DAN = "+1 202 555 0143", "+1 415 555 0126", "+1 312 555 0178", "+1 646 555 0199"
PEOPLE = f"name;phone;agreed\nAda;{ADA};yes\nBen;{BEN};yes\nCleo;{CLEO};yes\nDan;{DAN};no\nBad;12 34;\n"
AT_ONCE = "\n[add]\nlook_after_s = [0, 0.01]\nlate_after_s = 0\n\n[drip]\nadds_per_minute = 60000\nrest_s = 0\n"
LEDGER = "sqlite:///groupadd-drip.db"
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from groupadd.cli import main
sys.exit(main())
"""
WITHOUT_SQLALCHEMY = """
import sys
sys.modules["sqlalchemy"] = None
from groupadd.cli import main
sys.exit(main())
"""


@define
class Place:
    """A folder with a `groupadd.toml` for the example world behind a real server, and a file of people."""

    world: World
    sandboxes: Mapping[str, Sandbox]
    config: Path

    def slow_down(self) -> None:
        self.config.write_text(self.config.read_text().partition("[drip]")[0])


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("GROUPADD_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    world = example_world()
    spoken = {name: Sandbox.for_vendor(name, world) for name in ("wasend", "wawp")}
    with SandboxServer(mount(spoken)) as server:
        config = tmp_path / "groupadd.toml"
        fields = {name: one.config(f"{server.url}/{name}") for name, one in spoken.items()}
        config.write_text(config_toml(fields) + AT_ONCE)
        (tmp_path / "people.csv").write_text(PEOPLE)
        yield Place(world, spoken, config)


def run_json(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["drip", *argv, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert isinstance(answer, dict)
    return code, answer


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(groupadd.__file__).parents[1])}


def plan(*more: str) -> int:
    return main(["drip", "plan", "people.csv", "--group", GROUP, *more])


def test_a_plan_says_who_is_planned_what_is_wrong_and_what_to_expect(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan() == Exit.EVERYONE_IN
    out = capsys.readouterr().out
    assert "4 people planned" in out
    assert re.search(r"\n6 +'12 34' has 4 digits", out)
    assert re.search(rf"wasend +{GROUP} +4 +yes +1,022 +yes", out)
    assert "wasend would end in" in out
    assert "warning: adds_per_minute is 60000" in out
    assert place.world.journal == []


def test_a_plan_in_json_tells_every_fault_and_place(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = run_json(
        capsys, "plan", "people.csv", "--group", GROUP, "--provider", "wasend", "--provider", "wawp"
    )

    assert code == Exit.EVERYONE_IN
    assert list(answer) == ["people", "planned_before", "faults", "places", "warnings", "ends_at"]
    assert [fault["line"] for fault in answer["faults"]] == [6]
    assert [(one["provider"], one["people"], one["preflight"]["may_add"]) for one in answer["places"]] == [
        ("wasend", 2, True),
        ("wawp", 2, True),
    ]
    assert run_json(capsys, "plan", "people.csv", "--group", GROUP)[1]["planned_before"] == 4


def test_a_plan_stands_even_where_its_account_cannot_be_asked(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.config.write_text(re.sub(r"http://127.0.0.1:\d+", "http://127.0.0.1:9", place.config.read_text()))

    code, answer = run_json(capsys, "plan", "people.csv", "--group", GROUP)

    assert (code, answer["people"]) == (Exit.EVERYONE_IN, 4)
    assert [(one["preflight"], bool(one["error"])) for one in answer["places"]] == [(None, True)]


def test_the_same_file_planned_again_is_nothing_new(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    capsys.readouterr()
    assert plan() == Exit.EVERYONE_IN
    assert capsys.readouterr().out.startswith(
        "nothing new: all participants in 4 rows are planned for the same group already"
    )


def test_a_file_of_which_nothing_can_be_used_is_an_input_error(place: Place, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone\n12 34\n")

    assert plan() == Exit.NOT_SENT


def test_a_run_ends_with_the_worst_verdict_and_the_csv_comes_back_with_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    plan()
    assert main(["drip", "run"]) == Exit.SOMEONE_OUT
    out, err = capsys.readouterr()
    assert "4 people: 1 added, 1 already member, 2 not added" in out
    assert "+1202•••43  added, reported, SUCCESS" in err
    assert not re.search(r"\d{9}", err)
    assert place.world.is_member(GROUP, "12025550143")

    assert main(["drip", "export"]) == Exit.EVERYONE_IN
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out), delimiter=";"))
    added = ["groupadd_status", "groupadd_reason", "groupadd_evidence", "groupadd_at"]
    assert rows[0] == ["name", "phone", "agreed", *added]
    assert [row[:5] for row in rows[1:4]] == [
        ["Ada", ADA, "yes", "added", ""],
        ["Ben", BEN, "yes", "already_member", ""],
        ["Cleo", CLEO, "yes", "not_added", "privacy"],
    ]


def test_the_status_in_json_is_the_contracts(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    code, answer = run_json(capsys, "status")

    assert code == Exit.EVERYONE_IN
    assert list(answer) == ["ledger", "people", "left", "counts", "accounts"]
    assert (answer["ledger"], answer["people"], answer["left"]) == (LEDGER, 4, 4)
    assert list(answer["counts"]) == [status.value for status in Status]
    (account,) = answer["accounts"]
    assert list(account) == ["provider", "state", "why", "done", "left", "eta_s"]
    assert (account["provider"], account["state"], account["left"]) == ("wasend", "ready", 4)


def test_a_stopped_account_ends_the_run_with_a_code_of_its_own_and_says_why_on_stderr(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    plan()
    main(["drip", "pause", "--provider", "wasend"])
    capsys.readouterr()
    assert main(["drip", "run"]) == Exit.STOPPED
    assert "wasend has stopped: paused by hand\n  → `groupadd drip resume`" in capsys.readouterr().err
    assert place.world.journal == []

    assert main(["drip", "resume"]) == Exit.EVERYONE_IN
    assert main(["drip", "run"]) == Exit.SOMEONE_OUT


def test_the_audit_in_json_is_one_object_a_line(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
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
def test_the_people_who_ended_for_a_reason_are_retried(
    place: Place, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    plan()
    main(["drip", "run"])

    assert run_json(capsys, "retry", "--reason", reason) == (0, {"reason": "not_on_whatsapp", "taken_up": 1})
    assert run_json(capsys, "status")[1]["left"] == 1


def test_a_forgotten_person_is_in_no_export_and_no_audit(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    main(["drip", "run"])

    assert run_json(capsys, "forget", CLEO) == (0, {"deleted": 1})
    main(["drip", "audit"])
    main(["drip", "export"])
    assert not re.search("13125550178|Cleo", capsys.readouterr().out)


def test_the_report_is_written_where_it_is_wanted(place: Place, tmp_path: Path) -> None:
    plan()
    assert main(["drip", "report"]) == Exit.EVERYONE_IN
    assert main(["drip", "report", "full.html", "--full-numbers"]) == Exit.EVERYONE_IN
    assert "0 of 4 people are in" in (tmp_path / "groupadd-drip.html").read_text()
    assert (tmp_path / "full.html").exists()


@pytest.mark.parametrize("command", ["run", "status", "pause", "resume", "export", "audit", "report"])
def test_without_a_ledger_there_is_a_clear_word(place: Place, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main(["drip", command]) == Exit.NOT_SENT
    assert "there is no ledger at groupadd-drip.db: `groupadd drip plan` makes one" in capsys.readouterr().err


def test_without_its_extra_the_command_says_what_to_install(place: Place) -> None:
    def ended(*argv: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", WITHOUT_SQLALCHEMY, *argv]
        return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)

    for argv in (["drip", "status"], ["demo", "--drip"]):
        assert ended(*argv).returncode == Exit.NOT_SENT
        assert "pip install 'groupadd[drip]'" in ended(*argv).stderr
    assert json.loads(ended("drip", "status", "--json").stdout)["error"]["type"] == "NotInstalled"
    assert ended("--help").returncode == Exit.EVERYONE_IN


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("argv", [["export"], ["audit"], ["audit", "--json"]])
def test_a_stdout_that_is_full_is_a_clear_error(place: Place, argv: list[str]) -> None:
    plan()
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "groupadd", "drip", *argv]
        done = subprocess.run(command, env=environment(), text=True, check=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == Exit.NOT_SENT
    assert done.stderr == "error: standard output cannot be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to a process there")
def test_ctrl_c_finishes_the_current_people_and_says_how_to_go_on(place: Place) -> None:
    place.slow_down()  # the second add is 12 seconds away
    plan()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "drip", "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    gives_up_at = monotonic() + 30
    while not place.world.journal and process.poll() is None and monotonic() < gives_up_at:
        sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == Exit.INTERRUPTED
    assert "`groupadd drip run` goes on from here" in err
    assert "4 people: 1 added, 3 to do" in out


def test_a_run_ends_as_an_add_of_all_its_people_would() -> None:
    assert of_statuses([Status.ADDED, Status.ALREADY_MEMBER]) is Exit.EVERYONE_IN
    assert of_statuses([Status.ADDED, Status.INVITED]) is Exit.SOMEONE_OUT
    assert of_statuses([Status.NOT_ADDED, Status.UNKNOWN]) is Exit.UNKNOWN


NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def account(name: str, state: AccountState, **fields: Any) -> AccountStatus:
    usual: dict[str, Any] = {
        "why": None,
        "how_to_go_on": None,
        "done": 12_345,
        "left": 67_890,
        "eta_s": 5 * 86400.0,
        "next_at": NOW + timedelta(minutes=4),
        "adds_in_last_minute": 5,
    }
    return AccountStatus(provider=name, state=state, **{**usual, **fields})


def test_accounts_fit_on_a_terminal_of_eighty_columns() -> None:
    stopped = account("office", "stopped", why="paused by hand", how_to_go_on="`groupadd drip resume`")
    stands = DripStatus(
        "sqlite:///x.db", 100_000, 50_000, {Status.ADDED: 50_000}, (account("main", "resting"), stopped)
    )
    console = Console(width=80, file=io.StringIO(), highlight=False)
    console.print(tables.status(stands, PaceSettings(), NOW))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()

    assert re.search(r"main +resting +12,345 +67,890 +5 of 5 +in 4 min +5 days", shown)
    assert re.search(r"office +stopped +12,345 +67,890 +5 of 5 *\n", shown)
    assert "office has stopped: paused by hand\n  → `groupadd drip resume`" in shown


def test_off_a_terminal_each_account_has_one_line_a_minute(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    plan()
    capsys.readouterr()
    with Drip(LEDGER) as drip:
        progress = Progress(Output(), drip)
        for second in (0, 30, 59, 60, 100, 125):
            progress.on_line(AuditLine(NOW + timedelta(seconds=second), "wasend", None, None, "looked", "looks", ""))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("wasend: ready; 0 done, 4 to do, 0 of 60000 a minute, ") for line in lines)


def test_the_demo_is_killed_in_the_middle_and_loses_no_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--drip", "--json"]) == Exit.EVERYONE_IN
    answer = json.loads(capsys.readouterr().out)

    assert 0 < answer["left_when_killed"] < answer["people"] == 40
    assert (answer["lost"], answer["wrong"], answer["twice"]) == (0, 0, 0)
    assert (answer["status"]["left"], answer["status"]["counts"]["added"]) == (0, 37)
