"""Wasend's wire format: what is sent, and what every known variant of an answer comes to."""

from collections.abc import Generator

import pytest

from groupadd import errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, Reason, Status
from groupadd.model.roster import Member
from groupadd.provider import NumberCheck, Secret, Session
from groupadd.settings import AddSettings
from groupadd.wire.messages import Request, Response
from tests.support.scripts import GROUP, WASEND, WASEND_ADD, WASEND_LIST, WASEND_SESSION, Script, revealed, says

PHONE, OTHER = "15550100", "15550101"
ANN, BY_LID = parse_participants([f"+{PHONE}", "99900011@lid"])
WHERE = GroupId(GROUP)


@pytest.mark.parametrize(
    ("flow", "line", "group", "query", "body"),
    [
        (
            WASEND.add_participants(WHERE, [ANN, BY_LID], notify=None),
            *("POST /{session}/groups/{group}/participants/add", GROUP, {}),
            {"participants": [f"+{PHONE}", "99900011@lid"]},
        ),
        (
            WASEND.add_participants(WHERE, [ANN], notify=False),
            *("POST /{session}/groups/{group}/participants/add", GROUP, {}),
            {"participants": [f"+{PHONE}"], "notify": False},
        ),
        (WASEND.list_participants(WHERE), "GET /{session}/groups/{group}/participants", GROUP, {}, None),
        (WASEND.invite_link(WHERE), "GET /{session}/groups/{group}/invite-code", GROUP, {}, None),
        (
            WASEND.send_text(ANN, Secret("hello")),
            *("POST /sendText", "", {}),
            {"session": "s1", "to": f"+{PHONE}", "text": "hello"},
        ),
        (
            WASEND.check_number(PHONE),
            *("GET /contacts/check-exists", "", {"session": "s1", "phone": PHONE}, None),
        ),
        (WASEND.session(), "GET /sessions/{session}", "", {}, None),
    ],
)
def test_what_is_sent(
    flow: Generator[Request, Response, object],
    line: str,
    group: str,
    query: dict[str, str],
    body: dict[str, object] | None,
) -> None:
    request = next(flow)
    assert str(request) == line
    assert request.params == {"session": "s1", "group": group}
    assert request.query == query
    assert revealed(request.headers) == {"Authorization": "Bearer the-key"}
    assert revealed(request.json) == body
    assert request.repeatable is line.startswith("GET")
    assert "the-key" not in repr(WASEND) + repr(request)


def data(*, added: object = None, failed: object = None, **wrapping: object) -> Response:
    return says({"success": True, "data": {"added": added, "failed": failed}, **wrapping})


def row(reason: object = None, name: str = f"{PHONE}@s.whatsapp.net") -> list[object]:
    return [{"id": name, "reason": reason}]


ADDED = (Status.ADDED, None, Evidence.REPORTED)
ALREADY = (Status.ALREADY_MEMBER, None, Evidence.REPORTED)


def out(reason: Reason) -> tuple[Status, Reason, Evidence]:
    return Status.NOT_ADDED, reason, Evidence.REPORTED


def unknown(reason: Reason) -> tuple[Status, Reason, Evidence]:
    return Status.UNKNOWN, reason, Evidence.NONE


