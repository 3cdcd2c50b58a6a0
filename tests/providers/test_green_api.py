"""GREEN-API's wire format: what is sent, what every known variant of an answer comes to, and its traps."""

from collections.abc import Generator, Mapping, Sequence
from typing import TypeAlias

import pytest

from groupadd import Client, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupInfo, Member, NumberCheck, Secret, SentMessage, Session
from groupadd.providers.green_api import GreenApi
from groupadd.sandbox import Sandbox, World
from groupadd.sandbox.example import GROUP as EXAMPLE
from groupadd.settings import AddSettings
from groupadd.wire.messages import Request, Response
from tests.support.example import ADA, CLEO, EVE, verdicts
from tests.support.example import BEN as MEMBER
from tests.support.scripts import GROUP, Script, lost, revealed, says

PHONE, OTHER, THIRD = "15550100", "15550101", "15550102"
ANN, BEN, CAT, BY_LID = parse_participants([f"+{PHONE}", OTHER, THIRD, "99900011@lid"])
WHERE = GroupId(GROUP)
BASE = "http://7103.green-api.invalid"
GREEN = GreenApi("1101000001", Secret("the-token"), BASE)
ADD = "POST /waInstance{instance}/addGroupParticipant/{token}"
DATA = "POST /waInstance{instance}/getGroupData/{token}"
SEND = "POST /waInstance{instance}/sendMessage/{token}"
CHECK = "POST /waInstance{instance}/checkWhatsapp/{token}"
ACCOUNT = "GET /waInstance{instance}/getWaSettings/{token}"
NEVER = AddSettings(verify="never")
Asking: TypeAlias = Generator[Request, Response, object]

YES, FALSE = says({"addParticipant": True}), says({"addParticipant": False})
EXISTS = says({"existsWhatsapp": True, "chatId": "99900011@lid"})


@pytest.mark.parametrize(
    ("flow", "line", "body"),
    [
        (
            *(GREEN.add_participants(WHERE, [ANN, BEN], notify=None), ADD),
            {"groupId": GROUP, "participantChatId": f"{PHONE}@c.us"},
        ),
        (
            *(GREEN.add_participants(WHERE, [BY_LID], notify=None), ADD),
            {"groupId": GROUP, "participantChatId": "99900011@lid"},
        ),
        (GREEN.list_participants(WHERE), DATA, {"groupId": GROUP}),
        (GREEN.group_info(WHERE), DATA, {"groupId": GROUP}),
        (GREEN.invite_link(WHERE), DATA, {"groupId": GROUP}),
        (GREEN.send_text(ANN, Secret("hello")), SEND, {"chatId": f"{PHONE}@c.us", "message": "hello"}),
        (GREEN.check_number(PHONE), CHECK, {"chatId": f"{PHONE}@c.us"}),
        (GREEN.resolve_lids([PHONE]), CHECK, {"chatId": f"{PHONE}@c.us"}),
        (GREEN.session(), ACCOUNT, None),
    ],
)
def test_what_is_sent(flow: Asking, line: str, body: Mapping[str, object] | None) -> None:
    request = next(flow)
    assert str(request) == line
    assert revealed(request.params) == {"instance": "1101000001", "token": "the-token"}
    assert revealed(request.json) == body
    assert (request.headers, request.query) == ({}, {})
    assert request.repeatable is (line not in {ADD, SEND})


def adding(answers: Sequence[Response | BaseException]) -> tuple[ParticipantOutcome, ...]:
    return Script({ADD: answers}).run(add(ProviderSession(GREEN), WHERE, [ANN, BEN, CAT][: len(answers)], NEVER))


def unknown(reason: Reason) -> tuple[Status, Reason, Evidence]:
    return Status.UNKNOWN, reason, Evidence.NONE


@pytest.mark.parametrize(
    ("answer", "verdict", "word"),
    [
        (YES, unknown(Reason.NOT_CHECKED), "true"),
        (FALSE, unknown(Reason.REFUSED), "false"),
        (says({"addParticipant": False, "reason": "no"}), unknown(Reason.REFUSED), "no"),
        (says({"addParticipant": False, "reason": None}), unknown(Reason.REFUSED), "false"),
        (says({"addParticipant": "true"}), unknown(Reason.UNREADABLE_ANSWER), None),
        (says({"addParticipant": None}), unknown(Reason.UNREADABLE_ANSWER), None),
        (says({}), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(200), unknown(Reason.NOT_CHECKED), None),
        (Response(200, b"<html>"), unknown(Reason.UNREADABLE_ANSWER), None),
        (Response(502, b"<html>"), unknown(Reason.NO_ANSWER), "502"),
        (lost(), unknown(Reason.NO_ANSWER), None),
        (
            says({"message": "Validation failed. Details: 'participantChatId' is wrong"}, 400),
            *(unknown(Reason.INVALID_PARTICIPANT), "400"),
        ),
        (
            Response(400, b"bad phone number, valid from 11 to 16 digits"),
            *(unknown(Reason.INVALID_PARTICIPANT), "400"),
        ),
    ],
)
def test_an_answer_comes_to(
    answer: Response, verdict: tuple[Status, Reason | None, Evidence], word: str | None
) -> None:
    (person,) = adding([answer])
    assert (person.status, person.reason, person.evidence) == verdict
    assert person.provider_says == word


