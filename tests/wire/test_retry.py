"""Patience with reads, none with adds; and flows around flows."""

import pytest

from groupadd.errors import AnswerLost, ProviderUnreachable
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from groupadd.wire.retry import delayed, map_requests, with_retries
from tests.support.scripts import Answer, Script, lost, says


def asks(*, repeatable: bool = True) -> Flow[int]:
    response = yield Request("GET", "/read", repeatable=repeatable)
    return response.status


@pytest.mark.parametrize(
    ("answers", "status", "at_s"),
    [
        ([says(1)], 200, [0]),
        ([says(1, 404)], 404, [0]),
        ([says(1, 500)], 500, [0]),
        ([says(1, 503), says(1)], 200, [0, 1]),
        ([says(1, 502), says(1, 504), says(1)], 200, [0, 1, 5]),
        ([says(1, 503), says(1, 503), says(1, 503)], 503, [0, 1, 5]),
        ([says(1, 429, retry_after="10"), says(1)], 200, [0, 10]),
        ([says(1, 429, retry_after="0"), says(1)], 200, [0, 1]),
        ([says(1, 429, retry_after="61")], 429, [0]),
        ([lost(), says(1)], 200, [0, 1]),
        ([lost(maybe_sent=False), lost(), says(1)], 200, [0, 1, 5]),
    ],
)
def test_a_read_is_tried_three_times_and_waits_as_it_is_asked_to(
    answers: list[Answer], status: int, at_s: list[float]
) -> None:
    script = Script({"GET /read": answers})
    assert script.run(with_retries(asks())) == status
    assert script.at_s == at_s


@pytest.mark.parametrize("answer", [says(1, 503), says(1, 429, retry_after="1"), says(1, 502)])
def test_what_is_not_repeatable_is_sent_once(answer: Response) -> None:
    assert Script({"GET /read": [answer]}).run(with_retries(asks(repeatable=False))) == answer.status


@pytest.mark.parametrize(("maybe_sent", "error"), [(True, AnswerLost), (False, ProviderUnreachable)])
def test_a_read_that_stays_without_an_answer_is_an_error(maybe_sent: bool, error: type[Exception]) -> None:
    script = Script({"GET /read": [lost(maybe_sent=maybe_sent) for _ in range(3)]})
    with pytest.raises(error, match="ReadTimeout") as caught:
        script.run(with_retries(asks()))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_request_goes_out_before_its_moment_and_a_later_one_stays() -> None:
    def flow() -> Flow[None]:
        yield Request("GET", "/read")
        yield Request("GET", "/read", not_before=1020.0)

    script = Script({"GET /read": [says(1), says(1)]})
    script.run(delayed(flow(), 1008.0))
    assert script.at_s == [8, 20]


def test_patience_counts_from_the_moment_that_was_waited_for() -> None:
    script = Script({"GET /read": [lost(), says(1)]})
    assert script.run(with_retries(delayed(asks(), 1008.0))) == 200
    assert script.at_s == [8, 9]


def test_a_flow_around_another_hears_and_passes_on_everything() -> None:
    received: list[object] = []

    def listened(request: Request) -> Flow[Response]:
        try:
            response = yield request
        except NoAnswer as no_answer:
            received.append(no_answer.maybe_sent)
            raise
        received.append(response.status)
        return response

    def flow() -> Flow[str]:
        yield Request("GET", "/read")
        with pytest.raises(NoAnswer):
            yield Request("GET", "/read")
        return "done"

    assert Script({"GET /read": [says(1), lost()]}).run(map_requests(flow(), listened)) == "done"
    assert received == [200, True]


def test_a_flow_around_another_closes_it() -> None:
    closed: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield Request("GET", "/read")
        finally:
            closed.append("closed")

    outer = with_retries(flow())
    next(outer)
    outer.close()
    assert closed == ["closed"]
