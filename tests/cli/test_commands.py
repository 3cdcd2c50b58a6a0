"""The commands as people and programs meet them: words, JSON and exit codes."""

import io
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.sandbox import faults
from groupadd.sandbox.example import GROUP
from tests.support.cli import ADA, BEN, CLEO, Served, run_json


def test_add_shows_each_participant_and_what_to_do_next(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", GROUP, ADA, BEN, CLEO]) == Exit.SOMEONE_OUT
    out = capsys.readouterr().out
    assert re.search(rf"{re.escape(ADA)} +added +reported +SUCCESS", out)
    assert re.search(rf"{re.escape(CLEO)} +not added +privacy +reported +403", out)
    assert "→ invite them" in out
    assert "3 people: 1 added, 1 already member, 1 not added" in out
    assert served.world.is_member(GROUP, ADA[1:])


def test_add_with_json_prints_the_outcome(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run_json(capsys, "add", GROUP, "+1 (202) 555-0143", "--provider", "wawp")
    assert code == Exit.EVERYONE_IN
    assert list(printed) == ["provider", "type", "group", "everyone_in", "counts", "participants"]
    assert (printed["provider"], printed["type"], printed["everyone_in"]) == ("wawp", "wawp", True)
    assert printed["participants"] == [
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


def test_verify_never_leaves_open_what_only_a_look_shows(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", GROUP, ADA, "--provider", "wawp", "--verify", "never"]) == Exit.UNKNOWN
    assert "not checked" in capsys.readouterr().out
    assert "list" not in served.requests()


def test_invite_link_sends_the_link(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", GROUP, CLEO, "--invite", "link"]) == Exit.SOMEONE_OUT
    out = capsys.readouterr().out
    assert "invited" in out
    assert "privacy; link sent" in out
    assert "→" not in out
    assert [entry.kind for entry in served.world.journal] == ["add", "invitation"]


@pytest.mark.parametrize("provider", ["wasend", "wawp"])
def test_dry_run_sends_nothing_and_shows_the_request_without_credentials(
    served: Served, capsys: pytest.CaptureFixture[str], provider: str
) -> None:
    argv = ("add", GROUP, ADA, "+1 202-555-0143", CLEO, "--dry-run", "--provider", provider)
    code, printed = run_json(capsys, *argv)
    assert main(argv) == code == Exit.EVERYONE_IN
    assert served.requests() == []
    assert (printed["would_ask"], printed["would_skip"]) == ([ADA, CLEO], ["+1 202-555-0143"])
    request = printed["request"]
    assert isinstance(request, dict)
    assert (request["method"], request["path"][-17:]) == ("POST", "/participants/add")
    assert "13125550178" in json.dumps(request["json"])
    out = capsys.readouterr().out
    assert "Nothing was sent" in out
    assert ("A look before the add" in out) is (provider == "wawp")
    assert "sandbox-key" not in out + json.dumps(printed)


def test_dry_run_refuses_what_the_provider_cannot_do(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    served.configure("[add]", "[add]\nnotify = false")
    code, printed = run_json(capsys, "add", GROUP, ADA, "--dry-run", "--provider", "wawp")
    assert (code, printed["error"]["type"]) == (Exit.NOT_SENT, "Unsupported")


def test_people_come_from_the_command_line_and_a_file_in_this_order(
    served: Served, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(f"name,phone\nBen,{BEN}\nCleo,{CLEO}\n")
    _, printed = run_json(capsys, "check", GROUP, ADA, "--from", "people.csv")
    assert [row["participant"] for row in printed["participants"]] == [ADA, BEN, CLEO]
    assert [row["member"] for row in printed["participants"]] == [False, True, False]


def test_a_single_dash_reads_standard_input(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{BEN}\n".encode())))
    code, printed = run_json(capsys, "check", GROUP, "--from", "-")
    assert code == Exit.EVERYONE_IN
    assert printed == {
        "provider": "wasend",
        "type": "wasend",
        "group": GROUP,
        "participants": [
            {"participant": BEN, "phone": BEN[1:], "id": f"{BEN[1:]}@s.whatsapp.net", "member": True, "reason": None}
        ],
    }


def test_faulty_participants_are_reported_by_argument_and_line_without_their_numbers(
    served: Served, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "people.txt").write_text(f"# our people\n\n{BEN}\n001202555014399\n")
    assert main(["add", GROUP, "1203630000@g.us", "--from", "people.txt"]) == Exit.NOT_SENT
    out, err = capsys.readouterr()
    assert "participant 1:" in err
    assert "is a group, not a person" in err
    assert "people.txt, line 4:" in err
    assert "write + instead of 00" in err
    assert not re.search(r"\d{8}", err)
    assert (out, served.requests()) == ("", [])


def test_an_add_without_participants_is_an_error(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run_json(capsys, "add", GROUP)
    assert code == Exit.NOT_SENT
    assert printed == {"error": {"type": "InvalidParticipant", "message": "participants: no participants are given"}}


def test_members_lists_the_roster(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run_json(capsys, "members", GROUP)
    assert code == Exit.EVERYONE_IN
    assert list(printed) == ["provider", "type", "group", "complete", "members"]
    assert printed["complete"] is True
    assert {"phone": BEN[1:], "lid": "177005550000126", "role": "member"} in printed["members"]
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
    code, printed = run_json(capsys, *argv)
    assert code == Exit.NOT_SENT
    assert printed["error"]["type"] == "UsageError"
    assert hint in printed["error"]["message"]
    assert main(argv) == Exit.NOT_SENT
    out, err = capsys.readouterr()
    assert (out, "\n\nhint: " in err) == ("", True)


def test_usage_errors_show_no_whole_number(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = run_json(capsys, "add", GROUP, "--verify", "+1 202 555 0143")
    assert code == Exit.NOT_SENT
    assert "+1202•••43" in str(printed)
    assert "0143" not in str(printed) + capsys.readouterr().err


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
        (["sandbox", "--provider", "unknown"], "UnknownProvider", Exit.NOT_SENT),
    ],
)
def test_what_kept_us_from_asking_is_one_error_and_a_code(
    served: Served, capsys: pytest.CaptureFixture[str], argv: Sequence[str], error: str, code: Exit
) -> None:
    assert main([*argv, "--json"]) == code
    out, err = capsys.readouterr()
    printed = json.loads(out)
    assert list(printed) == ["error"]
    assert printed["error"]["type"] == error
    assert err.startswith("error: ")
    assert not any(name in out + err for name in (ADA[1:], "120363000000000099", "'12036300"))


def test_a_refused_key_comes_with_a_hint_after_a_blank_line(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    served.configure("sandbox-key", "stale-key")
    assert main(["add", GROUP, ADA]) == Exit.REFUSED
    err = capsys.readouterr().err
    assert "\n\nhint: " in err
    assert "stale-key" not in err


def test_without_the_cli_extra_one_line_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    monkeypatch.delitem(sys.modules, "groupadd.cli.commands", raising=False)
    assert main(["demo"]) == Exit.NOT_SENT
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "the command line needs more packages: pip install 'groupadd[cli]'\n"


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
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupting(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Interrupting()))
    assert main(["add", GROUP, "--from", "-", "--json"]) == Exit.INTERRUPTED
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "Interrupted"
    assert served.requests() == []


def test_a_fault_of_our_own_ends_with_70_and_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("groupadd.cli.options.load", broken)
    assert main(["members", GROUP, "--json"]) == Exit.DEFECT
    assert Exit.DEFECT.value == 70
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["type"] == "InternalError"
    assert "Traceback" in err
    assert "RuntimeError: out of order" in err


def test_sandbox_on_a_taken_port_is_an_error(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    port = re.search(r"127\.0\.0\.1:(\d+)", served.config.read_text())
    assert port is not None
    code, printed = run_json(capsys, "sandbox", "--port", port[1])
    assert code == Exit.NOT_SENT
    assert printed["error"]["type"] == "CannotListen"
    assert f"127.0.0.1:{port[1]}" in printed["error"]["message"]
    assert main(["sandbox", "--port", port[1]]) == Exit.NOT_SENT
    assert "hint: choose another port" in capsys.readouterr().err


def test_a_lost_answer_is_an_outcome_and_no_error(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    served.sandboxes["wasend"].faults.plan(faults.LOST_AFTER, on="add")
    code, printed = run_json(capsys, "add", GROUP, ADA)
    assert code == Exit.EVERYONE_IN
    assert printed["participants"][0]["evidence"] == "inferred"
