import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from groupadd.model.identity import Identity
from groupadd.sandbox import Account, Code, Group, Privacy, RosterView, SandboxPerson, VirtualClock, World
from groupadd.sandbox.answers import Refused, RosterRow
from groupadd.sandbox.people import Addressing, Role
from groupadd.sandbox.world import RECENTLY_S

GROUP = "120363000000000042@g.us"
US = SandboxPerson("16175550100", "177005550000100")
ANN = SandboxPerson("12025550143", "177005550000143", "Ann")
BEN = SandboxPerson("14155550126", "177005550000126", "Ben")


class Scene:
    """One group of ours, and Ann and Ben, who are not in it."""

    def __init__(self, group: Group | None = None, *, role: Role = "admin") -> None:
        self.clock = VirtualClock()
        self.world = World(self.clock)
        self.us: Account = self.world.open_account(US)
        self.world.add_people(ANN, BEN)
        self.group = self.world.create_group(group or Group(GROUP))
        self.group.set_role(US.phone, role)

    def add(self, *people: SandboxPerson) -> list[Code]:
        names = [Identity(person.phone) for person in people]
        return [result.code for result in self.world.add_participants(GROUP, names, by=self.us)]

    def is_in(self, person: SandboxPerson, at: float | None = None) -> bool:
        return self.world.is_member(GROUP, person.phone, *([] if at is None else [at]))

    def roster(self) -> tuple[RosterRow, ...]:
        return self.world.roster(GROUP, by=self.us)

    def roster_view(self) -> set[str | None]:
        return {row.phone for row in self.roster()}


@pytest.mark.parametrize(
    ("privacy", "code"),
    [
        (Privacy.OPEN, Code.ADDED),
        (Privacy.CONTACTS_ONLY, Code.PRIVACY),
        (Privacy.NOT_ON_WHATSAPP, Code.NOT_ON_WHATSAPP),
        (Privacy.BLOCKED_US, Code.BLOCKED),
        (Privacy.LEGAL, Code.LEGAL),
    ],
)
def test_privacy_decides_what_becomes_of_a_person(privacy: Privacy, code: Code) -> None:
    scene = Scene()
    scene.world.add_people(evolve(ANN, privacy=privacy))
    assert scene.add(ANN) == [code]
    assert scene.is_in(ANN) is (code is Code.ADDED)


def test_an_unused_number_is_not_on_whatsapp() -> None:
    assert Scene().add(SandboxPerson("13125550178", "1")) == [Code.NOT_ON_WHATSAPP]


def test_who_is_in_is_not_added_again() -> None:
    scene = Scene()
    assert scene.add(ANN, ANN) == [Code.ADDED, Code.ALREADY_IN]


def test_only_who_may_be_invited_gets_an_offer() -> None:
    scene = Scene()
    scene.world.add_people(evolve(ANN, privacy=Privacy.CONTACTS_ONLY))
    private, open_ = scene.world.add_participants(GROUP, [Identity(ANN.phone), Identity(BEN.phone)], by=scene.us)
    assert private.invite is not None
    assert private.invite.code not in repr(private)
    assert open_.invite is None


@pytest.mark.parametrize(
    ("waited_s", "code"), [(0.0, Code.RECENTLY_LEFT), (RECENTLY_S - 1, Code.RECENTLY_LEFT), (RECENTLY_S, Code.ADDED)]
)
def test_who_has_left_cannot_be_added_for_a_while(waited_s: float, code: Code) -> None:
    scene = Scene()
    scene.add(ANN)
    scene.world.leave(GROUP, ANN.phone)
    scene.clock.sleep(waited_s)
    assert scene.add(ANN) == [code]


def test_a_full_group_takes_no_more_people() -> None:
    scene = Scene(Group(GROUP, cap=2))
    assert scene.add(ANN, BEN) == [Code.ADDED, Code.GROUP_FULL]


@pytest.mark.parametrize(
    ("role", "members_may_add", "approval", "codes"),
    [
        ("admin", False, True, [Code.ADDED]),
        ("superadmin", False, False, [Code.ADDED]),
        ("member", True, False, [Code.ADDED]),
        ("member", True, True, [Code.PENDING]),
        ("member", False, False, None),
        ("member", False, True, None),
    ],
)
def test_who_may_add(role: Role, *, members_may_add: bool, approval: bool, codes: list[Code] | None) -> None:
    scene = Scene(Group(GROUP, members_may_add=members_may_add, approval=approval), role=role)
    if codes is None:
        with pytest.raises(Refused) as refused:
            scene.add(ANN)
        assert refused.value.code == 403
    else:
        assert scene.add(ANN) == codes
    assert (ANN.phone in scene.group.pending) is (codes == [Code.PENDING])


def test_who_waits_for_approval_waits_no_more_once_let_in() -> None:
    scene = Scene(Group(GROUP, members_may_add=True, approval=True), role="member")
    scene.add(ANN)
    scene.world.join(GROUP, ANN.phone)
    assert not scene.group.pending
    assert scene.is_in(ANN)


