"""Who is meant: parsing never crashes and never alters a digit, and a LID is never a phone."""

import re
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from groupadd.errors import InvalidGroup, InvalidParticipant
from groupadd.model.identity import (
    GroupId,
    Identity,
    Lookalikes,
    Participant,
    Person,
    alternates,
    identity,
    parse_participants,
    same_first,
)
from tests.support.json_values import json_values

numbers = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)


def parsed(given_: str) -> Participant:
    return parse_participants([given_])[0]


def faults(*people: object) -> dict[int, str]:
    with pytest.raises(InvalidParticipant) as caught:
        parse_participants(people)  # type: ignore[arg-type]  # wrong types are the point
    return caught.value.faults


def decimals(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def quoted(error: Exception) -> str:
    """Return the digits of the name that an error's text shows."""
    return decimals(str(error).partition("'")[2].partition("'")[0])


@given(numbers, st.data())
def test_every_usual_spelling_of_a_number_is_that_number(number: str, data: st.DataObject) -> None:
    marks = st.sampled_from(["", "", "", " ", "-", ".", "(", ") ", "\u2011", "\u00a0", "\u200e"])
    spelled = "".join(digit + data.draw(marks) for digit in number)
    assume("(0)" not in spelled)  # a trunk zero is refused
    assume(not re.search(r"^[^.]*\.0+\s*$|\d{7}[-\u2011]\d{1,3}\s*$", spelled.replace("\u200e", "")))  # and .0, and -12
    given_ = (
        data.draw(st.sampled_from(["", "+", " +", "\u202a+"])) + spelled + data.draw(st.sampled_from(["", "@c.us"]))
    )
    person = parsed(given_)
    assert (person.given, person.phone, person.lid, person.id) == (given_, number, None, f"{number}@s.whatsapp.net")


@given(
    st.text(
        st.characters(categories=["Nd", "Nl", "No", "Cf", "Zs", "P"]) | st.sampled_from("0123456789+@.us"), max_size=40
    )
)
@example("\u0661\u0665\u0665\u0665\u0660\u0661\u0660\u0660")
@example("15550100_1:12@C.US")
def test_parsing_never_crashes_and_never_alters_a_digit(text: str) -> None:
    try:
        person = parsed(text)
    except InvalidParticipant as error:
        shown = quoted(error)
        assert len(decimals(text)) < 5 or decimals(text) not in shown
    else:
        assert person.given == text
        assert decimals(text).startswith(person.phone or person.lid or "never")


@pytest.mark.parametrize("suffix", ["@c.us", "@s.whatsapp.net", "@S.WhatsApp.Net", "@hosted", ":12@c.us", "_1:12@c.us"])
def test_every_domain_of_phones_names_the_same_person(suffix: str) -> None:
    assert parsed(f"15550100{suffix}").id == "15550100@s.whatsapp.net"


@pytest.mark.parametrize("suffix", ["@lid", "@LID", "@hosted.lid", ":3@lid"])
def test_a_lid_is_no_phone(suffix: str) -> None:
    person = parsed(f"15550100{suffix}")
    assert (person.given, person.phone, person.lid) == (f"15550100{suffix}", None, "15550100")
    assert person.id == "15550100@lid"


@pytest.mark.parametrize("spelled", ["1.555.010.0", "+1-555-010-0", "+1 (555) 01-00", "+155501-00"])
def test_the_last_group_of_a_number_may_be_short(spelled: str) -> None:
    assert parsed(spelled).phone == "15550100"


def test_digits_of_any_script_are_read() -> None:
    assert parsed("+\u0661 \u0665\u0665\u0665 \uff10\uff11\uff10\uff10").phone == "15550100"


def test_people_and_groups_are_shown_masked() -> None:
    people = parsed("+1 202 555 0100"), parsed("999000111@lid"), GroupId.parse("1203630000@g.us")
    assert [str(one) for one in people] == ["+1202•••00@s.whatsapp.net", "9990•••11@lid", "1203•••00@g.us"]


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        (
            parsed("+1 202 555 0100"),
            "Participant(given='+1202•••00', phone='+1202•••00', lid=None, id='+1202•••00@s.whatsapp.net')",
        ),
        (
            parsed("999000111@lid"),
            "Participant(given='9990•••11@lid', phone=None, lid='9990•••11@lid', id='9990•••11@lid')",
        ),
        (Identity("12025550100"), "Identity(phone='+1202•••00', lid=None)"),
        (Identity(lid="999000111"), "Identity(phone=None, lid='9990•••11@lid')"),
        (GroupId("1203630000@g.us"), "GroupId(jid='1203•••00@g.us')"),
        (Person(frozenset({"12025550100"}), frozenset()), "Person(phones=<1>, lids=<0>)"),
    ],
)
def test_a_repr_shows_no_name_whole(named: object, shown: str) -> None:
    assert repr(named) == shown


