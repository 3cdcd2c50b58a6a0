"""The smaller questions: what vendors answer alike is read alike, and what none of them says is unreadable."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given

from groupadd.errors import AnswerLost, ProviderError, RequestRefused
from groupadd.model.identity import Identity
from groupadd.provider import NumberCheck, SentMessage, Session
from groupadd.readers import common, group_info
from groupadd.wire.messages import Response
from tests.support.json_values import json_values
from tests.support.scripts import says

PHONE, LID = "15550100", "99900011"
CHAT = f"{PHONE}@c.us"
WID = {"server": "c.us", "user": PHONE, "_serialized": CHAT}
STATES = {"open": True, "WORKING": True, "close": False}


@pytest.mark.parametrize(
    "answer",
    [
        {"numberExists": True, "chatId": f"{PHONE}@c.us"},
        {"exists": True, "jid": f"{PHONE}@s.whatsapp.net", "phone": "another spelling"},
        [{"exists": True, "jid": f"{PHONE}@s.whatsapp.net", "number": "15550199"}],
        {"status": "success", "response": {"numberExists": True, "id": WID}},
        {"status": "success", "response": {"numberExists": True, "id": {**WID, "_serialized": None, "$1": CHAT}}},
        {"status": "success", "response": {"numberExists": True, "id": {"server": "c.us", "user": PHONE}}},
        {"contacts": [{"input": "x", "status": "valid", "wa_id": PHONE}]},
        {"existsWhatsapp": True, "chatId": f"{PHONE}@c.us"},
    ],
)
def test_a_number_that_is_on_whatsapp_has_an_account(answer: object) -> None:
    assert common.read_number(says(answer)) == NumberCheck(exists=True, account=Identity(PHONE))


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "SUCCESS", "message": "x", "results": {"is_on_whatsapp": True}},
        {"success": True, "data": {"exists": True, "phone": f"+{PHONE}"}},
        [{"exists": True, "number": PHONE}],
        {"contacts": [{"input": PHONE, "status": "valid"}]},
    ],
)
def test_an_answer_that_repeats_the_number_names_no_account(answer: object) -> None:
    assert common.read_number(says(answer)) == NumberCheck(exists=True)


@pytest.mark.parametrize(
    "answer",
    [
        {"numberExists": False},
        [{"exists": False, "jid": f"{PHONE}@s.whatsapp.net"}],
        {"results": {"is_on_whatsapp": False}},
        {"contacts": [{"status": "invalid"}]},
        {"existsWhatsapp": False},
    ],
)
def test_a_number_that_is_not_on_whatsapp_has_no_account(answer: object) -> None:
    assert common.read_number(says(answer)) == NumberCheck(exists=False)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"id": "m1"}, "m1"),
        ({"id": {"_serialized": "m1"}}, "m1"),
        ({"id": {"$1": "m1"}}, "m1"),
        ({"id": {"fromMe": True, "id": "m1"}}, "m1"),
        ({"id": {"fromMe": True, "id": "m1", "_serialized": "true_m1"}}, "true_m1"),
        ({"key": {"id": "m1"}, "message": {"id": "m2"}}, "m1"),
        ({"sent": True, "message": {"id": "m1"}}, "m1"),
        ({"code": "SUCCESS", "results": {"message_id": "m1"}}, "m1"),
        ({"status": "success", "response": [{"id": "m1"}]}, "m1"),
        ({"idMessage": "m1"}, "m1"),
        ({"sent": True}, None),
        ({"success": True, "data": {}}, None),
        ({"status": "success", "response": []}, None),
    ],
)
def test_a_message_has_an_id_or_was_at_least_accepted(answer: object, message: str | None) -> None:
    assert common.read_sent_message(says(answer)) == SentMessage(message)


KEY = f"true_{CHAT}_3EB0C0FFEE"
OTHER = "15550199"


@pytest.mark.parametrize(
    ("answer", "recipient"),
    [
        ({"key": {"remoteJid": f"{PHONE}@s.whatsapp.net", "id": "m1"}, "message": {}}, Identity(PHONE)),  # Evolution
        ({"id": {"fromMe": True, "remote": CHAT, "id": "m1", "_serialized": KEY}}, Identity(PHONE)),  # WEBJS
        ({"id": {"remote": WID, "id": "m1", "$1": KEY}, "to": f"{OTHER}@c.us"}, Identity(PHONE)),
        ({"id": KEY}, Identity(PHONE)),  # WAHA's other engines, Wawp, WPPConnect
        ({"id": KEY, "chatId": f"{OTHER}@c.us"}, Identity(PHONE)),
        ({"id": f"true_{LID}@lid_3EB0C0FFEE"}, Identity(lid=LID)),
        ({"id": "m1", "to": f"+{PHONE}", "sender": OTHER}, Identity(PHONE)),  # Wasend
        ({"status": "success", "response": [{"id": "m1", "to": WID}]}, Identity(PHONE)),  # WPPConnect
        ({"sent": True, "message": {"id": "m1", "chat_id": f"{PHONE}@s.whatsapp.net"}}, Identity(PHONE)),  # Whapi
        ({"idMessage": "m1"}, None),  # GREEN-API
        ({"id": "false_x", "to": "1203630000@g.us"}, None),
    ],
)
def test_a_message_names_its_recipient_first_in_its_key(answer: object, recipient: Identity | None) -> None:
    assert common.read_sent_message(says(answer)).recipient == recipient


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        ({"lid": f"{LID}@lid", "pn": f"{PHONE}@c.us"}, Identity(None, LID)),
        ({"lid": {"_serialized": f"{LID}@lid"}}, Identity(None, LID)),
        ({"lid": {"$1": f"{LID}@lid"}}, Identity(None, LID)),
        ({"lid": {"user": LID, "server": "lid"}}, Identity(None, LID)),
        ({"lid": f"{PHONE}@c.us"}, None),
        ({"lid": PHONE}, None),
        ({"lid": None}, None),
        ({}, None),
    ],
)
def test_a_lid_is_read_and_a_phone_in_its_place_is_none(answer: object, who: Identity | None) -> None:
    assert common.read_lid(says(answer)) == who


@pytest.mark.parametrize("wrapping", [lambda rows: rows, lambda rows: {"data": rows}, lambda rows: {"results": rows}])
def test_people_are_named_under_the_vendors_own_keys(wrapping: Callable[[object], object]) -> None:
    rows = [{"who": f"{LID}@lid", "pn": PHONE, "id": "15550199"}, {"who": PHONE}, {"id": PHONE}, None, "x"]
    assert common.read_people(says(wrapping(rows)), "who", "pn", at="results") == (
        Identity(PHONE, LID),
        Identity(PHONE),
    )


@pytest.mark.parametrize(
    ("answer", "session"),
    [
        ({"status": "WORKING", "me": {"id": f"{PHONE}@c.us", "lid": f"{LID}@lid"}}, (True, Identity(PHONE, LID))),
        ({"status": "working", "phoneNumber": f"+{PHONE}"}, (True, Identity(PHONE))),
        ({"status": {"code": 4, "text": "open"}, "user": {"id": PHONE}}, (True, Identity(PHONE))),
        ({"stateInstance": "close", "phone": "", "deviceId": f"{PHONE}:8@s.whatsapp.net"}, (False, Identity(PHONE))),
        ({"instance": {"state": "dancing"}}, (None, None)),
    ],
)
def test_a_session_has_a_state_and_perhaps_an_account(
    answer: object, session: tuple[bool | None, Identity | None]
) -> None:
    read = common.read_session(says(answer), STATES)
    assert (read.ready, read.me) == session


def test_the_word_for_a_state_stays_the_vendors() -> None:
    assert common.read_session(says({"status": "Open"}), STATES) == Session(True, "Open")


def test_a_no_with_a_word_that_is_no_state_is_a_refusal() -> None:
    with pytest.raises(RequestRefused):
        common.read_session(says({"status": False, "message": "your key has expired"}), STATES)


OF_ONE_RECORD: list[Callable[[Response], object]] = [
    common.read_number,
    common.read_sent_message,
    lambda response: common.read_session(response, STATES),
    group_info.read_info,
]
OF_MANY: list[Callable[[Response], object]] = [lambda response: common.read_people(response, "id", at="")]


@pytest.mark.parametrize("read", OF_ONE_RECORD + OF_MANY)
@pytest.mark.parametrize("answer", [{"hello": 1}, "x", {"data": {"data": 5}}])
def test_a_shape_that_no_vendor_has_is_unreadable(read: Callable[[Response], object], answer: object) -> None:
    with pytest.raises(AnswerLost):
        read(says(answer))


@pytest.mark.parametrize("read", OF_ONE_RECORD)
def test_several_records_in_the_place_of_one_are_unreadable(read: Callable[[Response], object]) -> None:
    record = {"id": "m1", "status": "open", "exists": True, "jid": PHONE, "size": 3}
    assert read(says([record]))
    with pytest.raises(AnswerLost):
        read(says([record, record]))


@given(json_values)
def test_any_answer_is_read_or_is_an_error_of_ours(data: object) -> None:
    for read in (*OF_ONE_RECORD, *OF_MANY, common.read_lid):
        with contextlib.suppress(ProviderError):
            read(says(data))
