"""Evolution API's wire format: what is sent, what every known variant of an answer comes to, and its traps."""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import pytest
from attrs import evolve

from groupadd import Client, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, InviteState, ParticipantOutcome, Reason, Status
from groupadd.model.roster import Roster
from groupadd.provider import GroupInfo, Member, NumberCheck, Secret, SentMessage, Session
from groupadd.providers.evolution import Evolution
from groupadd.sandbox import Privacy, RosterView, Sandbox, SandboxPerson, World, faults
from groupadd.sandbox.example import GROUP as EXAMPLE
from groupadd.sandbox.people import Addressing
from groupadd.sandbox.vendors import evolution as vendor
from groupadd.settings import AddSettings, Verify
from groupadd.wire.messages import Request, Response
from tests.providers.conftest import Connect
from tests.support.example import ADA, BEN, CLEO, DAN, EVE, FINN, US, verdicts
from tests.support.scripts import GROUP, Answer, Script, lost, revealed, says

PHONE, OTHER = "15550100", "15550101"
BRAZIL, BRAZIL_OLD = "5531988880100", "553188880100"
ANN, BY_LID = parse_participants([f"+{PHONE}", "99900011@lid"])
WHERE = GroupId(GROUP)
BASE = "http://evolution.invalid"
EVOLUTION = Evolution("i1", Secret("the-key"), BASE)
ADD, LIST = "POST /group/updateParticipant/{instance}", "GET /group/participants/{instance}"
INFO, INVITE = "GET /group/findGroupInfos/{instance}", "GET /group/inviteCode/{instance}"
SEND, CHECK = "POST /message/sendText/{instance}", "POST /chat/whatsappNumbers/{instance}"
STATE, INSTANCES = "GET /instance/connectionState/{instance}", "GET /instance/fetchInstances"
NEVER = AddSettings(verify="never")
Verdict: TypeAlias = tuple[Status, Reason | None, Evidence]


@pytest.mark.parametrize(
    ("flow", "line", "query", "body"),
    [
        (
            EVOLUTION.add_participants(WHERE, [ANN, BY_LID], notify=None),
            *(ADD, {"groupJid": GROUP}),
            {"action": "add", "participants": [f"{PHONE}@s.whatsapp.net", "99900011@lid"]},
        ),
        (EVOLUTION.list_participants(WHERE), LIST, {"groupJid": GROUP}, None),
        (EVOLUTION.group_info(WHERE), INFO, {"groupJid": GROUP}, None),
        (EVOLUTION.invite_link(WHERE), INVITE, {"groupJid": GROUP}, None),
        (EVOLUTION.send_text(ANN, Secret("hello")), SEND, {}, {"number": ANN.id, "text": "hello"}),
        (EVOLUTION.send_text(BY_LID, Secret("hello")), SEND, {}, {"number": "99900011@lid", "text": "hello"}),
        (EVOLUTION.check_number(PHONE), CHECK, {}, {"numbers": [ANN.id]}),
        (EVOLUTION.session(), STATE, {}, None),
    ],
)
def test_what_is_sent(
    flow: Generator[Request, Response, object], line: str, query: Mapping[str, str], body: object
) -> None:
    request = next(flow)
    assert (str(request), request.params, request.query) == (line, {"instance": "i1"}, query)
    assert revealed(request.headers) == {"apikey": "the-key"}
    assert revealed(request.json) == body
    assert request.repeatable is (line not in {ADD, SEND})
    assert "the-key" not in repr(EVOLUTION) + repr(request)


def row(status: object, jid: str = f"{PHONE}@s.whatsapp.net", **attrs: str) -> dict[str, object]:
    return {"status": status, "jid": jid, "content": {"tag": "participant", "attrs": {"jid": jid, **attrs}}}


def offered(**beside: object) -> dict[str, object]:
    """Return issue 2011's row."""
    request = {"tag": "add_request", "attrs": {"code": "personal-code-0123", "expiration": "1759028118"}}
    content = {"tag": "participant", "attrs": {"error": "403"}, "content": [request]}
    return {"status": "403", "jid": f"{PHONE}@s.whatsapp.net", "content": content, **beside}


