"""Nothing that is printed shows a secret or a whole number."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd.model.identity import GroupId, Identity, Person, parse_participants
from groupadd.model.masking import Secret, masked, scrubbed
from groupadd.model.outcome import AddOutcome, ParticipantOutcome, Status
from groupadd.model.roster import Member, Roster
from groupadd.provider import ADDED, AddReply, Claim, Session

PHONE = "12025550100"
numbers = st.from_regex(r"[0-9]{5,20}", fullmatch=True)


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>40}".format, "%r".__mod__, ascii, lambda it: f"{[it]}"])
def test_no_way_of_printing_shows_a_secret(show: object) -> None:
    assert callable(show)
    assert "the-key" not in show(Secret("the-key"))


@pytest.mark.parametrize("store", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_not_stored(store: object) -> None:
    assert callable(store)
    with pytest.raises(TypeError, match="not copied or pickled"):
        store(Secret("the-key"))


def test_a_secret_within_a_text_is_one() -> None:
    bearer = Secret("the-key").within("Bearer {}")
    assert bearer.reveal() == "Bearer the-key"
    assert "the-key" not in repr(bearer)


def test_braces_in_a_text_around_a_secret_are_plain_text() -> None:
    message = Secret("https://chat.whatsapp.com/AbC").within("{hi} {} {0}: {link}", "{link}")
    assert message.reveal() == "{hi} {} {0}: https://chat.whatsapp.com/AbC"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("15550100", "+1555•••00"),
        ("+1 (202) 555-0100", "+1202•••00"),
        ("15550100@s.whatsapp.net", "+1555•••00@s.whatsapp.net"),
        ("120363000042@g.us", "1203•••42@g.us"),
        ("99988877766655@lid", "9998•••55@lid"),
        ("12345", "+1•••45"),
        ("Anna", "Anna"),
        ("1234", "1234"),
        ("https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv", "(not shown)"),
        ("AbCdEfGhIjKlMnOpQrStUv", "(not shown)"),
        ("me@15550100", "(not shown)"),
        ("1555@0100", "(not shown)"),
    ],
)
def test_a_name_is_shown_without_its_middle(name: str, shown: str) -> None:
    assert masked(name) == shown


@given(
    numbers,
    st.sampled_from(["", "+", "tel ", "\u0660"]),
    st.sampled_from(["", "@c.us", "@lid", "@g.us", "@", "@1", " x"]),
)
def test_masked_hides_at_least_two_digits_of_every_number(number: str, before: str, after: str) -> None:
    assert len(digits_of(masked(before + number + after))) <= len(number) + len(digits_of(before)) - 2


@given(st.text(), st.from_regex(r"[0-9]{7,15}", fullmatch=True), st.text())
def test_scrubbed_text_holds_no_whole_number(before: str, number: str, after: str) -> None:
    assert number not in scrubbed(f"{before} {number} {after}")


def test_scrubbed_text_holds_no_invite_link() -> None:
    assert "AbCdEf" not in scrubbed("sent https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv?mode=x instead")


def test_no_value_shows_a_whole_number_in_its_repr() -> None:
    person = parse_participants([f"+{PHONE}"])[0]
    by_lid = parse_participants([f"{PHONE}@lid"])[0]
    outcome = ParticipantOutcome(person.given, person.phone, person.id, Status.ADDED, provider_says=f"added {PHONE}")
    both = Identity(PHONE, PHONE)
    shown = [
        *(person, by_lid, outcome, both, GroupId(f"{PHONE}-1500000000@g.us"), Person.of(person), Member(PHONE, PHONE)),
        Roster((Member(PHONE),), me=both),
        AddReply([(both, Claim(ADDED, PHONE))], says=f"no such number: {PHONE}"),
        AddOutcome("main", "wasend", f"{PHONE}-1500000000@g.us", (outcome,)),
        Session(ready=True, says=PHONE, me=both),
    ]
    assert [value for value in shown if PHONE in repr(value) or PHONE in str(value)] == []


def test_a_password_makes_basic_auth_that_is_a_secret_too() -> None:
    header = Secret("the-password").basic("ann")
    assert header.reveal() == "Basic YW5uOnRoZS1wYXNzd29yZA=="
    assert "YW5u" not in repr(header) + str(header)
