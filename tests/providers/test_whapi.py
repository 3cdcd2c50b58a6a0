"""Whapi's wire format: what is sent, what answers come to, and its traps by name."""

from collections.abc import Generator, Sequence

import pytest

from groupadd import Client, errors
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Evidence, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupInfo, NumberCheck, Secret, SentMessage, Session
from groupadd.providers.whapi import Whapi
from groupadd.sandbox import RosterView, VirtualClock, World
from groupadd.sandbox.example import GROUP as EXAMPLE
from groupadd.sandbox.people import Addressing
from groupadd.settings import AddSettings, Verify
from groupadd.wire.messages import Flow, Request, Response
from tests.support.example import ADA, CLEO, EVE, FINN, verdicts
from tests.support.example import BEN as MEMBER
from tests.support.scripts import GROUP, ME, Script, revealed, says

WHAPI = Whapi(Secret("the-token"))
PHONE, OTHER, LID = "15550100", "15550101", "99900011"
ANN, BEN, BY_LID = parse_participants([PHONE, OTHER, f"{LID}@lid"])
WHERE = GroupId(GROUP)

ADD = "POST /groups/{group}/participants"
LIST = "GET /groups/{group}"
INVITE = "GET /groups/{group}/invite"
WAITING = "GET /groups/{group}/applications"
SEND = "POST /messages/text"
CHECK = "POST /contacts"
LIDS = "GET /contacts/lids/{contact}"
HEALTH = "GET /health"

HEALTHY = says({"status": {"code": 4, "text": "AUTH"}, "user": {"id": ME}})


def group(*ids: str, **record: object) -> Response:
    rows = [{"id": one, "rank": "member"} for one in (ME, *ids)]
    return says({"id": GROUP, "size": len(rows), "participants": rows, **record})


def lists(processed: object = (), failed: object = (), *, success: bool = True) -> Response:
    return says({"success": success, "processed": processed, "failed": failed})


@pytest.mark.parametrize(
    ("flow", "line", "params", "body", "repeatable"),
    [
        (
            WHAPI.add_participants(WHERE, [ANN, BY_LID], notify=None),
            *(ADD, {"group": GROUP}, {"participants": [PHONE, f"{LID}@lid"]}, False),
        ),
        (WHAPI.list_participants(WHERE), LIST, {"group": GROUP}, None, True),
        (WHAPI.group_info(WHERE), LIST, {"group": GROUP}, None, True),
        (WHAPI.invite_link(WHERE), INVITE, {"group": GROUP}, None, True),
        (WHAPI.join_requests(WHERE), WAITING, {"group": GROUP}, None, True),
        (WHAPI.send_text(ANN, Secret("hello")), SEND, {}, {"to": PHONE, "body": "hello"}, False),
        (
            WHAPI.check_number(PHONE),
            *(CHECK, {}, {"blocking": "wait", "force_check": True, "contacts": [f"+{PHONE}"]}, True),
        ),
        (WHAPI.resolve_lids([PHONE]), LIDS, {"contact": f"{PHONE}@s.whatsapp.net"}, None, True),
        (WHAPI.session(), HEALTH, {}, None, True),
    ],
)
def test_what_is_sent(
    flow: Generator[Request, Response, object],
    line: str,
    params: dict[str, str],
    body: dict[str, object] | None,
    *,
    repeatable: bool,
) -> None:
    request = next(flow)
    assert str(request) == line
    assert request.params == {"group": "", "contact": "", **params}
    assert request.query == {}
    assert revealed(request.headers) == {"Authorization": "Bearer the-token"}
    assert revealed(request.json) == body
    assert request.repeatable is repeatable
    assert "the-token" not in repr(WHAPI) + repr(request)


def adding(*people: str, verify: Verify = "never") -> Flow[tuple[ParticipantOutcome, ...]]:
    return add(ProviderSession(WHAPI), WHERE, parse_participants(people), AddSettings(verify=verify))


@pytest.mark.parametrize(
    ("answer", "status", "reason", "word"),
    [
        (lists([PHONE]), Status.UNKNOWN, Reason.NOT_CHECKED, "processed"),
        (lists([f"{PHONE}@s.whatsapp.net"]), Status.UNKNOWN, Reason.NOT_CHECKED, "processed"),
        (lists([], [PHONE]), Status.UNKNOWN, Reason.REFUSED, "failed"),
        (lists([], [PHONE], success=False), Status.UNKNOWN, Reason.REFUSED, "failed"),
        (lists([PHONE], [PHONE]), Status.UNKNOWN, Reason.CONTRADICTION, "processed, failed"),
        (lists(), Status.UNKNOWN, Reason.NOT_MENTIONED, None),
        (lists(None, 5), Status.UNKNOWN, Reason.NOT_MENTIONED, None),
        (lists([None, 5, {}]), Status.UNKNOWN, Reason.NOT_MENTIONED, None),
        (says({"success": True}), Status.UNKNOWN, Reason.NOT_CHECKED, None),
        (says({"processed": []}), Status.UNKNOWN, Reason.UNREADABLE_ANSWER, None),
        (Response(200), Status.UNKNOWN, Reason.NOT_CHECKED, None),
        (Response(200, b"<html>"), Status.UNKNOWN, Reason.UNREADABLE_ANSWER, None),
        (Response(200, b'{"success": tr'), Status.UNKNOWN, Reason.UNREADABLE_ANSWER, None),
        (says({"error": {"code": 500, "message": "x"}}, 500), Status.UNKNOWN, Reason.NO_ANSWER, "500"),
        (says({"error": {"code": 409}}, 409), Status.ALREADY_MEMBER, None, "409"),
    ],
)
def test_an_answer_comes_to(answer: Response, status: Status, reason: Reason | None, word: str | None) -> None:
    (person,) = Script({ADD: [answer]}).run(adding(PHONE))
    assert (person.status, person.reason, person.provider_says) == (status, reason, word)


