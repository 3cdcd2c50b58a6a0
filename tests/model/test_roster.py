"""What one roster proves: presence by any name, absence only where nothing is hidden."""

import pytest
from attrs import evolve, frozen
from hypothesis import example, given
from hypothesis import strategies as st

from groupadd.model.identity import Identity, Person
from groupadd.model.outcome import Reason
from groupadd.model.roster import Member, Observation, Proof, Roster, RosterProof

ANN, BEN, ME = "15550100", "15550101", "12025550199"
PLAIN = Roster((Member(ME), Member(BEN)))


def by_phone(*phones: str) -> Person:
    return Person(frozenset(phones), frozenset())


def by_lid(*lids: str) -> Person:
    return Person(frozenset(), frozenset(lids))


@pytest.mark.parametrize(
    ("roster", "me", "complete"),
    [
        (PLAIN, None, True),
        (evolve(PLAIN, size=2), None, True),
        (evolve(PLAIN, size=3), None, False),
        (evolve(PLAIN, size=1), None, False),
        (evolve(PLAIN, unread_rows=1), None, False),
        (Roster(()), None, False),
        (Roster((), size=0), None, False),
        (PLAIN, Identity(ME), True),
        (PLAIN, Identity(ANN), False),
        (PLAIN, Identity(None, ME), False),
        (Roster((Member(None, "77"), Member(BEN))), Identity(ME, "77"), True),
    ],
)
def test_a_roster_is_complete_when_its_rows_fit_what_is_known_of_it(
    roster: Roster, me: Identity | None, complete: bool
) -> None:
    assert roster.seen_by(me).complete is complete


@pytest.mark.parametrize(
    ("roster", "person", "observation"),
    [
        (PLAIN, by_phone(BEN), Observation(True)),
        (PLAIN, by_phone(ANN), Observation(False)),
        (PLAIN, by_lid(BEN), Observation(None, Reason.UNRESOLVED_IDENTITY)),
        (evolve(PLAIN, size=3), by_lid(BEN), Observation(None, Reason.UNRESOLVED_IDENTITY, complete=False)),
        (evolve(PLAIN, unread_rows=1), by_phone(BEN), Observation(True, complete=False)),
        (evolve(PLAIN, unread_rows=1), by_phone(ANN), Observation(None, Reason.STALE_ROSTER, complete=False)),
        (evolve(PLAIN, proves=Proof.PRESENCE), by_phone(BEN), Observation(True)),
        (evolve(PLAIN, proves=Proof.PRESENCE), by_phone(ANN), Observation(None, Reason.STALE_ROSTER, listed=False)),
        (evolve(PLAIN, proves=Proof.ABSENCE), by_phone(BEN), Observation(None, Reason.STALE_ROSTER, listed=True)),
        (evolve(PLAIN, proves=Proof.ABSENCE), by_phone(ANN), Observation(False)),
        (evolve(PLAIN, proves=Proof.NOTHING), by_phone(BEN), Observation(None, Reason.STALE_ROSTER, listed=True)),
        (evolve(PLAIN, proves=Proof.NOTHING), by_phone(ANN), Observation(None, Reason.STALE_ROSTER, listed=False)),
        (
            evolve(PLAIN, proves=Proof.ABSENCE, size=3),
            by_phone(BEN),
            Observation(None, Reason.STALE_ROSTER, complete=False, listed=True),
        ),
        (Roster((Member(BEN), Member(None, "77"))), by_phone(ANN), Observation(None, Reason.UNRESOLVED_IDENTITY)),
        (Roster((Member(BEN), Member(None, "77"))), Person(frozenset({ANN}), frozenset({"78"})), Observation(False)),
        (
            Roster((Member(BEN), Member())),
            Person(frozenset({ANN}), frozenset({"78"})),
            Observation(None, Reason.UNRESOLVED_IDENTITY),
        ),
        (Roster((Member(None, ANN),)), by_phone(ANN), Observation(None, Reason.UNRESOLVED_IDENTITY)),
        (Roster((Member(BEN, ANN),)), by_phone(ANN), Observation(False)),
        (Roster((Member(BEN, "77"),)), by_lid("78"), Observation(False)),
        (Roster((Member("551187654321"),)), by_phone("5511987654321"), Observation(False)),
        (Roster((Member("551187654321"),)), by_phone("5511987654321", "551187654321"), Observation(True)),
    ],
)
def test_what_a_roster_shows_of_a_person(roster: Roster, person: Person, observation: Observation) -> None:
    assert roster.observation(person) == observation


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (Member(ME, role="admin"), "Member(phone='+1202•••99', lid=None, role='admin')"),
        (Member(lid="999000111"), "Member(phone=None, lid='9990•••11@lid', role=None)"),
        (PLAIN, "Roster(members=<2 members>, size=None, unread_rows=0, me=None, proves=<Proof.BOTH: 3>)"),
        (Observation(True), "Observation(member=True, reason=None, complete=True, listed=True)"),
    ],
)
def test_a_repr_counts_members_and_shows_no_name_whole(seen: object, shown: str) -> None:
    assert repr(seen) == shown