def updated(*rows: object, status: int = 201) -> Response:
    return says({"updateParticipants": rows}, status)


def failed(status: int, message: object) -> Response:
    return says({"status": status, "error": "x", "response": {"message": message}}, status)


def state(word: str) -> Response:
    return says({"instance": {"instanceName": "i1", "state": word}})


def add_failed(text: str) -> Response:
    return failed(400, ["Error updating participants", text])


NO_CLIENT = "TypeError: Cannot read properties of undefined (reading 'groupParticipantsUpdate')"
NO_INSTANCE = failed(404, ['The "i1" instance does not exist'])
DUPLICATE = failed(400, [{"property": "participants", "message": "participants contains duplicate item"}])


def out(reason: Reason) -> Verdict:
    return Status.NOT_ADDED, reason, Evidence.REPORTED


def unknown(reason: Reason) -> Verdict:
    return Status.UNKNOWN, reason, Evidence.NONE


def adding(people: Sequence[str] = (PHONE,), **answers: Sequence[Answer]) -> tuple[ParticipantOutcome, ...]:
    names = {"add": ADD, "state": STATE, "check": CHECK}
    script = Script({names[name]: replies for name, replies in answers.items()})
    return script.run(add(ProviderSession(EVOLUTION), WHERE, parse_participants(people), NEVER))


@pytest.mark.parametrize(
    ("answer", "verdict", "word"),
    [
        (updated(row("200")), (Status.ADDED, None, Evidence.REPORTED), "200"),
        (updated(row("200"), status=200), (Status.ADDED, None, Evidence.REPORTED), "200"),
        (updated(row("409")), (Status.ALREADY_MEMBER, None, Evidence.REPORTED), "409"),
        (updated(row("403")), out(Reason.PRIVACY), "403"),
        (updated(offered()), out(Reason.PRIVACY), "403"),
        (updated(offered(invite={"sent": False})), out(Reason.PRIVACY), "403"),
        (updated(offered(invite={"sent": True})), (Status.INVITED, Reason.PRIVACY, Evidence.REPORTED), "403"),
        (updated({**row("403"), "invite": {"sent": True}}), (Status.INVITED, Reason.PRIVACY, Evidence.REPORTED), "403"),
        (updated({**row("403"), "invite": "sent"}), out(Reason.PRIVACY), "403"),
        (updated({**row("200"), "invite": {"sent": True}}), unknown(Reason.CONTRADICTION), "200"),
        (updated(row("404")), out(Reason.NOT_ON_WHATSAPP), "404"),
        (updated(row("408")), out(Reason.RECENTLY_LEFT), "408"),
        (updated(row("421")), (Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED, Evidence.REPORTED), "421"),
        (updated(row("999")), unknown(Reason.UNRECOGNISED), "999"),
        (
            updated(row("200", "77001@lid", phone_number=f"{PHONE}@s.whatsapp.net")),
            *((Status.ADDED, None, Evidence.REPORTED), "200"),
        ),
        (updated(row("200", f"{OTHER}@s.whatsapp.net")), (Status.ADDED, None, Evidence.REPORTED), "200"),
        (updated(row("200", "77001@lid")), (Status.ADDED, None, Evidence.REPORTED), "200"),
        (updated(), unknown(Reason.NO_ANSWER), None),
        (updated(None, "200", {}), unknown(Reason.NOT_MENTIONED), None),
        (Response(201), unknown(Reason.NOT_CHECKED), None),
        (says({}, 201), unknown(Reason.UNREADABLE_ANSWER), None),
        (says({"updateParticipants": None}, 201), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200, b"<html>"), unknown(Reason.UNREADABLE_ANSWER), None),
        (failed(500, "Cannot read"), unknown(Reason.NO_ANSWER), "500"),
        (failed(500, "Connection Closed"), unknown(Reason.NO_ANSWER), "Connection Closed"),
        (says({}, 400), unknown(Reason.NO_ANSWER), ""),
        (Response(504, b"<html>"), unknown(Reason.NO_ANSWER), "504"),
        (lost(), unknown(Reason.NO_ANSWER), None),
    ],
)
def test_an_answer_comes_to(answer: Answer, verdict: Verdict, word: str | None) -> None:
    (person,) = adding(add=[answer])
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


