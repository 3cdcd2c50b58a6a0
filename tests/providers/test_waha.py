"""WAHA's wire format: what is sent, what every known variant of an answer comes to, and its traps."""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from attrs import evolve

from groupadd import Client, connect, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, InviteState, ParticipantOutcome, Reason, Status
from groupadd.model.roster import Roster
from groupadd.provider import GroupInfo, Member, NumberCheck, Proof, RosterProof, Secret, Session
from groupadd.providers.waha import Waha
from groupadd.sandbox import RosterView, Sandbox, World, faults
from groupadd.sandbox.example import GROUP as EXAMPLE
from groupadd.sandbox.messages import KEY
from groupadd.sandbox.people import Addressing
from groupadd.sandbox.vendors.waha import Waha as WahaVendor
from groupadd.settings import AddSettings, Verify
from groupadd.wire.messages import Request, Response
from tests.providers.conftest import Connect
from tests.support.example import ADA, BEN, CLEO, DAN, EVE, FINN, US, verdicts
from tests.support.scripts import GROUP, Answer, Script, lost, revealed, says

PHONE, OTHER, LID = "15550100", "15550101", "99900011"
ANN, BY_LID = parse_participants([f"+{PHONE}", f"{LID}@lid"])
WHERE = GroupId(GROUP)
BASE = "http://waha.invalid"
WAHA = Waha("s1", BASE, Secret("the-key"))
OF_GROUP = "/api/{session}/groups/{group}"
ADD, LIST = f"POST {OF_GROUP}/participants/add", f"GET {OF_GROUP}/participants/v2"
OLD_LIST, WAITING = f"GET {OF_GROUP}/participants", f"GET {OF_GROUP}/participants/join-requests"
INFO, INVITE = f"GET {OF_GROUP}", f"GET {OF_GROUP}/invite-code"
REFRESH, VERSION = "POST /api/{session}/groups/refresh", "GET /api/version"
SEND, CHECK = "POST /api/sendText", "GET /api/contacts/check-exists"
LIDS, SESSION = "GET /api/{session}/lids/pn/{phone}", "GET /api/sessions/{session}"
NEVER = AddSettings(verify="never")
S1, IN_GROUP = {"session": "s1"}, {"session": "s1", "group": GROUP}
Verdict: TypeAlias = tuple[Status, Reason | None, Evidence]


@pytest.mark.parametrize(
    ("flow", "line", "params", "query", "body"),
    [
        (
            WAHA.add_participants(WHERE, [ANN, BY_LID], notify=None),
            *(ADD, IN_GROUP, {}),
            {"participants": [{"id": f"{PHONE}@c.us"}, {"id": f"{LID}@lid"}]},
        ),
        (WAHA.list_participants(WHERE), LIST, IN_GROUP, {}, None),
        (WAHA.roster_proof(), VERSION, S1, {}, None),
        (WAHA.refresh_roster(WHERE), REFRESH, S1, {}, None),
        (WAHA.group_info(WHERE), INFO, IN_GROUP, {}, None),
        (WAHA.join_requests(WHERE), WAITING, IN_GROUP, {}, None),
        (WAHA.invite_link(WHERE), INVITE, IN_GROUP, {}, None),
        (
            WAHA.send_text(ANN, Secret("hello")),
            *(SEND, S1, {}),
            {"session": "s1", "chatId": f"{PHONE}@c.us", "text": "hello"},
        ),
        (WAHA.check_number(PHONE), CHECK, S1, {"session": "s1", "phone": PHONE}, None),
        (WAHA.resolve_lids([PHONE]), LIDS, {"session": "s1", "phone": PHONE}, {}, None),
        (WAHA.session(), SESSION, S1, {}, None),
    ],
)
def test_what_is_sent(
    flow: Generator[Request, Response, object],
    line: str,
    params: Mapping[str, str],
    query: Mapping[str, str],
    body: object,
) -> None:
    request = next(flow)
    assert (str(request), request.params, request.query) == (line, params, query)
    assert revealed(request.headers) == {"X-Api-Key": "the-key"}
    assert revealed(request.json) == body
    assert request.repeatable is line.startswith("GET")
    assert "the-key" not in repr(WAHA) + repr(request)


