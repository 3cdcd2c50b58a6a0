"""Whole worlds of the sandbox, drawn at random: people, a group, its roster, faults, and what other admins do."""

from collections.abc import Callable, Mapping
from typing import Literal

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from groupadd.sandbox import faults
from groupadd.sandbox.clock import VirtualClock
from groupadd.sandbox.faults import Fault
from groupadd.sandbox.people import Addressing, Group, Privacy, Role, RosterView, SandboxPerson
from groupadd.sandbox.world import World

JID = "120363000000000042@g.us"
US = SandboxPerson("12025550199", "177005550000199", "We")
CROWD = [SandboxPerson(f"1202555010{n}", f"17700555000010{n}", f"P{n}") for n in range(8)]
# One line each, which WhatsApp knows under one form of its number and people dial by the other.
TWO_FORMS = [
    SandboxPerson(canonical, f"17700555000020{n}", name, number_variants=frozenset({dialled}))
    for n, (name, canonical, dialled) in enumerate(
        [
            ("Rita", "554199990000", "5541999990000"),  # Brazil's ninth digit
            ("Kossi", "22997000101", "2290197000101"),  # Benin's 01 of 2024
            ("Awa", "22507000102", "2250707000102"),  # the two digits of Ivory Coast
            ("Lupe", "5215512340103", "525512340103"),  # Mexico's 1
            ("Vera", "79120000104", "89120000104"),  # Russia's 8
            ("Udo", "491550000105", "4901550000105"),  # a trunk zero
        ]
    )
]
# Two accounts whose numbers are two forms of one line.
LOOKALIKES = [
    SandboxPerson("5215587650106", "177005550000301", "Ana"),
    SandboxPerson("525587650106", "177005550000302", "Eva"),
]
HUMANS = [*CROWD, *TWO_FORMS, *LOOKALIKES]

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
    "the line closes": faults.LINE_CLOSES,
    "WhatsApp is silent": faults.SILENCE,
    "WhatsApp is silent, and does nothing": evolve(faults.SILENCE, takes_effect_after_s=None),
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
    invite: Literal["never", "link"]
    lies: bool
    engine: Literal["GOWS", "NOWEB", "WEBJS", "WPP"]
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
    on_check: tuple[str, ...]
    doings: tuple[Doing, ...] = field(default=())

    def world(self) -> World:
        """Return the world at its beginning."""
        world = World(VirtualClock())
        account = world.open_account(US)
        account.lies = self.lies
        people = [evolve(human, privacy=self.tempers[human.phone]) for human in HUMANS]
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
                group.set_role(human.phone, None, world.now - (3600 if int(human.phone) % 3 else 48 * 3600))
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


PHONES = [human.phone for human in HUMANS]
DIALLED = [form for human in TWO_FORMS for form in human.number_variants]
SPELLINGS = [*PHONES, *DIALLED, *(f"{human.lid}@lid" for human in CROWD[:2])]


def scenes(provider: str) -> st.SearchStrategy[Scene]:
    """Draw a scene for a provider."""
    some = st.frozensets(st.sampled_from(PHONES), max_size=5)
    faults_of_a_read = st.lists(
        st.sampled_from(["", "", "lost after", "HTML", "502 before", "cut", "empty"]), max_size=5
    ).map(tuple)
    return st.builds(
        Scene,
        provider=st.just(provider),
        verify=st.sampled_from(["auto", "auto", "always", "never"]),
        invite=st.sampled_from(["never", "link"]),
        lies=st.sampled_from([False] * 9 + [True]),
        engine=st.sampled_from(["GOWS", "NOWEB", "WEBJS", "WPP"]),
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
            missing=st.sampled_from([frozenset[str](), frozenset[str](), frozenset({US.phone})]),
            masked=st.sampled_from([frozenset[str](), frozenset[str](), frozenset({PHONES[7]})]),
        ),
        on_add=st.sampled_from([None, None, None, *FAULTS]),
        on_list=faults_of_a_read,
        on_check=st.just(()) | faults_of_a_read,
        doings=st.lists(
            st.builds(Doing, st.floats(0.0, 120.0, width=16), st.sampled_from(PHONES), st.booleans()), max_size=4
        ).map(tuple),
    )
