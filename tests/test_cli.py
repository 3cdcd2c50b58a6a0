import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from attrs import define
from rich.console import Console

import groupadd
from groupadd import (
    AddOutcome,
    Evidence,
    Invite,
    InviteState,
    Member,
    Membership,
    ParticipantOutcome,
    Reason,
    Roster,
    Status,
)
from groupadd.cli import main, tables
from groupadd.cli.exit_codes import Exit, of_check, of_outcome
from groupadd.cli.output import Output
from groupadd.config.registry import installed
from groupadd.errors import CannotWrite
from groupadd.sandbox import Sandbox, World, config_toml, example_world, faults, mount, vendor_names
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from groupadd.wire.messages import log as driver

ADA, BEN, CLEO = "+12025550143", "+14155550126", "+13125550178"  # can be added; a member; lets only contacts add
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from groupadd.cli import main
sys.exit(main())
"""
ADD = "\n[add]\nlook_after_s = [0, 0.01]\n"


@define
class Town:
    """The small town behind a real server; a `groupadd.toml` beside us knows wasend, the default, and wawp."""

    world: World
    sandboxes: Mapping[str, Sandbox]
    config: Path

    def asked(self) -> list[str]:
        return [request.route for sandbox in self.sandboxes.values() for request in sandbox.requests]


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("GROUPADD_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = example_world()
    spoken = {name: Sandbox.for_vendor(name, world) for name in ("wasend", "wawp")}
    with SandboxServer(mount(spoken)) as server:
        config = tmp_path / "groupadd.toml"
        fields = {name: one.config(f"{server.url}/{name}") for name, one in spoken.items()}
        config.write_text(config_toml(fields) + ADD)
        yield Town(world, spoken, config)


def run_json(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, object]]:
    code = main([*argv, "--json"])
    said = json.loads(capsys.readouterr().out)
    assert isinstance(said, dict)
    return code, said


def command(*argv: str) -> Sequence[str]:
    return [sys.executable, "-m", "groupadd", *argv]


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


def person(status: Status, reason: Reason | None = None, **more: object) -> ParticipantOutcome:
    return ParticipantOutcome(ADA, ADA[1:], f"{ADA[1:]}@s.whatsapp.net", status, reason, **more)  # type: ignore[arg-type]


def shown(view: object, *, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([Status.ADDED, Status.ALREADY_MEMBER], Exit.EVERYONE_IN),
        ([Status.ADDED, Status.NOT_ADDED], Exit.SOMEONE_OUT),
        ([Status.INVITED], Exit.SOMEONE_OUT),
        ([Status.PENDING_APPROVAL], Exit.SOMEONE_OUT),
        ([Status.NOT_ADDED, Status.UNKNOWN, Status.ADDED], Exit.UNKNOWN),
    ],
)
def test_an_add_ends_with_the_worst_that_is_said_of_anybody(statuses: Sequence[Status], code: Exit) -> None:
    assert of_outcome(AddOutcome("main", "wasend", GROUP, tuple(map(person, statuses)))) is code


@pytest.mark.parametrize(
    ("members", "code"),
    [([True], Exit.EVERYONE_IN), ([True, False], Exit.SOMEONE_OUT), ([False, None], Exit.UNKNOWN)],
)
def test_a_check_ends_with_the_worst_that_is_said_of_anybody(members: Sequence[bool | None], code: Exit) -> None:
    assert of_check(Membership(ADA, ADA[1:], "", member, None) for member in members) is code


def test_add_shows_everybody_and_each_reason_with_what_to_do(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", GROUP, ADA, BEN, CLEO]) == Exit.SOMEONE_OUT
    out = capsys.readouterr().out
    assert re.search(rf"{re.escape(ADA)} +added +reported +SUCCESS", out)
    assert re.search(rf"{re.escape(CLEO)} +not added +privacy +reported +403", out)
    assert "→ invite them" in out
    assert "3 people: 1 added, 1 already member, 1 not added" in out
    assert town.world.is_member(GROUP, ADA[1:])


def test_add_with_json_prints_the_outcome_of_the_contract(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run_json(capsys, "add", GROUP, "+1 (202) 555-0143", "--provider", "wawp")
    assert code == Exit.EVERYONE_IN
    assert list(said) == ["provider", "type", "group", "everyone_in", "counts", "participants"]
    assert (said["provider"], said["type"], said["everyone_in"]) == ("wawp", "wawp", True)
    assert said["participants"] == [
        {
            "participant": "+1 (202) 555-0143",
            "phone": "12025550143",
            "id": "12025550143@s.whatsapp.net",
            "status": "added",
            "reason": None,
            "evidence": "observed",
            "provider_says": None,
            "invite": None,
        }
    ]


def test_verify_never_leaves_open_what_only_looks_could_tell(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", GROUP, ADA, "--provider", "wawp", "--verify", "never"]) == Exit.UNKNOWN
    assert "not checked" in capsys.readouterr().out
    assert "list" not in town.asked()


def test_invite_link_sends_the_link_and_leaves_nothing_to_do(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", GROUP, CLEO, "--invite", "link"]) == Exit.SOMEONE_OUT
    out = capsys.readouterr().out
    assert "invited" in out
    assert "privacy; link sent" in out
    assert "→" not in out
    assert [entry.kind for entry in town.world.journal] == ["add", "invitation"]


@pytest.mark.parametrize("provider", ["wasend", "wawp"])
def test_dry_run_sends_nothing_and_shows_the_request_without_credentials(
    town: Town, capsys: pytest.CaptureFixture[str], provider: str
) -> None:
    argv = ("add", GROUP, ADA, "+1 202-555-0143", CLEO, "--dry-run", "--provider", provider)
    code, said = run_json(capsys, *argv)
    assert main(argv) == code == Exit.EVERYONE_IN
    assert town.asked() == []
    assert (said["would_ask"], said["would_skip"]) == ([ADA, CLEO], ["+1 202-555-0143"])
    request = said["request"]
    assert isinstance(request, dict)
    assert (request["method"], request["path"][-17:]) == ("POST", "/participants/add")
    assert "13125550178" in json.dumps(request["json"])
    out = capsys.readouterr().out
    assert "Nothing was sent" in out
    assert ("a look beforehand" in out) is (provider == "wawp")
    assert "sandbox-key" not in out + json.dumps(said)


def test_dry_run_refuses_what_the_provider_cannot_do(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.config.write_text(town.config.read_text() + "notify = false\n")
    code, said = run_json(capsys, "add", GROUP, ADA, "--dry-run", "--provider", "wawp")
    assert (code, said["error"]["type"]) == (Exit.NOT_SENT, "Unsupported")  # type: ignore[index]


def test_people_come_from_the_command_line_and_a_file_in_this_order(
    town: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(f"name,phone\nBen,{BEN}\nCleo,{CLEO}\n")
    _, said = run_json(capsys, "check", GROUP, ADA, "--from", "people.csv")
    assert [row["participant"] for row in said["participants"]] == [ADA, BEN, CLEO]  # type: ignore[attr-defined]
    assert [row["member"] for row in said["participants"]] == [False, True, False]  # type: ignore[attr-defined]


def test_a_single_dash_reads_standard_input(
    town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{BEN}\n".encode())))
    code, said = run_json(capsys, "check", GROUP, "--from", "-")
    assert code == Exit.EVERYONE_IN
    assert said == {
        "provider": "wasend",
        "type": "wasend",
        "group": GROUP,
        "participants": [
            {"participant": BEN, "phone": BEN[1:], "id": f"{BEN[1:]}@s.whatsapp.net", "member": True, "reason": None}
        ],
    }


def test_bad_people_are_told_by_argument_and_line_without_their_numbers(
    town: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "people.txt").write_text(f"# our people\n\n{BEN}\n001202555014399\n")
    assert main(["add", GROUP, "1203630000@g.us", "--from", "people.txt"]) == Exit.NOT_SENT
    out, err = capsys.readouterr()
    assert "participant 1:" in err
    assert "is a group, not a person" in err
    assert "people.txt, line 4:" in err
    assert "write + instead of 00" in err
    assert not re.search(r"\d{8}", err)
    assert (out, town.asked()) == ("", [])


def test_nobody_named_is_an_error(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run_json(capsys, "add", GROUP)
    assert code == Exit.NOT_SENT
    assert said == {"error": {"type": "InvalidParticipant", "message": "participants: no participants are given"}}


def test_members_lists_the_roster(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run_json(capsys, "members", GROUP)
    assert code == Exit.EVERYONE_IN
    assert list(said) == ["provider", "type", "group", "complete", "members"]
    assert said["complete"] is True
    assert {"phone": BEN[1:], "lid": "177005550000126", "role": "member"} in said["members"]  # type: ignore[operator]
    assert main(["members", GROUP]) == Exit.EVERYONE_IN
    assert "2 members; the list is complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["add"], "GROUP"),
        (["add", GROUP, ADA, "--verify", "sometimes"], "auto"),
        (["add", GROUP, ADA, "--verfy", "auto"], "--verify"),
        (["ad", GROUP], "add"),
        (["add", GROUP, "--from"], "--from"),
        (["sandbox", "--port", "99999"], "65535"),
    ],
)
def test_usage_errors_end_with_2_and_name_the_right_word(
    capsys: pytest.CaptureFixture[str], argv: Sequence[str], hint: str
) -> None:
    code, said = run_json(capsys, *argv)
    assert code == Exit.NOT_SENT
    assert said["error"]["type"] == "UsageError"  # type: ignore[index]
    assert hint in said["error"]["message"]  # type: ignore[index]
    assert main(argv) == Exit.NOT_SENT
    out, err = capsys.readouterr()
    assert (out, "\n\nhint: " in err) == ("", True)


def test_usage_errors_show_no_whole_number(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run_json(capsys, "add", GROUP, "--verify", "+1 202 555 0143")
    assert code == Exit.NOT_SENT
    assert "+1202•••43" in str(said)
    assert "0143" not in str(said) + capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "error", "code"),
    [
        (["add", "12036300", ADA], "InvalidGroup", Exit.NOT_SENT),
        (["add", GROUP, ADA, "--provider", "wasnd"], "UnknownProvider", Exit.NOT_SENT),
        (["add", GROUP, ADA, "--config", "nowhere.toml"], "ConfigError", Exit.NOT_SENT),
        (["add", GROUP, "--from", "nowhere.csv"], "CannotRead", Exit.NOT_SENT),
        (["add", "120363000000000099@g.us", ADA], "GroupNotFound", Exit.REFUSED),
        (["check", "120363000000000099@g.us", ADA], "GroupNotFound", Exit.REFUSED),
        (["providers", "wasnd"], "UnknownProvider", Exit.NOT_SENT),
        (["sandbox", "--provider", "nobody"], "UnknownProvider", Exit.NOT_SENT),
    ],
)
def test_what_kept_us_from_asking_is_one_error_and_a_code(
    town: Town, capsys: pytest.CaptureFixture[str], argv: Sequence[str], error: str, code: Exit
) -> None:
    assert main([*argv, "--json"]) == code
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert list(said) == ["error"]
    assert said["error"]["type"] == error
    assert err.startswith("error: ")
    assert not any(name in out + err for name in (ADA[1:], "120363000000000099", "'12036300"))


def test_a_refused_key_comes_with_a_hint_after_a_blank_line(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.config.write_text(town.config.read_text().replace("sandbox-key", "stale-key"))
    assert main(["add", GROUP, ADA]) == Exit.REFUSED
    err = capsys.readouterr().err
    assert "\n\nhint: " in err
    assert "stale-key" not in err


def test_pauses_between_looks_are_plain_lines_on_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(json=True).progress():
        driver.info("waiting", extra={"wait_s": 8.0})
        driver.info("something else")
    driver.info("waiting", extra={"wait_s": 22.0})
    out, err = capsys.readouterr()
    assert (out, err) == ("", "next look at the group in 8 s (Ctrl-C prints what is known so far)\n")


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
    town: Town,
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


def test_what_a_provider_says_is_no_command_to_the_terminal() -> None:
    hostile = person(Status.UNKNOWN, Reason.UNRECOGNISED, provider_says="\x1b[2J\rgone [red]")
    out = shown(tables.outcome(AddOutcome("main", "wasend", GROUP, (hostile,))))
    assert "\x1b" not in out
    assert "�[2J�gone [red]" in out


@pytest.mark.parametrize("width", [80, 120])
def test_tables_keep_to_the_width_of_the_terminal_whatever_was_said(width: int) -> None:
    sent = Invite("personal", InviteState.UNKNOWN)
    people = [
        person(Status.PENDING_APPROVAL, reason, evidence=Evidence.INFERRED, provider_says="x" * 200, invite=sent)
        for reason in Reason
    ]
    out = shown(tables.outcome(AddOutcome("main", "wasend", GROUP, tuple(people))), width=width)
    assert max(map(len, out.splitlines())) <= width
    assert out.count("→") == len(Reason) - 1  # for a duplicate there is nothing to do


def test_an_incomplete_roster_says_so() -> None:
    roster = Roster((Member(BEN[1:]),), size=2)
    assert "1 member; the list is not complete" in shown(tables.roster(roster))


def test_providers_lists_every_installed_type_without_importing_plugins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    brought = tmp_path / "site" / "acme_groups-1.0.dist-info"
    brought.mkdir(parents=True)
    (brought / "METADATA").write_text("Name: acme-groups\nVersion: 1.0\n")
    (brought / "entry_points.txt").write_text("[groupadd.providers]\nacme = acme_that_cannot_be_imported:Acme\n")
    process = subprocess.run(
        command("providers", "--json"),
        env=environment(PYTHONPATH=os.pathsep.join([environment()["PYTHONPATH"], str(brought.parent)])),
        capture_output=True,
        text=True,
        check=True,
    )
    listed = {kind["type"]: kind for kind in json.loads(process.stdout)["providers"]}
    assert listed["acme"] == {"type": "acme", "origin": "acme-groups", "abilities": None}
    assert {"wasend", "wawp"} <= set(listed)
    assert "ListsParticipants" in listed["wawp"]["abilities"]


@pytest.mark.parametrize("name", sorted(installed()))
def test_providers_tells_abilities_fields_and_how_proven_of_each_type(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, said = run_json(capsys, "providers", name)
    assert code == Exit.EVERYONE_IN
    assert said["proven"] == "not proven against the live service"
    assert set(said["abilities"]) == set(said["rests_on"]) - {"GroupMembershipProvider"}  # type: ignore[call-overload]
    fields = {field["name"]: field for field in said["fields"]}  # type: ignore[attr-defined]
    assert "base_url" in fields
    assert all(field["default"] is None for field in fields.values() if field["secret"] or field["required"])
    assert main(["providers", name]) == Exit.EVERYONE_IN
    assert set(fields) <= set(capsys.readouterr().out.split())


def test_providers_marks_what_is_secret_and_what_has_a_default(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = run_json(capsys, "providers", "wawp")
    assert said["reports_each_person"] is False
    assert said["fields"] == [
        {"name": "instance_id", "required": True, "secret": False, "default": None},
        {"name": "access_token", "required": True, "secret": True, "default": None},
        {"name": "credentials_in", "required": False, "secret": False, "default": "body"},
        {"name": "base_url", "required": False, "secret": False, "default": "https://api.wawp.net"},
    ]


def test_without_the_cli_extra_one_line_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    monkeypatch.delitem(sys.modules, "groupadd.cli.commands", raising=False)
    assert main(["demo"]) == Exit.NOT_SENT
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "the command line needs a little more: pip install 'groupadd[cli]'\n"


def test_without_the_drip_extra_a_mistyped_command_is_a_usage_error(town: Town) -> None:
    without = "import sys; sys.modules['sqlalchemy'] = None; from groupadd.cli import main; sys.exit(main())"
    argv = [sys.executable, "-c", without, "memberz", "--json"]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == Exit.NOT_SENT, done.stderr
    said = json.loads(done.stdout)["error"]
    assert (said["type"], "memberz" in said["message"]) == ("UsageError", True)


def test_ctrl_c_during_start_up_ends_with_130_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupting:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "groupadd.cli.commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "groupadd.cli.commands", raising=False)
    monkeypatch.setattr("sys.meta_path", [Interrupting(), *sys.meta_path])
    assert main(["demo"]) == Exit.INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_before_sending_says_that_nothing_was_sent(
    town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupting(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Interrupting()))
    assert main(["add", GROUP, "--from", "-", "--json"]) == Exit.INTERRUPTED
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "Interrupted"
    assert town.asked() == []


def test_ctrl_c_between_looks_prints_the_outcome_as_far_as_known_and_ends_with_130(town: Town) -> None:
    town.config.write_text(town.config.read_text().replace("[0, 0.01]", "[0, 600]"))
    with start("add", GROUP, ADA, CLEO, "--provider", "wawp", "--json") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if re.search(r"next look at the group in [56]\d\d s", line):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED, err
    said = {row["participant"]: (row["status"], row["reason"]) for row in json.loads(out)["participants"]}
    assert said == {ADA: ("added", None), CLEO: ("unknown", "absence_unproven")}
    assert "this is what is known so far" in err


def test_a_reader_that_has_gone_costs_neither_noise_nor_the_exit_code(town: Town) -> None:
    with start("add", GROUP, ADA) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == Exit.EVERYONE_IN


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_an_outcome_that_stdout_cannot_take_goes_to_stderr_and_keeps_its_exit_code(town: Town) -> None:
    with Path("/dev/full").open("w") as full:
        argv = command("add", GROUP, ADA, "--json")
        done = subprocess.run(argv, env=environment(), text=True, check=False, stdout=full, stderr=subprocess.PIPE)
        nowhere = subprocess.run(argv, env=environment(), check=False, stdout=full, stderr=full)
    said, _, outcome = done.stderr.partition("\n\n")
    assert (done.returncode, nowhere.returncode) == (Exit.EVERYONE_IN, Exit.EVERYONE_IN)
    assert said == "standard output cannot be written (No space left on device); it was to get:"
    assert json.loads(outcome)["everyone_in"] is True


@pytest.mark.skipif(os.name == "nt", reason="the shell is POSIX's")
def test_an_outcome_goes_to_stderr_where_stdout_was_closed_from_the_start(town: Town) -> None:
    argv = ["sh", "-c", 'exec "$@" >&-', "sh", *command("add", GROUP, ADA, "--json")]
    done = subprocess.run(argv, env=environment(), text=True, check=False, stderr=subprocess.PIPE)
    said, _, outcome = done.stderr.partition("\n\n")
    assert (done.returncode, said) == (
        Exit.EVERYONE_IN,
        "standard output cannot be written (it is closed); it was to get:",
    )
    assert json.loads(outcome)["everyone_in"] is True


def test_data_that_comes_in_pieces_is_refused_where_stdout_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(CannotWrite, match="it is closed"), Output().stream():
        pytest.fail("there is nowhere to pour it")


def test_a_fault_of_our_own_ends_with_70_and_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("groupadd.cli.commands.load", broken)
    assert main(["members", GROUP, "--json"]) == Exit.DEFECT
    assert Exit.DEFECT.value == 70
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["type"] == "InternalError"
    assert "Traceback" in err
    assert "RuntimeError: out of order" in err


def test_in_a_pipe_there_is_no_colour_and_python_m_is_the_same_program(town: Town) -> None:
    done = subprocess.run(command("add", GROUP, ADA), env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (Exit.EVERYONE_IN, "")
    assert "added" in done.stdout
    assert "\x1b" not in done.stdout


def test_sandbox_prints_a_config_that_works_until_ctrl_c(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (Exit.EVERYONE_IN, "", "")
    assert "1 in, 1 not in" in capsys.readouterr().out


def test_sandbox_on_a_taken_port_is_an_error(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    port = re.search(r"127\.0\.0\.1:(\d+)", town.config.read_text())
    assert port is not None
    code, said = run_json(capsys, "sandbox", "--port", port[1])
    assert code == Exit.NOT_SENT
    assert "cannot be had" in said["error"]["message"]  # type: ignore[index]


def test_a_lost_answer_is_an_outcome_and_no_error(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.sandboxes["wasend"].faults.plan(faults.LOST_AFTER, on="add")
    town.config.write_text(town.config.read_text() + "late_after_s = 0\n")
    code, said = run_json(capsys, "add", GROUP, ADA)
    assert code == Exit.EVERYONE_IN
    assert said["participants"][0]["evidence"] == "inferred"  # type: ignore[index]
