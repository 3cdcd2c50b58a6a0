"""HTTP clients for tests: their requests go to a sandbox in the same process, without a socket."""

import httpx

from groupadd.sandbox.messages import Handler, ServerResponse
from groupadd.wire.driver import Clock


def in_process(handle: Handler, clock: Clock) -> httpx.Client:
    """Return a client for the `http=` of `Client`, whose requests go to a service in this process.

    Args:
        handle: The service, such as `Sandbox.handle`.
        clock: The clock by which the service's delays pass.
    """
    return httpx.Client(transport=_InProcess(handle, clock))


def in_process_async(handle: Handler, clock: Clock) -> httpx.AsyncClient:
    """Return a client for the `http=` of `AsyncClient`; see `in_process`."""
    return httpx.AsyncClient(transport=_InProcess(handle, clock))


class _InProcess(httpx.BaseTransport, httpx.AsyncBaseTransport):
    def __init__(self, handle: Handler, clock: Clock) -> None:
        self._handle = handle
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._respond(request, request.read())
        self._clock.sleep(_wait_s(request, response))
        return _received(request, response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = self._respond(request, await request.aread())
        await self._clock.sleep_async(_wait_s(request, response))
        return _received(request, response)

    def _respond(self, request: httpx.Request, body: bytes) -> ServerResponse:
        target = request.url.raw_path.decode("ascii")
        return self._handle(request.method, target, dict(request.headers), body)


def _timeout_s(request: httpx.Request) -> float:
    timeout_s: float = request.extensions["timeout"]["read"]
    return timeout_s


def _wait_s(request: httpx.Request, response: ServerResponse) -> float:
    """Return the seconds until the client has the response or gives up."""
    return 0.0 if response.disconnect == "refused" else min(response.delay_s, _timeout_s(request))


def _received(request: httpx.Request, response: ServerResponse) -> httpx.Response:
    """Return the response as the client receives it, or raise httpx's error."""
    if response.disconnect == "refused":
        raise httpx.ConnectError("refused")
    if response.delay_s > _timeout_s(request):
        raise httpx.ReadTimeout("the response took too long")
    if response.disconnect == "reset":
        raise httpx.ReadError("reset")
    return httpx.Response(response.status, headers=dict(response.headers), content=response.body)