def test_an_open_server_gets_no_key() -> None:
    assert next(Waha("s1", BASE).session()).headers == {}


@pytest.mark.parametrize("key", [{}, {"api_key": "the-key"}])
def test_the_config_calls_its_session_session(key: Mapping[str, str]) -> None:
    table = {"type": "waha", "session": "s1", "base_url": BASE, **key}
    with connect(config={"providers": {"main": table}}) as client:
        assert client._flows.session.provider == Waha("s1", BASE, Secret("the-key") if key else None)


def gows(error: int, name: str = f"{PHONE}@s.whatsapp.net", offer: object = None) -> dict[str, object]:
    return {
        "JID": f"{LID}@lid",
        "PhoneNumber": name,
        "LID": f"{LID}@lid",
        "IsAdmin": False,
        "IsSuperAdmin": False,
        "DisplayName": "",
        "Error": error,
        "AddRequest": offer,
    }


def noweb(status: str, *content: object) -> dict[str, object]:
    jid = f"{PHONE}@s.whatsapp.net"
    return {"status": status, "jid": jid, "content": {"tag": "participant", "attrs": {"jid": jid}, "content": content}}


def webjs(code: int, *, sent: bool = False, name: str = f"{PHONE}@c.us") -> dict[str, object]:
    return {name: {"code": code, "message": "x", "isInviteV4Sent": sent}}


def wpp(code: int, invitation: str | None = None) -> dict[str, object]:
    name = f"{PHONE}@c.us"
    until = 1700000000 if invitation else None
    return {name: {"wid": name, "code": code, "message": "x", "invite_code": invitation, "invite_code_exp": until}}


def thrown(message: str, **more: object) -> Response:
    exception = {"message": message, **more}
    return says({"statusCode": 500, "timestamp": "x", "exception": exception, "request": {"body": "forbidden"}}, 500)


def out(reason: Reason) -> Verdict:
    return Status.NOT_ADDED, reason, Evidence.REPORTED


def unknown(reason: Reason) -> Verdict:
    return Status.UNKNOWN, reason, Evidence.NONE


def adding(answer: Answer, settings: AddSettings = NEVER, **then: Sequence[Answer]) -> ParticipantOutcome:
    names = {"lids": LIDS, "link": INVITE, "send": SEND}
    script = Script({ADD: [answer], **{names[name]: answers for name, answers in then.items()}})
    (person,) = script.run(add(ProviderSession(WAHA), WHERE, [ANN], settings))
    return person


ADDED = (Status.ADDED, None, Evidence.REPORTED)
ALREADY = (Status.ALREADY_MEMBER, None, Evidence.REPORTED)
PENDING = (Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED, Evidence.REPORTED)
INVITED = (Status.INVITED, Reason.PRIVACY, Evidence.REPORTED)
SHAPES: list[tuple[object, Verdict, str]] = [
    ([gows(0)], ADDED, "0"),
    (gows(0), ADDED, "0"),
    ([gows(403)], out(Reason.PRIVACY), "403"),
    ([gows(404)], out(Reason.NOT_ON_WHATSAPP), "404"),
    ([gows(409)], ALREADY, "409"),
    ([gows(421)], PENDING, "421"),
    ([noweb("200")], ADDED, "200"),
    ([noweb("403")], out(Reason.PRIVACY), "403"),
    ([noweb("408")], out(Reason.RECENTLY_LEFT), "408"),
    (webjs(200), ADDED, "200"),
    (webjs(400), unknown(Reason.UNRECOGNISED), "400"),
    (webjs(403), out(Reason.PRIVACY), "403"),
    (webjs(403, sent=True), INVITED, "403"),
    (webjs(419), out(Reason.GROUP_FULL), "419"),
    (wpp(200), ADDED, "200"),
    (wpp(403), out(Reason.PRIVACY), "403"),
    (wpp(403, "personal-code-0123"), out(Reason.PRIVACY), "403"),
    (wpp(417), out(Reason.COMMUNITY), "417"),
    (wpp(421), PENDING, "421"),
]


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(("answer", "verdict", "word"), SHAPES)
def test_each_of_the_four_shapes_comes_to(answer: object, verdict: Verdict, word: str, status: int) -> None:
    person = adding(says(answer, status))
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


