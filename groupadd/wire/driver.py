"""The two drivers: each carries the requests of a flow to a transport, one blocking and one for asyncio."""

import asyncio
import time
from typing import Protocol, TypeVar

from groupadd.errors import ConfigError, GroupAddError, Interrupted, ProviderUnreachable
from groupadd.wire.interrupt import CTRL_C
from groupadd.wire.messages import AsyncTransport, Flow, NoAnswer, Request, Response, Transport, log

T = TypeVar("T")

_NOT_SENT = (ConfigError, ProviderUnreachable)  # what a transport raises for a request that it cannot send


class Clock(Protocol):
    """The driver's time, in seconds from an arbitrary moment."""

    def now(self) -> float:
        """Return the present moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, for the blocking driver."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Wait, for the async driver."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Return the present moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the thread for this many seconds."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait this many seconds, and leave the event loop free."""
        await asyncio.sleep(seconds)


def drive(flow: Flow[T], transport: Transport, clock: Clock) -> T:
    """Run a flow to its end over a blocking transport.

    A request without an answer, or one that cannot be sent, is an error at the flow's yield: the flow knows what it
    has sent before. After Ctrl-C, every further request of the flow fails at once, so that it ends with what is known.

    Returns:
        What the flow returns.

    Raises:
        Interrupted: Ctrl-C came. Its `.outcome` is what the flow returned.
        KeyboardInterrupt: Ctrl-C came, and the flow raised an error of its own.
    """
    cut = False
    try:
        request = next(flow)
        while True:
            cut = cut or CTRL_C.pressed
            answer = _Interruption(clock.now()) if cut else _ask(request, transport, clock)
            cut = cut or isinstance(answer, _Interruption)
            request = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
    except Exception as error:
        if cut:
            raise KeyboardInterrupt from error
        raise
    finally:
        flow.close()
    if cut or CTRL_C.pressed:
        raise Interrupted(value)
    return value


async def drive_async(flow: Flow[T], transport: AsyncTransport, clock: Clock) -> T:
    """Run a flow to its end over an async transport. A cancelled call closes its flow.

    Returns:
        What the flow returns.
    """
    try:
        request = next(flow)
        while True:
            answer = await _ask_async(request, transport, clock)
            request = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _ask(request: Request, transport: Transport, clock: Clock) -> Response | NoAnswer | GroupAddError:
    sent_at = None
    try:
        CTRL_C.asking = True
        if (wait_s := _wait_s(request, clock)) > 0:
            clock.sleep(wait_s)
        sent_at = clock.now()
        return _stamped(transport(request), sent_at, clock.now())
    except NoAnswer as lost:
        return lost.stamped(sent_at, clock.now())
    except KeyboardInterrupt:
        return _Interruption(clock.now(), sent_at)
    except _NOT_SENT as error:
        return error
    finally:
        CTRL_C.asking = False


async def _ask_async(request: Request, transport: AsyncTransport, clock: Clock) -> Response | NoAnswer | GroupAddError:
    sent_at = None
    try:
        if (wait_s := _wait_s(request, clock)) > 0:
            await clock.sleep_async(wait_s)
        sent_at = clock.now()
        return _stamped(await transport(request), sent_at, clock.now())
    except NoAnswer as lost:
        return lost.stamped(sent_at, clock.now())
    except _NOT_SENT as error:
        return error


def _stamped(response: Response, sent_at: float, at: float) -> Response:
    return Response(response.status, response.body, response.headers, sent_at, at)


class _Interruption(NoAnswer):
    """Ctrl-C: this request and every later one get no answer."""

    def __init__(self, at: float, sent_at: float | None = None) -> None:
        super().__init__("interrupted", maybe_sent=sent_at is not None)
        self.stamped(sent_at, at)


def _wait_s(request: Request, clock: Clock) -> float:
    wait_s = request.not_before - clock.now() if request.not_before else 0.0
    if wait_s > 0:
        log.info("waiting %.1f s before %s", wait_s, request, extra={"wait_s": wait_s})
    return wait_s
