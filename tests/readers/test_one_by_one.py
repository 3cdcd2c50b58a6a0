"""Vendors that take one participant a request: which claim each participant gets."""

import pytest

from groupadd.errors import RateLimited
from groupadd.model.codes import (
    ACCEPTED,
    ADDED,
    NO_ANSWER,
    NOT_MENTIONED,
    PRIVACY,
    UNRECOGNISED,
    Meaning,
    not_asked,
)
from groupadd.model.identity import Identity, Participant, parse_participants
from groupadd.model.outcome import Reason
from groupadd.provider import AddReply
from groupadd.readers import engines, envelope
from groupadd.readers.one_by_one import add_one_by_one
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from tests.support.scripts import Answer, Script, lost, says

ANN, BEN, CAT = parse_participants(["15550100", "15550101", "15550102"])


def added(*answers: Answer) -> tuple[list[tuple[str | Identity, Meaning]], int]:
    """Ask for Ann, Ben and Cat; returns what is claimed of each, and how many were asked for."""

    def ask(person: Participant) -> Flow[AddReply]:
        response = yield Request("POST", "/add", json={"id": person.id})
        return envelope.read_add(response, engines.read_reply)

    script = Script({"POST /add": answers})
    reply = script.run(add_one_by_one([ANN, BEN, CAT], ask))
    assert reply.rest == NOT_MENTIONED
    return [(who, claim.meaning) for who, claim in reply.claims], len(script.requests)


def answers(*rows: tuple[Participant, object]) -> Response:
    return says([{"jid": person.id, "status": status} for person, status in rows])


NAMES = [Identity(person.phone) for person in (ANN, BEN, CAT)]


def test_everyone_gets_the_claim_of_their_own_answer() -> None:
    claims, asked = added(answers((ANN, 200)), says({"ok": True}), Response(502))
    assert claims == list(zip(NAMES, [ADDED, ACCEPTED, NO_ANSWER], strict=True))
    assert asked == 3


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (says({}, 429), Reason.RATE_LIMITED),
        (says({}, 401), Reason.NOT_ALLOWED),
        (says({}, 403), Reason.NOT_ALLOWED),
        (says({}, 422), Reason.NOT_ALLOWED),
        (Response(403, b"<html>a firewall's page</html>"), Reason.NO_ANSWER),
        (Response(301, headers={"location": "https://elsewhere.example/"}), Reason.NO_ANSWER),
        (lost(maybe_sent=False), Reason.NO_ANSWER),
    ],
)
def test_after_a_refusal_half_way_no_further_participant_is_asked_for(refusal: Answer, reason: Reason) -> None:
    claims, asked = added(answers((ANN, 200)), refusal)
    assert claims == list(zip(NAMES, [ADDED, not_asked(reason), not_asked(reason)], strict=True))
    assert asked == 2


def test_a_refusal_half_way_that_may_have_left_traces_leaves_that_participant_open() -> None:
    claims, _ = added(answers((ANN, 200)), says({"success": False}))
    assert [meaning for _, meaning in claims] == [ADDED, UNRECOGNISED, not_asked(Reason.NOT_ALLOWED)]


@pytest.mark.parametrize(("refusal", "error"), [(says({}, 429), RateLimited), (lost(maybe_sent=False), NoAnswer)])
def test_a_refusal_at_the_start_is_an_error(refusal: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        added(refusal)


def test_a_lost_answer_leaves_that_person_open_and_the_next_is_asked_for() -> None:
    claims, _ = added(lost(), answers((BEN, 403)), answers((CAT, 200)))
    assert claims == list(zip(NAMES, [NO_ANSWER, PRIVACY, ADDED], strict=True))


def test_a_claim_about_another_person_is_ignored() -> None:
    claims, _ = added(answers((BEN, 409), (ANN, 403)), answers((BEN, 409)), answers((CAT, 200)))
    assert [meaning for who, meaning in claims if who == NAMES[0]] == [PRIVACY]
