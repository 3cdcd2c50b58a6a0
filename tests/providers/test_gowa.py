"""GOWA's wire format: what is sent, what every known variant of an answer comes to, and its traps."""

from base64 import b64decode
from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

import pytest
from attrs import evolve

from groupadd import Client, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, Participant, parse_participants
from groupadd.model.outcome import Evidence, Invite, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupInfo, Member, Proof, Secret, Session
from groupadd.providers.gowa import Gowa
from groupadd.sandbox import Sandbox, World
from groupadd.sandbox.example import GROUP as EXAMPLE
from groupadd.settings import AddSettings
from groupadd.wire.messages import Request, Response
from tests.support.example import ADA, CLEO, DAN, EVE, verdicts
from tests.support.example import BEN as MEMBER
from tests.support.scripts import GROUP, Script, lost, revealed, says

PHONE, OTHER = "15550100", "15550101"
ANN, BEN, BY_LID = parse_participants([f"+{PHONE}", OTHER, "99900011@lid"])
WHERE = GroupId(GROUP)
BASE = "http://gowa.invalid"
GOWA = Gowa(BASE, "ann", Secret("the-password"), "d1")
ADD, LIST, CHECK = "POST /group/participants", "GET /group/participants", "GET /user/check"
REQUESTS, INVITE, SEND = "GET /group/participant-requests", "GET /group/invite-link", "POST /send/message"
INFO, STATUS = "GET /group/info", "GET /app/status"
NEVER = AddSettings(verify="never")
Asking: TypeAlias = Generator[Request, Response, object]


def wrapped(results: object, code: str = "SUCCESS", status: int = 200) -> Response:
    return says({"code": code, "message": "x", "results": results}, status)


def row(status: object, name: str = f"{PHONE}@s.whatsapp.net") -> dict[str, object]:
    return {"participant": name, "status": status, "message": "x"}


STRANGER = wrapped(None, "INVALID_JID", 400)
SESSION_DOWN = wrapped(None, "AUTHENTICATION_ERROR", 401)
YES, NO = wrapped({"is_on_whatsapp": True}), wrapped({"is_on_whatsapp": False})


@pytest.mark.parametrize(
    ("flow", "line", "query", "body"),
    [
        (
            GOWA.add_participants(WHERE, [ANN, BEN], notify=None),
            *(ADD, {}, {"group_id": GROUP, "participants": [PHONE, OTHER]}),
        ),
        (GOWA.list_participants(WHERE), LIST, {"group_id": GROUP}, None),
        (GOWA.group_info(WHERE), INFO, {"group_id": GROUP}, None),
        (GOWA.join_requests(WHERE), REQUESTS, {"group_id": GROUP}, None),
        (GOWA.invite_link(WHERE), INVITE, {"group_id": GROUP}, None),
        (GOWA.send_text(ANN, Secret("hello")), SEND, {}, {"phone": f"{PHONE}@s.whatsapp.net", "message": "hello"}),
        (GOWA.send_text(BY_LID, Secret("hello")), SEND, {}, {"phone": "99900011@lid", "message": "hello"}),
        (GOWA.check_number(PHONE), CHECK, {"phone": PHONE}, None),
        (GOWA.session(), STATUS, {}, None),
    ],
)
def test_what_is_sent(flow: Asking, line: str, query: Mapping[str, str], body: Mapping[str, object] | None) -> None:
    request = next(flow)
    assert (str(request), request.query) == (line, query)
    assert revealed(request.headers) == {"Authorization": "Basic YW5uOnRoZS1wYXNzd29yZA==", "X-Device-Id": "d1"}
    assert revealed(request.json) == body
    assert request.repeatable is line.startswith("GET")


@pytest.mark.parametrize(("username", "password"), [("ann", "a:b"), ("änn", "pass wörd"), ("{}", "{}"), ("", "\udcff")])
def test_basic_auth_carries_any_password(username: str, password: str) -> None:
    request = next(Gowa(BASE, username, Secret(password)).session())
    authorization = request.headers["Authorization"]
    assert isinstance(authorization, Secret)
    scheme, _, pair = authorization.reveal().partition(" ")
    assert (scheme, b64decode(pair).decode(errors="surrogateescape")) == ("Basic", f"{username}:{password}")


def test_an_open_server_with_one_device_needs_no_headers() -> None:
    assert next(Gowa(BASE).session()).headers == {}