@pytest.mark.parametrize(
    ("answer", "verdict", "word"),
    [
        (Response(200), unknown(Reason.NOT_CHECKED), None),
        (Response(201), unknown(Reason.NOT_CHECKED), None),
        (says([], 201), unknown(Reason.NOT_CHECKED), None),
        (says({}, 201), unknown(Reason.UNREADABLE_ANSWER), None),
        (says([{}], 201), unknown(Reason.UNREADABLE_ANSWER), None),
        (says([None, "x"], 201), unknown(Reason.UNREADABLE_ANSWER), None),
        (says("anything else", 201), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(201, b"anything else"), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b"<html>"), unknown(Reason.UNREADABLE_ANSWER), None),
        (thrown("Timed Out", output={"statusCode": 408}), unknown(Reason.NO_ANSWER), "500"),
        (thrown("2 UNKNOWN: info query timed out"), unknown(Reason.NO_ANSWER), "500"),
        (says({"statusCode": 500, "error": "x", "stack": "forbidden"}, 500), unknown(Reason.NO_ANSWER), "500"),
        (Response(502, b"<html>"), unknown(Reason.NO_ANSWER), "502"),
        (lost(), unknown(Reason.NO_ANSWER), None),
    ],
)
def test_what_an_answer_without_participants_comes_to(answer: Answer, verdict: Verdict, word: str | None) -> None:
    person = adding(answer)
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


@pytest.mark.parametrize(
    "shape", [[gows(0, f"{OTHER}@s.whatsapp.net")], webjs(200, name=f"{OTHER}@c.us"), [gows(0, "")]]
)
def test_one_row_for_the_one_who_was_asked_for_is_theirs_under_any_name(shape: object) -> None:
    assert adding(says(shape)).status is Status.ADDED


def test_a_row_with_a_lid_alone_is_the_participants_if_the_lid_look_up_says_so() -> None:
    rows = [gows(0, ""), noweb("403")]
    script = Script({ADD: [says(rows)], LIDS: [says({"lid": f"{LID}@lid", "pn": f"{OTHER}@c.us"})]})
    people = parse_participants([OTHER, PHONE])
    (other, ann) = script.run(add(ProviderSession(WAHA), WHERE, people, NEVER))
    assert (other.status, ann.status) == (Status.ADDED, Status.NOT_ADDED)


UNTIL = datetime(2026, 4, 9, 8, 44, 32, tzinfo=UTC)
ISSUE_2002 = {"Code": "personal-code-0123", "Expiration": "2026-04-09T11:44:32+03:00"}
BY_NOWEB = {"tag": "add_request", "attrs": {"code": "personal-code-0123", "expiration": str(int(UNTIL.timestamp()))}}


@pytest.mark.parametrize("shape", [[gows(403, offer=ISSUE_2002)], [noweb("403", BY_NOWEB)]])
def test_an_offered_invitation_is_reported_without_its_code(shape: object) -> None:
    person = adding(says(shape, 201))
    assert person.invite is not None
    assert (person.invite.kind, person.invite.state, person.invite.expires_at) == ("personal", None, UNTIL)
    assert "personal-code" not in repr(person) + str(person.invite.as_dict())


def test_who_was_invited_by_the_server_itself_gets_no_second_invitation() -> None:
    person = adding(says(webjs(403, sent=True), 201), AddSettings(verify="never", invite="link"))
    assert person.status is Status.INVITED
    assert person.invite is not None
    assert (person.invite.kind, person.invite.state) == ("personal", InviteState.SENT)