def test_an_offered_invitation_is_reported_without_its_code() -> None:
    (person,) = adding(add=[updated(offered())])
    assert person.invite is not None
    assert (person.invite.kind, person.invite.state) == ("personal", None)
    assert person.invite.expires_at == datetime(2025, 9, 28, 2, 55, 18, tzinfo=UTC)
    assert "personal-code" not in repr(person) + str(person.invite.as_dict())


def test_an_invitation_that_the_server_sent_is_reported_as_sent() -> None:
    (person,) = adding(add=[updated(offered(invite={"sent": True}))])
    assert person.invite is not None
    assert person.invite.state is InviteState.SENT


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Error: Timed Out",
            "Error: Connection Closed",
            "Error: internal-server-error",
            "1011",
            "428",
            "anything else",
        ),
        "Error: database is locked",
    ],
)
def test_a_400_that_hides_a_failure_of_the_engines_leaves_open_what_happened(text: str) -> None:
    (person,) = adding(add=[add_failed(text)])
    assert (person.status, person.reason, person.provider_says) == (Status.UNKNOWN, Reason.NO_ANSWER, text)


def test_an_engine_that_stumbles_over_whatsapps_answer_has_asked() -> None:
    (person,) = adding(add=[add_failed("TypeError: Cannot read properties of undefined (reading 'attrs')")])
    assert (person.status, person.reason) == (Status.UNKNOWN, Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (add_failed("Error: forbidden"), errors.NotAllowed),
        (add_failed("Error: not-authorized"), errors.NotAllowed),
        (add_failed("Error: rate-overlimit"), errors.RateLimited),
        (add_failed("Error: item-not-found"), errors.GroupNotFound),
        (add_failed("Error: bad-request"), errors.RequestRefused),
        (failed(401, "Unauthorized"), errors.NotAuthenticated),
        (says({}, 429), errors.RateLimited),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_comes_to(answer: Answer, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        adding(add=[answer])
    assert type(caught.value) is error
    assert not caught.value.maybe_applied


@pytest.mark.parametrize("answer", [add_failed(NO_CLIENT), NO_INSTANCE])
@pytest.mark.parametrize(
    ("its_state", "error"),
    [
        (state("close"), errors.SessionNotReady),
        (state("connecting"), errors.SessionNotReady),
        (NO_INSTANCE, errors.SessionNotReady),
        (state("open"), (errors.RequestRefused, errors.GroupNotFound)),
        (state("dancing"), (errors.RequestRefused, errors.GroupNotFound)),
        (failed(401, "Unauthorized"), (errors.RequestRefused, errors.GroupNotFound)),
        (lost(), (errors.RequestRefused, errors.GroupNotFound)),
    ],
)
def test_a_400_or_404_is_a_session_that_is_down_only_if_its_state_says_so(
    answer: Response,
    its_state: Answer,
    error: type[errors.ProviderError] | tuple[type[errors.ProviderError], ...],
) -> None:
    with pytest.raises(error) as caught:
        adding(add=[answer], state=[its_state])
    assert not caught.value.maybe_applied


def test_the_duplicate_refusal_is_a_refusal_and_is_not_provoked() -> None:
    with pytest.raises(errors.RequestRefused):
        adding(add=[DUPLICATE], state=[state("open")])
    script = Script({ADD: [updated(row("200"))]})
    people = parse_participants([f"+{PHONE}", f"{PHONE}@c.us", "+1 555-0100"])
    outcomes = script.run(add(ProviderSession(EVOLUTION), WHERE, people, NEVER))
    assert script.requests[0].json == {"action": "add", "participants": [f"{PHONE}@s.whatsapp.net"]}
    assert [one.reason for one in outcomes] == [None, Reason.DUPLICATE, Reason.DUPLICATE]


MEXICO, MEXICO_ONE = "525512345678", "5215512345678"
ARGENTINA, ARGENTINA_NINE = "541112345678", "5491112345678"


def checked(jid: str, *, exists: bool = True) -> Response:
    return says([{"jid": f"{jid}@s.whatsapp.net", "exists": exists, "number": f"{PHONE}@s.whatsapp.net"}])


@pytest.mark.parametrize(
    ("phone", "answer", "check"),
    [
        (PHONE, checked(PHONE), NumberCheck(exists=True, account=Identity(PHONE))),
        (PHONE, checked(PHONE, exists=False), NumberCheck(exists=None)),
        ("2290197000101", checked("2290197000101", exists=False), NumberCheck(exists=None)),
        (BRAZIL, checked(BRAZIL), NumberCheck(exists=None, reaches=Identity(BRAZIL))),
        (BRAZIL, checked(BRAZIL_OLD), NumberCheck(exists=None, reaches=Identity(BRAZIL_OLD))),
        (BRAZIL, checked(BRAZIL, exists=False), NumberCheck(exists=None)),
        (MEXICO_ONE, checked(MEXICO), NumberCheck(exists=None, reaches=Identity(MEXICO))),
        (ARGENTINA_NINE, checked(ARGENTINA_NINE), NumberCheck(exists=None, reaches=Identity("5491112345678"))),
    ],
)
def test_a_number_check_proves_no_more_than_the_server_asked_whatsapp(
    phone: str, answer: Response, check: NumberCheck
) -> None:
    assert Script({CHECK: [answer]}).run(EVOLUTION.check_number(phone)) == check


def boom(data: object, message: str = "An internal server error occurred") -> Response:
    """Return an exception as whatsappNumbers shows it: without a wrapping."""
    output = {"statusCode": 500, "payload": {"statusCode": 500, "message": message}, "headers": {}}
    return says({"data": data, "isBoom": True, "isServer": True, "output": output}, 400)


@pytest.mark.parametrize(
    ("answer", "its_state", "error"),
    [
        (boom(429), None, errors.RateLimited),
        (boom(500), None, errors.AnswerLost),
        (boom(None, "Timed Out"), None, errors.AnswerLost),
        (boom(None, "Connection Closed"), "connecting", errors.SessionNotReady),
        (boom(None, "Connection Closed"), "open", errors.AnswerLost),
        (says({}, 400), "open", errors.AnswerLost),
        (says({}, 400), "close", errors.SessionNotReady),
        (says({"status": 400, "error": "Bad Request", "message": [["x"]]}, 400), "open", errors.RequestRefused),
    ],
)
def test_a_failed_number_check_raises_what_the_exception_means(
    answer: Response, its_state: str | None, error: type[errors.ProviderError]
) -> None:
    answers = {CHECK: [answer]} | ({STATE: [state(its_state)]} if its_state else {})
    with pytest.raises(error) as caught:
        Script(answers).run(EVOLUTION.check_number(PHONE))
    assert type(caught.value) is error


@pytest.mark.parametrize(("brazil", "verdict"), [(BRAZIL_OLD, unknown(Reason.NOT_MENTIONED))])
def test_a_rewritten_number_among_several_is_nobodys(brazil: str, verdict: Verdict) -> None:
    rows = updated(row("200", f"{brazil}@s.whatsapp.net"), row("200"))
    (person, other) = adding([BRAZIL, PHONE], add=[rows], check=[checked(brazil)])
    assert (person.status, person.reason, person.evidence) == verdict
    assert other.status is Status.ADDED


LID_ROWS = [
    {"id": "77001@lid", "phoneNumber": f"{PHONE}@s.whatsapp.net", "admin": "superadmin"},
    {"id": f"{OTHER}@s.whatsapp.net", "lid": "77002@lid", "admin": None, "name": "x", "imgUrl": None},
    {"id": "77003@lid", "admin": "admin"},
]


def test_a_roster_is_read() -> None:
    roster = Script({LIST: [says({"participants": LID_ROWS})]}).run(EVOLUTION.list_participants(WHERE))
    members = (Member(PHONE, "77001", "superadmin"), Member(OTHER, "77002", "member"), Member(None, "77003", "admin"))
    assert roster == Roster(members)


@pytest.mark.parametrize(
    ("text", "its_state", "error"),
    [
        ("TypeError: Cannot read properties of undefined (reading 'groupMetadata')", "close", errors.SessionNotReady),
        ("TypeError: Cannot read properties of undefined (reading 'groupMetadata')", "open", errors.GroupNotFound),
        ("Error: item-not-found", None, errors.GroupNotFound),
        ("Error: forbidden", None, errors.NotAllowed),
        ("Error: rate-overlimit", None, errors.RateLimited),
        ("Error: Timed Out", None, errors.AnswerLost),
        ("TypeError: Cannot read properties of undefined (reading 'attrs')", None, errors.AnswerLost),
        ("Error: Connection Closed", "close", errors.SessionNotReady),
        ("Error: Connection Closed", "open", errors.AnswerLost),
        ("1011", "connecting", errors.SessionNotReady),
        ("1011", "open", errors.AnswerLost),
        ("Error: the table forbidden is locked", None, errors.AnswerLost),
    ],
)
def test_the_text_of_a_rosters_404_decides_what_is_missing(
    text: str, its_state: str | None, error: type[errors.ProviderError]
) -> None:
    answers = {LIST: [failed(404, ["No participants", text])]} | ({STATE: [state(its_state)]} if its_state else {})
    with pytest.raises(error) as caught:
        Script(answers).run(EVOLUTION.list_participants(WHERE))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("answer", "info"),
    [
        ({"size": 3, "isCommunity": False, "participants": LID_ROWS}, GroupInfo(size=3, is_community=False)),
        ({"participants": LID_ROWS}, GroupInfo(size=3)),
        (
            {"size": 3, "memberAddMode": True, "joinApprovalMode": False},
            GroupInfo(size=3, members_may_add=True, needs_approval=False),
        ),
        ({"size": "3"}, GroupInfo()),
    ],
)
def test_a_group_is_described(answer: object, info: GroupInfo) -> None:
    assert Script({INFO: [says(answer)]}).run(EVOLUTION.group_info(WHERE)) == info


def test_the_invite_link_is_read() -> None:
    code = "AbCdEfGhIjKlMnOpQrStUv"
    answer = says({"inviteUrl": f"https://chat.whatsapp.com/{code}", "inviteCode": code})
    link = Script({INVITE: [answer]}).run(EVOLUTION.invite_link(WHERE))
    assert link.reveal() == f"https://chat.whatsapp.com/{code}"


@pytest.mark.parametrize(
    ("answer", "its_state", "error"),
    [
        (failed(500, "Cannot read properties of undefined (reading 'onWhatsApp')"), "close", errors.SessionNotReady),
        (failed(500, "x"), None, errors.AnswerLost),
        (failed(500, "Connection Closed"), "close", errors.SessionNotReady),
        (failed(500, "Connection Closed"), "open", errors.AnswerLost),
        (failed(500, "1011"), None, errors.AnswerLost),
        (failed(400, ["1011"]), None, errors.AnswerLost),
        (failed(400, ["Error: Timed Out"]), None, errors.AnswerLost),
        (failed(400, ["Error: rate-overlimit"]), None, errors.RateLimited),
        (failed(400, [{"jid": "x", "exists": False, "number": PHONE}]), "open", errors.RequestRefused),
        (failed(400, [['instance requires property "text"']]), "open", errors.RequestRefused),
        (says({"key": {}}, 201), None, errors.AnswerLost),
    ],
)
def test_a_text_that_is_not_sent_differs_from_one_that_may_have_been_sent(
    answer: Response, its_state: str | None, error: type[errors.ProviderError]
) -> None:
    answers = {SEND: [answer]} | ({STATE: [state(its_state)]} if its_state else {})
    with pytest.raises(error) as caught:
        Script(answers).run(EVOLUTION.send_text(ANN, Secret("hello")))
    assert type(caught.value) is error


def test_a_text_is_sent() -> None:
    answer = says({"key": {"remoteJid": f"{OTHER}@s.whatsapp.net", "fromMe": True, "id": "m1"}, "status": "x"}, 201)
    sent = Script({SEND: [answer]}).run(EVOLUTION.send_text(ANN, Secret("hello")))
    assert sent == SentMessage("m1", Identity(OTHER))


@pytest.mark.parametrize(
    ("its_state", "owner", "session"),
    [
        (state("open"), says([{"ownerJid": f"{PHONE}@s.whatsapp.net"}]), Session(True, "open", Identity(PHONE))),
        (state("open"), says([{"ownerJid": None}]), Session(True, "open")),
        (
            state("open"),
            says([{"instance": {"owner": f"{PHONE}@s.whatsapp.net"}}]),
            Session(True, "open", Identity(PHONE)),
        ),
        (state("open"), failed(401, "Unauthorized"), Session(True, "open")),
        (state("open"), lost(), Session(True, "open")),
        (state("connecting"), None, Session(False, "connecting")),
        (state("close"), None, Session(False, "close")),
        (state("dancing"), None, Session(None, "dancing")),
        (NO_INSTANCE, None, Session(False, "missing")),
    ],
)
def test_the_session_is_read(its_state: Response, owner: Answer | None, session: Session) -> None:
    answers = {STATE: [its_state]} | ({INSTANCES: [owner]} if owner else {})
    assert Script(answers).run(EVOLUTION.session()) == session


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed(401, "Unauthorized"), errors.NotAuthenticated),
        (says({"instance": {}}), errors.AnswerLost),
        (failed(404, ["Cannot GET /instance/connectionState/i1"]), errors.WrongAddress),
        (Response(200, b"<html>"), errors.AnswerLost),
    ],
)
def test_a_state_that_cannot_be_read_is_none(answer: Response, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error):
        Script({STATE: [answer]}).run(EVOLUTION.session())


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
def test_a_whole_add_reports_each_participant(client: Client, world: World, addressing: Addressing) -> None:
    world.groups[EXAMPLE].addressing = addressing
    assert verdicts(client.add(EXAMPLE, [ADA, BEN, CLEO, DAN, EVE, FINN])) == [
        (Status.ADDED, None),
        (Status.ALREADY_MEMBER, None),
        (Status.NOT_ADDED, Reason.PRIVACY),
        (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP),
        (Status.NOT_ADDED, Reason.RECENTLY_LEFT),
        (Status.NOT_ADDED, Reason.BLOCKED),
    ]
    assert [world.is_member(EXAMPLE, phone) for phone in (ADA, BEN, CLEO, DAN)] == [True, True, False, False]


