"""Wawp's wire format: what is sent wherever the credentials go, and what every known variant of an answer comes to."""

from collections.abc import Callable, Generator, Mapping
from typing import Literal, TypeAlias

import pytest

from groupadd import errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, Reason, Status
from groupadd.provider import Secret, Session
from groupadd.providers.wawp import Wawp
from groupadd.settings import AddSettings
from groupadd.wire.messages import Request, Response
from tests.support.scripts import (
    GROUP,
    WAWP,
    WAWP_ADD,
    WAWP_CHECK,
    WAWP_LID,
    WAWP_SESSION,
    Script,
    lost,
    revealed,
    says,
)

PHONE = "15550100"
ANN, BY_LID = parse_participants([f"+{PHONE}", "99900011@lid"])
WHERE = GroupId(GROUP)
Asking: TypeAlias = Callable[[Wawp], Generator[Request, Response, object]]

POSTS: list[tuple[str, Asking, Mapping[str, str], dict[str, object]]] = [
    (
        "/v2/groups/{group}/participants/add",
        lambda wawp: wawp.add_participants(WHERE, [ANN, BY_LID], notify=None),
        {"group": GROUP},
        {"id": GROUP, "participants": [{"id": f"{PHONE}@c.us"}, {"id": "99900011@lid"}]},
    ),
    (
        "/v2/send/text",
        lambda wawp: wawp.send_text(ANN, Secret("hello")),
        {},
        {"chatId": f"{PHONE}@c.us", "message": "hello"},
    ),
    ("/v2/session/info", lambda wawp: wawp.session(), {}, {}),
]
GETS: list[tuple[str, Asking, Mapping[str, str], dict[str, str]]] = [
    ("/v2/groups/{group}/participants", lambda wawp: wawp.list_participants(WHERE), {"group": GROUP}, {}),
    ("/v2/groups/{group}/invite-code", lambda wawp: wawp.invite_link(WHERE), {"group": GROUP}, {}),
    ("/v2/contacts/check-exists", lambda wawp: wawp.check_number(PHONE), {}, {"phone": PHONE}),
    ("/v2/lids/pn/{number}", lambda wawp: wawp.resolve_lids([PHONE]), {"number": PHONE}, {}),
]
INSTANCE, TOKEN = {"instance_id": "i1"}, {"access_token": "the-token"}
HEADER = {"access-token": "the-token"}
Place: TypeAlias = Literal["body", "query", "header"]


@pytest.mark.parametrize(
    ("place", "query", "headers", "body"),
    [("body", {}, {}, INSTANCE | TOKEN), ("query", INSTANCE | TOKEN, {}, {}), ("header", {}, HEADER, INSTANCE)],
)
@pytest.mark.parametrize(("path", "ask", "params", "content"), POSTS)
def test_what_a_post_sends(
    path: str,
    ask: Asking,
    params: Mapping[str, str],
    content: dict[str, object],
    place: Place,
    query: dict[str, str],
    headers: dict[str, str],
    body: dict[str, object],
) -> None:
    request = next(ask(Wawp("i1", Secret("the-token"), place)))
    assert (str(request), request.params) == (f"POST {path}", params)
    assert revealed(request.query) == query
    assert revealed(request.headers) == headers
    assert revealed(request.json) == body | content
    assert request.repeatable is (path == "/v2/session/info")
    assert "the-token" not in repr(request)


@pytest.mark.parametrize(
    ("place", "query", "headers"),
    [("body", INSTANCE | TOKEN, {}), ("query", INSTANCE | TOKEN, {}), ("header", INSTANCE, HEADER)],
)
@pytest.mark.parametrize(("path", "ask", "params", "asked"), GETS)
def test_what_a_get_sends(
    path: str,
    ask: Asking,
    params: Mapping[str, str],
    asked: dict[str, str],
    place: Place,
    query: dict[str, str],
    headers: dict[str, str],
) -> None:
    request = next(ask(Wawp("i1", Secret("the-token"), place)))
    assert (str(request), request.params) == (f"GET {path}", params)
    assert revealed(request.query) == query | asked
    assert revealed(request.headers) == headers
    assert request.json is None
    assert request.repeatable


NOT_CHECKED = (Status.UNKNOWN, Reason.NOT_CHECKED, Evidence.NONE)
UNREADABLE = (Status.UNKNOWN, Reason.UNREADABLE_ANSWER, Evidence.NONE)
NO_ANSWER = (Status.UNKNOWN, Reason.NO_ANSWER, Evidence.NONE)


