"""WPPConnect Server's wire format: what is sent, what answers come to, and its traps by name."""

import logging
from collections.abc import Mapping, Sequence

import pytest

from groupadd import Client, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupInfo, NumberCheck, Proof, Secret, SentMessage, Session
from groupadd.providers.wppconnect import WPPConnect
from groupadd.sandbox import RosterView, Sandbox, World, faults
from groupadd.sandbox.example import GROUP as EXAMPLE
from groupadd.sandbox.people import Addressing
from groupadd.settings import AddSettings, Verify
from groupadd.wire.messages import Flow, Response
from tests.support.example import ADA, BEN, CLEO, DAN, EVE, FINN, US, verdicts
from tests.support.scripts import GROUP, ME, Answer, Script, lost, revealed, says

WPP = WPPConnect("s1", Secret("the-secret"), "http://wpp.invalid")
PHONE, OTHER = "15550100", "15550101"
LONG_PHONE, LID, SHORT_LID = "120255501001234", "999000111222333", "99900011"
ANN, BY_LID = parse_participants([PHONE, f"{LID}@lid"])
WHERE = GroupId(GROUP)

LOGIN = "POST /api/{session}/{secret}/generate-token"
ADD = "POST /api/{session}/add-participant-group"
LIST = "GET /api/{session}/group-members-ids/{group}"
INFO = "GET /api/{session}/group-info/{group}"
INVITE = "GET /api/{session}/group-invite-link/{group}"
SEND = "POST /api/{session}/send-message"
CHECK = "GET /api/{session}/check-number-status/{phone}"
LIDS = "GET /api/{session}/contact/pn-lid/{phone}@c.us"
STATE = "GET /api/{session}/check-connection-session"
DEVICE = "GET /api/{session}/host-device"

TOKEN = says({"status": "success", "session": "s1", "token": "the-token", "full": "s1:the-token"}, 201)
CONNECTED = says({"status": True, "message": "Connected"})
DISCONNECTED = says({"response": None, "status": "Disconnected", "message": "A sessão não está ativa."}, 404)
OWN_NUMBER = says({"status": "success", "response": {"phoneNumber": f"{ME}@c.us"}, "mapper": "device"})
HTML = b"<!DOCTYPE html><html><pre>Cannot POST /x</pre></html>"
CODE = "AbCdEfGhIjKlMnOpQrStUv"


def script(answers: Mapping[str, Sequence[Answer]], *, tokens: int = 1) -> Script:
    return Script({LOGIN: [TOKEN] * tokens, **answers})


def wid(name: str) -> dict[str, str]:
    user, _, server = name.partition("@")
    return {"server": server, "user": user, "_serialized": name}


def members(*names: str) -> Response:
    return says({"status": "success", "response": [wid(name) for name in (f"{ME}@c.us", *names)]})


def result(*groups: object) -> Response:
    response = {"message": "Addition to group attempted.", "participants": [PHONE], "groups": [GROUP], "result": groups}
    return says({"status": "success", "response": response}, 201)


def person(code: object, name: str = f"{PHONE}@c.us", **more: object) -> dict[str, object]:
    return {name: {"wid": name, "code": code, "message": "x", "invite_code": None, "invite_code_exp": None, **more}}


def not_found(phone: str = PHONE) -> Response:
    return says({"response": None, "status": "Connected", "message": f"O número {phone} não existe."}, 400)


def adding(*people: str, verify: Verify = "never") -> Flow[tuple[ParticipantOutcome, ...]]:
    return add(ProviderSession(WPP), WHERE, parse_participants(people), AddSettings(verify=verify))