@pytest.mark.parametrize("verify", ["auto", "always"])
def test_an_instance_that_is_not_there_is_no_group_that_is_not_there(connect: Connect, verify: Verify) -> None:
    with pytest.raises(errors.SessionNotReady):
        connect(instance="other").add(EXAMPLE, [ADA], verify=verify)


def test_a_participant_known_by_the_other_form_of_the_number_is_found(client: Client, world: World) -> None:
    world.add_people(SandboxPerson(BRAZIL_OLD, "177005550000777", number_variants=frozenset({BRAZIL})))
    assert verdicts(client.add(EXAMPLE, [BRAZIL])) == [(Status.ADDED, None)]
    assert world.is_member(EXAMPLE, BRAZIL_OLD)


TWO_FORMS = [(MEXICO, MEXICO_ONE), (MEXICO_ONE, MEXICO), (ARGENTINA, ARGENTINA_NINE), (BRAZIL, BRAZIL_OLD)]


@pytest.mark.parametrize(("phone", "other"), TWO_FORMS)
def test_an_invitation_reaches_the_person_meant_though_another_has_the_numbers_other_form(
    client: Client, world: World, phone: str, other: str
) -> None:
    world.add_people(
        SandboxPerson(phone, "177005550000771", privacy=Privacy.CONTACTS_ONLY),
        SandboxPerson(other, "177005550000772"),
    )
    assert verdicts(client.add(EXAMPLE, [phone], invite="link")) == [(Status.INVITED, Reason.PRIVACY)]
    assert [(entry.kind, entry.to) for entry in world.journal] == [("add", phone), ("invitation", phone)]


