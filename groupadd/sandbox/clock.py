"""A clock for tests: time passes only in `sleep`, so a test of hours takes no time."""

from attrs import define, field


@define
class VirtualClock:
    """A clock that moves only when its user sleeps.

    Attributes:
        moment: Seconds since an arbitrary start.
    """

    moment: float = field(default=0.0, converter=float)

    def now(self) -> float:
        """Return the current moment, in seconds."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.moment += max(seconds, 0.0)

    async def sleep_async(self, seconds: float) -> None:
        """Advance the clock."""
        self.sleep(seconds)
