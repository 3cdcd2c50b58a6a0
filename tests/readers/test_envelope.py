"""What an answer says as a whole, before anybody asks what it says of a person."""

import contextlib
import json
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import errors
from groupadd.errors import ProviderError, RateLimited
from groupadd.model.codes import ACCEPTED, ADDED, CONTRADICTION, NO_ANSWER, PRIVACY, UNREADABLE
from groupadd.provider import AddReply, Claim
from groupadd.readers import envelope, status_errors
from groupadd.wire.messages import Response
from tests.support.json_values import json_values
from tests.support.scripts import says

REPLY = AddReply([("15550100@c.us", Claim(ADDED))])


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (says({}, 200), None),
        (says({}, 201), None),
        (says({}, 302), None),
        (says({}, 308, location="https://elsewhere.example"), errors.WrongAddress),
        (says({}, 400), errors.RequestRefused),
        (says({}, 401), errors.NotAuthenticated),
        (says({}, 403), errors.NotAllowed),
        (says({}, 404), errors.GroupNotFound),
        (says({}, 408), None),
        (says({}, 422), errors.RequestRefused),
        (says({}, 429), errors.RateLimited),
        (says({}, 500), None),
        (says({}, 503), None),
        (Response(401, b"<html>login</html>"), errors.NotAuthenticated),
    ],
)
def test_a_status_refuses_the_whole_request_or_does_not(response: Response, error: type[ProviderError] | None) -> None:
    refused = status_errors.error_for_status(response)
    assert (None if refused is None else type(refused)) is error
    assert refused is None or refused.maybe_applied is False


@pytest.mark.parametrize(("headers", "wait_s"), [({}, None), ({"retry_after": "30"}, 30.0)])
def test_a_429_says_how_long_to_wait_where_a_header_has_it(headers: dict[str, str], wait_s: float | None) -> None:
    refused = status_errors.error_for_status(says({}, 429, **headers))
    assert isinstance(refused, RateLimited)
    assert refused.retry_after_s == wait_s


VENDORS = (
    status_errors.Refusal(400, errors.SessionNotReady, words=r"not (?:linked|authorized)"),
    status_errors.Refusal(400, errors.NotAllowed, "only admins may"),
    status_errors.Refusal(501, errors.RequestRefused, "the engine cannot do this"),
)


@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        (Response(400, b"instance is NOT linked"), errors.SessionNotReady, "the provider's WhatsApp session is down"),
        (says({"message": "x"}, 400), errors.NotAllowed, "only admins may (400)"),
        (Response(501), errors.RequestRefused, "the engine cannot do this (501)"),
    ],
)
def test_a_vendor_may_refuse_in_a_way_of_its_own(response: Response, error: type[ProviderError], text: str) -> None:
    with pytest.raises(error) as caught:
        status_errors.raise_for_refusals(response, VENDORS)
    assert str(caught.value).startswith(text)
    assert not caught.value.maybe_applied


@pytest.mark.parametrize("response", [Response(200, b"not linked"), Response(401), Response(500, b"only admins may")])
def test_an_answer_that_is_none_of_a_vendors_refusals_is_believed(response: Response) -> None:
    assert status_errors.raise_for_refusals(response, VENDORS) is response


@pytest.mark.parametrize(
    ("data", "record"),
    [
        ({"a": 1}, {"a": 1}),
        ([{"a": 1}], {"a": 1}),
        ({"status": "success", "response": {"a": 1}}, {"a": 1}),
        ({"data": {"results": [{"a": 1}]}}, {"a": 1}),
        ({"data": "x", "a": 1}, {"data": "x", "a": 1}),
        ({"data": [{"a": 1}, {"a": 2}]}, {}),
        ([], {}),
        ("x", {}),
        (None, {}),
    ],
)
def test_the_one_record_is_found_however_it_is_wrapped(data: object, record: object) -> None:
    assert envelope.record(data) == record


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        (None, True),
        (True, True),
        ([], True),
        (False, False),
        ({"ok": True}, True),
        ({"ok": 1}, True),
        ({"success": "true"}, True),
        ({"success": "OK"}, True),
        ({"result": True, "message_id": "m1"}, True),
        ({"status": "success"}, True),
        ({"error": None, "success": True}, True),
        ({"ok": False}, False),
        ({"ok": 0}, False),
        ({"success": "false"}, False),
        ({"status": False}, False),
        ({"status": "error"}, False),
        ({"ok": True, "error": "x"}, False),
        ({"ok": True, "success": False}, False),
        ({"error": {"code": 500, "message": "x"}}, False),
        ({"code": "x", "message": "y"}, False),
        ({"statusCode": 400, "message": ["x"], "error": "Bad Request"}, False),
        ({}, None),
        ({"code": 200}, None),
        ({"status": 200}, None),
        ({"ok": None}, None),
        ({"ok": {"ok": True}}, None),
        ([1], None),
        ("ok", None),
        (1, None),
        (0, None),
    ],
)
def test_an_answer_without_participants_accepts_refuses_or_says_nothing(data: object, accepted: bool | None) -> None:
    assert envelope.accepts(data) is accepted