@pytest.mark.parametrize(("phone", "other"), TWO_FORMS)
def test_an_invitation_that_the_server_would_send_to_a_number_in_its_memory_is_not_sent(
    client: Client, world: World, sandbox: Sandbox, phone: str, other: str
) -> None:
    world.add_people(
        SandboxPerson(phone, "177005550000771", privacy=Privacy.CONTACTS_ONLY),
        SandboxPerson(other, "177005550000772"),
    )
    assert isinstance(sandbox.vendor, vendor.Evolution)
    sandbox.vendor.seen[f"{other}@s.whatsapp.net"] = world.now
    (person,) = client.add(EXAMPLE, [phone], invite="link")
    assert person.status is Status.NOT_ADDED
    assert person.invite is not None
    assert person.invite.state is InviteState.FAILED
    assert [entry.to for entry in world.journal if entry.kind == "invitation"] == []


@pytest.mark.parametrize("phone", ["2290197000101", "12025550177", MEXICO_ONE, BRAZIL])
def test_a_number_that_is_not_on_whatsapp_under_its_form_may_be_so_under_another(
    client: Client, world: World, phone: str
) -> None:
    world.add_people(SandboxPerson("229970001019", "177005550000773", number_variants=frozenset({phone})))
    (prospect,) = client.preflight(EXAMPLE, [phone]).participants
    assert prospect.on_whatsapp is None


