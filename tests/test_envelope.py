"""What an answer says as a whole, before anybody asks what it says of a person."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import envelope, errors
from groupadd.codes import ACCEPTED, ADDED, NO_ANSWER, UNREADABLE
from groupadd.errors import GroupAddError, ProviderError, RateLimited
from groupadd.flow import Response
from groupadd.provider import AddReply, Claim, Identity
from tests.scripts import says
from tests.test_identity import json_values

REPLY = AddReply([Claim(Identity("15550100"), ADDED)])


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (says({}, 200), None),
        (says({}, 201), None),
        (says({}, 302), None),
        (says({}, 400), errors.RequestRefused),
        (says({}, 401), errors.NotAuthenticated),
        (says({}, 403), errors.NotAllowed),
        (says({}, 404), errors.GroupNotFound),
        (says({}, 408), None),
        (says({}, 422), errors.RequestRefused),
        (says({}, 429), errors.RateLimited),
        (says({}, 500), None),
        (says({}, 503), None),
        (says({"code": "invalid_session", "message": "scan"}, 404), errors.SessionNotReady),
        (says({"status": "STARTING", "expected": ["WORKING"]}, 422), errors.SessionNotReady),
        (Response(401, b"<html>login</html>"), errors.NotAuthenticated),
    ],
)
def test_a_status_refuses_the_whole_request_or_does_not(
    response: Response, error: type[ProviderError] | None
) -> None:
    refused = envelope.refusal(response)
    assert (None if refused is None else type(refused)) is error
    assert refused is None or refused.maybe_applied is False


@pytest.mark.parametrize(("headers", "wait_s"), [({}, None), ({"retry_after": "30"}, 30.0)])
def test_a_429_says_how_long_to_wait_where_it_is_told(headers: dict[str, str], wait_s: float | None) -> None:
    refused = envelope.refusal(says({}, 429, **headers))
    assert isinstance(refused, RateLimited)
    assert refused.retry_after_s == wait_s


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
def test_an_answer_that_speaks_of_nobody_accepts_refuses_or_says_nothing(data: object, accepted: bool | None) -> None:
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
    assert envelope.read_add(says({"success": False, "error": "partial"}), lambda _: REPLY) is REPLY


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
    assert envelope.rows(data) == [1, 2]


@pytest.mark.parametrize("data", [None, {}, "x", {"data": "x"}, {"data": {}}, {"rows": [1]}])
def test_an_answer_without_rows_is_unreadable(data: object) -> None:
    with pytest.raises(errors.AnswerLost):
        envelope.rows(data)


def test_rows_are_found_at_any_depth() -> None:
    data: object = [1]
    for _ in range(50_000):
        data = {"data": data}
    assert envelope.rows(data) == [1]


CODE = "AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    "body",
    [
        CODE,
        json.dumps(CODE),
        json.dumps(f"https://chat.whatsapp.com/{CODE}"),
        json.dumps({"success": True, "inviteCode": CODE}),
        json.dumps({"code": CODE}),
        json.dumps({"data": {"inviteLink": f"https://chat.whatsapp.com/{CODE}?mode=ac"}}),
        json.dumps({"result": f"chat.whatsapp.com/invite/{CODE}"}),
    ],
)
def test_an_invite_code_is_found_however_it_is_wrapped(body: str) -> None:
    assert envelope.read_invite(Response(200, body.encode())).reveal() == f"https://chat.whatsapp.com/{CODE}"


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
        envelope.read_invite(response)


@given(json_values, st.integers(100, 599))
def test_any_answer_is_read_or_is_an_error_of_ours(data: object, status: int) -> None:
    response = says(data, status)
    for reader in (envelope.read, envelope.read_invite, lambda it: envelope.read_add(it, lambda _: None)):
        try:
            reader(response)
        except GroupAddError as error:
            assert isinstance(error, ProviderError)