DOWN = {"error": "x", "session": "s1", "status": "STARTING", "expected": ["WORKING"]}
NO_SESSION = says({"message": "We didn't find a session with name 's1'.", "statusCode": 404}, 404)
ONLY_DEFAULT = says({"statusCode": 422, "message": "WAHA Core support only 'default' session. If you want"}, 422)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says(DOWN, 422), errors.SessionNotReady),
        (says({"message": "only in Plus"}, 422), errors.RequestRefused),
        (NO_SESSION, errors.SessionNotReady),
        (says({"statusCode": 404, "message": "Session not found", "error": "x"}, 404), errors.SessionNotReady),
        (ONLY_DEFAULT, errors.SessionNotReady),
        (says({"statusCode": 404, "message": "x"}, 404), errors.GroupNotFound),
        (says({"message": "Unauthorized", "statusCode": 401}, 401), errors.NotAuthenticated),
        (says({"statusCode": 400, "message": ["x"], "error": "Bad Request"}, 400), errors.RequestRefused),
        (says({"message": "not implemented"}, 501), errors.RequestRefused),
        (says({}, 429), errors.RateLimited),
        (thrown("bad-request", data=400, isBoom=True), errors.RequestRefused),
        (thrown("forbidden", data=403, isBoom=True), errors.NotAllowed),
        (thrown("rate-overlimit", data=429, isBoom=True), errors.RateLimited),
        (thrown("2 UNKNOWN: info query returned status 403: forbidden"), errors.NotAllowed),
        (thrown("2 UNKNOWN: info query returned status 404: item-not-found"), errors.GroupNotFound),
        (thrown("2 UNKNOWN: server returned error 463"), errors.RequestRefused),
        (says({"statusCode": 500, "path": "x", "error": "forbidden", "stack": "x"}, 500), errors.NotAllowed),
        (Response(201, b"AddParticipantsError: You have no admin rights to add"), errors.NotAllowed),
        (says("AddParticipantsError: The participant can't be added to an empty group", 201), errors.NotAllowed),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_comes_to(answer: Answer, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        adding(answer)
    assert type(caught.value) is error
    assert not caught.value.maybe_applied


def no_route(method: str, path: str) -> Response:
    return says({"statusCode": 404, "message": f"Cannot {method} {path}", "error": "Not Found"}, 404)


ROWS = [
    {"id": f"{LID}@lid", "pn": f"{PHONE}@c.us", "role": "superadmin"},
    {"id": f"{OTHER}@c.us", "role": "participant"},
    {"id": "77003@lid", "pn": None, "role": "admin"},
    {"id": "15550109@c.us", "pn": "15550109@c.us", "role": "left"},
]
MEMBERS = (Member(PHONE, LID, "superadmin"), Member(OTHER, None, "member"), Member(None, "77003", "admin"))


def test_a_roster_proves_nothing_by_itself_and_who_has_left_is_not_in_it() -> None:
    roster = Script({LIST: [says(ROWS)]}).run(WAHA.list_participants(WHERE))
    assert roster == Roster(MEMBERS, proves=Proof.NOTHING)


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": f"{PHONE}@s.whatsapp.net", "admin": "admin"}],
        [{"JID": f"{PHONE}@s.whatsapp.net", "PhoneNumber": "", "LID": "", "IsAdmin": True, "IsSuperAdmin": False}],
        [{"id": {"_serialized": f"{PHONE}@c.us"}, "isAdmin": True, "isSuperAdmin": False}],
    ],
)
def test_an_old_build_lists_the_engines_own_rows(rows: object) -> None:
    nothing = no_route("GET", "/api/s1/groups/x/participants/v2")
    roster = Script({LIST: [nothing], OLD_LIST: [says(rows)]}).run(WAHA.list_participants(WHERE))
    assert roster == Roster((Member(PHONE, None, "admin"),), proves=Proof.NOTHING)