@pytest.mark.parametrize("fault", [faults.LINE_CLOSES, faults.SILENCE])
@pytest.mark.parametrize("timeout_s", [30.0, 90.0])
def test_an_add_that_whatsapp_does_not_answer_is_settled_by_looks(
    client: Client, world: World, sandbox: Sandbox, fault: faults.Fault, timeout_s: float
) -> None:
    client._flows = evolve(client._flows, settings=AddSettings(timeout_s=timeout_s))
    sandbox.faults.plan(fault, on="add")
    assert verdicts(client.add(EXAMPLE, [ADA])) == [(Status.ADDED, None)]
    sandbox.faults.plan(evolve(fault, takes_effect_after_s=None), on="add")
    assert verdicts(client.add(EXAMPLE, [CLEO])) == [(Status.NOT_ADDED, Reason.NO_ANSWER)]
    assert [entry.to for entry in world.journal] == [ADA]


@pytest.mark.parametrize("session", ["starting", "failed"])
def test_a_closed_line_is_a_session_that_is_down_and_no_missing_group(
    client: Client, world: World, session: Literal["starting", "failed"]
) -> None:
    world.accounts[US].session = session
    for read in (
        client.members,
        lambda group: client.check(group, [ADA]),
        lambda group: client.preflight(group, [ADA]),
    ):
        with pytest.raises(errors.SessionNotReady):
            read(EXAMPLE)
    assert verdicts(client.add(EXAMPLE, [ADA])) == [(Status.UNKNOWN, Reason.NO_ANSWER)]
    assert not world.journal


