"""The ledger's clock: all machines that share a ledger use the same one."""

import time

from groupadd.wire.driver import SystemClock


class FileClock(SystemClock):
    """The clock of a ledger that is a file: this machine's, in seconds since 1970."""

    def now(self) -> float:
        """Return the moment."""
        return time.time()


class DatabaseClock(SystemClock):
    """The database's clock, in seconds since 1970: read whenever a lease begins, and extrapolated in between.

    This machine's own clock may be wrong, and may be corrected at any moment. Only elapsed time counts, asleep or not.
    """

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def set(self, moment: float) -> None:
        """Set the clock to a moment of the database's."""
        self._ahead_s = moment - _since_boot()

    def now(self) -> float:
        """Return the moment."""
        return self._ahead_s + _since_boot()


def _since_boot() -> float:
    """Return elapsed seconds; they pass while the machine sleeps, too, where it can tell."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if kind is None else time.clock_gettime(kind)
