"""HTTP as values: `Request`, `Response`, `NoAnswer`, and the flows that yield them.

A flow yields a `Request`, gets its `Response`, and returns a value; `yield from` runs another flow. A lost answer is
thrown in at the yield as `NoAnswer`. Flows do no I/O, so one body serves sync and async: a driver carries the requests
to a transport. A flow never blocks: that would stall an event loop. A pause is a field of the next request.
"""

import logging
from collections.abc import Awaitable, Callable, Generator, Mapping
from email.utils import parsedate_to_datetime
from typing import Self, TypeAlias, TypedDict, TypeVar, Unpack

from attrs import field, frozen

from groupadd.model.masking import Secret
from groupadd.wire.endpoint import Endpoint
from groupadd.wire.json_text import read_json

log: logging.Logger = logging.getLogger("groupadd")

T = TypeVar("T")
Wire: TypeAlias = str | Secret

LONGEST_RETRY_S = 7 * 24 * 3600.0  # a longer Retry-After is cut to this


class Content(TypedDict, total=False):
    """The parts of a `Request` that differ between two requests to one endpoint."""

    query: Mapping[str, Wire]
    json: Mapping[str, object] | None
    repeatable: bool


@frozen
class Request:
    """One HTTP request, as a value. Its repr holds no secret, so that it can be logged as it is.

    Attributes:
        method: `GET`, `POST`, …
        path: A template with `{names}`, joined to the provider's `base_url`.
        params: The values of the names in `path`; the transport percent-encodes them.
        query: The query string.
        headers: Header fields.
        json: The JSON body, or None. It may hold secrets at any depth.
        repeatable: Whether a retry may send it again without a look (reads; never an add).
        not_before: The earliest moment to send it, in seconds of the driver's clock.
        gap_s: The least seconds to the client's other requests of this method and path.
    """

    method: str
    path: str
    params: Mapping[str, Wire] = field(factory=dict, repr=False, kw_only=True)
    query: Mapping[str, Wire] = field(factory=dict, repr=False, kw_only=True)
    headers: Mapping[str, Wire] = field(factory=dict, repr=False, kw_only=True)
    json: Mapping[str, object] | None = field(default=None, repr=False, kw_only=True)
    repeatable: bool = field(default=False, kw_only=True)
    not_before: float = field(default=0.0, kw_only=True)
    gap_s: float = field(default=0.0, kw_only=True)

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
        gap_s = endpoint.gap_s if isinstance(endpoint, Endpoint) else 0.0
        return cls(method, path, params=params or {}, headers=headers or {}, gap_s=gap_s, **content)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class NotJson:
    """The type of `NOT_JSON`: what `Response.json()` returns for a body that is not JSON. It matches no shape."""


NOT_JSON = NotJson()


@frozen
class Response:
    """One HTTP answer, read to its last byte.

    Attributes:
        status: The HTTP status.
        body: The decoded body.
        headers: Header fields, names in lower case, values clean and at most 1,000 characters long.
        sent_at: The moment at which the request was sent, in seconds of the driver's clock.
        at: The moment at which the last byte arrived, likewise.
        host: The host that was asked, with its port where the address names one; empty where it is unknown.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    sent_at: float = 0.0
    at: float = 0.0
    host: str = field(default="", kw_only=True)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx. That alone proves nothing about any participant."""
        return 200 <= self.status < 300

    @property
    def retry_after_s(self) -> float | None:
        """The seconds in `Retry-After`, a week at most, or None. A date counts from `Date` (RFC 9110 10.2.3)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return min(LONGEST_RETRY_S, float(value))
        try:
            wait = parsedate_to_datetime(value) - parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return None
        return min(LONGEST_RETRY_S, max(wait.total_seconds(), 0.0))

    def json(self) -> object:
        """Return the body as JSON: None for an empty body, `NOT_JSON` for a body that is not JSON.

        Texts are clean. A body that is over a limit counts as not JSON, as does one with a name twice in an object.
        """
        if not self.body.strip():
            return None
        try:
            return read_json(self.body)
        except ValueError:
            return NOT_JSON


class NoAnswer(Exception):
    """No answer came. The driver throws it into the flow at its yield.

    Its text names the host and the cause: `api.example refuses connections (ConnectionRefusedError)`.

    Attributes:
        maybe_sent: False where the provider surely received nothing.
        sent_at: The moment at which sending began, in seconds of the driver's clock.
        at: The moment at which the driver gave up, likewise.
    """

    sent_at: float = 0.0
    at: float = 0.0

    def __init__(self, why: str, *, maybe_sent: bool) -> None:
        self.maybe_sent = maybe_sent
        super().__init__(why)

    def stamped(self, sent_at: float | None, at: float) -> "NoAnswer":
        """Store when sending began (None: it did not) and when the driver gave up. For drivers."""
        self.sent_at, self.at = at if sent_at is None else sent_at, at
        return self


Flow: TypeAlias = Generator[Request, Response, T]
Transport: TypeAlias = Callable[[Request], Response]
AsyncTransport: TypeAlias = Callable[[Request], Awaitable[Response]]
