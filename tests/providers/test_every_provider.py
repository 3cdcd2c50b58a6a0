"""What every provider's adapter does over a whole add, in the sandbox."""

from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import Client, Evidence, Reason, Status, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, parse_participants
from groupadd.sandbox import Sandbox, VirtualClock, World, example_world, faults, vendor_names
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.messages import KEY
from groupadd.sandbox.people import Addressing
from groupadd.settings import AddSettings, Verify
from groupadd.testing.targets import build_provider
from groupadd.wire.driver import drive
from tests.providers.conftest import Connect
from tests.support.example import ADA, US, verdicts
from tests.support.json_values import json_values
from tests.support.scripts import FakeClock, says

pytestmark = pytest.mark.parametrize("type_", vendor_names())


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
def test_an_add_is_true_in_every_kind_of_group(client: Client, world: World, addressing: Addressing) -> None:
    world.groups[GROUP].addressing = addressing
    assert verdicts(client.add(GROUP, [ADA])) == [(Status.ADDED, None)]
    assert world.is_member(GROUP, ADA)


def test_an_add_that_times_out_is_settled_by_looking_and_never_sent_again(
    client: Client, world: World, sandbox: Sandbox
) -> None:
    sandbox.faults.plan(faults.applied_late(45), on="add")
    assert verdicts(client.add(GROUP, [ADA])) == [(Status.ADDED, None)]
    assert [entry.kind for entry in world.journal] == ["add"]


@pytest.mark.parametrize(
    "fault", [faults.LOST_AFTER, faults.HTML, faults.EMPTY, faults.TRUNCATED, faults.GATEWAY_AFTER]
)
def test_rosters_settle_what_the_answer_leaves_open(client: Client, sandbox: Sandbox, fault: faults.Fault) -> None:
    sandbox.faults.plan(fault, on="add")
    assert verdicts(client.add(GROUP, [ADA])) == [(Status.ADDED, None)]


def test_rosters_prove_absence_after_a_lost_add_that_never_arrived(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.plan(faults.LOST_BEFORE, on="add")
    assert verdicts(client.add(GROUP, [ADA])) == [(Status.NOT_ADDED, Reason.NO_ANSWER)]


@pytest.mark.parametrize("verify", ["auto", "always"])
@pytest.mark.parametrize("session", ["starting", "unlinked"])
def test_a_session_that_is_down_stops_the_add(
    client: Client, world: World, type_: str, session: Literal["starting", "unlinked"], verify: Verify
) -> None:
    if (type_, session, verify) == ("evolution", "starting", "auto"):
        pytest.skip("its server tells by an exception that its line is closed, and not whether it asked before")
    world.accounts[US].session = session
    with pytest.raises(errors.SessionNotReady):
        client.add(GROUP, [ADA], verify=verify)
    assert not world.journal


@pytest.mark.parametrize("session", ["starting", "failed"])
def test_no_verdict_is_reached_while_the_session_is_down(
    client: Client, world: World, session: Literal["starting", "failed"]
) -> None:
    world.accounts[US].session = session
    try:
        outcome = verdicts(client.add(GROUP, [ADA]))
    except errors.SessionNotReady:
        outcome = [(Status.UNKNOWN, Reason.NO_ANSWER)]
    assert outcome == [(Status.UNKNOWN, Reason.NO_ANSWER)]
    assert not world.journal


def test_a_wrong_key_is_refused_and_is_not_in_the_error(sandbox: Sandbox, connect: Connect) -> None:
    keys = [name for name, value in sandbox.vendor.credentials().items() if value == KEY]
    with pytest.raises(errors.NotAuthenticated) as refused:
        connect(**dict.fromkeys(keys, "wrong-key-0123")).add(GROUP, [ADA])
    assert keys
    assert "wrong-key" not in str(refused.value)


@given(data=json_values, status=st.sampled_from([200, 201, 204, 302, 400, 404, 422, 500, 501, 503]))
def test_no_answer_without_participants_decides_a_status(type_: str, data: object, status: int) -> None:
    fields = Sandbox.for_vendor(type_, example_world(VirtualClock())).config("http://sandbox.invalid")
    session = ProviderSession(build_provider(type_, fields))
    flow = add(session, GroupId(GROUP), parse_participants([ADA]), AddSettings(verify="never"))
    with suppress(errors.ProviderError):
        (person,) = drive(flow, lambda _: says(data, status), FakeClock())
        assert (person.status, person.evidence) == (Status.UNKNOWN, Evidence.NONE)