@pytest.mark.parametrize(
    ("people", "notify", "why"), [([ANN], True, "notify"), ([ANN], False, "notify"), ([ANN, BY_LID], None, "LID")]
)
def test_what_it_cannot_do_is_refused_before_anything_is_sent(
    people: list[Participant], notify: bool | None, why: str
) -> None:
    with pytest.raises(errors.Unsupported, match=why):
        next(GOWA.add_participants(WHERE, people, notify=notify))


def adding(answer: Response | BaseException) -> tuple[ParticipantOutcome, ...]:
    return Script({ADD: [answer]}).run(add(ProviderSession(GOWA), WHERE, [ANN], NEVER))


def unknown(reason: Reason) -> tuple[Status, Reason, Evidence]:
    return Status.UNKNOWN, reason, Evidence.NONE


@pytest.mark.parametrize(
    ("answer", "verdict", "word"),
    [
        (wrapped([row("success")]), unknown(Reason.NOT_CHECKED), "success"),
        (wrapped([row("error")]), (Status.NOT_ADDED, Reason.PRIVACY, Evidence.REPORTED), "error"),
        (wrapped([row("failed")]), unknown(Reason.UNRECOGNISED), "failed"),
        (wrapped([row(None)]), unknown(Reason.NOT_MENTIONED), None),
        (wrapped([row("success", f"{OTHER}@s.whatsapp.net")]), unknown(Reason.NOT_CHECKED), "success"),  # theirs
        (wrapped([row("success", "1@x")]), unknown(Reason.NOT_MENTIONED), None),
        (STRANGER, unknown(Reason.NOT_ON_WHATSAPP), "INVALID_JID"),
        (wrapped([]), unknown(Reason.NOT_CHECKED), None),
        (wrapped(None), unknown(Reason.NOT_CHECKED), None),
        (Response(200), unknown(Reason.NOT_CHECKED), None),
        (says({}), unknown(Reason.UNREADABLE_ANSWER), None),
        (says({"results": [row("success")]}), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b"<html>"), unknown(Reason.UNREADABLE_ANSWER), None),
        (wrapped(None, "GATEWAY_TIMEOUT", 504), unknown(Reason.NO_ANSWER), "504"),
        (wrapped(None, "INTERNAL_SERVER_ERROR", 500), unknown(Reason.NO_ANSWER), "500"),
        (
            says({"code": "INTERNAL_SERVER_ERROR", "message": "info query timed out", "results": None}, 500),
            *(unknown(Reason.NO_ANSWER), "500"),
        ),
        (
            says({"code": "INTERNAL_SERVER_ERROR", "message": "database is locked (5) (SQLITE_BUSY)"}, 500),
            *(unknown(Reason.NO_ANSWER), "500"),
        ),
        (lost(), unknown(Reason.NO_ANSWER), None),
    ],
)
def test_an_answer_comes_to(
    answer: Response, verdict: tuple[Status, Reason | None, Evidence], word: str | None
) -> None:
    (person,) = adding(answer)
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


