"""Whole worlds of the sandbox, drawn at random: people, a group, its roster, faults, and what other admins do."""

from collections.abc import Callable, Mapping
from typing import Literal

from attrs import field, frozen
from hypothesis import strategies as st

from groupadd.sandbox import faults
from groupadd.sandbox.clock import VirtualClock
from groupadd.sandbox.faults import Fault
from groupadd.sandbox.people import Addressing, Group, Privacy, Role, RosterView, SandboxPerson
from groupadd.sandbox.world import World

JID = "120363000000000042@g.us"
US = SandboxPerson("12025550199", "177005550000199", "We")
CROWD = [SandboxPerson(f"1202555010{n}", f"17700555000010{n}", f"P{n}") for n in range(8)]
# Brazil's ninth digit: one line, which WhatsApp knows without it, dialled with it.
BRAZIL = SandboxPerson("554199990000", "177005550000200", "Rita", number_variants=frozenset({"5541999990000"}))

LATENESS_S = 60.0
FAULTS: Mapping[str, Fault] = {
    "refused": faults.REFUSED,
    "lost before": faults.LOST_BEFORE,
    "lost after": faults.LOST_AFTER,
    "late by 5 s": faults.applied_late(5),
    "late by 45 s": faults.applied_late(45),
    "empty": faults.EMPTY,
    "cut": faults.TRUNCATED,
    "HTML": faults.HTML,
    "502 before": faults.GATEWAY_BEFORE,
    "502 after": faults.GATEWAY_AFTER,
    "500 after": faults.failing(500, applied=True),
    "slow": faults.slow(20),
    "slower than our patience": faults.slow(40),
    "429": faults.rate_limited(30),
}


@frozen
class Doing:
    """What another person does meanwhile."""

    after_s: float
    phone: str
    joins: bool


@frozen
class Scene:
    """One world, one add, and what happens around it."""

    provider: str
    verify: Literal["auto", "always", "never"]
    tempers: Mapping[str, Privacy]
    members: frozenset[str]
    left: frozenset[str]
    asked: tuple[str, ...]
    our_role: Role
    cap: int
    approval: bool
    members_may_add: bool
    addressing: Addressing
    shown: RosterView
    on_add: str | None
    on_list: tuple[str, ...]
    doings: tuple[Doing, ...] = field(default=())

    def world(self) -> World:
        """Return the world at its beginning."""
        world = World(VirtualClock())
        account = world.open_account(US)
        people = [
            SandboxPerson(h.phone, h.lid, h.name, self.tempers[h.phone], h.number_variants) for h in (*CROWD, BRAZIL)
        ]
        world.add_people(*people)
        group = Group(
            JID,
            cap=self.cap,
            approval=self.approval,
            members_may_add=self.members_may_add,
            addressing=self.addressing,
            roster_view=self.shown,
        )
        on_whatsapp = [human for human in people if human.privacy is not Privacy.NOT_ON_WHATSAPP]
        world.create_group(group, [human for human in on_whatsapp if human.phone in self.members | self.left])
        group.set_role(account.person.phone, self.our_role)
        for human in on_whatsapp:
            if human.phone in self.left:
                group.set_role(human.phone, None, world.now - 3600)
        for doing in self.doings:
            world.schedule(doing.after_s, _done(world, doing))
        return world


def _done(world: World, doing: Doing) -> Callable[[], None]:
    def happens() -> None:
        group = world.groups[JID]
        if world.people[doing.phone].privacy is Privacy.NOT_ON_WHATSAPP:
            return
        if (group.role(doing.phone) is not None) != doing.joins:
            group.set_role(doing.phone, "member" if doing.joins else None, world.now)

    return happens


PHONES = [human.phone for human in (*CROWD, BRAZIL)]
SPELLINGS = [*PHONES, "5541999990000", *(f"{human.lid}@lid" for human in CROWD[:2])]


def scenes(provider: str) -> st.SearchStrategy[Scene]:
    """Draw a scene for a provider."""
    some = st.frozensets(st.sampled_from(PHONES), max_size=4)
    return st.builds(
        Scene,
        provider=st.just(provider),
        verify=st.sampled_from(["auto", "auto", "always", "never"]),
        tempers=st.fixed_dictionaries(
            {phone: st.sampled_from([Privacy.OPEN, Privacy.OPEN, *Privacy]) for phone in PHONES}
        ),
        members=some,
        left=some,
        asked=st.lists(st.sampled_from(SPELLINGS), min_size=1, max_size=6).map(tuple),
        our_role=st.sampled_from(["admin", "admin", "member"]),
        cap=st.sampled_from([1024, 1024, 6]),
        approval=st.booleans(),
        members_may_add=st.booleans(),
        addressing=st.sampled_from(["phone", "lid", "mixed"]),
        shown=st.builds(
            RosterView,
            lag_s=st.sampled_from([0.0, 0.0, 1.0, 5.0]),
            both_names=st.booleans(),
            missing=st.sampled_from([frozenset[str](), frozenset({US.phone})]),
            masked=st.sampled_from([frozenset[str](), frozenset({PHONES[7]})]),
        ),
        on_add=st.sampled_from([None, None, None, *FAULTS]),
        on_list=st.lists(st.sampled_from(["", "", "lost after", "HTML", "502 before", "cut", "empty"]), max_size=5).map(
            tuple
        ),
        doings=st.lists(
            st.builds(Doing, st.floats(0.0, 120.0, width=16), st.sampled_from(PHONES), st.booleans()), max_size=4
        ).map(tuple),
    )