@pytest.mark.parametrize("both_names", [True, False])
def test_rows_by_lid_alone_say_nothing_of_several_people_and_everything_of_one(
    client: Client, world: World, *, both_names: bool
) -> None:
    group = world.groups[EXAMPLE]
    group.addressing, group.roster_view = "lid", RosterView(both_names=both_names)
    assert verdicts(client.add(EXAMPLE, [CLEO])) == [(Status.NOT_ADDED, Reason.PRIVACY)]
    assert verdicts(client.add(EXAMPLE, [ADA])) == [(Status.ADDED, None)]
    open_still = (Status.UNKNOWN, Reason.UNRESOLVED_IDENTITY)
    both = [(Status.ALREADY_MEMBER, None), (Status.NOT_ADDED, Reason.PRIVACY)]
    assert verdicts(client.add(EXAMPLE, [ADA, CLEO])) == (both if both_names else [open_still, open_still])


@pytest.mark.parametrize(
    ("number", "jid"),
    [
        (BRAZIL, BRAZIL_OLD),
        ("5511988880100", "5511988880100"),
        ("5531968880100", "5531968880100"),
        ("5215512345678", "525512345678"),
        ("5491112345678", "541112345678"),
        (f"{BRAZIL}@s.whatsapp.net", BRAZIL),
    ],
)
def test_the_sandbox_rewrites_bare_numbers_as_the_server_does(number: str, jid: str) -> None:
    assert vendor._jid(number) == f"{jid}@s.whatsapp.net"
