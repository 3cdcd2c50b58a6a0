"""Invitations as a fallback: which participants get one, once each, and the outcome."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from attrs import frozen

from groupadd import errors
from groupadd.adding.add import add
from groupadd.adding.invite import INVITABLE, invite
from groupadd.adding.observe import ProviderSession, RosterObserver
from groupadd.model.codes import PRIVACY
from groupadd.model.identity import GroupId, Participant, parse_participants
from groupadd.model.outcome import AddOutcome, Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import AddReply, Claim, Secret, SentMessage
from groupadd.readers.envelope import read, unreadable
from groupadd.settings import AddSettings, Invitation
from groupadd.testing.leaks import detect_leaks
from groupadd.wire.messages import Flow, Request, Response
from tests.support.scripts import (
    GROUP,
    WASEND,
    WASEND_ADD,
    WASEND_CHECK,
    WASEND_INVITE,
    WASEND_SEND,
    Answer,
    Script,
    lost,
    revealed,
    says,
    words,
)

ANN, BEN = "15550100", "15550101"
LINK = says({"success": True, "inviteCode": "AbCdEfGhIjKlMnOpQrStUv"})
SENT = says({"id": "m1"})


def outcome(status: Status, reason: Reason | None, offer: Invite | None = None) -> ParticipantOutcome:
    return ParticipantOutcome(ANN, ANN, f"{ANN}@s.whatsapp.net", status, reason, Evidence.REPORTED, "403", offer)


def invited(
    before: ParticipantOutcome, *sends: Answer, links: Sequence[Answer] = (LINK,)
) -> tuple[ParticipantOutcome, Script]:
    people = {ANN: parse_participants([ANN])[0]}
    checks = [says({"exists": True, "jid": f"{ANN}@c.us"})] if sends else []
    script = Script({WASEND_INVITE: links, WASEND_CHECK: checks, WASEND_SEND: sends})
    settings = AddSettings(invite="link")
    observer = RosterObserver.of(ProviderSession(WASEND), GroupId(GROUP), people)
    invited = script.run(invite(observer, {ANN: before}, settings=settings, codes={}))
    return invited[ANN], script


@pytest.mark.parametrize("reason", sorted(INVITABLE))
def test_who_gets_the_link_is_invited_and_keeps_why(reason: Reason) -> None:
    after, script = invited(outcome(Status.NOT_ADDED, reason), SENT)
    assert (after.status, after.reason, after.evidence) == (Status.INVITED, reason, Evidence.REPORTED)
    assert after.invite is not None
    assert (after.invite.kind, after.invite.state, after.invite.message_id) == ("link", InviteState.SENT, "m1")
    assert after.invite.at is not None
    body = script.requests[-1].json
    assert body is not None
    assert body["to"] == f"+{ANN}"
    assert isinstance(body["text"], Secret)
    assert body["text"].reveal() == "Join our group: https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    "before",
    [
        *(outcome(Status.NOT_ADDED, reason) for reason in Reason if reason not in INVITABLE),
        *(outcome(status, Reason.PRIVACY) for status in Status if status is not Status.NOT_ADDED),
        outcome(Status.NOT_ADDED, Reason.PRIVACY, Invite("personal", InviteState.SENT)),
    ],
)
def test_other_participants_get_no_message(before: ParticipantOutcome) -> None:
    after, script = invited(before, links=())
    assert after is before
    assert script.requests == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (says({"ok": True}), InviteState.SENT),
        (lost(), InviteState.UNKNOWN),
        (lost(maybe_sent=False), InviteState.FAILED),
        (Response(500), InviteState.UNKNOWN),
        (Response(200, b"<html>"), InviteState.UNKNOWN),
        (says({}), InviteState.UNKNOWN),
        (Response(200), InviteState.UNKNOWN),
        (says({}, 400), InviteState.FAILED),
        (says({}, 429), InviteState.FAILED),
        (says({"ok": False}), InviteState.FAILED),
    ],
)
def test_only_a_confirmed_message_makes_a_participant_invited(answer: Answer, state: InviteState) -> None:
    after, script = invited(outcome(Status.NOT_ADDED, Reason.PRIVACY), answer)
    assert after.invite is not None
    assert after.invite.state is state
    assert after.status is (Status.INVITED if state is InviteState.SENT else Status.NOT_ADDED)
    assert script.asked.count(WASEND_SEND) == 1


@pytest.mark.parametrize("link", [says({}, 403), says({"x": 1}), says({"success": False})])
def test_without_a_link_the_invitation_has_failed(link: Response) -> None:
    after, _ = invited(outcome(Status.NOT_ADDED, Reason.PRIVACY), links=[link])
    assert (after.status, after.reason) == (Status.NOT_ADDED, Reason.PRIVACY)
    assert after.invite == Invite("link", InviteState.FAILED)


def adding(people: Sequence[str]) -> Flow[tuple[ParticipantOutcome, ...]]:
    settings = AddSettings(verify="never", invite="link")
    return add(ProviderSession(WASEND), GroupId(GROUP), parse_participants(people), settings)


def test_one_person_named_twice_gets_one_message() -> None:
    add_reply = words(p15550100="403", p15550101="SUCCESS")
    checks = [says({"exists": True, "jid": f"{ANN}@c.us"})]
    script = Script({WASEND_ADD: [add_reply], WASEND_INVITE: [LINK], WASEND_CHECK: checks, WASEND_SEND: [SENT]})
    first, second, third = script.run(adding([ANN, f"+{ANN}", BEN]))
    assert (first.status, first.reason) == (Status.INVITED, Reason.PRIVACY)
    assert (second.status, second.reason, second.invite) == (Status.INVITED, Reason.DUPLICATE, first.invite)
    assert (third.status, third.invite) == (Status.ADDED, None)


def test_a_provider_that_cannot_invite_says_so_before_anything_is_sent() -> None:
    class Silent:
        reports_each_person: ClassVar[bool] = True
        base_url = "http://127.0.0.1"

        def add_participants(self, *_: object, **__: object) -> Flow[AddReply]:
            raise AssertionError

    settings = AddSettings(invite="link")
    with pytest.raises(errors.Unsupported):
        Script({}).run(add(ProviderSession(Silent()), GroupId(GROUP), parse_participants([ANN]), settings))


# Personal invitations, through a provider that can send them

CODE, UNTIL = "AbCdEfGhIjKlMnOpQrStUv", datetime(2026, 1, 8, tzinfo=UTC)
OFFERED = Invite("personal", expires_at=UNTIL)
CARRIER_ADD, CARRIER_SEND = "POST /add", "POST /invite"


@frozen
class Carrier:
    """A provider that refuses everybody for their privacy, offers an invitation for each, and can send it."""

    reports_each_person: ClassVar[bool] = True
    base_url: str = "http://127.0.0.1"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        yield Request("POST", "/add", json={"group": group.jid, "notify": notify})
        return AddReply(
            [(one.id, Claim(PRIVACY, "403", OFFERED, Secret(f"{CODE}{one.phone}"))) for one in participants]
        )

    def send_personal_invite(
        self, group: GroupId, person: Participant, *, code: Secret, expires_at: datetime | None
    ) -> Flow[SentMessage]:
        body = {"group": group.jid, "to": person.id, "code": code, "until": expires_at and expires_at.isoformat()}
        match read((yield Request("POST", "/invite", json=body))):
            case {"id": str() as message}:
                return SentMessage(message)
        raise unreadable()


def offering(
    how: Invitation, *sends: Answer, people: Sequence[str] = (ANN,)
) -> tuple[tuple[ParticipantOutcome, ...], Script]:
    script = Script({CARRIER_ADD: [says({})], CARRIER_SEND: sends})
    settings = AddSettings(verify="never", invite=how)
    return script.run(add(ProviderSession(Carrier()), GroupId(GROUP), parse_participants(people), settings)), script


def test_a_personal_invitation_goes_to_its_person_with_its_code_and_its_end() -> None:
    (ann, ben), script = offering("personal", SENT, says({"id": "m2"}), people=(ANN, BEN))
    sent = [revealed(request.json) for request in script.requests if str(request) == CARRIER_SEND]
    assert sent == [
        {"group": GROUP, "to": f"{phone}@s.whatsapp.net", "code": f"{CODE}{phone}", "until": UNTIL.isoformat()}
        for phone in (ANN, BEN)
    ]
    assert [(one.status, one.reason) for one in (ann, ben)] == [(Status.INVITED, Reason.PRIVACY)] * 2
    assert [one.invite and (one.invite.state, one.invite.message_id) for one in (ann, ben)] == [
        (InviteState.SENT, "m1"),
        (InviteState.SENT, "m2"),
    ]
    assert ann.invite is not None
    assert (ann.invite.kind, ann.invite.expires_at) == ("personal", UNTIL)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (SENT, InviteState.SENT),
        (lost(), InviteState.UNKNOWN),
        (Response(502), InviteState.UNKNOWN),
        (says({}), InviteState.UNKNOWN),
        (lost(maybe_sent=False), InviteState.FAILED),
        (says({}, 403), InviteState.FAILED),
        (says({}, 429), InviteState.FAILED),
        (says({"success": False}), InviteState.FAILED),
    ],
)
def test_a_personal_invitation_is_sent_once_and_its_outcome_reported(answer: Answer, state: InviteState) -> None:
    (ann,), script = offering("personal", answer)
    assert ann.status is (Status.INVITED if state is InviteState.SENT else Status.NOT_ADDED)
    assert ann.invite is not None
    assert (ann.invite.kind, ann.invite.state, ann.invite.expires_at) == ("personal", state, UNTIL)
    assert script.asked.count(CARRIER_SEND) == 1


def test_an_unused_offer_says_that_it_exists_and_until_when() -> None:
    (ann,), script = offering("never")
    assert (ann.status, ann.invite) == (Status.NOT_ADDED, OFFERED)
    assert script.asked == [CARRIER_ADD]


@pytest.mark.parametrize("how", ["never", "personal"])
@pytest.mark.parametrize("answer", [SENT, lost(), says({"message": CODE}, 403), says({"id": 7, "code": CODE})])
def test_the_code_of_a_personal_invitation_is_never_seen(how: Invitation, answer: Answer) -> None:
    with detect_leaks({"the code": CODE}, [ANN]) as detector:
        outcomes, script = offering(how, *([answer] if how == "personal" else []))
        detector.capture(outcomes)
        detector.captured += map(repr, script.requests)
        detector.captured.append(
            json.dumps(AddOutcome("main", "carrier", GROUP, outcomes).participants[0].as_dict()["invite"])
        )
    assert detector.leaks == set()


def test_a_provider_without_personal_invitations_says_so_before_anything_is_sent() -> None:
    with pytest.raises(errors.Unsupported, match="personal"):
        Script({}).run(
            add(ProviderSession(WASEND), GroupId(GROUP), parse_participants([ANN]), AddSettings(invite="personal"))
        )


def test_who_was_refused_without_an_offer_gets_no_personal_invitation() -> None:
    people = {ANN: parse_participants([ANN])[0]}
    before = outcome(Status.NOT_ADDED, Reason.PRIVACY)
    invited = Script({}).run(
        invite(
            RosterObserver.of(ProviderSession(Carrier()), GroupId(GROUP), people),
            {ANN: before},
            settings=AddSettings(invite="personal"),
            codes={},
        )
    )
    assert invited[ANN] is before
