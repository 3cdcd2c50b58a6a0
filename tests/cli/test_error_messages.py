"""Error messages: what happened, where, and what to do next."""

import pytest

from groupadd import errors
from groupadd.cli import main
from groupadd.cli.error_messages import defect, error_message, missing_extra
from groupadd.cli.exit_codes import Exit
from groupadd.errors import GroupAddError
from groupadd.sandbox.example import GROUP
from tests.support.cli import ADA, Served


@pytest.mark.parametrize(
    ("error", "hint", "code"),
    [
        (errors.ConfigNotFound("no config"), "groupadd sandbox", Exit.NOT_SENT),
        (errors.ConfigError("an unknown key"), None, Exit.NOT_SENT),
        (errors.UnknownProvider("no such provider"), None, Exit.NOT_SENT),
        (errors.CannotRead("no such file"), None, Exit.NOT_SENT),
        (errors.CannotListen("the port is in use"), "--port", Exit.NOT_SENT),
        (errors.NotAuthenticated("401"), "credentials", Exit.REFUSED),
        (errors.NotAllowed("403"), "admin", Exit.REFUSED),
        (errors.GroupNotFound("404"), "group's id", Exit.REFUSED),
        (errors.SessionNotReady("unlinked"), "link the account again", Exit.REFUSED),
        (errors.RateLimited("429"), "wait some minutes", Exit.REFUSED),
        (errors.RateLimited("429", retry_after_s=7), "in 7 s", Exit.REFUSED),
        (errors.ProviderUnreachable("refused"), "base_url", Exit.REFUSED),
        (errors.AnswerLost("no answer"), "only reads", Exit.REFUSED),
        (errors.RequestRefused("400"), None, Exit.REFUSED),
        (errors.RequestRefused("400", maybe_applied=True), "groupadd check", Exit.REFUSED),
    ],
)
def test_each_error_has_the_hint_of_its_cause(error: GroupAddError, hint: str | None, code: Exit) -> None:
    message = error_message(error)
    assert (message.type, message.exit) == (type(error).__name__, code)
    assert (hint is None) is (message.hint is None)
    assert hint is None or hint in str(message.hint)


def test_a_refusal_names_the_provider_its_address_and_the_group(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served.configure("sandbox-key", "stale-key")
    assert main(["members", GROUP]) == Exit.REFUSED
    first, where, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ")
    assert where.startswith("       provider wasend (wasend at 127.0.0.1:")
    assert where.endswith(", group 1203•••42@g.us")


@pytest.mark.parametrize("may_have_added", [False, True])
def test_a_bug_shows_only_its_type(*, may_have_added: bool) -> None:
    message = defect(KeyError("+12025550143"), may_have_added=may_have_added)
    assert "KeyError inside groupadd" in message.message
    assert "0143" not in message.message
    assert ("may have been added" in message.message) is may_have_added
    assert ("groupadd check" in str(message.hint)) is may_have_added


@pytest.mark.parametrize(
    ("argv", "adds"),
    [(["add", GROUP, ADA], True), (["drip", "run"], True), (["drip", "status"], False), (["members", GROUP], False)],
)
def test_only_a_command_that_adds_says_that_people_may_have_been_added(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argv: list[str], *, adds: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a bug: +1 202 555 0143")

    monkeypatch.setattr("groupadd.client.Client.add", fail)
    monkeypatch.setattr("groupadd.client.Client.members", fail)
    monkeypatch.setattr("groupadd.cli.drip.commands.LedgerOptions.open", fail)
    assert main(argv) == Exit.DEFECT
    printed = capsys.readouterr().err
    assert ("may have been added" in printed) is adds
    assert "0143" not in printed


def test_an_error_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["add", GROUP, "--from", "p\x1b[31m\ud83d.csv"], ["add", "\x1b]0;title\x07"], ["\x1b[2J"]):
        assert main(argv) == Exit.NOT_SENT
        printed = capsys.readouterr().err
        assert "error: " in printed
        assert not {"\x1b", "\x07", "\ud83d"} & {*printed}


@pytest.mark.parametrize(("package", "extra"), [("sqlalchemy", "drip"), ("psycopg", "procrastinate")])
def test_a_missing_package_names_its_extra(package: str, extra: str) -> None:
    message = missing_extra(ModuleNotFoundError(name=f"{package}.orm"))
    assert message is not None
    assert f"'groupadd[{extra}]'" in message.message


def test_a_package_of_no_extra_is_a_bug() -> None:
    assert missing_extra(ModuleNotFoundError(name="somewhere")) is None