@pytest.mark.parametrize(
    ("names", "jid"),
    [
        (Identity("15550100"), "15550100@s.whatsapp.net"),
        (Identity("15550100", "999000111"), "15550100@s.whatsapp.net"),
        (Identity(None, "999000111"), "999000111@lid"),
        (Identity(), None),
    ],
)
def test_a_person_is_called_by_phone_where_it_is_known_and_else_by_lid(names: Identity, jid: str | None) -> None:
    assert names.id == jid


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not a phone number or JID"),
        ("Anna", "is not a phone number or JID"),
        ("tel:+15550100", "is not a phone number or JID"),
        ("+1 555 FLOWERS", "is not a phone number or JID"),
        ("123456", "has 6 digits; a number with its country code has 7 to 15"),
        ("1234567890123456", "has 16 digits; a number with its country code has 7 to 15"),
        ("0015550100", "is not an international number; write + instead of 00"),
        ("020 7946 0958", "is not an international number; write the country code instead of the leading 0"),
        ("+44 (0)20 7946 0958", "holds a trunk zero; leave the (0) out"),
        ("15550100123.0", "is a decimal number; leave the .0 out and keep numbers as text"),
        ("+15550100123.00@c.us", "is a decimal number; leave the .0 out and keep numbers as text"),
        ("5550100/5550101", "holds a slash; name one number at a time"),
        ("1555010\n0123", "holds a line break; name one person at a time"),
        ("1555010\u20280123", "holds a line break; name one person at a time"),
        ("+1 5550100123-12", "ends in an extension; leave it out"),
        ("1203630000@g.us", "is a group, not a person"),
        ("15550100@broadcast", "is a broadcast list, not a person"),
        ("15550100@newsletter", "is a channel, not a person"),
        ("15550100@bot", "is a bot, not a person"),
        ("15550100@gmail.com", "is not a JID; write 15550100@s.whatsapp.net, @c.us or @lid"),
        ("15550100@", "is not a JID; write 15550100@s.whatsapp.net, @c.us or @lid"),
        ("x@lid", "is not a JID; write 15550100@s.whatsapp.net, @c.us or @lid"),
        (15550100, "expected text, got int"),
    ],
)
def test_a_participant_that_cannot_be_parsed_is_refused_with_the_reason(text: object, fault: str) -> None:
    fault_of_it = faults(text)[0]
    assert re.sub(r"^'.*' ", "", fault_of_it) == fault


def test_all_faults_are_raised_at_once_by_position() -> None:
    assert faults("+15550100", "Anna", 15550100, b"15550100", None).keys() == {1, 2, 3, 4}


def test_an_empty_list_and_a_single_text_are_refused() -> None:
    assert faults() == {0: "no participants are given"}
    with pytest.raises(InvalidParticipant) as caught:
        parse_participants("15550100")
    assert caught.value.faults == {0: "is one text, not a list of people; write [participant]"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["15550100@c.us"], Identity("15550100")),
        (["+15550100"], Identity("15550100")),
        (["15550100:3@s.whatsapp.net", "999000111@lid"], Identity("15550100", "999000111")),
        ([None, "", 5, "+43•••21", "999000111@LID"], Identity(None, "999000111")),
        (["15550100@c.us", "15550100@s.whatsapp.net"], Identity("15550100")),
        (["15550100@lid", "15550100"], Identity(None, "15550100")),  # bare digits that equal the LID are the LID
        (["15550100@lid", "15550100@c.us"], Identity("15550100", "15550100")),
        (["15550101@lid", "15550100"], Identity("15550100", "15550101")),
        (["2250707000102"], Identity("2250707000102")),
        (["12345678901234"], None),  # of 14 digits: a phone or a LID
        (["123456789012345"], None),
        (["12345678901234@c.us"], Identity("12345678901234")),
        (["12345678901234", "123456789012345@lid"], Identity(None, "123456789012345")),
        (["15550100@c.us", "15550101@c.us"], None),
        (["15550100@lid", "15550101@lid"], None),
        (["1203630000@g.us"], None),
        (["status@broadcast"], None),
        ([], None),
    ],
)
def test_a_providers_names_for_one_person_are_read(names: list[object], expected: Identity | None) -> None:
    assert identity(*names) == expected


@given(st.lists(json_values))
def test_whatever_a_provider_calls_a_person_nothing_breaks(names: list[object]) -> None:
    who = identity(*names)
    assert who is None or who.phone or who.lid


