"""Time that passes only when somebody waits, so that whole stories run in no time."""

from attrs import define, field


@define
class VirtualClock:
    """A clock that stands still until somebody sleeps.

    Attributes:
        moment: Seconds from an arbitrary moment.
    """

    moment: float = field(default=0.0, converter=float)

    def now(self) -> float:
        """Return the moment, in seconds."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += max(seconds, 0.0)

    async def sleep_async(self, seconds: float) -> None:
        """Let time pass."""
        self.sleep(seconds)
