"""The two drivers: each carries the requests of a flow to a transport, one blocking and one for asyncio."""

import asyncio
import time
from collections.abc import Iterator
from typing import Protocol, TypeVar

from attrs import evolve

from groupadd.errors import ConfigError, GroupAddError, Interrupted, ProviderUnreachable
from groupadd.wire.gaps import Gaps
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


def drive(flow: Flow[T], transport: Transport, clock: Clock, gaps: Gaps | None = None) -> T:
    """Run a flow to its end over a blocking transport.

    A request without an answer, or one that cannot be sent, is an error at the flow's yield: the flow knows what it
    has sent before. After Ctrl-C, every further request of the flow fails at once, so that it ends with what is known.

    Args:
        flow: The flow.
        transport: Carries a request.
        clock: The time.
        gaps: The gaps that all flows of the client keep together; None: this flow keeps its own.

    Returns:
        What the flow returns.

    Raises:
        Interrupted: Ctrl-C came. Its `.outcome` is what the flow returned.
        KeyboardInterrupt: Ctrl-C came, and the flow raised an error of its own.
    """
    cut, gaps = False, Gaps() if gaps is None else gaps
    try:
        request = next(flow)
        while True:
            cut = cut or CTRL_C.pressed
            answer = _Interruption(clock.now()) if cut else _ask(request, transport, clock, gaps)
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


async def drive_async(flow: Flow[T], transport: AsyncTransport, clock: Clock, gaps: Gaps | None = None) -> T:
    """Run a flow to its end over an async transport. A cancelled call closes its flow; arguments as for `drive`.

    Returns:
        What the flow returns.
    """
    gaps = Gaps() if gaps is None else gaps
    try:
        request = next(flow)
        while True:
            answer = await _ask_async(request, transport, clock, gaps)
            request = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _ask(request: Request, transport: Transport, clock: Clock, gaps: Gaps) -> Response | NoAnswer | GroupAddError:
    sent_at = None
    try:
        CTRL_C.asking = True
        for moment in _waits_until(request, clock, gaps):
            clock.sleep(_wait_s(request, moment, clock))
        sent_at = clock.now()
        return evolve(transport(request), sent_at=sent_at, at=clock.now())
    except NoAnswer as lost:
        return lost.stamped(sent_at, clock.now())
    except KeyboardInterrupt:
        return _Interruption(clock.now(), sent_at)
    except _NOT_SENT as error:
        return error
    finally:
        gaps.note_answer(request, clock.now())
        CTRL_C.asking = False


async def _ask_async(
    request: Request, transport: AsyncTransport, clock: Clock, gaps: Gaps
) -> Response | NoAnswer | GroupAddError:
    sent_at = None
    try:
        for moment in _waits_until(request, clock, gaps):
            await clock.sleep_async(_wait_s(request, moment, clock))
        sent_at = clock.now()
        return evolve(await transport(request), sent_at=sent_at, at=clock.now())
    except NoAnswer as lost:
        return lost.stamped(sent_at, clock.now())
    except _NOT_SENT as error:
        return error
    finally:
        gaps.note_answer(request, clock.now())


def _waits_until(request: Request, clock: Clock, gaps: Gaps) -> Iterator[float]:
    """Yield each moment to wait for: when the request is due, then when its endpoint may be asked again."""
    if request.not_before > clock.now():
        yield request.not_before
    if (free_at := gaps.reserve(request, clock.now())) > clock.now():
        yield free_at


class _Interruption(NoAnswer):
    """Ctrl-C: this request and every later one get no answer."""

    def __init__(self, at: float, sent_at: float | None = None) -> None:
        super().__init__("interrupted", maybe_sent=sent_at is not None)
        self.stamped(sent_at, at)


def _wait_s(request: Request, moment: float, clock: Clock) -> float:
    wait_s = max(moment - clock.now(), 0.0)
    log.info("waiting %.1f s before %s", wait_s, request, extra={"wait_s": wait_s})
    return wait_s
