"""Invitation as fallback: to whom, once each, and what became of it."""

from collections.abc import Sequence
from typing import ClassVar

import pytest

from groupadd import errors
from groupadd.adding import add
from groupadd.flow import Flow, Response
from groupadd.identity import GroupId, parse_participants
from groupadd.inviting import INVITABLE, invite
from groupadd.looking import Account
from groupadd.outcome import Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import AddReply, Secret
from groupadd.terms import Terms
from tests.scripts import (
    GROUP,
    WASEND,
    WASEND_ADD,
    WASEND_INVITE,
    WASEND_SEND,
    Answer,
    Script,
    lost,
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
    script = Script({WASEND_INVITE: links, WASEND_SEND: sends})
    terms = Terms(invite="link")
    told = script.run(invite(WASEND, GroupId(GROUP), {ANN: before}, people, terms=terms, codes={}))
    return told[ANN], script


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
def test_nobody_else_is_written_to(before: ParticipantOutcome) -> None:
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
def test_only_a_confirmed_message_makes_somebody_invited(answer: Answer, state: InviteState) -> None:
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
    terms = Terms(verify="never", invite="link")
    return add(Account(WASEND), GroupId(GROUP), parse_participants(people), terms)


def test_one_person_named_twice_gets_one_message() -> None:
    add_reply = words(p15550100="403", p15550101="SUCCESS")
    script = Script({WASEND_ADD: [add_reply], WASEND_INVITE: [LINK], WASEND_SEND: [SENT]})
    first, second, third = script.run(adding([ANN, f"+{ANN}", BEN]))
    assert (first.status, first.reason) == (Status.INVITED, Reason.PRIVACY)
    assert (second.status, second.reason, second.invite) == (Status.INVITED, Reason.DUPLICATE, first.invite)
    assert (third.status, third.invite) == (Status.ADDED, None)


def test_a_provider_that_cannot_invite_says_so_before_anything_is_sent() -> None:
    class Silent:
        speaks_of_each: ClassVar[bool] = True
        base_url = "http://127.0.0.1"

        def add_participants(self, *_: object, **__: object) -> Flow[AddReply]:
            raise AssertionError

    terms = Terms(invite="link")
    with pytest.raises(errors.Unsupported):
        Script({}).run(add(Account(Silent()), GroupId(GROUP), parse_participants([ANN]), terms))
