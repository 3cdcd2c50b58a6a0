"""What time it is: all machines that share a ledger go by the same clock."""

import time

from groupadd.wire.driver import SystemClock


class FileClock(SystemClock):
    """The time of a ledger that is a file: this machine's, in seconds since 1970."""

    def now(self) -> float:
        """Return the moment."""
        return time.time()


class DatabaseClock(SystemClock):
    """The database's time, in seconds since 1970: read with every hold on an account, and counted on in between.

    The machine's own clock may be wrong, and may be set right at any moment: what counts is time passed, asleep or not.
    """

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def set(self, moment: float) -> None:
        """Take over what the database says."""
        self._ahead_s = moment - _since_boot()

    def now(self) -> float:
        """Return the moment."""
        return self._ahead_s + _since_boot()


def _since_boot() -> float:
    """Return seconds that pass while the machine sleeps, too, where it can tell."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if kind is None else time.clock_gettime(kind)