@pytest.mark.parametrize(
    ("flow", "line", "params", "body"),
    [
        (
            WPP.add_participants(WHERE, [ANN, BY_LID], notify=None),
            *(ADD, {}, {"groupId": GROUP, "phone": [PHONE, LID]}),
        ),
        (WPP.list_participants(WHERE), LIST, {"group": GROUP}, None),
        (WPP.group_info(WHERE), INFO, {"group": GROUP}, None),
        (WPP.invite_link(WHERE), INVITE, {"group": GROUP}, None),
        (
            WPP.send_text(ANN, Secret("hello")),
            *(SEND, {}, {"phone": PHONE, "message": "hello", "isGroup": False}),
        ),
        (
            WPP.send_text(BY_LID, Secret("hello")),
            *(SEND, {}, {"phone": LID, "isLid": True, "message": "hello", "isGroup": False}),
        ),
        (WPP.check_number(PHONE), CHECK, {"phone": PHONE}, None),
        (WPP.resolve_lids([PHONE]), LIDS, {"phone": PHONE}, None),
        (WPP.session(), STATE, {}, None),
    ],
)
def test_what_is_sent(
    flow: Flow[object], line: str, params: Mapping[str, str], body: Mapping[str, object] | None
) -> None:
    login = next(flow)
    assert str(login) == LOGIN
    assert revealed(login.params) == {"session": "s1", "secret": "the-secret"}
    assert (login.headers, login.json) == ({}, None)
    assert login.repeatable
    request = flow.send(TOKEN)
    assert str(request) == line
    assert request.params == {"session": "s1", **params}
    assert request.query == {}
    assert revealed(request.headers) == {"Authorization": "Bearer the-token"}
    assert revealed(request.json) == body
    assert request.repeatable is line.startswith("GET")
    assert "the-" not in repr(WPP) + repr(login) + repr(request)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({"response": False, "message": "The SECRET_KEY is incorrect"}, 400), errors.NotAuthenticated),
        (Response(404, HTML), errors.WrongAddress),
        (Response(308, headers={"location": "https://wpp.invalid/"}), errors.WrongAddress),
        (Response(429), errors.RateLimited),
        (Response(502, HTML), errors.AnswerLost),
        (says({"status": "success"}, 201), errors.AnswerLost),
        (says({"token": ""}, 201), errors.AnswerLost),
        (lost(maybe_sent=True), errors.ProviderUnreachable),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_without_a_token_no_add_is_sent(answer: Answer, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        Script({LOGIN: [answer]}).run(adding(PHONE))
    assert type(caught.value) is error
    assert caught.value.maybe_applied is False


@pytest.mark.parametrize(
    ("answer", "status", "reason", "word"),
    [
        (result(person(200)), Status.ADDED, None, "200"),
        (result({PHONE: {"wid": wid(f"{PHONE}@c.us"), "code": 200}}), Status.ADDED, None, "200"),
        (result(person(403)), Status.NOT_ADDED, Reason.PRIVACY, "403"),
        (result(person(404)), Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP, "404"),
        (result(person(408)), Status.NOT_ADDED, Reason.RECENTLY_LEFT, "408"),
        (result(person(409)), Status.ALREADY_MEMBER, None, "409"),
        (result(person(421)), Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED, "421"),
        (result(person(207)), Status.UNKNOWN, Reason.UNRECOGNISED, "207"),
        (result(person(None)), Status.UNKNOWN, Reason.UNRECOGNISED, "None"),
        (result({}), Status.UNKNOWN, Reason.NOT_MENTIONED, None),
        (result({"x": 1}), Status.UNKNOWN, Reason.NOT_MENTIONED, None),
        (result(None), Status.UNKNOWN, Reason.NOT_CHECKED, None),
        (result(), Status.UNKNOWN, Reason.NOT_CHECKED, None),
        (says({"status": "success"}, 201), Status.UNKNOWN, Reason.NOT_CHECKED, None),
        (Response(201), Status.UNKNOWN, Reason.NOT_CHECKED, None),
        (Response(200, HTML), Status.UNKNOWN, Reason.UNREADABLE_ANSWER, None),
        (Response(502, HTML), Status.UNKNOWN, Reason.NO_ANSWER, "502"),
        (lost(), Status.UNKNOWN, Reason.NO_ANSWER, None),
        (not_found(), Status.UNKNOWN, Reason.NOT_ON_WHATSAPP, "400"),
        (not_found("unknown"), Status.UNKNOWN, Reason.NO_ANSWER, "400"),
    ],
)
def test_an_answer_comes_to(answer: Answer, status: Status, reason: Reason | None, word: str | None) -> None:
    (outcome,) = script({ADD: [answer]}).run(adding(PHONE))
    assert (outcome.status, outcome.reason, outcome.provider_says) == (status, reason, word)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({"message": "Token is not present. Check your header and try again"}, 401), errors.NotAuthenticated),
        (says({"error": "Check that the Session and Token are correct"}, 401), errors.NotAuthenticated),
        (Response(400, HTML), errors.RequestRefused),
        (says({"status": "error", "message": "x"}, 400), errors.RequestRefused),
        (Response(429), errors.RateLimited),
    ],
)
def test_a_refusal_comes_to(answer: Response, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        script({ADD: [answer]}).run(adding(PHONE))
    assert type(caught.value) is error


def test_a_404_means_not_connected_and_says_nothing_of_the_group() -> None:
    for line, flow in (
        (ADD, WPP.add_participants(WHERE, [ANN], notify=None)),
        (LIST, WPP.list_participants(WHERE)),
        (SEND, WPP.send_text(ANN, Secret("x"))),
    ):
        with pytest.raises(errors.SessionNotReady):
            script({line: [DISCONNECTED]}).run(flow)


def test_a_404_in_html_means_a_wrong_address() -> None:
    with pytest.raises(errors.WrongAddress, match="not at this address"):
        script({LIST: [Response(404, HTML)]}).run(WPP.list_participants(WHERE))


def test_a_400_that_still_adds_the_rest_is_settled_by_looks_after_it_may_have_taken_effect() -> None:
    looks = [members(), *[members(f"{OTHER}@c.us")] * 3]
    answers = {ADD: [not_found()], LIST: looks, STATE: [CONNECTED], DEVICE: [OWN_NUMBER]}
    line = script(answers, tokens=6)
    ann, ben = line.run(adding(PHONE, OTHER, verify="auto"))
    assert (ann.status, ann.reason, ann.evidence) == (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP, Evidence.OBSERVED)
    assert (ben.status, ben.evidence) == (Status.ADDED, Evidence.OBSERVED)
    assert line.at_s[-1] >= 60


def test_a_400_whose_check_merely_failed_is_put_right_by_the_rosters() -> None:
    looks = [members(), members(f"{PHONE}@c.us")]
    answers = {
        ADD: [not_found()],
        LIST: looks,
        STATE: [CONNECTED],
        DEVICE: [OWN_NUMBER],
    }
    (ann,) = script(answers, tokens=4).run(adding(PHONE, verify="auto"))
    assert ann.status is Status.ADDED


@pytest.mark.parametrize(
    "answer",
    [not_found(), says({"status": "error", "message": "Error adding participant(s)", "error": {}}, 500), lost()],
)
def test_a_list_that_may_hold_people_who_have_left_proves_no_presence(answer: Answer) -> None:
    answers: Mapping[str, Sequence[Answer]] = {
        ADD: [answer],
        LIST: [members(f"{PHONE}@c.us")] * 4,
        STATE: [CONNECTED],
        DEVICE: [OWN_NUMBER],
    }
    ann, ben = script(answers, tokens=6).run(adding(PHONE, OTHER, verify="auto"))
    assert (ann.status, ann.reason, ann.evidence) == (Status.UNKNOWN, Reason.STALE_ROSTER, Evidence.NONE)
    assert (ben.status, ben.reason, ben.evidence) == (Status.NOT_ADDED, Reason.NO_ANSWER, Evidence.OBSERVED)


def test_a_number_that_the_server_would_mistake_for_another_is_not_sent() -> None:
    line = script({ADD: [result(person(200))]})
    outcomes = line.run(adding(PHONE, LONG_PHONE, f"{SHORT_LID}@lid"))
    assert line.requests[-1].json == {"groupId": GROUP, "phone": [PHONE]}
    assert [(one.status, one.reason) for one in outcomes] == [
        (Status.ADDED, None),
        *[(Status.UNKNOWN, Reason.INVALID_PARTICIPANT)] * 2,
    ]


def test_where_no_participant_can_be_named_nothing_is_sent() -> None:
    (outcome,) = Script({}).run(adding(LONG_PHONE))
    assert (outcome.status, outcome.reason) == (Status.UNKNOWN, Reason.INVALID_PARTICIPANT)
    (ann,) = parse_participants([LONG_PHONE])
    for flow in (WPP.send_text(ann, Secret("x")), WPP.check_number(LONG_PHONE)):
        with pytest.raises(errors.RequestRefused):
            next(flow)


def test_a_personal_invite_code_is_reported_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = result(person(403, invite_code=CODE, invite_code_exp=1767603600))
    reply = script({ADD: [answer]}).run(WPP.add_participants(WHERE, [ANN], notify=None))
    ((_, claim),) = reply.claims
    assert claim.code is not None
    assert claim.code.reveal() == CODE
    (outcome,) = script({ADD: [answer]}).run(adding(PHONE))
    assert outcome.invite is not None
    assert (outcome.invite.kind, outcome.invite.expires_at is not None) == ("personal", True)
    assert CODE not in repr(reply) + repr(claim) + repr(outcome) + caplog.text


def test_a_message_to_a_number_that_was_not_found_may_have_been_sent() -> None:
    with pytest.raises(errors.AnswerLost):
        script({SEND: [not_found()]}).run(WPP.send_text(ANN, Secret("x")))


READS: list[tuple[Flow[object], str, Response, object]] = [
    (
        WPP.group_info(WHERE),
        *(INFO, says({"id": wid(GROUP), "participants": [{"id": wid(f"{ME}@c.us")}]}), GroupInfo(size=1)),
    ),
    (WPP.group_info(WHERE), INFO, says({"response": {"participants": [{}, {}]}}), GroupInfo(size=2)),
    (
        WPP.send_text(ANN, Secret("x")),
        SEND,
        says({"status": "success", "response": [{"id": "m1"}]}, 201),
        SentMessage("m1"),
    ),
    (
        WPP.send_text(ANN, Secret("x")),
        SEND,
        says({"response": [{"id": {"_serialized": "m1"}}]}, 201),
        SentMessage("m1"),
    ),
    (WPP.send_text(ANN, Secret("x")), SEND, says({"status": "success", "response": []}, 201), SentMessage()),
    (
        WPP.send_text(ANN, Secret("x")),
        *(SEND, says({"response": [{"id": f"true_{OTHER}@c.us_3EB0"}]}, 201)),
        SentMessage(f"true_{OTHER}@c.us_3EB0", Identity(OTHER)),
    ),
    (
        WPP.check_number(PHONE),
        *(CHECK, says({"status": "success", "response": {"numberExists": False}}), NumberCheck(exists=False)),
    ),
    (
        WPP.check_number(PHONE),
        *(CHECK, says({"response": {"numberExists": True, "id": wid(f"{OTHER}@c.us")}})),
        NumberCheck(True, Identity(OTHER)),
    ),
    (WPP.resolve_lids([PHONE]), LIDS, says({"lid": wid(f"{LID}@lid"), "phoneNumber": {}}), {PHONE: LID}),
    (WPP.resolve_lids([PHONE]), LIDS, says({"phoneNumber": wid(f"{PHONE}@c.us")}), {}),
    (WPP.session(), STATE, says({"status": False, "message": "Disconnected"}), Session(False, "Disconnected")),
]


@pytest.mark.parametrize(("flow", "line", "answer", "value"), READS)
def test_a_read_comes_to(flow: Flow[object], line: str, answer: Response, value: object) -> None:
    assert script({line: [answer]}).run(flow) == value


def test_a_connected_session_shows_our_own_number_for_one_token() -> None:
    line = script({STATE: [CONNECTED], DEVICE: [OWN_NUMBER]})
    assert line.run(WPP.session()) == Session(True, "Connected", Identity(ME))


def test_many_lids_cost_one_token() -> None:
    line = script({LIDS: [says({"lid": wid(f"{LID}@lid")}), says({})]})
    assert line.run(WPP.resolve_lids([PHONE, OTHER])) == {PHONE: LID}


def test_a_roster_names_its_members_by_phone_or_lid() -> None:
    roster = script({LIST: [members(f"{PHONE}@c.us", f"{LID}@lid", "")]}).run(WPP.list_participants(WHERE))
    assert [(member.phone, member.lid) for member in roster.members] == [(ME, None), (PHONE, None), (None, LID)]
    assert not roster.complete
    assert roster.proves is Proof.ABSENCE


def test_an_invite_link_is_read() -> None:
    answer = says({"status": "success", "response": f"https://chat.whatsapp.com/{CODE}"})
    link = script({INVITE: [answer]}).run(WPP.invite_link(WHERE))
    assert link.reveal() == f"https://chat.whatsapp.com/{CODE}"


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
def test_a_whole_add_is_true_in_every_kind_of_group(world: World, client: Client, addressing: Addressing) -> None:
    world.groups[EXAMPLE].addressing = addressing
    assert verdicts(client.add(EXAMPLE, [ADA, BEN, CLEO, EVE])) == [
        (Status.ADDED, None),
        (Status.ALREADY_MEMBER, None),
        (Status.NOT_ADDED, Reason.PRIVACY),
        (Status.NOT_ADDED, Reason.RECENTLY_LEFT),
    ]


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
def test_who_is_dropped_from_the_answer_was_not_mentioned_and_is_looked_for(
    world: World, client: Client, addressing: Addressing
) -> None:
    world.groups[EXAMPLE].addressing = addressing
    finn = (Status.NOT_ADDED, Reason.NOT_MENTIONED)
    assert verdicts(client.add(EXAMPLE, [ADA, FINN])) == [(Status.ADDED, None), finn]


def test_one_unknown_number_costs_the_others_nothing_but_time(world: World, client: Client) -> None:
    dan = (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP)
    assert verdicts(client.add(EXAMPLE, [ADA, DAN])) == [(Status.ADDED, None), dan]
    assert world.is_member(EXAMPLE, ADA)


def test_two_unknown_numbers_keep_everybody_out(world: World, client: Client) -> None:
    unknown = "12025550100"
    assert verdicts(client.add(EXAMPLE, [ADA, DAN, unknown])) == [
        (Status.NOT_ADDED, Reason.NO_ANSWER),
        (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP),
        (Status.NOT_ADDED, Reason.NO_ANSWER),
    ]
    assert not world.is_member(EXAMPLE, ADA)


def test_a_short_roster_proves_no_absence(world: World, client: Client) -> None:
    world.groups[EXAMPLE].roster_view = RosterView(missing=frozenset({US}))
    assert verdicts(client.add(EXAMPLE, [FINN])) == [(Status.UNKNOWN, Reason.STALE_ROSTER)]


def test_an_add_whose_token_was_lost_was_not_sent(sandbox: Sandbox, client: Client) -> None:
    sandbox.faults.plan(faults.LOST_AFTER, on="token")
    with pytest.raises(errors.ProviderUnreachable):
        client.add(EXAMPLE, [ADA], verify="never")
    assert [request.route for request in sandbox.requests] == ["token"]