QUOTA = says({"invokeStatus": {"method": "x", "used": 3, "total": 3, "status": "QUOTE_EXCEEDED"}}, 466)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({"message": "instance is starting or not authorized"}, 400), errors.SessionNotReady),
        (Response(400, b"instance account not authorized"), errors.SessionNotReady),
        (Response(400, b"Instance in starting process try later"), errors.SessionNotReady),
        (says({"message": "Validation failed"}, 400), errors.RequestRefused),
        (Response(401, b"Unauthorized"), errors.NotAuthenticated),
        (says({"statusCode": 403, "message": "Forbidden"}, 403), errors.NotAuthenticated),
        (Response(403), errors.NotAuthenticated),
        (Response(403, b"<html><center>nginx</center></html>"), errors.WrongAddress),
        (Response(404), errors.GroupNotFound),
        (Response(429), errors.RateLimited),
        (QUOTA, errors.RateLimited),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_comes_to(answer: Response, error: type[errors.ProviderError]) -> None:
    with pytest.raises(error) as caught:
        adding([answer])
    assert type(caught.value) is error
    assert not caught.value.maybe_applied


def test_each_person_is_asked_for_once_and_alone() -> None:
    script = Script({ADD: [YES, FALSE, YES]})
    people = script.run(add(ProviderSession(GREEN), WHERE, [ANN, BEN, CAT], NEVER))
    assert [person.provider_says for person in people] == ["true", "false", "true"]
    asked = [(request.json or {})["participantChatId"] for request in script.requests]
    assert asked == [f"{phone}@c.us" for phone in (PHONE, OTHER, THIRD)]


def test_an_answer_that_is_lost_does_not_keep_the_others_from_being_asked_for() -> None:
    assert [person.reason for person in adding([YES, lost(), FALSE])] == [
        Reason.NOT_CHECKED,
        Reason.NO_ANSWER,
        Reason.REFUSED,
    ]


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Response(429), Reason.RATE_LIMITED),
        (QUOTA, Reason.RATE_LIMITED),
        (Response(403), Reason.NOT_ALLOWED),
        (says({"message": "instance is starting or not authorized"}, 400), Reason.NO_ANSWER),
        (lost(maybe_sent=False), Reason.NO_ANSWER),
    ],
)
def test_a_refusal_half_way_keeps_earlier_outcomes_and_sends_nothing_more(
    refusal: Response | BaseException, reason: Reason
) -> None:
    script = Script({ADD: [YES, refusal]})
    ann, ben, cat = script.run(add(ProviderSession(GREEN), WHERE, [ANN, BEN, CAT], NEVER))
    assert (ann.status, ann.reason) == (Status.UNKNOWN, Reason.NOT_CHECKED)
    assert {(person.status, person.reason, person.evidence) for person in (ben, cat)} == {unknown(reason)}


PEOPLE = [
    {"id": f"{PHONE}@c.us", "lid": "99900011@lid", "isAdmin": True, "isSuperAdmin": False},
    {"id": "99900012@lid", "isAdmin": False, "isSuperAdmin": False},
]
LINK = "https://chat.whatsapp.com/AbCdEfGhIjKlMn"
RECORD = {"groupId": GROUP, "participants": PEOPLE, "size": 2, "groupInviteLink": LINK, "isCommunity": False}


def test_a_roster_has_its_size() -> None:
    roster = Script({DATA: [says(RECORD)]}).run(GREEN.list_participants(WHERE))
    assert roster.members == (Member(PHONE, "99900011", "admin"), Member(None, "99900012", "member"))
    assert roster.complete
    assert not Script({DATA: [says({**RECORD, "size": 3})]}).run(GREEN.list_participants(WHERE)).complete


@pytest.mark.parametrize("may", [True, False, None])
def test_settings_are_read(may: bool | None) -> None:
    answer = says({**RECORD, "allowParticipantsAddMembers": may})
    info = Script({DATA: [answer]}).run(GREEN.group_info(WHERE))
    assert info == GroupInfo(size=2, members_may_add=may, is_community=False)


