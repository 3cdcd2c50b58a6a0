"""Flows: what groupadd wants to ask, said without asking it.

A flow yields a `Request`, gets its `Response`, and returns a value; `yield from` borrows another flow. A lost answer
is thrown in at the yield as `NoAnswer`. Flows do no I/O, so one body serves sync and async: the two drivers below carry
the requests to a transport. Blocking inside a flow would stall an event loop; a pause is a field of the next request.
"""

import asyncio
import json
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from email.utils import parsedate_to_datetime
from typing import Protocol, Self, TypeAlias, TypedDict, TypeVar, Unpack

from attrs import field, frozen

from groupadd.errors import Interrupted
from groupadd.secret import Secret

log: logging.Logger = logging.getLogger("groupadd")

T = TypeVar("T")
Wire: TypeAlias = str | Secret

LONGEST_RETRY_S = 7 * 24 * 3600.0  # whoever asks for more is not taken at their word


class Content(TypedDict, total=False):
    """What differs between two requests to one endpoint; as in `Request`."""

    query: Mapping[str, Wire]
    json: Mapping[str, object] | None
    repeatable: bool


@frozen
class Request:
    """One HTTP request, as a value that can be logged as it is: what may be secret is not in its repr.

    Attributes:
        method: `GET`, `POST`, …
        path: A template with `{names}`, joined to the provider's `base_url`.
        params: What stands for the names in `path`; percent-encoded by the transport.
        query: The query string.
        headers: Header fields.
        json: The JSON body; may hold secrets at any depth.
        repeatable: Whether a blind retry may send it again (reads; never an add).
        not_before: The earliest moment to send it, in seconds of the driver's clock.
    """

    method: str
    path: str
    params: Mapping[str, Wire] = field(factory=dict, repr=False, kw_only=True)
    query: Mapping[str, Wire] = field(factory=dict, repr=False, kw_only=True)
    headers: Mapping[str, Wire] = field(factory=dict, repr=False, kw_only=True)
    json: Mapping[str, object] | None = field(default=None, repr=False, kw_only=True)
    repeatable: bool = field(default=False, kw_only=True)
    not_before: float = field(default=0.0, kw_only=True)

    @classmethod
    def to(
        cls,
        endpoint: str,
        *,
        params: Mapping[str, Wire] | None = None,
        headers: Mapping[str, Wire] | None = None,
        **content: Unpack[Content],
    ) -> Self:
        """Return the request to an endpoint, method and path as a vendor's page has them: `POST /groups/{group}`.

        A GET may be repeated unless it is told otherwise.
        """
        method, _, path = endpoint.partition(" ")
        content.setdefault("repeatable", method == "GET")
        return cls(method, path, params=params or {}, headers=headers or {}, **content)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Unreadable:
    """What `Response.json()` returns for a body that is not JSON: it matches no shape."""


UNREADABLE = Unreadable()


@frozen
class Response:
    """One HTTP answer, read to its last byte.

    Attributes:
        status: The HTTP status.
        body: The decoded body.
        headers: Header fields, names in lower case.
        sent_at: When its request was sent, in seconds of the driver's clock.
        at: When it had arrived, likewise.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    sent_at: float = 0.0
    at: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx. That alone proves nothing of anybody."""
        return 200 <= self.status < 300

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that `Retry-After` asks for, a week at most, or None; a date counts from `Date` (RFC 9110 10.2.3)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return min(LONGEST_RETRY_S, float(value))
        try:
            wait = parsedate_to_datetime(value) - parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return None
        return min(LONGEST_RETRY_S, max(wait.total_seconds(), 0.0))

    def json(self) -> object:
        """Return the body as JSON, None for an empty one, `UNREADABLE` for what is not JSON."""
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return UNREADABLE