@pytest.mark.parametrize(
    ("version", "proof"),
    [
        ({"engine": "GOWS"}, RosterProof(Proof.PRESENCE, Proof.BOTH)),
        ({"engine": "gows"}, RosterProof(Proof.PRESENCE, Proof.BOTH)),
        ({"version": "2024.10.8", "engine": "NOWEB", "tier": "CORE"}, RosterProof(Proof.PRESENCE, Proof.BOTH)),
        ({"engine": "WEBJS"}, RosterProof(Proof.NOTHING, Proof.ABSENCE)),
        ({"engine": "WPP"}, RosterProof(Proof.NOTHING)),
        ({"engine": "VENOM"}, RosterProof(Proof.NOTHING)),
        ({"engine": None}, RosterProof(Proof.NOTHING)),
        ({}, RosterProof(Proof.NOTHING)),
    ],
)
def test_the_engine_decides_what_a_roster_proves(version: object, proof: RosterProof) -> None:
    assert Script({VERSION: [says(version)]}).run(WAHA.roster_proof()) == proof


@pytest.mark.parametrize(
    ("refreshed", "error"),
    [
        (says({"success": False}, 201), errors.RequestRefused),
        (thrown("rate-overlimit"), errors.RateLimited),
        (thrown("x"), errors.AnswerLost),
        (no_route("POST", "/api/s1/groups/refresh"), errors.Unsupported),
        (NO_SESSION, errors.SessionNotReady),
    ],
)
def test_a_roster_that_was_not_refreshed_is_not_taken_for_fresh(
    refreshed: Response, error: type[errors.GroupAddError]
) -> None:
    with pytest.raises(error) as caught:
        Script({REFRESH: [refreshed]}).run(WAHA.refresh_roster(WHERE))
    assert type(caught.value) is error


def test_a_roster_is_refreshed() -> None:
    Script({REFRESH: [says({"success": True}, 201)]}).run(WAHA.refresh_roster(WHERE))


def test_routes_that_an_old_server_lacks_are_abilities_that_it_lacks() -> None:
    for flow, route in (
        (WAHA.join_requests(WHERE), WAITING),
        (WAHA.resolve_lids([PHONE]), LIDS),
        (WAHA.refresh_roster(WHERE), REFRESH),
    ):
        method, _, path = route.partition(" ")
        with pytest.raises(errors.Unsupported):
            Script({route: [no_route(method, path)]}).run(flow)


ISSUE_2027 = {  # a record that GOWS has not filled yet
    "JID": GROUP,
    "OwnerJID": "",
    "Name": "",
    "GroupCreated": "0001-01-01T00:00:00Z",
    "IsParent": False,
    "IsJoinApprovalRequired": False,
    "MemberAddMode": "",
    "Participants": None,
    "ParticipantCount": 952,
}


@pytest.mark.parametrize(
    ("answer", "info"),
    [
        (
            {"JID": GROUP, "Participants": [{}, {}], "MemberAddMode": "all_member_add", "IsJoinApprovalRequired": True},
            GroupInfo(size=2, members_may_add=True, needs_approval=True),
        ),
        (
            {"id": GROUP, "size": 3, "memberAddMode": False, "joinApprovalMode": False, "isCommunity": True},
            GroupInfo(size=3, members_may_add=False, needs_approval=False, is_community=True),
        ),
        (
            {"id": {}, "groupMetadata": {"participants": [{}], "memberAddMode": "admin_add"}},
            GroupInfo(size=1, members_may_add=False),
        ),
        ({"size": None}, GroupInfo()),
        (ISSUE_2027, GroupInfo(size=952)),
        ({**ISSUE_2027, "ParticipantCount": 0}, GroupInfo()),
    ],
)
def test_a_group_is_described_by_any_engine(answer: object, info: GroupInfo) -> None:
    assert Script({INFO: [says(answer)]}).run(WAHA.group_info(WHERE)) == info


@pytest.mark.parametrize("answer", [{}, [], {"hello": 1}, [{"size": 3}, {"size": 4}]])
def test_an_answer_without_group_details_describes_no_group(answer: object) -> None:
    with pytest.raises(errors.AnswerLost):
        Script({INFO: [says(answer)]}).run(WAHA.group_info(WHERE))


def test_who_waits_is_read() -> None:
    rows = [{"requesterId": f"{LID}@lid", "requesterPn": f"{PHONE}@c.us"}, {"requesterId": "77@lid"}, {}, None]
    waiting = Script({WAITING: [says(rows)]}).run(WAHA.join_requests(WHERE))
    assert waiting == (Identity(PHONE, LID),)