def test_a_link_is_read_and_an_empty_one_means_that_we_are_no_admin() -> None:
    assert Script({DATA: [says(RECORD)]}).run(GREEN.invite_link(WHERE)).reveal() == LINK
    with pytest.raises(errors.NotAllowed):
        Script({DATA: [says({**RECORD, "groupInviteLink": ""})]}).run(GREEN.invite_link(WHERE))


@pytest.mark.parametrize(
    ("answer", "check", "lids"),
    [
        (EXISTS, NumberCheck(True, Identity(None, "99900011")), {PHONE: "99900011"}),
        (says({"existsWhatsapp": True}), NumberCheck(True), {}),
        (says({"existsWhatsapp": True, "chatId": f"{PHONE}@c.us"}), NumberCheck(True, Identity(PHONE)), {}),
        (says({"existsWhatsapp": False}), NumberCheck(False), {}),
    ],
)
def test_a_number_check_returns_the_lid(answer: Response, check: NumberCheck, lids: dict[str, str]) -> None:
    assert Script({CHECK: [answer]}).run(GREEN.check_number(PHONE)) == check
    assert Script({CHECK: [answer]}).run(GREEN.resolve_lids([PHONE])) == lids


@pytest.mark.parametrize(
    ("state", "ready"),
    [
        ("authorized", True),
        ("notAuthorized", False),
        ("blocked", False),
        ("starting", False),
        ("sleepMode", None),
        ("yellowCard", None),
    ],
)
def test_a_state_is_ready_or_not_or_does_not_tell(state: str, ready: bool | None) -> None:
    answer = says({"stateInstance": state, "phone": "", "deviceId": f"{PHONE}:8@s.whatsapp.net"})
    assert Script({ACCOUNT: [answer]}).run(GREEN.session()) == Session(ready, state, Identity(PHONE))


def test_a_message_has_an_id() -> None:
    message = Script({SEND: [says({"idMessage": "m1"})]}).run(GREEN.send_text(ANN, Secret("hello")))
    assert message == SentMessage("m1")


@pytest.mark.parametrize(
    ("line", "flow"),
    [
        (DATA, GREEN.list_participants(WHERE)),
        (DATA, GREEN.invite_link(WHERE)),
        (SEND, GREEN.send_text(ANN, Secret("hello"))),
        (CHECK, GREEN.check_number(PHONE)),
        (ACCOUNT, GREEN.session()),
    ],
)
def test_a_shape_that_is_not_known_is_no_answer(line: str, flow: Asking) -> None:
    with pytest.raises(errors.AnswerLost):
        Script({line: [says({"hello": 1})]}).run(flow)


# Whole adds over the sandbox.


def test_looks_tell_the_meanings_of_false_apart(client: Client, sandbox: Sandbox) -> None:
    assert verdicts(client.add(EXAMPLE, [ADA, MEMBER, CLEO, EVE])) == [
        (Status.ADDED, None),
        (Status.ALREADY_MEMBER, None),
        (Status.NOT_ADDED, Reason.REFUSED),
        (Status.NOT_ADDED, Reason.REFUSED),
    ]
    assert [request.route for request in sandbox.requests].count("add") == 3


def test_false_alone_is_unknown(client: Client) -> None:
    assert verdicts(client.add(EXAMPLE, [MEMBER, CLEO], verify="never")) == [(Status.UNKNOWN, Reason.REFUSED)] * 2


def test_a_second_look_within_a_second_waits_and_is_never_refused(client: Client, sandbox: Sandbox) -> None:
    assert client.members(EXAMPLE).complete
    assert client.members(EXAMPLE).complete
    assert client.preflight(EXAMPLE).in_group
    assert [request.at - 1000 for request in sandbox.requests if request.route == "list"] == [0, 1, 2, 3]


def test_in_a_lid_group_that_hides_numbers_the_number_check_resolves_members(client: Client, world: World) -> None:
    group = world.groups[EXAMPLE]
    group.addressing, group.roster_view = "lid", type(group.roster_view)(both_names=False)
    assert verdicts(client.add(EXAMPLE, [ADA, CLEO])) == [(Status.ADDED, None), (Status.NOT_ADDED, Reason.REFUSED)]


def test_a_link_goes_to_a_participant_that_looks_prove_refused_and_not_after_false_alone(
    client: Client, world: World
) -> None:
    (unproven,) = client.add(EXAMPLE, [CLEO], invite="link", verify="never")
    assert (unproven.status, unproven.invite) == (Status.UNKNOWN, None)
    (proven,) = client.add(EXAMPLE, [CLEO], invite="link")
    assert (proven.status, proven.reason) == (Status.INVITED, Reason.REFUSED)
    assert [entry.to for entry in world.journal if entry.kind == "invitation"] == [CLEO]