@pytest.mark.parametrize(
    ("response", "rest", "word"),
    [
        (says({"ok": True}), ACCEPTED, None),
        (Response(200), ACCEPTED, None),
        (Response(204), ACCEPTED, None),
        (says({"hello": 1}), UNREADABLE, None),
        (Response(200, b"<html>"), UNREADABLE, None),
        (Response(302, b"<html>"), UNREADABLE, "302"),
        (Response(500, b"<html>"), NO_ANSWER, "500"),
        (says({"ok": True}, 503), NO_ANSWER, "503"),
        (says({"error": "timeout"}, 408), NO_ANSWER, "408"),
    ],
)
def test_what_the_answer_to_an_add_means_for_everyone(response: Response, rest: object, word: str | None) -> None:
    assert envelope.read_add(response, lambda _: None) == AddReply(rest=rest, says=word)  # type: ignore[arg-type]


def test_what_is_said_of_a_person_counts_more_than_the_envelope() -> None:
    assert envelope.read_add(says({"success": False}), lambda _: REPLY) is REPLY


def test_a_plain_refusal_under_2xx_is_an_error_that_may_have_left_traces() -> None:
    with pytest.raises(errors.RequestRefused) as caught:
        envelope.read_add(says({"ok": False, "error": "no session 15550100"}), lambda _: None)
    assert caught.value.maybe_applied
    assert "15550100" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        [1, 2],
        {"data": [1, 2]},
        {"participants": [1, 2]},
        {"data": {"participants": [1, 2]}},
        {"success": True, "info": {"participants": [1, 2]}, "error": None},
    ],
)
def test_rows_are_found_however_they_are_wrapped(data: object) -> None:
    assert envelope.listing(data, at="").rows == [1, 2]


@pytest.mark.parametrize(
    ("data", "at"),
    [
        ([1], ""),
        ({"participants": [1]}, "participants"),
        ({"results": {"data": [2], "participants": [1]}, "data": [2]}, "results.participants"),
        ({"applications": [1], "data": [2]}, "applications"),
    ],
)
def test_the_documented_place_comes_first(data: object, at: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert envelope.listing(data, at=at).rows == [1]
    assert not caplog.records


def test_a_list_that_only_a_guess_finds_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert envelope.listing({"data": {"participants": [1]}}, at="participants").rows == [1]
    (record,) = caplog.records
    assert (record.levelname, "at 'data.participants' instead of 'participants'" in record.message) == ("DEBUG", True)


@pytest.mark.parametrize("data", [None, {}, "x", {"data": "x"}, {"data": {}}, {"rows": [1]}])
def test_an_answer_without_rows_is_unreadable(data: object) -> None:
    with pytest.raises(errors.AnswerLost):
        envelope.listing(data, at="participants")


def test_rows_are_found_at_any_depth() -> None:
    data: object = [1]
    for _ in range(50_000):
        data = {"data": data}
    assert envelope.listing(data, at="").rows == [1]


CODE = "AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    "body",
    [
        CODE,
        json.dumps(CODE),
        json.dumps(f"https://chat.whatsapp.com/{CODE}"),
        json.dumps(f"chat.whatsapp.com/invite/{CODE}"),
        json.dumps({"success": True, "inviteCode": CODE}),
        json.dumps({"data": {"inviteLink": f"https://chat.whatsapp.com/{CODE}?mode=ac"}}),
        json.dumps(
            {"code": "SUCCESS", "message": "x", "results": {"invite_link": f"https://chat.whatsapp.com/{CODE}"}}
        ),
        json.dumps(
            {"groupId": "x", "participants": [{"id": "x"}], "groupInviteLink": f"https://chat.whatsapp.com/{CODE}"}
        ),
    ],
)
def test_an_invite_code_is_found_however_it_is_wrapped(body: str) -> None:
    assert envelope.read_invite(Response(200, body.encode()), at="").reveal() == f"https://chat.whatsapp.com/{CODE}"


def test_an_invite_link_is_read_from_its_documented_place() -> None:
    link = envelope.read_invite(says({"data": {"link": f"https://chat.whatsapp.com/{CODE}"}}), at="data.link")
    assert link.reveal() == f"https://chat.whatsapp.com/{CODE}"


@pytest.mark.parametrize(
    "response",
    [
        Response(200),
        Response(200, b"<html>login</html>"),
        Response(200, b"https://evil.example/AbCdEfGhIjKlMnOpQrStUv"),
        says([CODE]),
        says({"inviteCode": None}),
        says({"code": 5}),
        Response(500),
        says({"success": False, "inviteCode": CODE}),
        says({}, 403),
    ],
)
def test_an_answer_without_an_invite_code_is_an_error(response: Response) -> None:
    with pytest.raises(ProviderError):
        envelope.read_invite(response, at="inviteCode")


@given(json_values, st.integers(100, 599))
def test_any_answer_is_read_or_is_an_error_of_ours(data: object, status: int) -> None:
    response = says(data, status)
    readers: list[Callable[[Response], object]] = [
        envelope.read,
        lambda it: envelope.read_invite(it, at="data.link"),
        lambda it: envelope.read_add(it, lambda _: None),
    ]
    for reader in readers:
        with contextlib.suppress(ProviderError):
            reader(response)


def test_an_added_claim_under_an_error_is_a_contradiction_and_a_refusal_stays() -> None:
    added, refused = Claim(ADDED, "200"), Claim(PRIVACY, "403")
    reply = AddReply([("15550100@c.us", added), ("15550101@c.us", refused)])
    read = envelope.read_add(Response(200, b'{"success": false, "error": "boom"}'), lambda _: reply)
    assert [claim.meaning for _, claim in read.claims] == [CONTRADICTION, PRIVACY]
    assert envelope.read_add(Response(200, b'{"error": null}'), lambda _: reply) is reply
