"""Faults of the network and of the provider, and the plan that applies them to requests."""

from collections.abc import Mapping

from attrs import define, evolve, field, frozen

from groupadd.sandbox.answers import LineFault, Trouble
from groupadd.sandbox.messages import Disconnect, ServerResponse, Trickle


@frozen
class Fault:
    """What goes wrong with one request. `Fault()` changes nothing.

    Attributes:
        takes_effect_after_s: Seconds until the request takes effect; 0: at once, None: never.
        refusal: WhatsApp's code for its refusal of the whole request, which the vendor reports in its own way.
        line: What the vendor's line to WhatsApp does before the answer: `closed` or `silent`. The vendor reports it.
        status: The status of an error in the vendor's shape, which replaces the response.
        headers: Header fields to add to the response.
        body: A body that replaces the response's own.
        truncated: Whether only the first half of the body arrives.
        disconnect: How the connection breaks.
        delay_s: Seconds until the response's last byte.
        trickle: The part of the response that arrives byte by byte over the delay.
    """

    takes_effect_after_s: float | None = 0.0
    refusal: int | None = None
    line: LineFault | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes | None = None
    truncated: bool = False
    disconnect: Disconnect | None = None
    delay_s: float = 0.0
    trickle: Trickle | None = None

    @property
    def trouble(self) -> Trouble:
        """What WhatsApp does instead of answering."""
        return Trouble(self.refusal, self.line, applied=self.takes_effect_after_s is not None)

    def apply_to(self, response: ServerResponse) -> ServerResponse:
        """Return the response as the client receives it."""
        body = response.body if self.body is None else self.body
        return evolve(
            response,
            body=body[: len(body) // 2] if self.truncated else body,
            headers={**response.headers, **self.headers},
            delay_s=response.delay_s + self.delay_s,
            disconnect=self.disconnect or response.disconnect,
            trickle=self.trickle or response.trickle,
        )


_HTML = {"Content-Type": "text/html; charset=utf-8"}
_PAGE = b"<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"

REFUSED = Fault(takes_effect_after_s=None, disconnect="refused")
LOST_BEFORE = Fault(takes_effect_after_s=None, disconnect="reset")
LOST_AFTER = Fault(disconnect="reset")
EMPTY = Fault(body=b"")
TRUNCATED = Fault(truncated=True)
HTML = Fault(headers=_HTML, body=_PAGE)
GATEWAY_BEFORE = Fault(takes_effect_after_s=None, status=502, headers=_HTML, body=_PAGE)
LINE_CLOSES = Fault(line="closed")
SILENCE = Fault(line="silent")
GATEWAY_AFTER = Fault(status=502, headers=_HTML, body=_PAGE)


def applied_late(seconds: float) -> Fault:
    """Break the connection now; the request takes effect after `seconds`."""
    return Fault(takes_effect_after_s=seconds, disconnect="reset")


def slow(seconds: float) -> Fault:
    """Apply the request at once; the response arrives after `seconds`."""
    return Fault(delay_s=seconds)


def trickling(seconds: float, part: Trickle = "body") -> Fault:
    """Apply the request at once; a part of the response arrives byte by byte over `seconds`."""
    return Fault(delay_s=seconds, trickle=part)


def failing(status: int, *, applied: bool) -> Fault:
    """Return an error in the vendor's shape; `applied`: the request takes effect all the same."""
    return Fault(takes_effect_after_s=0.0 if applied else None, status=status)


def refused(code: int) -> Fault:
    """Let WhatsApp refuse the whole request by a code."""
    return Fault(refusal=code)


def rate_limited(retry_after_s: int) -> Fault:
    """Refuse the request with 429 and a `Retry-After` header."""
    return Fault(takes_effect_after_s=None, status=429, headers={"Retry-After": str(retry_after_s)})


@define
class _PlannedFault:
    fault: Fault
    on: str | None
    times: int | None


@define
class FaultPlan:
    """The faults of the next requests. For each request, the plan uses the earliest planned fault that fits."""

    _planned: list[_PlannedFault] = field(factory=list[_PlannedFault])

    def plan(self, fault: Fault, *, on: str | None = None, times: int | None = 1) -> None:
        """Apply a fault to the next requests.

        Args:
            fault: The fault.
            on: The route of the requests, such as `add`; None: any route.
            times: The number of requests; None: all from now on.
        """
        self._planned.append(_PlannedFault(fault, on, times))

    def next_for(self, route: str) -> Fault:
        """Return the fault of the next request to a route, and count it as used; `Fault()` if none is planned."""
        for planned in self._planned:
            if planned.on in {None, route}:
                if planned.times is not None:
                    planned.times -= 1
                    self._planned = [one for one in self._planned if one.times != 0]
                return planned.fault
        return Fault()
