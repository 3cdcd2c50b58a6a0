"""Error messages: the text, the hint and the exit code for each error."""

from collections.abc import Mapping

from attrs import frozen
from cyclopts import CycloptsError

from groupadd.cli.exit_codes import Exit
from groupadd.errors import (
    AnswerLost,
    CannotListen,
    ConfigNotFound,
    GroupAddError,
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderFailed,
    ProviderUnreachable,
    RateLimited,
    SessionNotReady,
    WrongAddress,
)
from groupadd.model.masking import scrubbed


@frozen
class ErrorMessage:
    """An error for the user.

    Attributes:
        type: The error's name, for programs.
        message: What happened, without secrets and whole numbers; one fact a line.
        hint: What to do next; None if the message says it.
        exit: The exit code.
    """

    type: str
    message: str
    hint: str | None
    exit: Exit


_HINTS: Mapping[type[GroupAddError], str] = {
    ConfigNotFound: "`groupadd sandbox` prints an example config; save it as groupadd.toml",
    CannotListen: "choose another port with `--port`; without `--port`, groupadd takes any free one",
    NotAuthenticated: "compare the credentials in the config with those on the provider's site",
    NotAllowed: "make our account an admin of the group, or let its members add people",
    GroupNotFound: "check the group's id, and that our account is in the group",
    SessionNotReady: "link the account again at the provider, and check that its phone is online",
    WrongAddress: "correct `base_url` in the config; if a firewall or proxy answers, let it pass us",
    ProviderFailed: "run the command again in a minute; the provider's own log has the cause",
    ProviderUnreachable: "check `base_url` in the config, and the network",
    RateLimited: "wait some minutes before the next request",
    AnswerLost: "run the command again: it only reads",
}
_HELP = "`groupadd --help` lists the commands"
_REPORT_BUG = "please report the bug with the lines above"
_MAYBE_APPLIED = "people may have been added all the same; `groupadd check` shows who is in"
_EXTRAS: Mapping[str, str] = {"sqlalchemy": "drip", "procrastinate": "procrastinate", "psycopg": "procrastinate"}


def error_message(error: GroupAddError | CycloptsError) -> ErrorMessage:
    """Return the message for an expected error. The error's notes follow its text, one a line."""
    if isinstance(error, CycloptsError):
        return ErrorMessage("UsageError", scrubbed(_usage(error)), _HELP, Exit.NOT_SENT)
    message = "\n".join([str(error), *getattr(error, "__notes__", ())])
    exit_code = Exit.REFUSED if isinstance(error, ProviderError) else Exit.NOT_SENT
    return ErrorMessage(type(error).__name__, message, _hint(error), exit_code)


def _usage(error: CycloptsError) -> str:
    try:
        return str(error)
    except ImportError:  # cyclopts imports every command to suggest the nearest name, and `drip` needs an extra
        error.app = None
        return str(error)


def missing_extra(error: ImportError) -> ErrorMessage | None:
    """Return the message for a command that needs an extra; None if no extra has the missing package."""
    missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error  # cyclopts wraps the error
    extra = _EXTRAS.get((missing.name or "").partition(".")[0])
    if extra is None:
        return None
    message = f"this command needs more packages: pip install 'groupadd[{extra}]'"
    return ErrorMessage("NotInstalled", message, None, Exit.NOT_SENT)


def defect(error: Exception, *, may_have_added: bool) -> ErrorMessage:
    """Return the message for an unexpected error, without the error's own text, which the traceback shows.

    Args:
        error: The error.
        may_have_added: Whether the command adds people.
    """
    message = f"{type(error).__name__} inside groupadd: this is a bug"
    if not may_have_added:
        return ErrorMessage("InternalError", message, _REPORT_BUG, Exit.DEFECT)
    hint = f"`groupadd check` shows who is in; {_REPORT_BUG}"
    return ErrorMessage("InternalError", f"{message}; people may have been added all the same", hint, Exit.DEFECT)


def exited(*, may_have_added: bool) -> ErrorMessage:
    """Return the message for a plugin that would have ended the program with an exit code of its own.

    Args:
        may_have_added: Whether the command adds people.
    """
    message = "the provider's plugin tried to end the program"
    if not may_have_added:
        return ErrorMessage("ConfigError", message, None, Exit.NOT_SENT)
    return ErrorMessage("ConfigError", message, _MAYBE_APPLIED, Exit.UNKNOWN)


def interruption() -> ErrorMessage:
    """Return the message for a Ctrl-C before there is an outcome."""
    return ErrorMessage("Interrupted", "interrupted", None, Exit.INTERRUPTED)


def _hint(error: GroupAddError) -> str | None:
    if isinstance(error, ProviderError) and error.maybe_applied:
        return _MAYBE_APPLIED
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return f"try again in {error.retry_after_s:.0f} s"
    return _HINTS.get(type(error))
