"""The exit codes of the command line."""

from collections.abc import Iterable
from enum import IntEnum

from groupadd.adding.observe import Membership
from groupadd.adding.preflight import Preflight
from groupadd.model.outcome import AddOutcome, Status


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
