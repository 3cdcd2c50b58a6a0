"""Patience and spacing: flows around flows."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from attrs import evolve

from groupadd.errors import AnswerLost, ProviderError, ProviderUnreachable
from groupadd.wire.messages import Flow, NoAnswer, Request, Response

T = TypeVar("T")

RETRY_DELAYS_S = (1.0, 4.0)  # pauses before the second and the third try of a read
LONGEST_WAIT_S = 60.0  # a provider that asks for more gets no second try now
_TRY_LATER = frozenset({429, 502, 503, 504})


def map_requests(flow: Flow[T], each: Callable[[Request], Flow[Response]]) -> Flow[T]:
    """Run a flow with every request of its carried out by `each`."""
    try:
        request = next(flow)
        while True:
            try:
                response = yield from each(request)
            except NoAnswer as lost:
                answer: Response | NoAnswer = lost
            else:
                answer = response
            request = flow.throw(answer) if isinstance(answer, NoAnswer) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def with_retries(flow: Flow[T]) -> Flow[T]:
    """Run a flow of reads patiently: broken connections, 429, 502, 503 and 504 are tried again, as `Retry-After` says.

    Raises:
        ProviderUnreachable: No connection could be made.
        AnswerLost: The last answer was lost.
    """
    try:
        return (yield from map_requests(flow, _retry))
    except NoAnswer as no_answer:
        lost = no_answer
    if lost.maybe_sent:
        raise AnswerLost("the provider's answer was lost")
    raise ProviderUnreachable("the provider cannot be reached")


def _retry(request: Request) -> Flow[Response]:
    for pause_s in RETRY_DELAYS_S if request.repeatable else ():
        try:
            response = yield request
        except NoAnswer as lost:
            again_at = lost.at + pause_s
        else:
            wait_s = response.retry_after_s or 0.0
            if response.status not in _TRY_LATER or wait_s > LONGEST_WAIT_S:
                return response
            again_at = response.at + max(pause_s, wait_s)
        request = evolve(request, not_before=again_at)
    return (yield request)


def not_before(flow: Flow[T], moment: float) -> Flow[T]:
    """Run a flow with its requests sent no earlier than `moment`, in seconds of the driver's clock."""
    return map_requests(flow, partial(_no_earlier, moment))


def _no_earlier(moment: float, request: Request) -> Flow[Response]:
    return (yield evolve(request, not_before=max(moment, request.not_before)))


def or_none(flow: Flow[T]) -> Flow[T | None]:
    """Run a flow of reads that may fail: what it cannot tell stays unknown."""
    try:
        return (yield from with_retries(flow))
    except ProviderError:
        return None
