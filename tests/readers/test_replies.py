"""What the four engines say of each person, in their own rows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given

from groupadd.model import codes
from groupadd.model.codes import Meaning
from groupadd.model.identity import Identity, identity
from groupadd.model.outcome import InviteState, Reason
from groupadd.provider import Claim
from groupadd.readers.engines import read_reply
from tests.support.json_values import json_values

PHONE, LID = "15550100", "99900011"
ANN, BOTH = Identity(PHONE), Identity(PHONE, LID)


def claims(data: object) -> list[tuple[Identity | None, Claim]]:
    reply = read_reply(data)
    if reply is None:
        return []
    return [(identity(who) if isinstance(who, str) else who, claim) for who, claim in reply.claims]


def baileys(status: object, jid: str = f"{PHONE}@s.whatsapp.net", **attrs: str) -> dict[str, object]:
    return {"status": status, "jid": jid, "content": {"tag": "participant", "attrs": attrs}}


@pytest.mark.parametrize(
    ("data", "who", "meaning", "says"),
    [
        ([baileys("200")], ANN, codes.ADDED, "200"),
        ([baileys("408")], ANN, codes.RECENTLY_LEFT, "408"),
        ([baileys(409)], ANN, codes.ALREADY_MEMBER, "409"),
        ([baileys("403", f"{LID}@lid", phone_number=f"{PHONE}@s.whatsapp.net")], BOTH, codes.PRIVACY, "403"),
        ([baileys("421", lid=f"{LID}@lid")], BOTH, codes.PENDING_APPROVAL, "421"),
        ([baileys("teapot")], ANN, codes.UNRECOGNISED, "teapot"),
        ([{"status": "200", "jid": f"{PHONE}@c.us"}], ANN, codes.ADDED, "200"),
        ([{"JID": f"{PHONE}@s.whatsapp.net", "Error": 0}], ANN, codes.ADDED, "0"),
        ([{"JID": f"{PHONE}@s.whatsapp.net", "IsAdmin": False}], ANN, codes.ADDED, "0"),
        ([{"jid": f"{PHONE}@s.whatsapp.net", "isAdmin": False, "error": 419}], ANN, codes.GROUP_FULL, "419"),
        ({"JID": f"{LID}@lid", "PhoneNumber": f"{PHONE}@s.whatsapp.net", "Error": 403}, BOTH, codes.PRIVACY, "403"),
        ([{"JID": f"{LID}@lid", "PhoneNumber": "", "Error": 500}], Identity(None, LID), codes.UNRECOGNISED, "500"),
        ({f"{PHONE}@c.us": {"code": 200, "message": "ok"}}, ANN, codes.ADDED, "200"),
        ({f"{PHONE}@c.us": {"code": 400, "message": "?"}}, ANN, codes.UNRECOGNISED, "400"),
        ({f"{PHONE}@c.us": {"code": 403, "isInviteV4Sent": False}}, ANN, codes.PRIVACY, "403"),
        ({f"{LID}@lid": {"code": 404}}, Identity(None, LID), codes.not_asked(Reason.NOT_ON_WHATSAPP), "404"),
        ({f"{PHONE}@c.us": {"wid": f"{PHONE}@c.us", "code": 404}}, ANN, codes.NOT_ON_WHATSAPP, "404"),
        ({f"{PHONE}@c.us": {"wid": f"{PHONE}@c.us", "code": 417}}, ANN, codes.COMMUNITY, "417"),
        ({f"{PHONE}@c.us": {"wid": {"_serialized": f"{LID}@lid"}, "code": 200}}, BOTH, codes.ADDED, "200"),
        ({f"{PHONE}@c.us": {"wid": {"$1": f"{LID}@lid"}, "code": 200}}, BOTH, codes.ADDED, "200"),
        ({f"{PHONE}@c.us": {"wid": {"user": LID, "server": "lid"}, "code": 200}}, BOTH, codes.ADDED, "200"),
    ],
)
def test_a_row_says_of_a_person(data: object, who: Identity, meaning: Meaning, says: str) -> None:
    ((named, claim),) = claims(data)
    assert named == who
    assert (claim.meaning, claim.says, claim.invite) == (meaning, says, None)


UNTIL = datetime(2026, 4, 9, 12, tzinfo=UTC)
OFFER = {"tag": "add_request", "attrs": {"code": "AbCdEfGhIj", "expiration": str(int(UNTIL.timestamp()))}}


@pytest.mark.parametrize(
    ("data", "until"),
    [
        ([{**baileys("403"), "content": {"attrs": {}, "content": [OFFER]}}], UNTIL),
        (
            [
                {
                    "JID": f"{PHONE}@c.us",
                    "Error": 403,
                    "AddRequest": {"Code": "AbCdEfGhIj", "Expiration": "2026-04-09T12:00:00Z"},
                }
            ],
            UNTIL,
        ),
        ([{"jid": f"{PHONE}@c.us", "error": 403, "addRequest": {"code": "AbCdEfGhIj", "expiration": "soon"}}], None),
        (
            {
                f"{PHONE}@c.us": {
                    "wid": None,
                    "code": 403,
                    "invite_code": "AbCdEfGhIj",
                    "invite_code_exp": int(UNTIL.timestamp()),
                }
            },
            UNTIL,
        ),
        ({f"{PHONE}@c.us": {"wid": None, "code": 403, "invite_code": "AbCdEfGhIj", "invite_code_exp": 10**20}}, None),
    ],
)
def test_an_offered_invitation_is_reported_without_its_code(data: object, until: datetime | None) -> None:
    ((_, claim),) = claims(data)
    assert claim.meaning == codes.PRIVACY
    assert claim.invite is not None
    assert (claim.invite.kind, claim.invite.state, claim.invite.expires_at) == ("personal", None, until)
    assert "AbCdEfGhIj" not in repr(claim)


def test_an_invitation_that_whatsapp_web_js_sent_makes_a_participant_invited() -> None:
    ((_, claim),) = claims({f"{PHONE}@c.us": {"code": 403, "isInviteV4Sent": True}})
    assert claim.meaning == codes.INVITED
    assert claim.invite is not None
    assert claim.invite.state is InviteState.SENT


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        [],
        {},
        "AddParticipantsError: x",
        {"ok": True},
        {"error": {"code": 500, "message": "x"}},
        {"jid": "1203630000@g.us", "Error": 0},
        {"jid": f"{PHONE}@c.us"},
        [f"{PHONE}@c.us"],
        [{"id": f"{PHONE}@c.us", "reason": "SUCCESS"}],
        {f"{PHONE}@c.us": {"code": 200}, "extra": 1},
    ],
)
def test_what_no_engine_says_is_not_read(data: object) -> None:
    assert claims(data) == []


def test_rows_that_cannot_be_read_leave_the_others_standing() -> None:
    assert [who for who, _ in claims([None, 5, {}, baileys("200"), baileys("200", "status@broadcast")])] == [ANN]


@given(json_values)
def test_no_answer_breaks_the_reader(data: object) -> None:
    claims(data)
    claims([{"jid": f"{PHONE}@c.us", "status": data, "Error": data, "content": data, "AddRequest": data}])
    claims([{**baileys("403"), "content": data}])
    claims({f"{PHONE}@c.us": {"code": data, "wid": data, "invite_code": data, "invite_code_exp": data}})
