"""What goes wrong between a client and a provider, as values; and the plan of which request it befalls."""

from collections.abc import Mapping
from typing import Literal

from attrs import define, evolve, field, frozen

from groupadd.sandbox.messages import Answer, Lost


@frozen
class Fault:
    """What befalls one request. The plain `Fault()` is none.

    Attributes:
        takes_effect_after_s: Seconds until the request takes effect: 0 at once, None never.
        status: The status of an error that is answered in place of the truth, in the vendor's own words.
        headers: Header fields that are added.
        body: The body in place of the answer's own, as HTML or nothing at all.
        cut: Whether only the first half of the body comes.
        lost: How the answer is lost.
        delay_s: Seconds until the answer's last byte.
        drips: What the delay is spread over, a byte at a time.
    """

    takes_effect_after_s: float | None = 0.0
    status: int | None = None
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes | None = None
    cut: bool = False
    lost: Lost | None = None
    delay_s: float = 0.0
    drips: Literal["body", "all"] | None = None

    def distort(self, answer: Answer) -> Answer:
        """Return what arrives of an answer."""
        body = answer.body if self.body is None else self.body
        return evolve(
            answer,
            body=body[: len(body) // 2] if self.cut else body,
            headers={**answer.headers, **self.headers},
            delay_s=answer.delay_s + self.delay_s,
            lost=self.lost or answer.lost,
            drips=self.drips or answer.drips,
        )


_HTML = {"Content-Type": "text/html; charset=utf-8"}
_PAGE = b"<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"

REFUSED = Fault(takes_effect_after_s=None, lost="refused")
LOST_BEFORE = Fault(takes_effect_after_s=None, lost="reset")
LOST_AFTER = Fault(lost="reset")
EMPTY = Fault(body=b"")
CUT = Fault(cut=True)
HTML = Fault(headers=_HTML, body=_PAGE)
GATEWAY_BEFORE = Fault(takes_effect_after_s=None, status=502, headers=_HTML, body=_PAGE)
GATEWAY_AFTER = Fault(status=502, headers=_HTML, body=_PAGE)


def late(seconds: float) -> Fault:
    """Lose the answer; the request takes effect that many seconds later all the same."""
    return Fault(takes_effect_after_s=seconds, lost="reset")


def slow(seconds: float) -> Fault:
    """Apply at once, and answer that many seconds later."""
    return Fault(delay_s=seconds)


def dripping(seconds: float, what: Literal["body", "all"] = "body") -> Fault:
    """Apply at once, and spread the answer over that many seconds, a byte at a time."""
    return Fault(delay_s=seconds, drips=what)


def failing(status: int, *, applied: bool) -> Fault:
    """Answer an error in the vendor's words, before or after the request has taken effect."""
    return Fault(takes_effect_after_s=0.0 if applied else None, status=status)


def limited(retry_after_s: int) -> Fault:
    """Refuse with 429, asking for patience."""
    return Fault(takes_effect_after_s=None, status=429, headers={"Retry-After": str(retry_after_s)})


@define
class _Planned:
    fault: Fault
    on: str | None
    times: int | None


@define
class FaultPlan:
    """Which requests what befalls; whatever is planned first comes first."""

    _planned: list[_Planned] = field(factory=list[_Planned])

    def plan(self, fault: Fault, *, on: str | None = None, times: int | None = 1) -> None:
        """Let a fault befall the next requests.

        Args:
            fault: What befalls them.
            on: The route that it befalls, such as `add`; None for any.
            times: How many requests; None for all from now on.
        """
        self._planned.append(_Planned(fault, on, times))

    def take(self, route: str) -> Fault:
        """Return what befalls a request of this route, and count it as having happened."""
        for planned in self._planned:
            if planned.on in {None, route}:
                if planned.times is not None:
                    planned.times -= 1
                    self._planned = [one for one in self._planned if one.times != 0]
                return planned.fault
        return Fault()
