"""Looks of a drip: who owns a row, which rows came since a person's add, and what a list proves."""

from pathlib import Path

import pytest
from attrs import evolve

from groupadd import Status
from groupadd.sandbox import Group, Privacy, SandboxPerson
from groupadd.sandbox.vendors.waha import Waha
from tests.support.trial import Trial, planned
from tests.support.virtual_time import GROUP, crowd

BLOCKED = Privacy.BLOCKED_US  # every vendor accepts the add, or does not say why
STRANGER = SandboxPerson("12125550142", "177005550000142")
CANONICAL, DIALLED = "22997000101", "2290197000101"


def some_refused(count: int) -> list[SandboxPerson]:
    return crowd(count, lambda n: BLOCKED if n in {1, 6} else Privacy.OPEN)


def requests(it: Trial, route: str) -> int:
    return sum(request.route == route for one in it.simulation.sandboxes.values() for request in one.requests)


@pytest.mark.parametrize("vendor", ["gowa", "wawp", "whapi"])
@pytest.mark.parametrize("accounts", [["main"], ["main", "backup"]])
def test_rows_of_others_in_the_plan_are_explained(vendor: str, accounts: list[str], tmp_path: Path) -> None:
    it = planned(tmp_path, some_refused(12), accounts, vendor=vendor)
    assert it.run().counts == {Status.ADDED: 10, Status.NOT_ADDED: 2}
    assert requests(it, "check") == 0


@pytest.mark.parametrize(
    ("vendor", "status"), [("gowa", Status.UNKNOWN), ("wawp", Status.NOT_ADDED), ("whapi", Status.NOT_ADDED)]
)
def test_a_stranger_who_joins_while_a_person_is_waited_for_costs_a_number_check(
    vendor: str, status: Status, tmp_path: Path
) -> None:
    it = planned(tmp_path, crowd(1, lambda _: BLOCKED), vendor=vendor)
    it.simulation.world.add_people(STRANGER)
    it.simulation.world.schedule(5.0, lambda: it.simulation.world.join(GROUP, STRANGER.phone))
    assert it.run().counts == {status: 1}
    assert requests(it, "check") == 1


def test_a_stranger_who_was_there_before_a_persons_add_costs_nothing(tmp_path: Path) -> None:
    it = planned(tmp_path, some_refused(4), vendor="gowa")
    it.simulation.world.add_people(STRANGER)
    it.simulation.world.join(GROUP, STRANGER.phone)
    assert it.run().counts == {Status.ADDED: 3, Status.NOT_ADDED: 1}
    assert requests(it, "check") == 0


def test_a_member_under_another_form_of_the_number_costs_no_add(tmp_path: Path) -> None:
    person = SandboxPerson(CANONICAL, "177005550000201", number_variants=frozenset({DIALLED}))
    it = planned(tmp_path, [evolve(person, phone=DIALLED, number_variants=frozenset())], vendor="wawp")
    it.simulation.world.people = {phone: one for phone, one in it.simulation.world.people.items() if phone != DIALLED}
    it.simulation.world.add_people(person)
    it.simulation.world.join(GROUP, CANONICAL)
    assert it.run().counts == {Status.ALREADY_MEMBER: 1}
    assert it.simulation.adds() == []


def test_people_who_left_are_asked_for_although_the_list_still_shows_them(tmp_path: Path) -> None:
    people = crowd(3, lambda n: BLOCKED if n == 2 else Privacy.OPEN)
    it = planned(tmp_path, people, vendor="waha", add={"verify": "always"})
    vendor = it.simulation.sandboxes["main"].vendor
    assert isinstance(vendor, Waha)
    it.simulation.sandboxes["main"].vendor = evolve(vendor, engine="WEBJS")
    group, long_ago = it.simulation.world.groups[GROUP], it.simulation.clock.now() - 48 * 3600
    for human in people[1:]:
        group.set_role(human.phone, "member", long_ago - 3600)
        group.set_role(human.phone, None, long_ago)
    status = it.run()
    assert [phone for _, phone in it.simulation.adds()] == [human.phone for human in people]
    assert status.counts == {Status.ADDED: 1, Status.UNKNOWN: 1, Status.NOT_ADDED: 1}, "a row of theirs proves nothing"


@pytest.mark.parametrize(("verify", "added"), [("auto", 3), ("always", 1)])
def test_always_takes_no_ones_word_in_a_drip_either(verify: str, added: int, tmp_path: Path) -> None:
    people = crowd(3, lambda n: Privacy.OPEN if n == 0 else BLOCKED)
    it = planned(tmp_path, people, add={"verify": verify})
    it.simulation.sandboxes["main"].vendor.account.lies = True
    assert it.run().counts.get(Status.ADDED) == added


def test_each_group_has_rows_of_its_own(tmp_path: Path) -> None:
    it = planned(tmp_path, some_refused(4), vendor="gowa")
    other = "120363000000000043@g.us"
    it.simulation.world.create_group(Group(other), admins=[it.simulation.sandboxes["main"].vendor.account.person])
    it.plan(some_refused(4), group=other)
    assert it.run().counts == {Status.ADDED: 6, Status.NOT_ADDED: 2}
    assert requests(it, "check") == 0
