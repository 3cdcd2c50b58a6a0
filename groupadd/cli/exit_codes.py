"""The exit codes of the command line."""

from collections.abc import Iterable
from enum import IntEnum

from groupadd.adding.observe import Membership
from groupadd.adding.preflight import Preflight
from groupadd.model.outcome import AddOutcome, Status


class Exit(IntEnum):
    """The exit codes."""

    EVERYONE_IN = 0  # also every other success
    SOMEONE_OUT = 1  # at least one person is known to be out
    NOT_SENT = 2  # usage, input or config error
    REFUSED = 3  # the provider refused the whole request, or was not reached
    UNKNOWN = 4  # at least one outcome is unknown; wins over SOMEONE_OUT
    STOPPED = 5  # an account of a drip stopped before its plan was done
    DEFECT = 70  # a bug in groupadd
    INTERRUPTED = 130


def of_outcome(outcome: AddOutcome) -> Exit:
    """Return the exit code of an add."""
    return of_statuses(person.status for person in outcome)


def of_check(memberships: Iterable[Membership]) -> Exit:
    """Return the exit code of a check."""
    return _worst(person.member for person in memberships)


def of_statuses(statuses: Iterable[Status]) -> Exit:
    """Return the exit code for several people's statuses."""
    statuses_in = {Status.ADDED, Status.ALREADY_MEMBER}
    return _worst(None if status is Status.UNKNOWN else status in statuses_in for status in statuses)


def of_preflight(preflight: Preflight) -> Exit:
    """Return the exit code of a preflight: whether an add can succeed, as far as is known."""
    has_places = None if preflight.places_left is None else preflight.places_left > 0
    return _worst((preflight.in_group, preflight.may_add, has_places))


def _worst(answers: Iterable[bool | None]) -> Exit:
    given = set(answers)
    return Exit.UNKNOWN if None in given else Exit.SOMEONE_OUT if False in given else Exit.EVERYONE_IN