CODE = "AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    "answer", [says(CODE), Response(200, CODE.encode()), Response(200, f"https://chat.whatsapp.com/{CODE}".encode())]
)
def test_the_invite_link_is_read_from_a_code_or_a_link(answer: Response) -> None:
    link = Script({INVITE: [answer]}).run(WAHA.invite_link(WHERE))
    assert link.reveal() == f"https://chat.whatsapp.com/{CODE}"


@pytest.mark.parametrize(
    ("record", "recipient"),
    [
        ({"id": "m1", "body": "x"}, None),
        ({"id": "m1", "to": f"{OTHER}@c.us"}, Identity(OTHER)),
        ({"id": "m1", "chatId": f"{LID}@lid"}, Identity(None, LID)),
        ({"id": f"true_{OTHER}@c.us_m1"}, Identity(OTHER)),
        ({"id": f"false_{OTHER}@c.us_m1"}, None),
        ({"id": {"id": "A", "_serialized": "m1", "remote": f"{OTHER}@c.us"}}, Identity(OTHER)),
        ({"id": {"id": "A", "$1": "m1"}, "to": {"$1": f"{OTHER}@c.us"}}, Identity(OTHER)),
        ({"key": {"id": "m1", "remoteJid": f"{OTHER}@s.whatsapp.net", "fromMe": True}}, Identity(OTHER)),
        ({"key": {"id": "m1", "fromMe": True}}, None),
    ],
)
def test_a_text_is_sent_and_its_recipient_is_read(record: object, recipient: Identity | None) -> None:
    sent = Script({SEND: [says(record, 201)]}).run(WAHA.send_text(ANN, Secret("hello")))
    assert (sent.id or "").endswith("m1")
    assert sent.recipient == recipient


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (thrown("2 UNKNOWN: server returned error 463"), errors.RequestRefused),
        (thrown("x"), errors.AnswerLost),
        (says(DOWN, 422), errors.SessionNotReady),
    ],
)
def test_a_refused_text_differs_from_one_that_may_have_been_sent(
    answer: Response, error: type[errors.ProviderError]
) -> None:
    with pytest.raises(error):
        Script({SEND: [answer]}).run(WAHA.send_text(ANN, Secret("hello")))


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        ({"numberExists": True, "chatId": f"{PHONE}@c.us"}, NumberCheck(exists=True, account=Identity(PHONE))),
        ({"numberExists": True, "chatId": f"{LID}@lid"}, NumberCheck(exists=True, account=Identity(None, LID))),
        ({"numberExists": True}, NumberCheck(exists=True)),
        ({"numberExists": False}, NumberCheck(exists=False)),
    ],
)
def test_a_number_is_checked(answer: object, check: NumberCheck) -> None:
    assert Script({CHECK: [says(answer)]}).run(WAHA.check_number(PHONE)) == check


@pytest.mark.parametrize(
    ("answer", "lids"),
    [
        ({"lid": f"{LID}@lid", "pn": f"{PHONE}@c.us"}, {PHONE: LID}),
        ({"lid": None, "pn": f"{PHONE}@c.us"}, {}),
        ({"lid": f"{PHONE}@c.us"}, {}),
        ({}, {}),
    ],
)
def test_a_lid_is_looked_up(answer: object, lids: dict[str, str]) -> None:
    assert Script({LIDS: [says(answer)]}).run(WAHA.resolve_lids([PHONE])) == lids


@pytest.mark.parametrize(
    ("answer", "session"),
    [
        (
            {"status": "WORKING", "me": {"id": f"{PHONE}@c.us", "lid": f"{LID}@lid"}},
            Session(True, "WORKING", Identity(PHONE, LID)),
        ),
        ({"status": "SCAN_QR_CODE", "me": None}, Session(False, "SCAN_QR_CODE")),
        ({"status": "FAILED"}, Session(False, "FAILED")),
        ({"status": "DANCING"}, Session(None, "DANCING")),
    ],
)
def test_the_session_is_read(answer: object, session: Session) -> None:
    assert Script({SESSION: [says(answer)]}).run(WAHA.session()) == session


