"""The clients over a whole sandbox: both colours, callbacks, Ctrl-C, and what is known before an add."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest

import groupadd
from groupadd import AddOutcome, Interrupted, Reason, Status, Unsupported
from groupadd.config.load import load
from groupadd.sandbox import RosterView, Sandbox, example_world
from groupadd.sandbox.clock import VirtualClock
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.faults import HTML, LOST_AFTER, Fault
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.messages import ServerResponse

PEOPLE = ["+1 202 555 0143", "+14155550126", "+13125550178", "+16465550199", "+15035550134", "+17135550115"]
ADA, BEN, CLEO = PEOPLE[:3]
Handle = Callable[[str, str, Mapping[str, str], bytes], ServerResponse]


def sandbox_of(provider: str = "wasend", fault: Fault | None = None) -> Sandbox:
    sandbox = Sandbox.for_vendor(provider, example_world(VirtualClock()))
    if fault is not None:
        sandbox.faults.plan(fault, on="add")
    return sandbox


def config(sandbox: Sandbox) -> Mapping[str, object]:
    return {"providers": {"main": dict(sandbox.config("http://sandbox.example"))}}


def client(
    sandbox: Sandbox, *, on_outcome: Callable[[AddOutcome], None] | None = None, handle: Handle | None = None
) -> groupadd.Client:
    chosen = load(config(sandbox), environ={}).provider()
    clock = sandbox.vendor.world.clock
    http = in_process(handle or sandbox.handle, clock)
    return groupadd.Client(chosen.provider, name=chosen.name, http=http, clock=clock, on_outcome=on_outcome)


def async_client(
    sandbox: Sandbox, *, on_outcome: Callable[[AddOutcome], Awaitable[None]] | None = None
) -> groupadd.AsyncClient:
    chosen = load(config(sandbox), environ={}).provider()

    def answer(request: httpx.Request) -> httpx.Response:
        answer = sandbox.handle(request.method, request.url.raw_path.decode(), dict(request.headers), request.content)
        if answer.disconnect:
            raise httpx.ReadError("reset")
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    clock = sandbox.vendor.world.clock
    return groupadd.AsyncClient(chosen.provider, name=chosen.name, http=http, clock=clock, on_outcome=on_outcome)


@pytest.mark.parametrize("provider", ["wasend", "wawp"])
@pytest.mark.parametrize("fault", [None, LOST_AFTER, HTML])
def test_both_clients_tell_the_same(provider: str, fault: Fault | None) -> None:
    with client(sandbox_of(provider, fault)) as blocking:
        outcomes = blocking.add(GROUP, PEOPLE), blocking.members(GROUP), blocking.check(GROUP, PEOPLE)

    async def run() -> object:
        async with async_client(sandbox_of(provider, fault)) as waiting:
            return await waiting.add(GROUP, PEOPLE), await waiting.members(GROUP), await waiting.check(GROUP, PEOPLE)

    assert asyncio.run(run()) == outcomes


def test_connect_takes_the_default_provider_and_names_it() -> None:
    sandbox = sandbox_of()
    with groupadd.connect(config=config(sandbox)) as connected, client(sandbox) as made:
        assert connected.add.__doc__ == made.add.__doc__
    with pytest.raises(groupadd.UnknownProvider):
        groupadd.connect("mian", config=config(sandbox))


def test_outcome_names_provider_type_and_group() -> None:
    with client(sandbox_of()) as one:
        outcome = one.add(GROUP, [ADA])
    assert (outcome.provider, outcome.type, outcome.group, outcome.everyone_in) == ("main", "wasend", GROUP, True)


def test_callback_gets_every_outcome_in_both_colours() -> None:
    outcomes: list[AddOutcome] = []
    with client(sandbox_of(), on_outcome=outcomes.append) as blocking:
        outcome = blocking.add(GROUP, [ADA])

    async def remember(outcome: AddOutcome) -> None:
        outcomes.append(outcome)

    async def run() -> AddOutcome:
        async with async_client(sandbox_of(), on_outcome=remember) as waiting:
            return await waiting.add(GROUP, [ADA])

    assert asyncio.run(run()) == outcome
    assert outcomes == [outcome, outcome]


def test_what_a_callback_raises_is_logged_without_its_text_and_loses_no_outcome(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(outcome: AddOutcome) -> None:
        raise KeyError(outcome.participants[0].phone)

    with client(sandbox_of(), on_outcome=fails) as one, caplog.at_level(logging.DEBUG):
        assert one.add(GROUP, [ADA]).everyone_in
    assert "on_outcome raised KeyError at" in caplog.text
    assert "12025550143" not in caplog.text


@pytest.mark.parametrize("provider", ["wasend", "wawp"])
def test_ctrl_c_while_waiting_for_the_answer_returns_what_is_known(provider: str) -> None:
    outcomes: list[AddOutcome] = []
    sandbox = sandbox_of(provider)

    def interrupted(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        if target.endswith("/add"):
            sandbox.handle(method, target, headers, body)
            raise KeyboardInterrupt
        return sandbox.handle(method, target, headers, body)

    with client(sandbox, handle=interrupted, on_outcome=outcomes.append) as one, pytest.raises(Interrupted) as stop:
        one.add(GROUP, [ADA, BEN])
    assert outcomes == [stop.value.outcome]
    unknown = outcomes[0].by_status(Status.UNKNOWN)
    assert {person.reason for person in unknown} == {Reason.NO_ANSWER}
    assert [request.route for request in sandbox.requests].count("add") == 1


def test_ctrl_c_before_anything_was_sent_is_a_plain_one() -> None:
    def interrupted(*_: object) -> ServerResponse:
        raise KeyboardInterrupt

    with client(sandbox_of("wawp"), handle=interrupted) as one, pytest.raises(KeyboardInterrupt) as stop:
        one.check(GROUP, [ADA])
    assert not isinstance(stop.value, Interrupted)


@pytest.mark.parametrize("provider", ["wasend", "wawp"])
def test_preflight_returns_what_is_known_and_changes_nothing(provider: str) -> None:
    sandbox = sandbox_of(provider)
    with client(sandbox) as one:
        known = one.preflight(GROUP, PEOPLE)
    assert (known.in_group, known.may_add, known.provable, known.places_left) == (True, True, True, 1022)
    assert not known.limit_is_known
    members = {person.participant for person in known.participants if person.member}
    nobodies = {person.participant for person in known.participants if person.on_whatsapp is False}
    assert (members, nobodies) == ({BEN}, {"+16465550199"})
    assert not sandbox.vendor.world.journal


def test_preflight_in_a_group_that_hides_its_members_says_that_nothing_can_be_proven() -> None:
    sandbox = sandbox_of()
    group = sandbox.vendor.world.groups[GROUP]
    group.addressing, group.roster_view = "lid", RosterView(both_names=False)
    with client(sandbox) as one:
        known = one.preflight(GROUP, [ADA])
    assert (known.provable, known.participants[0].member) == (False, None)


def test_a_plain_member_is_warned_and_not_kept_from_asking(caplog: pytest.LogCaptureFixture) -> None:
    sandbox = sandbox_of("wawp")
    world = sandbox.vendor.world
    world.set_role(GROUP, next(iter(world.accounts)), "member")
    world.groups[GROUP].members_may_add = True
    with client(sandbox) as one, caplog.at_level(logging.WARNING, "groupadd"):
        assert one.add(GROUP, [ADA]).everyone_in
    assert "no admin" in caplog.text


def test_provider_without_a_roster_cannot_list_check_or_prepare() -> None:
    class Bare:
        reports_each_person = False
        base_url = "http://sandbox.example"

        def add_participants(self, *_: object, **__: object) -> object:
            raise AssertionError("no session is asked for")

    bare = groupadd.Client(Bare())  # type: ignore[arg-type]  # it asks for nothing here
    for call in (bare.members, lambda group: bare.check(group, [ADA]), bare.preflight):
        with pytest.raises(Unsupported):
            call(GROUP)


def test_settings_that_make_no_sense_are_refused() -> None:
    provider = load(config(sandbox_of()), environ={}).provider().provider
    for wrong in (
        {"look_after_s": (8, 2)},
        {"timeout_s": 0},
        {"verify": "sometimes"},
        {"notify": "yes"},
        {"invite_text": ""},
    ):
        with pytest.raises(ValueError, match="must be"):
            groupadd.Client(provider, **wrong)


@pytest.mark.parametrize("wrong", [{"notify": "yes"}, {"notify": 1}, {"verify": "sometimes"}, {"invite": True}])
def test_a_call_whose_settings_make_no_sense_is_refused_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    sandbox = sandbox_of()
    with client(sandbox) as one, pytest.raises(ValueError, match="must be"):
        one.add(GROUP, [ADA], **wrong)
    assert not sandbox.requests


def test_a_closed_client_says_so_before_anything_is_sent() -> None:
    sandbox = sandbox_of()
    blocking = groupadd.Client(load(config(sandbox), environ={}).provider().provider)
    blocking.close()
    with pytest.raises(groupadd.ProviderUnreachable, match="closed"):
        blocking.add(GROUP, [ADA])

    async def run() -> None:
        async with groupadd.AsyncClient(load(config(sandbox), environ={}).provider().provider) as waiting:
            pass
        with pytest.raises(groupadd.ProviderUnreachable, match="closed"):
            await waiting.add(GROUP, [ADA])

    asyncio.run(run())