def test_who_stands_in_neither_list_was_not_mentioned() -> None:
    _, ben = Script({ADD: [lists([PHONE])]}).run(adding(PHONE, OTHER))
    assert (ben.status, ben.reason) == (Status.UNKNOWN, Reason.NOT_MENTIONED)


def test_the_one_name_in_the_answer_to_the_one_who_was_asked_for_is_theirs() -> None:
    (person,) = Script({ADD: [lists([OTHER])]}).run(adding(PHONE))
    assert (person.status, person.reason) == (Status.UNKNOWN, Reason.NOT_CHECKED)


@pytest.mark.parametrize(
    ("answer", "error", "maybe_applied"),
    [
        (lists(success=False), errors.RequestRefused, True),
        (says({"success": False}), errors.RequestRefused, True),
        (says({"error": {"code": 400, "message": "wrong request parameters"}}, 400), errors.RequestRefused, False),
        (says({"error": {"code": 401, "message": "token is wrong"}}, 401), errors.NotAuthenticated, False),
        (says({"error": {"code": 402, "message": "trial version limit exceeded"}}, 402), errors.RequestRefused, False),
        (says({"error": {"code": 403, "message": "no permissions"}}, 403), errors.NotAllowed, False),
        (says({"error": {"code": 404, "message": "specified group not found"}}, 404), errors.GroupNotFound, False),
        (Response(404, b"Cannot POST /x/groups/1/participants"), errors.WrongAddress, False),
        (Response(403, b"<html>Cloudflare</html>"), errors.WrongAddress, False),
        (Response(301, headers={"location": "https://gate.whapi.cloud/"}), errors.WrongAddress, False),
        (says({"error": {"code": 429}}, 429), errors.RateLimited, False),
    ],
)
def test_a_refusal_comes_to(answer: Response, error: type[errors.ProviderError], *, maybe_applied: bool) -> None:
    with pytest.raises(error) as caught:
        Script({ADD: [answer]}).run(adding(PHONE))
    assert caught.value.maybe_applied is maybe_applied


@pytest.mark.parametrize(
    "message", ["need channel authorization", "Need Channel Authorization", "channel not authorized"]
)
def test_a_401_of_a_channel_that_is_down_is_no_wrong_token(message: str) -> None:
    down = says({"error": {"code": 401, "message": message}}, 401)
    for line, flow in (
        (ADD, WHAPI.add_participants(WHERE, [ANN], notify=None)),
        (LIST, WHAPI.list_participants(WHERE)),
        (SEND, WHAPI.send_text(ANN, Secret("hello"))),
    ):
        with pytest.raises(errors.SessionNotReady):
            Script({line: [down]}).run(flow)


def watched(answer: Response, *, waiting: Sequence[object] = ()) -> Script:
    """Return a script in which the first of two people is in after the add, and the second is not."""
    looks = [group(), *[group(PHONE)] * 3]
    return Script({LIST: looks, HEALTH: [HEALTHY], ADD: [answer], WAITING: [says({"applications": waiting})]})


@pytest.mark.parametrize(
    "answer",
    [
        says({"error": {"code": 409, "message": "specified participant already in group"}}, 409),
        says({"error": {"code": 404, "message": "specified group or participant not found"}}, 404),
    ],
)
def test_a_refusal_over_one_of_several_people_says_nothing_of_the_others(answer: Response) -> None:
    ann, ben = watched(answer).run(adding(PHONE, OTHER, verify="auto"))
    assert (ann.status, ann.evidence) == (Status.ADDED, Evidence.OBSERVED)
    assert (ben.status, ben.reason) == (Status.NOT_ADDED, Reason.NOT_MENTIONED)


def test_failed_gives_no_reason_so_rosters_decide() -> None:
    ann, ben = watched(lists([], [PHONE, OTHER])).run(adding(PHONE, OTHER, verify="auto"))
    assert (ann.status, ann.evidence) == (Status.ADDED, Evidence.OBSERVED)
    assert (ben.status, ben.reason, ben.evidence) == (Status.NOT_ADDED, Reason.REFUSED, Evidence.OBSERVED)


