"""An HTTP client whose requests never leave this process: they go to a sandbox."""

from collections.abc import Callable, Mapping

import httpx

from groupadd.sandbox.messages import Answer
from groupadd.wire.driver import Clock


def in_process(handle: Callable[[str, str, Mapping[str, str], bytes], Answer], clock: Clock) -> httpx.Client:
    """Return a client for `http=` whose requests never leave this process.

    Args:
        handle: The service: method, raw path with query, header fields and body in, its answer out.
        clock: By which its delays pass.
    """
    return httpx.Client(transport=_InProcess(handle, clock))


class _InProcess(httpx.BaseTransport):
    def __init__(self, handle: Callable[[str, str, Mapping[str, str], bytes], Answer], clock: Clock) -> None:
        self._handle = handle
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode("ascii")
        answer = self._handle(request.method, target, dict(request.headers), request.read())
        if answer.lost == "refused":
            raise httpx.ConnectError("refused")
        patience_s: float = request.extensions["timeout"]["read"]
        self._clock.sleep(min(answer.delay_s, patience_s))
        if answer.delay_s > patience_s:
            raise httpx.ReadTimeout("the answer took too long")
        if answer.lost is not None:
            raise httpx.ReadError("reset")
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)
