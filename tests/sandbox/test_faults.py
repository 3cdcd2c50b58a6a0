import json

import pytest

from groupadd.sandbox import Fault, Sandbox, VirtualClock, World, example_world, faults
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.messages import KEY, ServerResponse

ADA = "12025550143"
OK = b'{"ok": true}'


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def world(clock: VirtualClock) -> World:
    return example_world(clock)


@pytest.fixture
def sandbox(world: World) -> Sandbox:
    return Sandbox.for_vendor("wawp", world)


def add(sandbox: Sandbox) -> ServerResponse:
    body = {"instance_id": "sandbox", "access_token": KEY, "participants": [{"id": f"{ADA}@c.us"}]}
    return sandbox.handle("POST", f"/v2/groups/{GROUP}/participants/add", {}, json.dumps(body).encode())


def members(sandbox: Sandbox) -> ServerResponse:
    query = f"instance_id=sandbox&access_token={KEY}"
    return sandbox.handle("GET", f"/v2/groups/{GROUP}/participants?{query}", {}, b"")


@pytest.mark.parametrize(
    ("fault", "takes_effect", "arrives"),
    [
        (Fault(), True, (None, 200, OK)),
        (faults.REFUSED, False, ("refused", 504, None)),
        (faults.LOST_BEFORE, False, ("reset", 504, None)),
        (faults.LOST_AFTER, True, ("reset", 200, OK)),
        (faults.EMPTY, True, (None, 200, b"")),
        (faults.TRUNCATED, True, (None, 200, b'{"ok":')),
        (faults.HTML, True, (None, 200, faults.HTML.body)),
        (faults.GATEWAY_BEFORE, False, (None, 502, faults.HTML.body)),
        (faults.GATEWAY_AFTER, True, (None, 502, faults.HTML.body)),
        (faults.failing(500, applied=True), True, (None, 500, None)),
        (faults.failing(503, applied=False), False, (None, 503, None)),
        (faults.rate_limited(7), False, (None, 429, None)),
        (faults.slow(40), True, (None, 200, OK)),
        (faults.trickling(40), True, (None, 200, OK)),
    ],
)
def test_what_a_fault_does_to_an_add(
    sandbox: Sandbox, fault: Fault, *, takes_effect: bool, arrives: tuple[str | None, int, bytes | None]
) -> None:
    sandbox.faults.plan(fault)
    answer = add(sandbox)
    assert sandbox.vendor.world.is_member(GROUP, ADA) is takes_effect
    lost, status, body = arrives
    assert (answer.disconnect, answer.status) == (lost, status)
    assert body is None or answer.body == body
    assert (answer.delay_s, answer.trickle) == (fault.delay_s, fault.trickle)


def test_an_error_speaks_the_words_of_the_vendor(sandbox: Sandbox) -> None:
    sandbox.faults.plan(faults.rate_limited(7))
    answer = add(sandbox)
    assert answer.headers["Retry-After"] == "7"
    assert json.loads(answer.body).keys() == {"status", "message", "error"}


def test_a_late_add_takes_effect_when_its_time_has_come(sandbox: Sandbox, world: World, clock: VirtualClock) -> None:
    sandbox.faults.plan(faults.applied_late(45))
    assert add(sandbox).disconnect == "reset"
    clock.sleep(44)
    assert ADA.encode() not in members(sandbox).body
    clock.sleep(1)
    assert ADA.encode() in members(sandbox).body
    assert [(entry.to, entry.at) for entry in world.journal] == [(ADA, 45)]


def test_a_late_add_that_is_refused_changes_nothing(sandbox: Sandbox, world: World, clock: VirtualClock) -> None:
    sandbox.faults.plan(faults.applied_late(45))
    add(sandbox)
    world.leave(GROUP, sandbox.vendor.account.person.phone)
    clock.sleep(60)
    assert not world.is_member(GROUP, ADA)


def test_a_fault_befalls_its_route_and_no_more_often_than_planned(sandbox: Sandbox) -> None:
    sandbox.faults.plan(faults.EMPTY, on="add", times=2)
    assert [members(sandbox).body == b"", *(add(sandbox).body == b"" for _ in range(3))] == [False, True, True, False]


def test_a_fault_without_an_end_befalls_every_request(sandbox: Sandbox) -> None:
    sandbox.faults.plan(faults.EMPTY, times=None)
    assert {ask(sandbox).body for ask in (add, members, add, members)} == {b""}


def test_what_is_planned_first_comes_first(sandbox: Sandbox) -> None:
    for status in (500, 503):
        sandbox.faults.plan(faults.failing(status, applied=False), on="add")
    assert [add(sandbox).status for _ in range(3)] == [500, 503, 200]


def test_requests_are_counted_by_route_and_time(sandbox: Sandbox, clock: VirtualClock) -> None:
    add(sandbox)
    clock.sleep(2)
    sandbox.faults.plan(faults.REFUSED)
    members(sandbox)
    assert [(request.route, request.at) for request in sandbox.requests] == [("add", 0), ("list", 2)]
