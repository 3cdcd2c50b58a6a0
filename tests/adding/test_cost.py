"""What an add costs the provider does not grow with the number of people."""

from collections import Counter

import pytest

import groupadd
from groupadd import Status
from groupadd.config.load import load
from groupadd.sandbox import Group, RosterView, Sandbox, SandboxPerson, VirtualClock, World, vendor_names
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.people import Addressing, Privacy
from tests.model.worlds import JID, US

ONE_BY_ONE = {"green_api"}  # the vendor takes one person a call


def crowd(count: int, privacy: Privacy = Privacy.OPEN) -> list[SandboxPerson]:
    """Return as many people, under numbers reserved for fiction."""
    return [
        SandboxPerson(f"1{300 + n // 100}55501{n % 100:02d}", f"1770{n:011d}", privacy=privacy) for n in range(count)
    ]


def requests(
    provider: str, people: list[SandboxPerson], *, both_names: bool
) -> tuple[Counter[str], groupadd.AddOutcome]:
    """Add these people to a group of strangers, and count what the provider was asked."""
    world = World(VirtualClock())
    account = world.open_account(US)
    world.add_people(*people)
    addressing: Addressing = "phone" if both_names else "lid"
    world.create_group(
        Group(JID, cap=2000, addressing=addressing, roster_view=RosterView(both_names=both_names)),
        admins=[account.person],
    )
    sandbox = Sandbox.for_vendor(provider, world)
    chosen = load({"providers": {"p": sandbox.config("http://sandbox.example")}}, environ={}).provider()
    http = in_process(sandbox.handle, world.clock)
    with groupadd.Client(chosen.provider, http=http, clock=world.clock) as client:
        outcome = client.add(JID, [human.phone for human in people])
    return Counter(request.route for request in sandbox.requests), outcome


@pytest.mark.parametrize("provider", vendor_names())
@pytest.mark.parametrize("privacy", [Privacy.OPEN, Privacy.CONTACTS_ONLY])
def test_one_look_serves_everybody(provider: str, privacy: Privacy) -> None:
    seen = {}
    for count in (1, 10, 1024):
        asked, outcome = requests(provider, crowd(count, privacy), both_names=True)
        adds = count if provider in ONE_BY_ONE else 1
        assert asked.pop("add") == adds
        assert asked["list"] <= 4, "one look before, and the three that are scheduled"
        assert len(outcome.by_status(Status.UNKNOWN)) == 0
        seen[count] = asked
    assert seen[1] == seen[10] == seen[1024]