@pytest.mark.parametrize(("group", "code"), [("120363000000000099@g.us", 404), (GROUP, 403)])
def test_groups_that_are_not_there_or_not_ours_are_refused(group: str, code: int) -> None:
    scene = Scene()
    scene.world.leave(GROUP, US.phone)
    for ask in (
        lambda: scene.world.add_participants(group, [Identity(ANN.phone)], by=scene.us),
        lambda: scene.world.roster(group, by=scene.us),
        lambda: scene.world.invite_link(group, by=scene.us),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == code


def test_every_name_of_a_person_finds_the_same_one() -> None:
    scene = Scene()
    carla = SandboxPerson("5511999990100", "177005550000999", number_variants=frozenset({"551199990100"}))
    scene.world.add_people(carla)
    for name in (Identity(carla.phone), Identity("551199990100"), Identity(lid=carla.lid)):
        assert scene.world.find_person(name) == carla
    assert scene.world.find_person(Identity(phone=carla.lid)) is None
    assert scene.world.find_person(Identity(lid=carla.phone)) is None


def test_a_lagging_roster_shows_what_was_true() -> None:
    scene = Scene(Group(GROUP, roster_view=RosterView(lag_s=10)))
    scene.clock.sleep(100)
    scene.add(ANN)
    assert scene.is_in(ANN)
    assert scene.roster_view() == {US.phone}
    scene.clock.sleep(10)
    assert scene.roster_view() == {US.phone, ANN.phone}
    scene.world.leave(GROUP, ANN.phone)
    assert scene.roster_view() == {US.phone, ANN.phone}
    scene.clock.sleep(10)
    assert scene.roster_view() == {US.phone}


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
@pytest.mark.parametrize("both_names", [True, False])
def test_rows_are_keyed_as_the_group_addresses_people(addressing: Addressing, *, both_names: bool) -> None:
    group = Group(GROUP, addressing=addressing, roster_view=RosterView(both_names=both_names))
    scene = Scene(group)
    scene.add(ANN, BEN)
    rows = scene.roster()
    assert {row.keyed_by for row in rows} == ({"phone", "lid"} if addressing == "mixed" else {addressing})
    for row in rows:
        assert (row.phone is not None) is (both_names or row.keyed_by == "phone")
        assert (row.lid is not None) is (both_names or row.keyed_by == "lid")


def test_rows_may_be_missing_or_masked() -> None:
    shown = RosterView(missing=frozenset({ANN.phone}), masked=frozenset({BEN.phone}))
    scene = Scene(Group(GROUP, roster_view=shown))
    scene.add(ANN, BEN)
    assert [(row.phone, row.lid) for row in scene.roster()] == [(US.phone, US.lid), (None, None)]


def test_what_happens_later_happens_at_its_own_time_and_in_order() -> None:
    scene = Scene()
    scene.world.schedule(60, lambda: scene.add(ANN))
    scene.world.schedule(30, lambda: scene.world.join(GROUP, BEN.phone))
    scene.clock.sleep(100)
    assert scene.is_in(ANN)
    assert (scene.is_in(BEN, 29), scene.is_in(BEN, 30)) == (False, True)
    assert (scene.is_in(ANN, 59), scene.is_in(ANN, 60)) == (False, True)
    assert [entry.at for entry in scene.world.journal] == [60]


def test_what_was_due_comes_before_what_others_do_now() -> None:
    scene = Scene()
    scene.world.schedule(10, lambda: scene.add(ANN))
    scene.clock.sleep(20)
    scene.world.leave(GROUP, ANN.phone)
    assert not scene.is_in(ANN)
    assert scene.is_in(ANN, 15)


def test_the_journal_lists_adds_messages_and_invitations_by_account() -> None:
    scene = Scene()
    other = scene.world.open_account(SandboxPerson("16465550199", "177005550000199"))
    scene.add(ANN)
    scene.clock.sleep(5)
    scene.world.send(Identity(ANN.phone), "Good morning", by=other)
    scene.world.send(Identity(BEN.phone), f"Join us: {scene.group.link()}", by=scene.us)
    assert [(entry.at, entry.by, entry.kind, entry.to, entry.group) for entry in scene.world.journal] == [
        (0, US.phone, "add", ANN.phone, GROUP),
        (5, other.person.phone, "message", ANN.phone, None),
        (5, US.phone, "invitation", BEN.phone, GROUP),
    ]


def test_a_person_who_is_not_on_whatsapp_gets_no_message() -> None:
    scene = Scene()
    scene.world.add_people(evolve(ANN, privacy=Privacy.NOT_ON_WHATSAPP))
    assert scene.world.send(Identity(ANN.phone), "Hello", by=scene.us) is None
    assert not scene.world.journal


def test_dates_count_from_the_opening() -> None:
    scene = Scene()
    assert (scene.world.date(90) - scene.world.start_date).total_seconds() == 90


PEOPLE = [SandboxPerson(f"1202555{number:04}", f"17700555{number:07}") for number in range(100, 106)]
deeds = st.lists(
    st.tuples(
        st.sampled_from(["add", "join", "leave", "wait"]),
        st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4),
    ),
    max_size=12,
)


@given(deeds=deeds, cap=st.integers(min_value=1, max_value=6))
def test_the_history_agrees_with_a_plain_set_at_every_moment(
    deeds: list[tuple[str, list[SandboxPerson]]], cap: int
) -> None:
    scene = Scene(Group(GROUP, cap=cap))
    scene.world.add_people(*PEOPLE)
    truth = {US.phone}
    past = []
    for deed, people in deeds:
        phones = [person.phone for person in people]
        if deed == "add":
            added = [
                person.phone for person, code in zip(people, scene.add(*people), strict=True) if code is Code.ADDED
            ]
            assert truth.isdisjoint(added)
            truth |= set(added)
            assert not added or len(truth) <= cap
        for phone in phones:
            if deed == "join":
                scene.world.join(GROUP, phone)
                truth.add(phone)
            elif deed == "leave":
                scene.world.leave(GROUP, phone)
                truth.discard(phone)
        past.append((scene.clock.now(), frozenset(truth)))
        scene.clock.sleep(1)
    assert scene.roster_view() == truth
    for at, members in past:
        assert scene.group.members(at).keys() == members