class NoAnswer(Exception):
    """No answer came. Thrown into the flow at its yield.

    Attributes:
        maybe_sent: False where the provider surely received nothing.
        sent_at: When sending began, in seconds of the driver's clock.
        at: When we gave up, likewise.
    """

    sent_at: float = 0.0
    at: float = 0.0

    def __init__(self, why: str, *, maybe_sent: bool) -> None:
        self.maybe_sent = maybe_sent
        super().__init__(why)

    def stamped(self, sent_at: float | None, at: float) -> "NoAnswer":
        """Note when sending began (None: it did not) and when we gave up; the driver's part."""
        self.sent_at, self.at = at if sent_at is None else sent_at, at
        return self


Flow: TypeAlias = Generator[Request, Response, T]
Transport: TypeAlias = Callable[[Request], Response]
AsyncTransport: TypeAlias = Callable[[Request], Awaitable[Response]]


class Clock(Protocol):
    """The driver's time, in seconds from an arbitrary moment."""

    def now(self) -> float:
        """Return the present moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let the time pass, for the blocking driver."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Let the time pass, for the async driver."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Return the present moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Leave the event loop free."""
        await asyncio.sleep(seconds)


def drive(flow: Flow[T], transport: Transport, clock: Clock) -> T:
    """Run a flow to its end over a blocking transport.

    Ctrl-C cuts the line: whatever the flow still asks for gets no answer, at once, so that it ends with what is known.

    Raises:
        Interrupted: Ctrl-C came, and the flow could still say what is known.
    """
    cut = False
    try:
        request = next(flow)
        while True:
            cut = cut or CTRL_C.pressed
            answer = _LineCut(clock.now()) if cut else _ask(request, transport, clock)
            cut = cut or isinstance(answer, _LineCut)
            request = flow.throw(answer) if isinstance(answer, NoAnswer) else flow.send(answer)
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


class _CtrlC:
    """For programs of their own: within it, Ctrl-C breaks off a request, and what a flow computes not at all.

    Without it, a Ctrl-C between two requests is a plain KeyboardInterrupt, and what the flow knew is lost.
    """

    pressed: bool = False
    asking: bool = False

    def __enter__(self) -> Self:
        self.pressed = False
        self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def _press(self, *_: object) -> None:
        self.pressed = True
        if self.asking:
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)
        self.pressed = False


CTRL_C = _CtrlC()


async def drive_async(flow: Flow[T], transport: AsyncTransport, clock: Clock) -> T:
    """Run a flow to its end over an async transport. A cancelled call closes its flow."""
    try:
        request = next(flow)
        while True:
            answer = await _ask_async(request, transport, clock)
            request = flow.throw(answer) if isinstance(answer, NoAnswer) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _ask(request: Request, transport: Transport, clock: Clock) -> Response | NoAnswer:
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
        return _LineCut(clock.now(), sent_at)
    finally:
        CTRL_C.asking = False


async def _ask_async(request: Request, transport: AsyncTransport, clock: Clock) -> Response | NoAnswer:
    sent_at = None
    try:
        if (wait_s := _wait_s(request, clock)) > 0:
            await clock.sleep_async(wait_s)
        sent_at = clock.now()
        return _stamped(await transport(request), sent_at, clock.now())
    except NoAnswer as lost:
        return lost.stamped(sent_at, clock.now())


def _stamped(response: Response, sent_at: float, at: float) -> Response:
    return Response(response.status, response.body, response.headers, sent_at, at)


class _LineCut(NoAnswer):
    """Ctrl-C: no answer to this request nor to any later one."""

    def __init__(self, at: float, sent_at: float | None = None) -> None:
        super().__init__("interrupted", maybe_sent=sent_at is not None)
        self.stamped(sent_at, at)


def _wait_s(request: Request, clock: Clock) -> float:
    wait_s = request.not_before - clock.now() if request.not_before else 0.0
    if wait_s > 0:
        log.info("waiting %.1f s before %s", wait_s, request, extra={"wait_s": wait_s})
    return wait_s
