"""Rosters of every engine's shape, and the rows that are no members."""

import pytest
from hypothesis import given

from groupadd.errors import AnswerLost
from groupadd.model.identity import GroupId
from groupadd.model.roster import Member, Roster
from groupadd.readers import engines
from tests.support.json_values import json_values
from tests.support.scripts import says

GROUP = GroupId("1203630000@g.us")

PHONE, LID = "15550100", "99900011"


def read_roster(answer: object, group: GroupId) -> Roster:
    return engines.read_roster(says(answer), group, at="participants")


@pytest.mark.parametrize(
    ("row", "member"),
    [
        (f"{PHONE}@c.us", Member(PHONE)),
        ({"id": f"{PHONE}@c.us", "role": "participant"}, Member(PHONE, None, "member")),
        ({"id": f"{LID}@lid", "pn": f"{PHONE}@c.us", "role": "admin"}, Member(PHONE, LID, "admin")),
        ({"id": f"{LID}@lid", "pn": None, "role": "superadmin"}, Member(None, LID, "superadmin")),
        ({"id": f"{LID}@lid", "phoneNumber": f"{PHONE}@s.whatsapp.net", "admin": None}, Member(PHONE, LID, "member")),
        (
            {"id": f"{PHONE}@s.whatsapp.net", "lid": f"{LID}@lid", "admin": "superadmin"},
            Member(PHONE, LID, "superadmin"),
        ),
        (
            {
                "JID": f"{LID}@lid",
                "PhoneNumber": f"{PHONE}@s.whatsapp.net",
                "LID": f"{LID}@lid",
                "IsAdmin": False,
                "Error": 0,
            },
            Member(PHONE, LID, "member"),
        ),
        (
            {"JID": f"{LID}@lid", "PhoneNumber": "", "IsAdmin": True, "IsSuperAdmin": True},
            Member(None, LID, "superadmin"),
        ),
        ({"jid": f"{PHONE}@s.whatsapp.net", "phoneNumber": f"+{PHONE}", "isAdmin": True}, Member(PHONE, None, "admin")),
        ({"id": {"_serialized": f"{PHONE}@c.us"}, "isAdmin": False}, Member(PHONE, None, "member")),
        ({"id": {"_serialized": f"{LID}@lid"}, "isSuperAdmin": True}, Member(None, LID, "superadmin")),
        ({"id": f"{PHONE}@c.us", "rank": "creator"}, Member(PHONE, None, "superadmin")),
        ({"id": f"{PHONE}@c.us", "lid": LID}, Member(PHONE, LID)),
        ({"lid": PHONE}, Member(None, PHONE)),
        ({"id": "+43•••21"}, Member()),
        ({"id": f"{PHONE}@c.us", "phone": "15550101"}, Member()),
        ({"id": f"{PHONE}@c.us", "error": "0"}, Member(PHONE)),
    ],
)
def test_a_row_is_a_member(row: object, member: Member) -> None:
    roster = read_roster([row], GROUP)
    assert roster.members == (member,)
    assert roster.unread_rows == 0


@pytest.mark.parametrize(
    "row",
    [
        {"id": PHONE, "role": "left"},
        {"id": PHONE, "role": "LEFT"},
        {"JID": PHONE, "Error": 403},
        {"jid": PHONE, "error": 408},
    ],
)
def test_who_has_left_or_was_refused_is_no_member_and_leaves_the_roster_complete(row: object) -> None:
    roster = read_roster([{"id": "15550101@c.us"}, row], GROUP)
    assert roster.members == (Member("15550101"),)
    assert roster.complete


@pytest.mark.parametrize("row", [None, 5, [], {}, {"name": "Ann"}, {"id": None}, {"id": ""}, {"id": {"user": PHONE}}])
def test_a_row_without_a_name_leaves_the_roster_incomplete(row: object) -> None:
    roster = read_roster([{"id": "15550101@c.us"}, row], GROUP)
    assert roster.unread_rows == 1
    assert not roster.complete


@pytest.mark.parametrize(("size", "complete"), [(1, True), (2, False), (None, True), (True, True), ("2", True)])
def test_the_size_counts_where_it_is_a_number(size: object, complete: bool) -> None:
    assert read_roster({"participants": [f"{PHONE}@c.us"], "size": size}, GROUP).complete is complete


@given(json_values)
def test_whatever_a_row_is_nothing_breaks(row: object) -> None:
    named = {"id": row, "lid": row, "role": row, "isAdmin": row, "admin": row, "error": row}
    assert len(read_roster([row, named], GROUP).members) <= 2


@pytest.mark.parametrize(
    "page",
    [
        {"total": 3},
        {"count": 3},
        {"hasMore": True},
        {"next_cursor": "c"},
        {"page": 1, "pages": 2},
        {"participantCount": 3},
    ],
)
def test_a_page_of_a_roster_is_not_the_whole_of_it(page: dict[str, object]) -> None:
    rows = [f"{PHONE}@c.us", "15550101@c.us"]
    assert not read_roster({**page, "participants": rows}, GROUP).complete
    assert not read_roster({"success": True, "data": {**page, "participants": rows}}, GROUP).complete


def test_a_row_that_stands_twice_does_not_make_up_for_one_that_is_missing() -> None:
    rows = [f"{PHONE}@c.us", "15550101@c.us", "15550101@c.us"]
    assert not read_roster({"participants": rows, "size": 3}, GROUP).complete


def test_the_roster_of_another_group_is_none() -> None:
    with pytest.raises(AnswerLost):
        read_roster({"id": "120363999999@g.us", "participants": [f"{PHONE}@c.us"]}, GROUP)


@pytest.mark.parametrize(
    "word", [{"role": "pending"}, {"role": "removed"}, {"error": {}}, {"error": "odd"}, {"error": 500}]
)
def test_an_ambiguous_word_proves_neither_presence_nor_absence(word: dict[str, object]) -> None:
    roster = read_roster([f"{PHONE}@c.us", {"id": "15550101@c.us", **word}], GROUP)
    assert (roster.members, roster.complete) == ((Member(PHONE),), False)
