"""The least gaps between a client's requests to one endpoint, as vendors limit them."""

import threading

from attrs import define, field

from groupadd.wire.messages import Request


@define
class Gaps:
    """When each endpoint may be asked again: one object for all flows of a client, in any thread.

    A gap counts from the answer where it has come, so that a fast network does not shrink it.
    """

    _free_at: dict[str, float] = field(factory=dict[str, float])
    _lock: threading.Lock = field(factory=threading.Lock)

    def reserve(self, request: Request, now: float) -> float:
        """Return the moment at which a request that is due may be sent, and reserve that moment for it."""
        if not request.gap_s:
            return now
        with self._lock:
            at = max(now, self._free_at.get(str(request), now))
            self._free_at[str(request)] = at + request.gap_s
        return at

    def note_answer(self, request: Request, at: float) -> None:
        """Note the moment at which a request was answered, or given up."""
        if request.gap_s:
            with self._lock:
                self._free_at[str(request)] = max(self._free_at.get(str(request), at), at + request.gap_s)
