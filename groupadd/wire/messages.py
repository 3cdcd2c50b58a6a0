"""Flows: what groupadd wants to ask, said without asking it.

A flow yields a `Request`, gets its `Response`, and returns a value; `yield from` borrows another flow. A lost answer
is thrown in at the yield as `NoAnswer`. Flows do no I/O, so one body serves sync and async: the two drivers below carry
the requests to a transport. Blocking inside a flow would stall an event loop; a pause is a field of the next request.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping
from email.utils import parsedate_to_datetime
from typing import Self, TypeAlias, TypedDict, TypeVar, Unpack

from attrs import field, frozen

from groupadd.model.masking import Secret
from groupadd.wire.endpoint import Endpoint

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
        endpoint: Endpoint | str,
        *,
        params: Mapping[str, Wire] | None = None,
        headers: Mapping[str, Wire] | None = None,
        **content: Unpack[Content],
    ) -> Self:
        """Return the request to an endpoint, given as an `Endpoint` or as text: `POST /groups/{group}`.

        A GET is repeatable unless `repeatable` says otherwise.
        """
        method, _, path = str(endpoint).partition(" ")
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
