"""How a command ends: its exit code, and what is said of an error."""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from attrs import frozen
from cyclopts import CycloptsError

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
from groupadd.looking import Membership
from groupadd.outcome import AddOutcome, Status
from groupadd.preflight import Preflight
from groupadd.secret import scrubbed


class Exit(IntEnum):
    """The exit codes."""

    EVERYONE_IN = 0  # and every other success
    SOMEONE_OUT = 1  # someone is known not to be in
    NOT_SENT = 2  # usage, input or config
    REFUSED = 3  # the provider refused the whole request or could not be reached
    UNKNOWN = 4  # someone's outcome is unknown; wins over SOMEONE_OUT
    STOPPED = 5  # an account of a drip has stopped before all was done
    DEFECT = 70  # a fault of groupadd itself
    INTERRUPTED = 130


def of_outcome(outcome: AddOutcome) -> Exit:
    """Return the exit code of an add."""
    return of_statuses(person.status for person in outcome)


def of_check(memberships: Iterable[Membership]) -> Exit:
    """Return the exit code of a check."""
    return _of(person.member for person in memberships)


def of_statuses(statuses: Iterable[Status]) -> Exit:
    """Return the exit code of many people's statuses."""
    known_in = {Status.ADDED, Status.ALREADY_MEMBER}
    return _of(None if status is Status.UNKNOWN else status in known_in for status in statuses)


def of_preflight(known: Preflight) -> Exit:
    """Return the exit code of a preflight: whether an add may go ahead, as far as can be told."""
    room = None if known.places_left is None else known.places_left > 0
    return _of((known.in_group, known.may_add, room))


def _of(people_in: Iterable[bool | None]) -> Exit:
    seen = set(people_in)
    return Exit.UNKNOWN if None in seen else Exit.SOMEONE_OUT if False in seen else Exit.EVERYONE_IN


@frozen
class Complaint:
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


def complaint(error: GroupAddError | CycloptsError) -> Complaint:
    """Return what is to be said of an error."""
    if isinstance(error, CycloptsError):
        return Complaint("UsageError", scrubbed(_usage(error)), "`groupadd --help` lists what there is", Exit.NOT_SENT)
    asked = isinstance(error, ProviderError)
    return Complaint(type(error).__name__, str(error), _hint(error), Exit.REFUSED if asked else Exit.NOT_SENT)


def _usage(error: CycloptsError) -> str:
    try:
        return str(error)
    except ImportError:  # it looks at every command to name the nearest, and `drip` needs an extra
        error.app = None
        return str(error)


def missing_extra(error: ImportError) -> Complaint | None:
    """Return what is said where a command needs more than is installed; None for any other error."""
    missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error  # cyclopts wraps it
    extra = _EXTRAS.get((missing.name or "").partition(".")[0])
    if extra is None:
        return None
    return Complaint("NotInstalled", f"this needs a little more: pip install 'groupadd[{extra}]'", None, Exit.NOT_SENT)


_EXTRAS: Mapping[str, str] = {"sqlalchemy": "drip", "procrastinate": "procrastinate", "psycopg": "procrastinate"}


def defect(error: Exception) -> Complaint:
    """Return what is said of an error that nobody foresaw; its own text is for the traceback alone."""
    message = f"{type(error).__name__} inside groupadd; somebody may have been added all the same"
    return Complaint("InternalError", message, "`groupadd check` tells who is in", Exit.DEFECT)


def interruption() -> Complaint:
    """Return what is said of a Ctrl-C where there is no outcome to print."""
    return Complaint("Interrupted", "interrupted", None, Exit.INTERRUPTED)


def _hint(error: GroupAddError) -> str | None:
    if isinstance(error, ProviderError) and error.maybe_applied:
        return "somebody may have been added all the same; `groupadd check` tells who is in"
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return f"try again in {error.retry_after_s:.0f} s"
    return _HINTS.get(type(error))