def whatsmeow_says(text: str) -> Response:
    return says({"code": "INTERNAL_SERVER_ERROR", "message": text, "results": None}, 500)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SESSION_DOWN, errors.SessionNotReady),
        (wrapped(None, "INVALID_WA_CLI", 500), errors.SessionNotReady),
        (wrapped(None, "DEVICE_ID_REQUIRED", 400), errors.SessionNotReady),
        (wrapped({"device_id": "d1"}, "DEVICE_NOT_FOUND", 404), errors.SessionNotReady),
        (wrapped(None, "DEVICE_MANAGER_UNAVAILABLE", 503), errors.SessionNotReady),
        (Response(401, b"Unauthorized"), errors.NotAuthenticated),
        (wrapped(None, "WA_REACHOUT_TIMELOCK", 429), errors.RateLimited),
        (wrapped(None, "VALIDATION_ERROR", 400), errors.RequestRefused),
        (wrapped(None, "INVALID_REQUEST", 400), errors.RequestRefused),
        (whatsmeow_says("info query returned status 400: bad-request"), errors.RequestRefused),
        (whatsmeow_says("info query returned status 401: not-authorized"), errors.NotAllowed),
        (whatsmeow_says("info query returned status 403: forbidden"), errors.NotAllowed),
        (whatsmeow_says("info query returned status 404: item-not-found"), errors.GroupNotFound),
        (whatsmeow_says("info query returned status 419: resource-limit"), errors.RequestRefused),
        (whatsmeow_says("info query returned status 429: rate-overlimit"), errors.RateLimited),
        (whatsmeow_says("you're not participating in that group"), errors.NotAllowed),
        (whatsmeow_says("that group does not exist"), errors.GroupNotFound),
        (
            whatsmeow_says(f"failed to get privacy token for participant {PHONE}: database is locked"),
            errors.ProviderFailed,
        ),
        (whatsmeow_says("failed to get phone number for LID 9@lid: database is locked"), errors.ProviderFailed),
        (Response(404, b"404 page not found"), errors.WrongAddress),
        (Response(404, b"Cannot POST /group/participants"), errors.WrongAddress),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_comes_to(answer: Response, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        adding(answer)
    assert type(caught.value) is error
    assert not caught.value.maybe_applied


def test_the_body_of_a_401_says_whether_the_session_is_down_or_the_password_wrong() -> None:
    with pytest.raises(errors.SessionNotReady):
        Script({LIST: [SESSION_DOWN]}).run(GOWA.list_participants(WHERE))
    with pytest.raises(errors.NotAuthenticated):
        Script({LIST: [Response(401, b"Unauthorized")]}).run(GOWA.list_participants(WHERE))


def test_a_false_success_is_no_more_than_accepted() -> None:
    (person,) = adding(wrapped([row("success")]))
    assert (person.status, person.reason) == (Status.UNKNOWN, Reason.NOT_CHECKED)
    assert not Gowa.reports_each_person


def test_an_error_means_that_an_invitation_could_be_sent() -> None:
    (person,) = adding(wrapped([row("error")]))
    assert person.invite == Invite("personal")


def test_success_for_names_that_are_lids_is_accepted_and_not_silence() -> None:
    script = Script({ADD: [wrapped([row("success", "99900011@lid")])]})
    (person,) = script.run(add(ProviderSession(GOWA), WHERE, [ANN], NEVER))
    assert person.reason is Reason.NOT_CHECKED


def test_one_unregistered_number_refuses_the_batch_and_is_reported_alone() -> None:
    script = Script({ADD: [STRANGER, wrapped([row("success", f"{OTHER}@s.whatsapp.net")])], CHECK: [NO, YES]})
    ann, ben = script.run(add(ProviderSession(GOWA), WHERE, [ANN, BEN], NEVER))
    assert (ann.status, ann.reason, ann.provider_says) == (Status.UNKNOWN, Reason.NOT_ON_WHATSAPP, "INVALID_JID")
    assert (ben.status, ben.reason, ben.provider_says) == (Status.UNKNOWN, Reason.NOT_CHECKED, "success")
    assert script.asked == [ADD, CHECK, CHECK, ADD]
    assert (script.requests[-1].json or {})["participants"] == [OTHER]


def test_where_no_number_is_registered_nothing_is_sent_again() -> None:
    people = Script({ADD: [STRANGER], CHECK: [NO, NO]}).run(add(ProviderSession(GOWA), WHERE, [ANN, BEN], NEVER))
    assert [person.reason for person in people] == [Reason.NOT_ON_WHATSAPP] * 2


@pytest.mark.parametrize("checks", [[YES, YES], [NO, lost()]])
def test_a_batch_is_refused_as_a_whole_where_the_faulty_number_is_unknown(checks: list[Response]) -> None:
    with pytest.raises(errors.RequestRefused, match="no participant was added"):
        Script({ADD: [STRANGER], CHECK: checks}).run(add(ProviderSession(GOWA), WHERE, [ANN, BEN], NEVER))


def test_a_batch_is_not_split_twice() -> None:
    with pytest.raises(errors.RequestRefused):
        Script({ADD: [STRANGER, STRANGER], CHECK: [NO, YES]}).run(add(ProviderSession(GOWA), WHERE, [ANN, BEN], NEVER))


def test_a_lost_answer_to_the_second_request_leaves_open_who_was_in_it() -> None:
    script = Script({ADD: [STRANGER, lost()], CHECK: [NO, YES]})
    _, ben = script.run(add(ProviderSession(GOWA), WHERE, [ANN, BEN], NEVER))
    assert (ben.status, ben.reason) == (Status.UNKNOWN, Reason.NO_ANSWER)
    assert script.asked.count(ADD) == 2


def test_a_reach_out_timelock_stops_messages() -> None:
    with pytest.raises(errors.RateLimited):
        Script({SEND: [wrapped(None, "WA_REACHOUT_TIMELOCK", 429)]}).run(GOWA.send_text(ANN, Secret("hello")))


@pytest.mark.parametrize(
    ("line", "answer", "flow", "value"),
    [
        (
            INVITE,
            wrapped({"invite_link": "https://chat.whatsapp.com/AbCdEfGhIjKlMn"}),
            GOWA.invite_link,
            "AbCdEfGhIjKlMn",
        ),
        (REQUESTS, wrapped(None), GOWA.join_requests, ()),
        (
            *(REQUESTS, wrapped([{"jid": "9@lid"}, {"jid": "99900011@lid", "phone_number": PHONE}, {}, 7])),
            *(GOWA.join_requests, (Identity(PHONE, "99900011"),)),
        ),
        (
            *(
                INFO,
                wrapped({"JID": GROUP, "Participants": [{}, {}], "MemberAddMode": "admin_add", "IsParent": False}),
            ),
            *(GOWA.group_info, GroupInfo(size=2, members_may_add=False, is_community=False)),
        ),
    ],
)
def test_what_is_read_of_a_group(line: str, answer: Response, flow: Callable[[GroupId], Asking], value: object) -> None:
    read = Script({line: [answer]}).run(flow(WHERE))
    assert read.reveal().endswith(str(value)) if isinstance(read, Secret) else read == value


def test_a_roster_row_has_both_names() -> None:
    rows = [
        {"jid": "99900011@lid", "phone_number": f"{PHONE}@s.whatsapp.net", "lid": "99900011@lid", "is_admin": True},
        {"jid": f"{OTHER}@s.whatsapp.net", "phone_number": "", "is_admin": False, "is_super_admin": False},
    ]
    answer = wrapped({"group_id": GROUP, "name": "x", "participants": rows})
    roster = Script({LIST: [answer]}).run(GOWA.list_participants(WHERE))
    assert roster.members == (Member(PHONE, "99900011", "admin"), Member(OTHER, None, "member"))
    assert roster.proves is Proof.BOTH


@pytest.mark.parametrize(
    ("results", "session"),
    [
        (
            {"is_connected": True, "is_logged_in": True, "device_id": "d1", "jid": f"{PHONE}:7@s.whatsapp.net"},
            Session(True, "connected", Identity(PHONE)),
        ),
        ({"is_connected": True, "is_logged_in": True, "device_id": "d1"}, Session(True, "connected")),
        ({"is_connected": False, "is_logged_in": True}, Session(False, "not connected")),
        ({"is_connected": True, "is_logged_in": False}, Session(False, "not logged in")),
    ],
)
def test_a_session_is_ready_where_it_is_connected_and_logged_in(results: object, session: Session) -> None:
    assert Script({STATUS: [wrapped(results)]}).run(GOWA.session()) == session


@pytest.mark.parametrize(
    ("line", "flow"),
    [
        (LIST, GOWA.list_participants(WHERE)),
        (INFO, GOWA.group_info(WHERE)),
        (REQUESTS, GOWA.join_requests(WHERE)),
        (INVITE, GOWA.invite_link(WHERE)),
        (SEND, GOWA.send_text(ANN, Secret("hello"))),
        (CHECK, GOWA.check_number(PHONE)),
        (STATUS, GOWA.session()),
    ],
)
def test_a_shape_that_is_not_known_is_no_answer(line: str, flow: Asking) -> None:
    with pytest.raises(errors.AnswerLost):
        Script({line: [says({"hello": 1})]}).run(flow)


# Whole adds over the sandbox.


def test_rosters_decide_what_success_meant(client: Client, sandbox: Sandbox) -> None:
    assert verdicts(client.add(EXAMPLE, [ADA, MEMBER, CLEO, DAN, EVE])) == [
        (Status.ADDED, None),
        (Status.ALREADY_MEMBER, None),
        (Status.NOT_ADDED, Reason.PRIVACY),
        (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP),
        (Status.NOT_ADDED, Reason.SILENT_REFUSAL),
    ]
    assert [request.route for request in sandbox.requests].count("add") == 2


@pytest.mark.parametrize("both_names", [True, False])
def test_a_lid_group_proves_only_what_its_roster_shows(client: Client, world: World, both_names: bool) -> None:
    group = world.groups[EXAMPLE]
    group.addressing, group.roster_view = "lid", evolve(group.roster_view, both_names=both_names)
    ada, member = client.add(EXAMPLE, [ADA, MEMBER])
    assert ada.status is (Status.ADDED if both_names else Status.UNKNOWN)
    assert member.status is (Status.ALREADY_MEMBER if both_names else Status.UNKNOWN)


def test_the_one_new_row_after_the_one_add_is_theirs_where_the_group_hides_numbers(
    client: Client, world: World
) -> None:
    group = world.groups[EXAMPLE]
    group.addressing, group.roster_view = "lid", evolve(group.roster_view, both_names=False)
    (ada,) = client.add(EXAMPLE, [ADA])
    assert (ada.status, ada.evidence) == (Status.ADDED, Evidence.INFERRED)
