"""What an answer says as a whole, before anybody asks what it says of a person."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import engines, envelope, errors
from groupadd.codes import (
    ACCEPTED,
    ADDED,
    CONTRADICTION,
    NO_ANSWER,
    NOT_ALLOWED,
    NOT_MENTIONED,
    PRIVACY,
    RATE_LIMITED,
    UNREADABLE,
    Meaning,
)
from groupadd.engines import one_by_one as flows
from groupadd.errors import ProviderError, RateLimited
from groupadd.flow import Flow, NoAnswer, Request, Response
from groupadd.identity import Identity, Participant, parse_participants
from groupadd.outcome import Reason, Status
from groupadd.provider import AddReply, Claim
from tests.scripts import Answer, Script, lost, says
from tests.test_identity import json_values

REPLY = AddReply([("15550100@c.us", Claim(ADDED))])


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
def test_a_status_refuses_the_whole_request_or_does_not(response: Response, error: type[ProviderError] | None) -> None:
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
    assert envelope.listing(data).rows == [1, 2]


@pytest.mark.parametrize("data", [None, {}, "x", {"data": "x"}, {"data": {}}, {"rows": [1]}])
def test_an_answer_without_rows_is_unreadable(data: object) -> None:
    with pytest.raises(errors.AnswerLost):
        envelope.listing(data)


def test_rows_are_found_at_any_depth() -> None:
    data: object = [1]
    for _ in range(50_000):
        data = {"data": data}
    assert envelope.listing(data).rows == [1]


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
        with contextlib.suppress(ProviderError):
            reader(response)


ANN, BEN, CAT = parse_participants(["15550100", "15550101", "15550102"])


def one_by_one(*answers: Answer) -> tuple[list[tuple[str | Identity, Meaning]], int]:
    """Ask for Ann, Ben and Cat; returns what is claimed of each, and how many were asked for."""

    def ask(person: Participant) -> Flow[AddReply]:
        response = yield Request("POST", "/add", json={"id": person.id})
        return envelope.read_add(response, engines.read_reply)

    script = Script({"POST /add": answers})
    reply = script.run(flows.add([ANN, BEN, CAT], ask))
    assert reply.rest == NOT_MENTIONED
    return [(who, claim.meaning) for who, claim in reply.claims], len(script.requests)


def said(*rows: tuple[Participant, object]) -> Response:
    return says([{"jid": person.id, "status": status} for person, status in rows])


NAMES = [Identity(person.phone) for person in (ANN, BEN, CAT)]


def test_one_by_one_everyone_gets_the_claim_of_their_own_answer() -> None:
    told, asked = one_by_one(said((ANN, 200)), says({"ok": True}), Response(502))
    assert told == list(zip(NAMES, [ADDED, ACCEPTED, NO_ANSWER], strict=True))
    assert asked == 3


@pytest.mark.parametrize(
    ("refusal", "meaning"),
    [
        (says({}, 429), RATE_LIMITED),
        (says({}, 403), NOT_ALLOWED),
        (lost(maybe_sent=False), Meaning(Status.NOT_ADDED, Reason.NO_ANSWER)),
    ],
)
def test_one_by_one_a_refusal_half_way_is_the_reason_of_all_who_are_left(refusal: Answer, meaning: Meaning) -> None:
    told, asked = one_by_one(said((ANN, 200)), refusal)
    assert told == list(zip(NAMES, [ADDED, meaning, meaning], strict=True))
    assert asked == 2


@pytest.mark.parametrize(("refusal", "error"), [(says({}, 429), RateLimited), (lost(maybe_sent=False), NoAnswer)])
def test_one_by_one_a_refusal_at_the_start_is_an_error(refusal: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        one_by_one(refusal)


def test_one_by_one_a_lost_answer_leaves_that_person_open_and_the_next_is_asked_for() -> None:
    told, _ = one_by_one(lost(), said((BEN, 403)), said((CAT, 200)))
    assert told == list(zip(NAMES, [NO_ANSWER, PRIVACY, ADDED], strict=True))


def test_one_by_one_a_claim_of_somebody_else_is_not_taken_for_the_one_asked_for() -> None:
    told, _ = one_by_one(said((BEN, 409), (ANN, 403)), said((BEN, 409)), said((CAT, 200)))
    assert [meaning for who, meaning in told if who == NAMES[0]] == [PRIVACY]


def test_who_is_said_to_be_added_under_an_error_is_a_contradiction_and_a_refusal_stays() -> None:
    added, refused = Claim(ADDED, "200"), Claim(PRIVACY, "403")
    reply = AddReply([("15550100@c.us", added), ("15550101@c.us", refused)])
    told = envelope.read_add(Response(200, b'{"success": false, "error": "boom"}'), lambda _: reply)
    assert [claim.meaning for _, claim in told.claims] == [CONTRADICTION, PRIVACY]
    assert envelope.read_add(Response(200, b'{"error": null}'), lambda _: reply) is reply