@pytest.fixture(params=["GOWS", "NOWEB", "WEBJS", "WPP"])
def sandbox(request: pytest.FixtureRequest, world: World) -> Sandbox:
    return Sandbox(WahaVendor(world, world.accounts[US], engine=request.param))


def engine_of(sandbox: Sandbox) -> str:
    assert isinstance(sandbox.vendor, WahaVendor)
    return sandbox.vendor.engine


def lists_leavers(sandbox: Sandbox) -> bool:
    return engine_of(sandbox) in {"WEBJS", "WPP"}


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
def test_a_whole_add_reports_each_participant(
    client: Client, world: World, sandbox: Sandbox, addressing: Addressing
) -> None:
    world.groups[EXAMPLE].addressing = addressing
    cleo = Status.INVITED if engine_of(sandbox) == "WEBJS" else Status.NOT_ADDED
    dan = (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP)
    if engine_of(sandbox) == "WEBJS" and addressing != "phone":  # its own check, and the list hides numbers
        dan = (Status.UNKNOWN, Reason.NOT_ON_WHATSAPP)
    assert verdicts(client.add(EXAMPLE, [ADA, BEN, CLEO, DAN, EVE, FINN])) == [
        (Status.ADDED, None),
        (Status.ALREADY_MEMBER, None),
        (cleo, Reason.PRIVACY),
        dan,
        (Status.NOT_ADDED, Reason.RECENTLY_LEFT),
        (Status.NOT_ADDED, Reason.BLOCKED),
    ]


def test_a_participant_protected_by_privacy_is_invited_once(client: Client, world: World) -> None:
    assert verdicts(client.add(EXAMPLE, [CLEO], invite="link")) == [(Status.INVITED, Reason.PRIVACY)]
    assert sorted((entry.kind, entry.to) for entry in world.journal) == [("add", CLEO), ("invitation", CLEO)]


LOST = [faults.LOST_AFTER, faults.EMPTY, faults.HTML, faults.TRUNCATED, faults.GATEWAY_AFTER, faults.LINE_CLOSES]


@pytest.mark.parametrize("fault", LOST)
def test_rosters_settle_what_the_answer_leaves_open(client: Client, sandbox: Sandbox, fault: faults.Fault) -> None:
    sandbox.faults.plan(fault, on="add")
    open_still = (Status.UNKNOWN, Reason.STALE_ROSTER)
    assert verdicts(client.add(EXAMPLE, [ADA])) == [open_still if lists_leavers(sandbox) else (Status.ADDED, None)]


@pytest.mark.parametrize("fault", LOST)
def test_a_row_that_was_not_there_before_is_a_members_in_any_list(
    client: Client, sandbox: Sandbox, fault: faults.Fault
) -> None:
    sandbox.faults.plan(fault, on="add")
    (ada,) = client.add(EXAMPLE, [ADA], verify="always")
    assert (ada.status, ada.evidence) == (Status.ADDED, Evidence.INFERRED)


@pytest.mark.parametrize("verify", ["auto", "always"])
@pytest.mark.parametrize("fault", [faults.LOST_AFTER, faults.GATEWAY_BEFORE, faults.SILENCE])
def test_a_person_who_has_left_is_asked_for_and_never_called_a_member(
    client: Client, world: World, sandbox: Sandbox, fault: faults.Fault, verify: Verify
) -> None:
    sandbox.faults.plan(fault, on="add")
    (eve,) = client.add(EXAMPLE, [EVE], verify=verify)
    assert not world.is_member(EXAMPLE, EVE)
    proven = (Status.UNKNOWN, Reason.STALE_ROSTER) if lists_leavers(sandbox) else (Status.NOT_ADDED, Reason.NO_ANSWER)
    assert (eve.status, eve.reason) == proven
    assert sum(request.route == "add" for request in sandbox.requests) == 1


