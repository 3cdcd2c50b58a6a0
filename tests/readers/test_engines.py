"""Rosters of every engine's shape, the rows that are no members, and the frames of refusals."""

import pytest
from hypothesis import given

from groupadd import errors
from groupadd.errors import AnswerLost, ProviderError
from groupadd.model.identity import GroupId, Person
from groupadd.model.roster import Member, Proof, Roster
from groupadd.readers import engines, roster
from tests.support.json_values import json_values
from tests.support.scripts import says

GROUP = GroupId("1203630000@g.us")

PHONE, LID = "15550100", "99900011"


def read_roster(answer: object, group: GroupId) -> Roster:
    return roster.read_roster(says(answer), group, at="participants", proves=Proof.BOTH)


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
        ({"id": {"$1": f"{PHONE}@c.us"}, "isAdmin": False}, Member(PHONE, None, "member")),
        ({"id": {"user": LID, "server": "lid"}, "isAdmin": False}, Member(None, LID, "member")),
        ({"server": "c.us", "user": PHONE, "_serialized": f"{PHONE}@c.us"}, Member(PHONE)),
        ({"server": "c.us", "user": PHONE, "$1": f"{PHONE}@c.us"}, Member(PHONE)),
        ({"server": "lid", "user": LID}, Member(None, LID)),
        (
            {"jid": f"{LID}@lid", "phone_number": LID, "lid": f"{LID}@lid", "is_admin": False},
            Member(None, LID, "member"),
        ),
        ({"jid": f"{LID}@lid", "phone_number": LID, "lid": ""}, Member(None, LID)),
        ({"jid": f"{LID}@lid", "phone_number": PHONE, "lid": f"{LID}@lid"}, Member(PHONE, LID)),
        ({"JID": f"{LID}@lid", "PhoneNumber": LID, "LID": ""}, Member(None, LID)),
        ({"id": f"{LID}@lid", "pn": LID, "role": "participant"}, Member(None, LID, "member")),
        ({"id": f"{PHONE}@hosted", "rank": "member"}, Member(PHONE, None, "member")),
        ({"id": f"{LID}:99@hosted.lid", "role": "participant"}, Member(None, LID, "member")),
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


UNKNOWN_NAMES = [
    {"id": "ann.lee@username", "role": "participant"},
    {"jid": "123456789012345", "phone_number": ""},  # a LID's digits without its domain, or no number plan's
    {"id": "+43•••21", "admin": None},
    {"id": {"user": "ann", "server": "interop"}, "isAdmin": False},
    "ann@msgr",
]


@pytest.mark.parametrize("row", UNKNOWN_NAMES)
def test_a_row_of_an_unknown_kind_of_name_keeps_every_absence_unproven(row: object) -> None:
    roster = read_roster([{"id": "15550101@c.us", "lid": "99900012@lid"}, row], GROUP)
    assert roster.observation(Person(frozenset({PHONE}), frozenset({LID}))).member is None
    assert roster.observation(Person(frozenset({"15550101"}), frozenset())).member is True


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


FRAMES: list[tuple[str, type[ProviderError]]] = [
    ("info query returned status 400: bad-request", errors.RequestRefused),
    ("info query returned status 401: not-authorized", errors.NotAllowed),
    ("info query returned status 403: forbidden", errors.NotAllowed),
    ("info query returned status 404: item-not-found", errors.GroupNotFound),
    ("info query returned status 419: resource-limit", errors.RequestRefused),
    ("info query returned status 423: locked", errors.RequestRefused),
    ("info query returned status 429: rate-overlimit", errors.RateLimited),
    ("2 UNKNOWN: info query returned status 403: forbidden", errors.NotAllowed),
    ("2 UNKNOWN: that group does not exist", errors.GroupNotFound),
    ("you're not participating in that group", errors.NotAllowed),
    ("2 UNKNOWN: server returned error 463", errors.RequestRefused),
    ("forbidden", errors.NotAllowed),
    ("Error: item-not-found", errors.GroupNotFound),
    ("Error: locked", errors.RequestRefused),
    ("Error: rate-overlimit\n", errors.RateLimited),
]


@pytest.mark.parametrize(("exception", "error"), FRAMES)
def test_a_refusal_stands_in_the_engines_own_frame(exception: str, error: type[ProviderError]) -> None:
    with pytest.raises(error) as caught:
        engines.raise_if_refused(exception)
    assert (type(caught.value), caught.value.maybe_applied) == (error, False)


@pytest.mark.parametrize(
    "exception",
    [
        "database is locked",
        "database is locked (5) (SQLITE_BUSY)",
        "2 UNKNOWN: failed to fetch LID mappings: database is locked",
        "failed to save group: database table is locked: groups",
        "EACCES: permission denied, open '/app/.sessions/forbidden.json'",
        "connect to db.internal: forbidden by pg_hba.conf",
        "the page is gone",
        "Error: not-allowed-here",
        "a request that is forbidden",
        "expected group name 'bad-request' to be free",
        "failed to send usync query: info query returned status 404: item-not-found",
        "info query returned status 500: internal-server-error",
        "info query timed out",
        "Timed Out",
        "Connection Closed",
        "",
    ],
)
def test_a_word_within_other_text_is_no_refusal(exception: str) -> None:
    engines.raise_if_refused(exception)


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        ("no LID found for 15550100@s.whatsapp.net from server", errors.ProviderFailed),
        ("2 UNKNOWN: no LID found for 15550100@s.whatsapp.net from server", errors.ProviderFailed),
        (
            "failed to get privacy token for participant 15550100@s.whatsapp.net: database is locked (5) (SQLITE_BUSY)",
            errors.ProviderFailed,
        ),
        ("2 UNKNOWN: failed to get privacy token for participant 9@lid: context canceled", errors.ProviderFailed),
        ("failed to get phone number for LID 99900011@lid: no rows\nin result set", errors.ProviderFailed),
        (
            "failed to get privacy token for participant 9@lid: info query returned status 403: forbidden",
            errors.ProviderFailed,
        ),
        (
            "failed to get privacy token for participant 9@lid: info query returned status 429: rate-overlimit",
            errors.RateLimited,
        ),
    ],
)
def test_what_fails_before_the_request_is_sent_is_no_refusal_of_anybody(
    exception: str, error: type[ProviderError]
) -> None:
    with pytest.raises(error) as caught:
        engines.raise_if_refused(exception)
    assert (type(caught.value), caught.value.maybe_applied) == (error, False)
    assert "15550100" not in str(caught.value)