def test_processed_may_hold_members_and_people_who_wait() -> None:
    script = watched(lists([PHONE, OTHER]), waiting=[{"chat_id": f"{OTHER}@s.whatsapp.net"}])
    ann, ben = script.run(adding(PHONE, OTHER, verify="auto"))
    assert (ann.status, ann.evidence) == (Status.ADDED, Evidence.OBSERVED)
    assert ben.status is Status.PENDING_APPROVAL
    (unwatched,) = Script({ADD: [lists([PHONE])]}).run(adding(PHONE))
    assert unwatched.status is Status.UNKNOWN


READS: list[tuple[Flow[object], str, Response, object]] = [
    (WHAPI.group_info(WHERE), LIST, group(PHONE, is_parent=True), GroupInfo(size=2, is_community=True)),
    (WHAPI.group_info(WHERE), LIST, group(PHONE), GroupInfo(size=2)),
    (WHAPI.join_requests(WHERE), WAITING, says({"applications": []}), ()),
    (WHAPI.join_requests(WHERE), WAITING, says({"applications": [{"chat_id": f"{LID}@lid"}]}), (Identity(lid=LID),)),
    (WHAPI.send_text(ANN, Secret("x")), SEND, says({"sent": True, "message": {"id": "m1"}}), SentMessage("m1")),
    (
        WHAPI.send_text(ANN, Secret("x")),
        *(SEND, says({"sent": True, "message": {"id": "m1", "chat_id": f"{PHONE}@s.whatsapp.net"}})),
        SentMessage("m1", Identity(PHONE)),
    ),
    (WHAPI.send_text(ANN, Secret("x")), SEND, says({"id": "m1"}), SentMessage("m1")),
    (WHAPI.send_text(ANN, Secret("x")), SEND, says({"sent": True}), SentMessage()),
    (
        WHAPI.check_number(PHONE),
        *(CHECK, says({"contacts": [{"input": PHONE, "status": "invalid"}]}), NumberCheck(exists=False)),
    ),
    (
        WHAPI.check_number(PHONE),
        *(CHECK, says({"contacts": [{"input": PHONE, "status": "valid", "wa_id": OTHER}]})),
        NumberCheck(True, Identity(OTHER)),
    ),
    (WHAPI.resolve_lids([PHONE]), LIDS, says({"lid": f"{LID}@lid"}), {PHONE: LID}),
    (WHAPI.resolve_lids([PHONE]), LIDS, says({"lid": None}), {}),
    (WHAPI.resolve_lids([PHONE]), LIDS, says({"error": {"code": 404}}, 404), {}),
    (WHAPI.session(), HEALTH, HEALTHY, Session(True, "AUTH", Identity(ME))),
    (WHAPI.session(), HEALTH, says({"status": {"code": 3, "text": "QR"}}), Session(False, "QR")),
    (WHAPI.session(), HEALTH, says({"status": {"code": 9, "text": "NEW"}}), Session(None, "NEW")),
]


@pytest.mark.parametrize(("flow", "line", "answer", "value"), READS)
def test_a_read_comes_to(flow: Flow[object], line: str, answer: Response, value: object) -> None:
    assert Script({line: [answer]}).run(flow) == value


def test_an_invite_code_becomes_a_link() -> None:
    link = Script({INVITE: [says({"invite_code": "AbCdEfGhIjKlMnOpQrStUv"})]}).run(WHAPI.invite_link(WHERE))
    assert link.reveal() == "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"


def test_a_roster_has_ranks_and_is_complete_only_at_its_size() -> None:
    rows = [{"id": ME, "rank": "creator"}, {"id": PHONE, "rank": "admin"}, {"id": f"{LID}@lid", "rank": "member"}]
    for size, complete in ((3, True), (4, False)):
        answer = says({"size": size, "participants": rows})
        roster = Script({LIST: [answer]}).run(WHAPI.list_participants(WHERE))
        roles = {member.phone or member.lid: member.role for member in roster.members}
        assert roles == {ME: "superadmin", PHONE: "admin", LID: "member"}
        assert roster.complete is complete


@pytest.mark.parametrize("addressing", ["phone", "lid", "mixed"])
def test_a_whole_add_is_true_in_every_kind_of_group(world: World, client: Client, addressing: Addressing) -> None:
    world.groups[EXAMPLE].addressing = addressing
    assert verdicts(client.add(EXAMPLE, [ADA, MEMBER, CLEO, EVE, FINN])) == [
        (Status.ADDED, None),
        (Status.ALREADY_MEMBER, None),
        *[(Status.NOT_ADDED, Reason.REFUSED)] * 3,
    ]


def test_who_waits_for_approval_is_found_by_lid(world: World, clock: VirtualClock, client: Client) -> None:
    world.groups[EXAMPLE].pending[CLEO] = clock.now()
    assert verdicts(client.add(EXAMPLE, [CLEO])) == [(Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED)]


def test_a_short_roster_proves_no_absence(world: World, client: Client) -> None:
    world.groups[EXAMPLE].roster_view = RosterView(missing=frozenset({MEMBER}))
    assert verdicts(client.add(EXAMPLE, [CLEO])) == [(Status.UNKNOWN, Reason.STALE_ROSTER)]