@pytest.mark.parametrize(
    ("answer", "verdict", "word"),
    [
        # 1. the documented envelope, whole and in part
        (data(added=row("SUCCESS"), failed=[]), ADDED, "SUCCESS"),
        (data(added=row("success"), failed=None), ADDED, "success"),
        (data(added=row(None)), ADDED, None),
        (data(added=[f"{PHONE}@c.us"]), ADDED, None),
        (data(added=row("SUCCESS", f"+{PHONE}")), ADDED, "SUCCESS"),
        (data(added=row("SUCCESS", f"{PHONE}:7@s.whatsapp.net")), ADDED, "SUCCESS"),
        (says({"success": True, "data": {"added": row("SUCCESS")}}), ADDED, "SUCCESS"),
        (says({"success": True, "added": row("SUCCESS"), "failed": []}), ADDED, "SUCCESS"),
        (data(failed=row("ALREADY_IN_GROUP")), ALREADY, "ALREADY_IN_GROUP"),
        (data(failed=row("NOT_FOUND")), out(Reason.NOT_ON_WHATSAPP), "NOT_FOUND"),
        (data(failed=row("not_found")), out(Reason.NOT_ON_WHATSAPP), "not_found"),
        (data(failed=row("403")), out(Reason.PRIVACY), "403"),
        (data(failed=row(408)), out(Reason.RECENTLY_LEFT), "408"),
        (data(failed=row(409)), ALREADY, "409"),
        (data(failed=row("NOT_ADMIN")), unknown(Reason.UNRECOGNISED), "NOT_ADMIN"),
        (data(failed=row(None)), unknown(Reason.REFUSED), None),
        (data(failed=[PHONE]), unknown(Reason.REFUSED), None),
        (data(failed=row("SUCCESS")), unknown(Reason.CONTRADICTION), "SUCCESS"),
        (data(added=row("NOT_FOUND")), unknown(Reason.CONTRADICTION), "NOT_FOUND"),
        (data(added=row("SUCCESS"), failed=row("NOT_FOUND")), unknown(Reason.CONTRADICTION), "SUCCESS, NOT_FOUND"),
        (data(added=[], failed=[]), unknown(Reason.NOT_MENTIONED), None),
        (data(added=row("SUCCESS", f"{OTHER}@c.us")), ADDED, "SUCCESS"),  # one asked for, one row: theirs
        (data(added=row("SUCCESS", f"{PHONE}@lid")), ADDED, "SUCCESS"),
        (data(added=[None, 5, {}]), unknown(Reason.NOT_MENTIONED), None),
        (says({"success": True, "data": {}}), unknown(Reason.NOT_CHECKED), None),
        (says({"success": True, "data": None}), unknown(Reason.NOT_CHECKED), None),
        (says({"success": True, "data": {"added": "all"}}), unknown(Reason.NOT_CHECKED), None),
        # 2. a failure that still speaks of people
        (data(added=row("SUCCESS"), success=False), ADDED, "SUCCESS"),
        (data(failed=row("NOT_FOUND"), success=False, error="x"), out(Reason.NOT_ON_WHATSAPP), "NOT_FOUND"),
        # 3. accepted, and no more
        (says({"ok": True}), unknown(Reason.NOT_CHECKED), None),
        (says({"ok": "true"}), unknown(Reason.NOT_CHECKED), None),
        (says({"success": 1}), unknown(Reason.NOT_CHECKED), None),
        # 4. the legacy of others
        (says({"result": True, "message_id": "m1"}), unknown(Reason.NOT_CHECKED), None),
        # 6. next to nothing
        (Response(200), unknown(Reason.NOT_CHECKED), None),
        (Response(201), unknown(Reason.NOT_CHECKED), None),
        (Response(204), unknown(Reason.NOT_CHECKED), None),
        (says(True), unknown(Reason.NOT_CHECKED), None),
        (says(None), unknown(Reason.NOT_CHECKED), None),
        (says([]), unknown(Reason.NOT_CHECKED), None),
        # 7. what is not JSON, or not as it says
        (Response(200, b"<html>login</html>"), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b"<?xml version='1.0'?><ok/>"), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b"OK"), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b'{"success": tr'), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b'\xef\xbb\xbf{"success": true}'), unknown(Reason.NOT_CHECKED), None),
        (Response(302, b"<html>"), unknown(Reason.UNREADABLE_ANSWER), "302"),
        (Response(502, b"<html>Bad Gateway</html>"), unknown(Reason.NO_ANSWER), "502"),
        (Response(503), unknown(Reason.NO_ANSWER), "503"),
        # 8. errors of 5xx, in all their shapes
        (
            says({"statusCode": 500, "exception": {"message": "server returned error 403"}}, 500),
            unknown(Reason.NO_ANSWER),
            "500",
        ),
        (says({"success": True, "data": {"added": row("SUCCESS")}}, 500), unknown(Reason.NO_ANSWER), "500"),
        (says({"error": "timeout"}, 408), unknown(Reason.NO_ANSWER), "408"),
        # 9. a word that we do not know is kept as it is
        (data(failed=row("Kein Anschluss")), unknown(Reason.UNRECOGNISED), "Kein Anschluss"),
        # 10. to 12. any engine's own rows, wrapped or bare
        (says([{"JID": f"{PHONE}@s.whatsapp.net", "Error": 0}]), ADDED, "0"),
        (says({"success": True, "data": [{"jid": f"{PHONE}@s.whatsapp.net", "isAdmin": False}]}), ADDED, "0"),
        (says({"JID": "9@lid", "PhoneNumber": f"{PHONE}@s.whatsapp.net", "Error": 403}), out(Reason.PRIVACY), "403"),
        (says([{"status": "408", "jid": f"{PHONE}@s.whatsapp.net"}]), out(Reason.RECENTLY_LEFT), "408"),
        (says({f"{PHONE}@c.us": {"code": 200, "message": "x"}}), ADDED, "200"),
        (says("AddParticipantsError: x"), unknown(Reason.UNREADABLE_ANSWER), None),
        # 13. codes that mean nothing of a person
        (says([{"JID": f"{PHONE}@s.whatsapp.net", "Error": 500}]), unknown(Reason.UNRECOGNISED), "500"),
        (says({f"{PHONE}@c.us": {"code": 400, "message": "x"}}), unknown(Reason.UNRECOGNISED), "400"),
    ],
)
def test_an_answer_comes_to(
    answer: Response, verdict: tuple[Status, Reason | None, Evidence], word: str | None
) -> None:
    (person,) = Script({WASEND_ADD: [answer]}).run(
        add(ProviderSession(WASEND), WHERE, [ANN], AddSettings(verify="never"))
    )
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


