"""Sending an account's requests: a request that may change something ends before the account's lease does."""

import asyncio
from typing import TypeVar

from attrs import define, field

from groupadd.drip.store.lease import Lease
from groupadd.wire.driver import drive_async
from groupadd.wire.gaps import Gaps
from groupadd.wire.messages import AsyncTransport, Flow, NoAnswer, Request, Response

T = TypeVar("T")

_TOO_MANY_REQUESTS = 429


@define
class RequestSender:
    """Sends the requests of one account.

    Attributes:
        lease: The lease of the account.
        transport: Carries a request.
        timeout_s: Seconds for one request as a whole.
        limited_s: Seconds to wait that the provider has asked for (429) since this was last None.
    """

    lease: Lease
    transport: AsyncTransport
    timeout_s: float
    limited_s: float | None = None
    _gaps: Gaps = field(factory=Gaps, init=False)

    async def drive(self, flow: Flow[T]) -> T:
        """Run a flow to its end, and return its value. The flow's own errors are raised as they are.

        Raises:
            LeaseLost: Another worker has the account; the request was not sent.
            LedgerError: The lease cannot be renewed; the request was not sent.
        """
        return await drive_async(flow, self._send, self.lease.clock, self._gaps)

    async def _send(self, request: Request) -> Response:
        response = await (self.transport if request.repeatable else self._send_in_time)(request)
        if response.status == _TOO_MANY_REQUESTS:
            self.limited_s = max(self.limited_s or 0.0, response.retry_after_s or 0.0)
        return response

    async def _send_in_time(self, request: Request) -> Response:
        """Send a request that is answered or given up before another worker can acquire the account."""
        now = asyncio.get_running_loop().time()  # read first: a process that freezes here has less time, not more
        lasts_s = await self.lease.ensure(self.timeout_s)
        try:
            async with asyncio.timeout_at(now + lasts_s):
                return await self.transport(request)
        except TimeoutError:
            raise NoAnswer("the lease of the account was over", maybe_sent=True) from None
