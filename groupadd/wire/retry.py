"""Retries of reads, and delayed requests: flows around flows."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from attrs import evolve

from groupadd.errors import AnswerLost, ProviderError, ProviderUnreachable, Unsupported
from groupadd.wire.messages import Flow, NoAnswer, Request, Response, log

P = ParamSpec("P")
T = TypeVar("T")

RETRY_DELAYS_S = (1.0, 4.0)  # pauses before the second and the third try of a read
LONGEST_WAIT_S = 60.0  # a provider that asks for a longer pause gets no retry
_RETRY_STATUSES = frozenset({429, 502, 503, 504})


def with_retries(flow: Flow[T]) -> Flow[T]:
    """Run a flow, and retry its reads after a broken connection, 429, 502, 503 or 504. `Retry-After` is kept.

    Returns:
        What the flow returns.

    Raises:
        ProviderUnreachable: No connection could be made.
        AnswerLost: The last answer was lost.
    """
    try:
        return (yield from map_requests(flow, _retry))
    except NoAnswer as no_answer:
        lost = no_answer
    if lost.maybe_sent:
        raise AnswerLost(f"the provider's answer was lost: {lost}")
    raise ProviderUnreachable(f"the provider cannot be reached: {lost}")


def or_none(ask: Callable[P, Flow[T]], *args: P.args, **kwargs: P.kwargs) -> Flow[T | None]:
    """Run a provider's flow of reads with retries.

    Returns:
        What the flow returns; None where the provider refuses, cannot do it, or cannot be reached, or its class fails.
    """
    try:
        return (yield from with_retries(ask(*args, **kwargs)))
    except (ProviderError, Unsupported):
        return None
    except Exception as error:
        log.error("the provider's class failed on an answer: %s", type(error).__name__)
        return None


def delayed(flow: Flow[T], not_before: float) -> Flow[T]:
    """Run a flow whose requests are sent no earlier than `not_before`, in seconds of the driver's clock."""
    return map_requests(flow, partial(_delay, not_before))


def map_requests(flow: Flow[T], carry: Callable[[Request], Flow[Response]]) -> Flow[T]:
    """Run a flow, and let `carry` send each of its requests.

    Returns:
        What the flow returns.
    """
    try:
        request = next(flow)
        while True:
            try:
                answer: Response | NoAnswer = yield from carry(request)
            except NoAnswer as lost:
                answer = lost
            request = flow.throw(answer) if isinstance(answer, NoAnswer) else flow.send(answer)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _retry(request: Request) -> Flow[Response]:
    for pause_s in RETRY_DELAYS_S if request.repeatable else ():
        try:
            response = yield request
        except NoAnswer as lost:
            again_at = lost.at + pause_s
        else:
            wait_s = response.retry_after_s or 0.0
            if response.status not in _RETRY_STATUSES or wait_s > LONGEST_WAIT_S:
                return response
            again_at = response.at + max(pause_s, wait_s)
        request = evolve(request, not_before=again_at)
    return (yield request)


def _delay(not_before: float, request: Request) -> Flow[Response]:
    return (yield evolve(request, not_before=max(not_before, request.not_before)))