def test_a_row_of_such_a_list_needs_a_claim_that_is_believed(client: Client, sandbox: Sandbox) -> None:
    unseen = (Status.UNKNOWN, Reason.STALE_ROSTER)
    member = (Status.ALREADY_MEMBER, None)
    assert verdicts(client.add(EXAMPLE, [BEN], verify="auto")) == [member]
    assert verdicts(client.add(EXAMPLE, [BEN], verify="always")) == [unseen if lists_leavers(sandbox) else member]


def test_a_cached_roster_proves_absence_only_once_it_was_refreshed(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.plan(faults.LOST_BEFORE, on="add")
    refreshable = engine_of(sandbox) != "WPP"
    proven = (Status.NOT_ADDED, Reason.NO_ANSWER) if refreshable else (Status.UNKNOWN, Reason.STALE_ROSTER)
    assert verdicts(client.add(EXAMPLE, [ADA])) == [proven]
    assert sum(request.route == "refresh" for request in sandbox.requests) == int(refreshable)
    assert sum(request.route == "version" for request in sandbox.requests) == 1


def test_a_roster_that_lags_never_makes_a_member_absent(client: Client, world: World, sandbox: Sandbox) -> None:
    world.groups[EXAMPLE].roster_view = RosterView(lag_s=3600)
    sandbox.faults.plan(faults.LOST_AFTER, on="add")
    unproven = (Status.UNKNOWN, Reason.STALE_ROSTER)
    assert verdicts(client.add(EXAMPLE, [ADA])) == [unproven if engine_of(sandbox) == "WPP" else (Status.ADDED, None)]


def test_a_check_believes_no_row_of_a_list_that_holds_people_who_have_left(client: Client, sandbox: Sandbox) -> None:
    (eve, ben) = client.check(EXAMPLE, [EVE, BEN])
    assert (eve.member, ben.member) == (None, None if lists_leavers(sandbox) else True)


@pytest.mark.parametrize("sandbox", ["NOWEB"], indirect=True)
def test_an_old_server_without_newer_routes_adds_and_proves_what_its_list_can(
    connect: Connect, world: World, sandbox: Sandbox
) -> None:
    assert isinstance(sandbox.vendor, WahaVendor)
    sandbox.vendor = evolve(sandbox.vendor, version="2024.10.8")
    world.groups[EXAMPLE].addressing = "lid"
    client = connect()
    assert verdicts(client.add(EXAMPLE, [ADA, BEN, CLEO]))[0] == (Status.ADDED, None)
    sandbox.faults.plan(faults.LINE_CLOSES, on="add")
    assert verdicts(client.add(EXAMPLE, [DAN])) == [(Status.UNKNOWN, Reason.UNRESOLVED_IDENTITY)]
    assert client.preflight(EXAMPLE, [ADA]).why_not_provable is Reason.STALE_ROSTER


def test_a_session_that_is_not_there_is_reported_as_that(connect: Connect) -> None:
    with pytest.raises(errors.SessionNotReady):
        connect(session="other").add(EXAMPLE, [ADA])


def test_an_account_that_is_no_admin_may_not_add(client: Client, world: World) -> None:
    world.set_role(EXAMPLE, US, "member")
    with pytest.raises(errors.NotAllowed):
        client.add(EXAMPLE, [ADA])
    assert not world.is_member(EXAMPLE, ADA)


def test_who_waits_for_approval_is_found_in_the_queue(client: Client, world: World, sandbox: Sandbox) -> None:
    world.groups[EXAMPLE].pending[ADA] = 1000.0
    sandbox.faults.plan(faults.LOST_BEFORE, on="add")
    assert verdicts(client.add(EXAMPLE, [ADA])) == [(Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED)]


def test_join_requests_are_shown_to_admins_only(client: Client, world: World) -> None:
    group = world.groups[EXAMPLE]
    group.pending[ADA] = 1000.0
    reading = Waha("default", BASE, Secret(KEY)).join_requests
    assert client._run(reading(GroupId(EXAMPLE))) == (Identity(ADA, world.people[ADA].lid),)
    world.set_role(EXAMPLE, US, "member")
    with pytest.raises(errors.NotAllowed):
        client._run(reading(GroupId(EXAMPLE)))