@pytest.mark.parametrize("text", ["1203630000@g.us", " 1203630000@G.US\n"])
def test_a_group_is_named_by_its_jid(text: str) -> None:
    assert GroupId.parse(text) == GroupId("1203630000@g.us")
    assert GroupId.parse("15550100-1500000000@g.us").jid == "15550100-1500000000@g.us"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1203630000", "is not the JID of a group, such as 1203630000@g.us; did you mean 1203•••00@g.us?"),
        ("15550100@c.us", "is not the JID of a group, such as 1203630000@g.us"),
        ("", "is not the JID of a group, such as 1203630000@g.us"),
        (
            "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv",
            "an invite link does not name a group; write its JID, such as 1203630000@g.us",
        ),
        (5, "a group is text such as 1203630000@g.us, not int"),
    ],
)
def test_what_names_no_group_is_refused(text: str, fault: str) -> None:
    with pytest.raises(InvalidGroup) as caught:
        GroupId.parse(text)
    assert re.sub(r"^'.*' ", "", str(caught.value)) == fault


@given(st.text(st.sampled_from("0123456789-@g.us x")))
def test_any_text_names_a_group_or_is_refused_without_showing_it_whole(text: str) -> None:
    try:
        assert GroupId.parse(text).jid == text.strip().lower()
    except InvalidGroup as error:
        shown = quoted(error)
        assert len(decimals(text)) < 5 or decimals(text) not in shown


@pytest.mark.parametrize(
    ("phone", "other"),
    [
        ("5511987654321", ["551187654321"]),
        ("551187654321", ["5511987654321"]),
        ("551132654321", []),  # a landline
        ("5511912345678", []),  # the digit after the 9 is none of an old mobile number's
        ("525512345678", ["5215512345678"]),
        ("5215512345678", ["525512345678"]),
        ("541123456789", ["5491123456789"]),
        ("5491123456789", ["541123456789"]),
        ("447400123456", []),
        ("12025550100", []),
        ("5201", []),
    ],
)
def test_only_three_countries_have_another_form(phone: str, other: list[str]) -> None:
    assert list(alternates(phone)) == other


@given(st.from_regex(r"5[245][0-9]{8,13}", fullmatch=True))
def test_the_other_form_of_the_other_form_is_the_number_itself(phone: str) -> None:
    assert all(alternates(other) == (phone,) for other in alternates(phone))


@given(numbers.filter(lambda number: number[:2] not in {"52", "54", "55"}))
def test_no_other_country_is_ever_rewritten(phone: str) -> None:
    assert alternates(phone) == ()


def test_a_person_gathers_names() -> None:
    person = Person.of(parsed("+55 11 98765-4321"))
    assert person.also(None) == person
    known = person.also(Identity("551187654321")).also(Identity(None, "999000111"))
    assert known == Person(frozenset({"5511987654321", "551187654321"}), frozenset({"999000111"}))


@pytest.mark.parametrize(
    ("phone", "others", "looks_alike"),
    [
        ("2290197000101", ["22997000101"], True),  # Benin
        ("2250707000102", ["22507000102"], True),  # Ivory Coast
        ("525512340103", ["5215512340103"], True),  # Mexico
        ("541155550104", ["5491155550104"], True),  # Argentina
        ("89120000104", ["79120000104"], True),  # Russia
        ("4901550000105", ["491550000105"], True),  # a trunk zero
        ("2025550100", ["12025550100"], True),  # the country code left out
        ("12025550100", ["12025550101", "5215512340103", "22997000101"], False),
        ("12025550100", ["13125550100"], False),  # another area: as long, and not the first digit alone
        ("12025550100", ["12025550100"], False),  # itself
        ("12025550100", [], False),
        ("12025550100", [None, "912025550100"], True),
        ("298123456", ["2980123456"], True),  # six digits in common
        ("298123456", ["298012456"], False),
    ],
)
def test_other_forms_of_a_number_end_alike_and_differ_in_length_or_first_digit(
    phone: str, others: list[str | None], looks_alike: bool
) -> None:
    assert Lookalikes.among(others).hold_another_form_of(phone) is looks_alike


@given(numbers)
def test_the_other_form_of_any_country_in_the_table_looks_alike(phone: str) -> None:
    assert all(Lookalikes.among([other]).hold_another_form_of(phone) for other in alternates(phone))


def test_a_repr_of_lookalikes_shows_no_number() -> None:
    assert repr(Lookalikes.among(["12025550100"])) == "Lookalikes(_by_end=<1 ends>)"


def test_a_person_named_by_lid_has_no_number() -> None:
    assert Person.of(parsed("999000111@lid")) == Person(frozenset(), frozenset({"999000111"}))


def test_the_same_person_is_the_one_named_first() -> None:
    people = parse_participants(["+1 555 0100", "15550100@lid", "15550100@c.us"])
    assert same_first(people) == {"15550100@s.whatsapp.net": people[0], "15550100@lid": people[1]}
