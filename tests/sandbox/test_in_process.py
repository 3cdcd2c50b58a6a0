import asyncio

import pytest

from groupadd.sandbox import ServerResponse, VirtualClock
from groupadd.sandbox.in_process import in_process, in_process_async
from groupadd.wire.messages import NoAnswer, Request
from groupadd.wire.transport import AsyncHttpTransport, HttpTransport

GET = Request("GET", "/a/{name}", params={"name": "b c"}, query={"q": "1"}, headers={"X-Key": "k"})


def ask(answer: ServerResponse, clock: VirtualClock, seen: list[tuple[object, ...]] | None = None) -> object:
    def handle(*request: object) -> ServerResponse:
        if seen is not None:
            seen.append(request)
        return answer

    with in_process(handle, clock) as http:
        response = HttpTransport("http://sandbox/prefix", 30.0, http)(GET)
    return response.status, response.body, response.headers.get("x-word")


def test_a_request_arrives_whole_and_its_answer_comes_back() -> None:
    seen: list[tuple[object, ...]] = []
    assert ask(ServerResponse(201, b"yes", {"X-Word": "w"}), VirtualClock(), seen) == (201, b"yes", "w")
    [(method, target, headers, body)] = seen
    assert (method, target, body) == ("GET", "/prefix/a/b%20c?q=1", b"")
    assert isinstance(headers, dict)
    assert headers["x-key"] == "k"


def test_a_delay_passes_on_the_clock() -> None:
    clock = VirtualClock()
    assert ask(ServerResponse(body=b"late", delay_s=29), clock) == (200, b"late", None)
    assert clock.now() == 29


@pytest.mark.parametrize(
    ("answer", "maybe_sent", "passed_s"),
    [
        (ServerResponse(disconnect="refused", delay_s=5), False, 0),
        (ServerResponse(disconnect="reset", delay_s=5), True, 5),
        (ServerResponse(delay_s=31), True, 30),
    ],
)
def test_a_lost_answer_says_whether_the_request_may_have_been_received(
    answer: ServerResponse, *, maybe_sent: bool, passed_s: float
) -> None:
    clock = VirtualClock()
    with pytest.raises(NoAnswer) as caught:
        ask(answer, clock)
    assert caught.value.maybe_sent is maybe_sent
    assert clock.now() == passed_s


def test_the_async_client_meets_the_same_service_and_the_same_delays() -> None:
    clock = VirtualClock()
    answers = iter((ServerResponse(body=b"late", delay_s=29), ServerResponse(disconnect="reset", delay_s=5)))

    async def ask_twice() -> None:
        async with in_process_async(lambda *_: next(answers), clock) as http:
            transport = AsyncHttpTransport("http://h.invalid", 30.0, http)
            assert (await transport(Request("GET", "/"))).body == b"late"
            assert clock.now() == 29
            with pytest.raises(NoAnswer):
                await transport(Request("GET", "/"))

    asyncio.run(ask_twice())
    assert clock.now() == 34