def test_our_own_row_hides_no_participant_where_all_our_names_are_known() -> None:
    roster = Roster((Member(None, "77", "admin"), Member(BEN))).seen_by(Identity(ME, "77"))
    assert roster.observation(by_phone(ANN)) == Observation(False)
    assert roster.observation(by_phone(ME)) == Observation(True)
    assert roster.members == (Member(ME, "77", "admin"), Member(BEN))
    assert PLAIN.seen_by(Identity(ME, "77")).members == (Member(ME, "77"), Member(BEN))


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (Identity(ME), "superadmin"),
        (Identity(None, "77"), "admin"),
        (Identity(BEN), None),
        (Identity(ANN), None),
        (None, None),
    ],
)
def test_a_role_is_known_where_the_row_has_it(who: Identity | None, role: str | None) -> None:
    roster = Roster((Member(ME, role="superadmin"), Member(None, "77", "admin"), Member(BEN)))
    assert roster.role(who) == role


@pytest.mark.parametrize(
    ("rows", "me", "misses"),
    [
        ((Member(BEN), Member(None, "77")), Identity(ME), True),
        ((Member(BEN), Member(None, "77")), Identity(ME, "78"), False),
        ((Member(ME), Member(None, "77")), Identity(ME), False),
        ((Member(BEN), Member(ANN, "77")), Identity(ME), False),
        ((Member(BEN), Member(None, "77")), None, False),
    ],
)
def test_our_own_row_may_be_one_without_a_phone_where_only_our_phone_is_known(
    rows: tuple[Member, ...], me: Identity | None, misses: bool
) -> None:
    assert Roster(rows, me=me).misses_me_by_phone is misses


def test_a_masked_row_hides_anybody_although_our_own_account_is_known() -> None:
    roster = Roster((Member(ME), Member())).seen_by(Identity(ME))
    assert roster.observation(by_phone(ANN)).member is None


LINES = ["15550100", "15550101", "5511987654321", "5215512345678", "447400123456"]


@frozen
class Human:
    phone: str
    lid: str


@frozen
class Situation:
    """A group as it truly is, the roster that a provider shows of it, and a person who is looked for."""

    roster: Roster
    person: Person
    is_member: bool


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any provider may hide names, list people who have left, and drop rows as long as it says so in some way.

    A list writes a number as WhatsApp does. Other forms are `RosterObserver`'s to find.
    """
    count = draw(st.integers(2, len(LINES)))
    lids = draw(st.permutations([*LINES, "99900011"]))  # a LID may have the digits of a phone
    humans = [Human(*names) for names in zip(LINES[:count], lids, strict=False)]
    group = draw(st.lists(st.sampled_from(humans), unique=True))
    whole = draw(st.booleans())
    rows = [human for human in group if whole or draw(st.booleans())]
    members = [draw(shown(human)) for human in rows]
    incomplete_by = draw(st.sampled_from(["size", "unread", "cached"])) if len(rows) < len(group) else "nothing"
    left = draw(st.lists(st.sampled_from(humans), unique=True))
    members += [draw(shown(human)) for human in left if human not in group]
    proves = draw(st.sampled_from([Proof.BOTH, Proof.PRESENCE] if len(members) == len(rows) else [Proof.ABSENCE]))
    me = draw(st.none() | st.sampled_from(group or humans))
    roster = Roster(
        tuple(members),
        size=len(group) + len(members) - len(rows) if incomplete_by == "size" else None,
        unread_rows=len(group) - len(rows) if incomplete_by == "unread" else 0,
        proves=proves & ~Proof.ABSENCE if incomplete_by == "cached" else proves,
    )
    if me is not None:
        names = draw(st.sampled_from([Identity(me.phone), Identity(None, me.lid), Identity(me.phone, me.lid)]))
        roster = roster.seen_by(names)
    human = draw(st.sampled_from(humans))
    phones = frozenset(draw(st.lists(st.just(human.phone), max_size=1)))
    known = frozenset({human.lid}) if not phones or draw(st.booleans()) else frozenset[str]()
    return Situation(roster, Person(phones, known), human in group)


@st.composite
def shown(draw: st.DrawFn, human: Human) -> Member:
    return Member(draw(st.sampled_from([None, human.phone])), draw(st.sampled_from([None, human.lid])))


@given(situations())
@example(Situation(Roster((Member(ME), Member())).seen_by(Identity(ME)), by_phone(ANN), is_member=True))
@example(Situation(Roster((Member(ME), Member(ANN))).seen_by(Identity(ME)), by_lid("99900011"), is_member=True))
@example(Situation(Roster((Member(None, "77"),)).seen_by(Identity(ANN, "77")), by_phone(ANN), is_member=True))
def test_a_look_is_never_wrong_whatever_is_hidden(situation: Situation) -> None:
    assert situation.roster.observation(situation.person).member in {None, situation.is_member}


@pytest.mark.parametrize("member", [Member("+1 555 0100"), Member("15550100@c.us"), Member(None, "1@lid")])
def test_a_row_in_another_spelling_proves_no_absence(member: Member) -> None:
    assert not Roster((member, Member("15550199", "177"))).complete


@pytest.mark.parametrize(
    ("proof", "as_it_is", "refreshed"),
    [
        (RosterProof(Proof.PRESENCE, Proof.BOTH), Proof.PRESENCE, Proof.BOTH),
        (RosterProof(Proof.BOTH, Proof.NOTHING), Proof.BOTH, Proof.NOTHING),
        (RosterProof(Proof.ABSENCE), Proof.ABSENCE, Proof.ABSENCE),
    ],
)
def test_a_copy_proves_what_is_declared_of_it(proof: RosterProof, as_it_is: Proof, refreshed: Proof) -> None:
    assert (proof.of_copy(refreshed=False), proof.of_copy(refreshed=True)) == (as_it_is, refreshed)


def test_rows_without_a_phone_hide_phones() -> None:
    assert not PLAIN.hides_phones
    assert Roster((Member(ME), Member(None, "77"))).hides_phones