@pytest.mark.parametrize(
    ("answer", "error", "maybe_applied"),
    [
        (says({"success": False, "error": "x"}), errors.RequestRefused, True),
        (says({"success": False, "message": "x"}), errors.RequestRefused, True),
        (data(added=[], failed=[], success=False, error="x"), errors.RequestRefused, True),
        (says({"ok": False}), errors.RequestRefused, True),
        (says({"status": "error"}), errors.RequestRefused, True),
        (says({"code": "x", "message": "y"}), errors.RequestRefused, True),
        (says({"error": {"code": 1, "message": "x"}}), errors.RequestRefused, True),
        (says({"message": ["x"], "statusCode": 400, "error": "Bad Request"}, 400), errors.RequestRefused, False),
        (Response(400, b"participants: required"), errors.RequestRefused, False),
        (says({"status": 401, "message": "x", "error": "x"}, 401), errors.NotAuthenticated, False),
        (says({"message": "x"}, 403), errors.NotAllowed, False),
        (says({"message": "x"}, 404), errors.GroupNotFound, False),
        (Response(403, b"<html>Cloudflare</html>"), errors.WrongAddress, False),
        (
            says({"message": "Cannot POST /s1/groups", "error": "Not Found", "statusCode": 404}, 404),
            errors.WrongAddress,
            False,
        ),
        (Response(308, headers={"location": "https://api.wasend.dev/"}), errors.WrongAddress, False),
        (says({"status": "STOPPED", "expected": ["WORKING"]}, 422), errors.SessionNotReady, False),
        (says({"message": "x"}, 422), errors.RequestRefused, False),
        (says({"message": "x"}, 429), errors.RateLimited, False),
    ],
)
def test_a_refusal_comes_to(answer: Response, error: type[errors.ProviderError], maybe_applied: bool) -> None:
    with pytest.raises(error) as caught:
        Script({WASEND_ADD: [answer]}).run(add(ProviderSession(WASEND), WHERE, [ANN], AddSettings()))
    assert type(caught.value) is error
    assert caught.value.maybe_applied is maybe_applied


@pytest.mark.parametrize(
    "answer",
    [
        says({"success": True, "participants": [{"jid": f"{PHONE}@s.whatsapp.net", "isAdmin": True}], "error": None}),
        says([{"jid": f"{PHONE}@s.whatsapp.net", "phoneNumber": f"+{PHONE}", "isAdmin": True, "isSuperAdmin": False}]),
        says({"data": {"participants": [{"JID": f"{PHONE}@s.whatsapp.net", "IsAdmin": True}]}}),
    ],
)
def test_members_are_read_wrapped_or_bare(answer: Response) -> None:
    assert Script({WASEND_LIST: [answer]}).run(WASEND.list_participants(WHERE)).members == (
        Member(PHONE, None, "admin"),
    )


@pytest.mark.parametrize(
    ("answer", "session"),
    [
        (
            says({"uniqueSessionId": "s1", "phoneNumber": f"+{PHONE}", "status": "WORKING"}),
            Session(True, "WORKING", Identity(PHONE)),
        ),
        (says({"status": "stopped", "phoneNumber": None}), Session(False, "stopped")),
        (says({"status": "DANCING"}), Session(None, "DANCING")),
        (
            says({"status": "WORKING", "me": {"id": f"{PHONE}@c.us", "lid": "9900011@lid"}}),
            Session(True, "WORKING", Identity(PHONE, "9900011")),
        ),
    ],
)
def test_the_session_is_read(answer: Response, session: Session) -> None:
    assert Script({WASEND_SESSION: [answer]}).run(WASEND.session()) == session


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (
            says({"exists": True, "phone": PHONE, "jid": f"{OTHER}@s.whatsapp.net"}),
            NumberCheck(True, Identity(OTHER)),
        ),
        (says({"exists": True, "phone": PHONE}), NumberCheck(exists=True)),
        (says({"exists": True}), NumberCheck(exists=True)),
        (says({"numberExists": True, "chatId": "9900011@lid"}), NumberCheck(True, Identity(None, "9900011"))),
        (says({"exists": False, "phone": PHONE}), NumberCheck(exists=False)),
        (says({"numberExists": False}), NumberCheck(exists=False)),
    ],
)
def test_a_number_check_is_read(answer: Response, check: NumberCheck) -> None:
    assert Script({"GET /contacts/check-exists": [answer]}).run(WASEND.check_number(PHONE)) == check


@pytest.mark.parametrize("answer", [says({}), says({"exists": "yes"}), Response(200, b"<html>")])
def test_a_number_check_that_cannot_be_read_says_neither_yes_nor_no(answer: Response) -> None:
    with pytest.raises(errors.AnswerLost):
        Script({"GET /contacts/check-exists": [answer]}).run(WASEND.check_number(PHONE))
