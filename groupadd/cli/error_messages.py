"""How a command ends: its exit code, and what is said of an error."""

from collections.abc import Mapping

from attrs import frozen
from cyclopts import CycloptsError

from groupadd.cli.exit_codes import Exit
from groupadd.errors import (
    ConfigError,
    GroupAddError,
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderUnreachable,
    RateLimited,
    SessionNotReady,
)
from groupadd.model.masking import scrubbed


@frozen
class ErrorMessage:
    """What is said of an error.

    Attributes:
        type: The error's name, for programs.
        message: What is wrong, without secrets and whole numbers.
        hint: What may help, or None.
        exit: The exit code.
    """

    type: str
    message: str
    hint: str | None
    exit: Exit


_HINTS: Mapping[type[GroupAddError], str] = {
    ConfigError: "`groupadd sandbox` prints a config that works, to begin with",
    NotAuthenticated: "see that the credentials in the config are the provider's current ones",
    NotAllowed: "make our account an admin of the group, or let its members add others",
    GroupNotFound: "see that the group's id is right and that our account is in the group",
    SessionNotReady: "link the account again at the provider, and see that its phone is online",
    ProviderUnreachable: "see that `base_url` is right and the network is up",
}


def error_message(error: GroupAddError | CycloptsError) -> ErrorMessage:
    """Return what is to be said of an error."""
    if isinstance(error, CycloptsError):
        return ErrorMessage(
            "UsageError", scrubbed(_usage(error)), "`groupadd --help` lists what there is", Exit.NOT_SENT
        )
    asked = isinstance(error, ProviderError)
    return ErrorMessage(type(error).__name__, str(error), _hint(error), Exit.REFUSED if asked else Exit.NOT_SENT)


def _usage(error: CycloptsError) -> str:
    try:
        return str(error)
    except ImportError:  # it looks at every command to name the nearest, and `drip` needs an extra
        error.app = None
        return str(error)


def missing_extra(error: ImportError) -> ErrorMessage | None:
    """Return what is said where a command needs more than is installed; None for any other error."""
    missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error  # cyclopts wraps it
    extra = _EXTRAS.get((missing.name or "").partition(".")[0])
    if extra is None:
        return None
    return ErrorMessage(
        "NotInstalled", f"this needs a little more: pip install 'groupadd[{extra}]'", None, Exit.NOT_SENT
    )


_EXTRAS: Mapping[str, str] = {"sqlalchemy": "drip", "procrastinate": "procrastinate", "psycopg": "procrastinate"}


def defect(error: Exception) -> ErrorMessage:
    """Return what is said of an error that nobody foresaw; its own text is for the traceback alone."""
    message = f"{type(error).__name__} inside groupadd; somebody may have been added all the same"
    return ErrorMessage("InternalError", message, "`groupadd check` tells who is in", Exit.DEFECT)


def interruption() -> ErrorMessage:
    """Return what is said of a Ctrl-C where there is no outcome to print."""
    return ErrorMessage("Interrupted", "interrupted", None, Exit.INTERRUPTED)


def _hint(error: GroupAddError) -> str | None:
    if isinstance(error, ProviderError) and error.maybe_applied:
        return "somebody may have been added all the same; `groupadd check` tells who is in"
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return f"try again in {error.retry_after_s:.0f} s"
    return _HINTS.get(type(error))