@pytest.mark.parametrize(
    ("answer", "verdict", "word"),
    [
        # 3. and 4. the documented answer, and its relatives
        (says({"ok": True}), NOT_CHECKED, None),
        (says({"ok": True}, 201), NOT_CHECKED, None),
        (says({"ok": "true"}), NOT_CHECKED, None),
        (says({"success": 1}), NOT_CHECKED, None),
        (says({"result": True, "message_id": "m1"}), NOT_CHECKED, None),
        # 5. an error that is worth another try is a lost answer
        (says({"wawp_upstream_error": {"message": "x"}}), NO_ANSWER, "wawp_upstream_error"),
        (says({"code": "wawp_upstream_error", "message": "x"}), NO_ANSWER, "wawp_upstream_error"),
        (says({"code": "wawp_upstream_error", "message": "x"}, 500), NO_ANSWER, "wawp_upstream_error"),
        (says({"code": "wawp_upstream_error", "message": "x"}, 409), NO_ANSWER, "wawp_upstream_error"),
        (says({}, 499), NO_ANSWER, "499"),
        # 6. and 7. next to nothing, and what is not JSON
        (Response(200), NOT_CHECKED, None),
        (Response(204), NOT_CHECKED, None),
        (says(None), NOT_CHECKED, None),
        (says(True), NOT_CHECKED, None),
        (Response(200, b"<html>login</html>"), UNREADABLE, None),
        (Response(200, b"<?xml version='1.0'?><error/>"), UNREADABLE, None),
        (Response(200, b"Missing parameter"), UNREADABLE, None),
        (Response(200, b'\xef\xbb\xbf{"ok": true}'), NOT_CHECKED, None),
        (says({"ok": None}), UNREADABLE, None),
        (says({}), UNREADABLE, None),
        (Response(301), UNREADABLE, "301"),
        # 8. errors of 5xx
        (says({"status": 500, "message": "x", "error": "x"}, 500), NO_ANSWER, "500"),
        (Response(504, b"<html>"), NO_ANSWER, "504"),
        (lost(), NO_ANSWER, None),
        # 10. to 12. what WAHA says underneath
        (says([{"JID": f"{PHONE}@s.whatsapp.net", "Error": 0}], 201), (Status.ADDED, None, Evidence.REPORTED), "0"),
        (
            says({"JID": "9900011@lid", "PhoneNumber": f"{PHONE}@s.whatsapp.net", "Error": 403}),
            *((Status.NOT_ADDED, Reason.PRIVACY, Evidence.REPORTED), "403"),
        ),
        (
            says([{"status": "409", "jid": f"{PHONE}@s.whatsapp.net"}]),
            *((Status.ALREADY_MEMBER, None, Evidence.REPORTED), "409"),
        ),
        (
            says({f"{PHONE}@c.us": {"code": 404, "message": "x", "isInviteV4Sent": False}}),
            *((Status.UNKNOWN, Reason.NOT_ON_WHATSAPP, Evidence.NONE), "404"),
        ),
        (
            says({f"{PHONE}@c.us": {"code": 403, "message": "x", "isInviteV4Sent": True}}),
            *((Status.INVITED, Reason.PRIVACY, Evidence.REPORTED), "403"),
        ),
    ],
)
def test_an_answer_comes_to(
    answer: Response, verdict: tuple[Status, Reason | None, Evidence], word: str | None
) -> None:
    (person,) = Script({WAWP_ADD: [answer]}).run(add(ProviderSession(WAWP), WHERE, [ANN], AddSettings(verify="never")))
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


def test_other_peoples_rows_say_nothing_of_the_participant() -> None:
    rows = [{"status": "200", "jid": jid} for jid in ("15550101@c.us", "15550102@c.us")]
    script = Script({WAWP_ADD: [says(rows)], WAWP_CHECK: [says({})]})
    (person,) = script.run(add(ProviderSession(WAWP), WHERE, [ANN], AddSettings(verify="never")))
    assert (person.status, person.reason) == (Status.UNKNOWN, Reason.NOT_MENTIONED)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({"ok": False}), errors.RequestRefused),
        (says({"ok": False, "error": "x"}), errors.RequestRefused),
        (says({"ok": True, "error": "x"}), errors.RequestRefused),
        (says({"status": False, "message": "x"}), errors.RequestRefused),
        (says({"status": "error", "message": "x"}), errors.RequestRefused),
        (
            says({"code": "rest_no_route", "message": "x", "data": {"status": 404, "details": []}}),
            errors.RequestRefused,
        ),
        (says({"error": {"message": "x", "code": 5}}), errors.RequestRefused),
        (says({"status": 400, "message": "x", "error": "x"}, 400), errors.RequestRefused),
        (Response(400, b"<error/>"), errors.RequestRefused),
        (Response(400, b"Missing parameter"), errors.RequestRefused),
        (says({"message": "Missing access_token"}, 401), errors.NotAuthenticated),
        (says({"message": "not an admin"}, 403), errors.NotAllowed),
        (says({"code": "invalid_session", "message": "scan"}, 404), errors.SessionNotReady),
        (says({"message": "x"}, 404), errors.GroupNotFound),
        (Response(405, b"<html><center>nginx</center></html>"), errors.WrongAddress),
        (says({"code": "rest_no_route", "message": "x", "data": {"status": 404}}, 404), errors.WrongAddress),
        (Response(301, headers={"location": "https://api.wawp.net/"}), errors.WrongAddress),
        (says({"message": "x"}, 422), errors.RequestRefused),
        (says({"message": "x"}, 429), errors.RateLimited),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_comes_to(answer: Response, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        Script({WAWP_ADD: [answer]}).run(add(ProviderSession(WAWP), WHERE, [ANN], AddSettings(verify="never")))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("answer", "lids"),
    [
        (says({"lid": "99900011@lid", "number": PHONE}), {PHONE: "99900011"}),
        (says({"lid": "99900011@lid", "pn": f"{PHONE}@c.us"}), {PHONE: "99900011"}),
        (says({"lid": None, "number": PHONE}), {}),
        (says({"lid": f"{PHONE}@c.us"}), {}),
        (says({}), {}),
        (says([]), {}),
    ],
)
def test_a_lid_is_read_and_a_phone_is_none(answer: Response, lids: dict[str, str]) -> None:
    assert Script({WAWP_LID: [answer]}).run(WAWP.resolve_lids([PHONE])) == lids


WORKING = says({"name": "wawp-1", "status": "WORKING", "config": {}, "me": {"id": f"{PHONE}@c.us", "pushName": "Ann"}})


@pytest.mark.parametrize("refused", [None, 404, 405])
def test_the_session_is_read_by_post_and_where_that_is_refused_by_get(refused: int | None) -> None:
    answers = {WAWP_SESSION: [WORKING]}
    if refused:
        answers = {WAWP_SESSION: [says({}, refused)], "GET /v2/session/info": [WORKING]}
    assert Script(answers).run(WAWP.session()) == Session(True, "WORKING", Identity(PHONE))
