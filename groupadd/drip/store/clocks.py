"""The ledger's clock: all machines that share a ledger use the same one."""

import time
from typing import Protocol, runtime_checkable

from groupadd.wire.driver import SystemClock


@runtime_checkable
class Settable(Protocol):
    """A clock that may be set while it is used."""

    @property
    def moved_s(self) -> float:
        """By how many seconds the clock was set forward since it was made; below 0: back."""
        ...


class FileClock(SystemClock):
    """The clock of a ledger that is a file: this machine's, in seconds since 1970."""

    def __init__(self) -> None:
        self._booted_at = self._boot()

    def now(self) -> float:
        """Return the moment."""
        return time.time()

    @property
    def moved_s(self) -> float:
        """By how many seconds the clock was set forward since it was made; below 0: back."""
        return self._boot() - self._booted_at

    def _boot(self) -> float:
        """Return the moment at which the machine booted, as it seems: a clock that is set moves it."""
        return self.now() - _since_boot()


class DatabaseClock(SystemClock):
    """The database's clock, in seconds since 1970: read whenever a lease begins, and extrapolated in between.

    This machine's own clock may be wrong, and may be corrected at any moment. Only elapsed time counts, asleep or not.
    """

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._first_ahead_s: float | None = None

    def set(self, moment: float) -> None:
        """Set the clock to a moment of the database's."""
        self._ahead_s = moment - _since_boot()
        if self._first_ahead_s is None:
            self._first_ahead_s = self._ahead_s

    @property
    def moved_s(self) -> float:
        """By how many seconds the clock was set forward since it was first set; below 0: back."""
        return self._ahead_s - (self._first_ahead_s or 0.0)

    def now(self) -> float:
        """Return the moment."""
        return self._ahead_s + _since_boot()


def _since_boot() -> float:
    """Return elapsed seconds; they pass while the machine sleeps, too, where it can tell."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if kind is None else time.clock_gettime(kind)
