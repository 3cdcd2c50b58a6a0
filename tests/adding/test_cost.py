"""What an add costs the provider does not grow with the number of people."""

from collections import Counter
from collections.abc import Callable

import pytest
from attrs import define

import groupadd
from groupadd import Reason, Status
from groupadd.config.load import load
from groupadd.sandbox import Group, RosterView, Sandbox, SandboxPerson, VirtualClock, World, vendor_names
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.people import Addressing, Privacy
from groupadd.settings import Verify
from tests.model.worlds import JID, US

ONE_BY_ONE = {"green_api"}  # the vendor takes one person a call
UNRESOLVED = Reason.UNRESOLVED_IDENTITY


def crowd(count: int, privacy: Privacy = Privacy.OPEN) -> list[SandboxPerson]:
    """Return as many people, under numbers reserved for fiction."""
    return [
        SandboxPerson(f"1{300 + n // 100}55501{n % 100:02d}", f"1770{n:011d}", privacy=privacy) for n in range(count)
    ]


@define
class Counted:
    """A sandbox whose requests are counted by route, and what an add came to."""

    sandbox: Sandbox
    outcome: groupadd.AddOutcome

    @property
    def requests(self) -> Counter[str]:
        return Counter(request.route for request in self.sandbox.requests)


def add(
    provider: str,
    people: list[SandboxPerson],
    *,
    by_lid_alone: bool = False,
    asked: Callable[[SandboxPerson], str] = lambda human: human.phone,
    meanwhile: SandboxPerson | None = None,
    verify: Verify = "auto",
) -> Counted:
    """Add these people to a group of strangers; another person may join a second after it."""
    world = World(VirtualClock())
    account = world.open_account(US)
    world.add_people(*people)
    addressing: Addressing = "lid" if by_lid_alone else "phone"
    shown = RosterView(both_names=not by_lid_alone)
    world.create_group(Group(JID, cap=2000, addressing=addressing, roster_view=shown), admins=[account.person])
    if meanwhile is not None:
        world.add_people(meanwhile)
        world.schedule(1.0, lambda: world.join(JID, meanwhile.phone))
    sandbox = Sandbox.for_vendor(provider, world)
    chosen = load({"providers": {"p": sandbox.config("http://sandbox.example")}}, environ={}).provider()
    http = in_process(sandbox.handle, world.clock)
    with groupadd.Client(chosen.provider, http=http, clock=world.clock, verify=verify) as client:
        return Counted(sandbox, client.add(JID, [asked(human) for human in people]))


def adds(provider: str, count: int) -> int:
    return count if provider in ONE_BY_ONE else 1


@pytest.mark.parametrize("provider", vendor_names())
@pytest.mark.parametrize("privacy", [Privacy.OPEN, Privacy.CONTACTS_ONLY])
def test_one_look_serves_everybody(provider: str, privacy: Privacy) -> None:
    seen = {}
    for count in (1, 10, 1024):
        counted = add(provider, crowd(count, privacy))
        asked = counted.requests
        assert asked.pop("add") == adds(provider, count)
        assert asked["list"] <= 4, "one look before, and the three that are scheduled"
        assert asked["check"] == asked["lid"] == 0, "nothing is unexplained"
        assert len(counted.outcome.by_status(Status.UNKNOWN)) == 0
        seen[count] = asked
    assert seen[1] == seen[10] == seen[1024]


@pytest.mark.parametrize("provider", vendor_names())
def test_a_stranger_who_joins_meanwhile_costs_20_number_checks_at_the_most(provider: str) -> None:
    people, stranger = crowd(60, Privacy.CONTACTS_ONLY), SandboxPerson("12125550142", "177005550000142")
    counted = add(provider, people, meanwhile=stranger, verify="always")
    asked = counted.requests
    assert asked["add"] == adds(provider, 60)
    assert asked["list"] == 4, "one look before, and the three that are scheduled"
    assert asked["check"] <= 20
    assert asked["lid"] == 0
    assert not [person for person in counted.outcome if person.is_in]


@pytest.mark.parametrize("provider", vendor_names())
def test_a_form_of_a_number_that_whatsapp_does_not_use_costs_one_check_for_its_person(provider: str) -> None:
    canonical, dialled = "22997000101", "2290197000101"
    person = SandboxPerson(canonical, "177005550000201", number_variants=frozenset({dialled}))
    people = [*crowd(40), person]
    counted = add(provider, people, asked=lambda human: dialled if human is person else human.phone, verify="always")
    assert counted.requests["check"] <= 1
    assert counted.outcome.participants[-1].is_in or counted.outcome.participants[-1].reason is UNRESOLVED
    assert {one.status for one in counted.outcome.participants[:-1]} == {Status.ADDED}


@pytest.mark.parametrize("provider", vendor_names())
def test_rows_by_lid_alone_cost_one_look_up_a_person_and_no_number_check(provider: str) -> None:
    counted = add(provider, crowd(30, Privacy.CONTACTS_ONLY), by_lid_alone=True, verify="always")
    asked = counted.requests
    assert asked["add"] == adds(provider, 30)
    assert asked["list"] == 4
    assert asked["lid"] + asked["check"] <= 31, "each person's LID once, and our own"
    assert not [person for person in counted.outcome if person.is_in]
