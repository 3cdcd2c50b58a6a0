"""The least gaps between a client's requests to one endpoint: over all of its flows, in any thread or task."""

import asyncio
import threading
from itertools import pairwise

import httpx
import pytest

from groupadd.client import AsyncClient, Client
from groupadd.model.masking import Secret
from groupadd.providers.green_api import GreenApi
from groupadd.sandbox import Sandbox, VirtualClock, example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process, in_process_async
from groupadd.wire.driver import drive
from groupadd.wire.endpoint import Endpoint
from groupadd.wire.gaps import Gaps
from groupadd.wire.messages import Flow, NoAnswer, Request, Response, Transport
from tests.support.scripts import FakeClock, Script, lost, says

SLOW, OTHER, FREE = Endpoint("GET /slow", gap_s=1.0), Endpoint("GET /other", gap_s=3.0), Endpoint("GET /free")


def asking(*endpoints: Endpoint, not_before: float = 0.0) -> Flow[None]:
    for endpoint in endpoints:
        request = Request.to(endpoint)
        try:
            yield Request(request.method, request.path, gap_s=request.gap_s, not_before=not_before)
        except NoAnswer:
            continue


def test_a_request_carries_the_gap_of_its_endpoint() -> None:
    assert [Request.to(one).gap_s for one in (SLOW, OTHER, FREE, "GET /slow")] == [1.0, 3.0, 0.0, 0.0]


def test_requests_to_one_endpoint_keep_its_gap_and_others_do_not_wait() -> None:
    script = Script({"GET /slow": [says(1)] * 3, "GET /other": [says(1)] * 2, "GET /free": [says(1)] * 2})
    script.run(asking(SLOW, FREE, SLOW, OTHER, FREE, SLOW, OTHER))
    assert script.at_s == [0, 0, 1, 1, 1, 2, 4]


def test_the_gap_counts_from_the_answer_also_from_one_that_is_lost() -> None:
    clock, sent_at_s = FakeClock(), list[float]()

    def takes_half_a_second(_: Request) -> Response:
        sent_at_s.append(clock.time - 1000.0)
        clock.time += 0.5
        if len(sent_at_s) == 2:
            raise lost()
        return Response(200)

    drive(asking(SLOW, SLOW, SLOW), takes_half_a_second, clock)
    assert sent_at_s == [0, 1.5, 3.0]


def test_all_flows_of_a_client_keep_the_gap_together() -> None:
    script, gaps = Script({"GET /slow": [says(1)] * 3}), Gaps()
    for _ in range(3):
        drive(asking(SLOW), script, script.clock, gaps)
    assert script.at_s == [0, 1, 2]


def test_a_request_that_is_due_later_does_not_hold_back_those_before_it() -> None:
    gaps, sent_at_s = Gaps(), list[float]()

    class Waiting(FakeClock):
        def sleep(self, seconds: float) -> None:
            drive(asking(SLOW), carried_at(FakeClock(self.time + 5)), FakeClock(self.time + 5), gaps)
            self.time += seconds

    def carried_at(clock: FakeClock) -> Transport:
        def carry(_: Request) -> Response:
            sent_at_s.append(clock.time - 1000.0)
            return Response(200)

        return carry

    clock = Waiting()
    drive(asking(SLOW, not_before=1030.0), carried_at(clock), clock, gaps)
    assert sent_at_s == [5, 30]


def test_every_thread_gets_a_moment_of_its_own() -> None:
    gaps, times = Gaps(), list[float]()
    threads = [threading.Thread(target=lambda: times.append(gaps.reserve(Request.to(SLOW), 1000.0))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(times) == [1000.0 + place for place in range(50)]


GREEN = GreenApi("1101000001", Secret("sandbox-key-0123456789"), "http://green.invalid")


@pytest.mark.parametrize("looks", [1, 4])
def test_the_calls_of_a_client_never_meet_green_apis_limit(looks: int) -> None:
    clock = VirtualClock(1000)
    sandbox = Sandbox.for_vendor("green_api", example_world(clock))
    with in_process(sandbox.handle, clock) as http, Client(GREEN, http=http, clock=clock) as client:
        for _ in range(looks):
            assert client.members(GROUP).complete
    at_s = [request.at - 1000 for request in sandbox.requests if request.route == "list"]
    assert at_s == list(range(looks))


def test_the_tasks_of_an_async_client_take_turns() -> None:
    clock = VirtualClock(1000)
    sandbox = Sandbox.for_vendor("green_api", example_world(clock))

    async def looks() -> None:
        http: httpx.AsyncClient = in_process_async(sandbox.handle, clock)
        async with http, AsyncClient(GREEN, http=http, clock=clock) as client:
            rosters = await asyncio.gather(*(client.members(GROUP) for _ in range(4)))
            assert all(roster.complete for roster in rosters)

    asyncio.run(looks())
    at = [request.at for request in sandbox.requests if request.route == "list"]
    assert len(at) == 4
    assert min(later - earlier for earlier, later in pairwise(at)) >= 1
