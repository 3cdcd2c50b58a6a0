"""Vendors that cannot be asked for everybody at once, or not without a token: what becomes of each person."""

from collections.abc import Sequence
from functools import partial

import pytest

from groupadd.errors import RateLimited, RequestRefused
from groupadd.model.codes import (
    ACCEPTED,
    ADDED,
    NO_ANSWER,
    NOT_ALLOWED,
    NOT_MENTIONED,
    NOT_ON_WHATSAPP,
    PRIVACY,
    RATE_LIMITED,
    Meaning,
)
from groupadd.model.identity import Identity, Participant, parse_participants
from groupadd.model.outcome import Reason, Status
from groupadd.provider import AddReply, Claim
from groupadd.readers import asking, engines, envelope, naming
from groupadd.wire.messages import Flow, NoAnswer, Request, Response
from tests.support.scripts import Answer, Script, lost, says

ANN, BEN, CAT = parse_participants(["15550100", "15550101", "15550102"])


def added(*answers: Answer) -> tuple[list[tuple[str | Identity, Meaning]], int]:
    """Ask for Ann, Ben and Cat; returns what is claimed of each, and how many were asked for."""

    def ask(person: Participant) -> Flow[AddReply]:
        response = yield Request("POST", "/add", json={"id": person.id})
        return envelope.read_add(response, engines.read_reply)

    script = Script({"POST /add": answers})
    reply = script.run(asking.one_by_one([ANN, BEN, CAT], ask))
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
    ("refusal", "meaning"),
    [
        (says({}, 429), RATE_LIMITED),
        (says({}, 403), NOT_ALLOWED),
        (lost(maybe_sent=False), Meaning(Status.NOT_ADDED, Reason.NO_ANSWER)),
    ],
)
def test_a_refusal_half_way_is_the_reason_of_all_who_are_left(refusal: Answer, meaning: Meaning) -> None:
    claims, asked = added(answers((ANN, 200)), refusal)
    assert claims == list(zip(NAMES, [ADDED, meaning, meaning], strict=True))
    assert asked == 2


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


PHONES = [ANN.phone or "", BEN.phone or ""]
SUNK = AddReply(rest=NOT_ON_WHATSAPP, says="stranger")


def without_strangers(phones: list[str], replies: list[AddReply], owners: list[Identity | None]) -> list[list[str]]:
    """Ask for these numbers; return what each request asked for, and the numbers that are not on WhatsApp."""
    asked: list[list[str]] = []

    def ask(some: Sequence[str]) -> Flow[AddReply]:
        yield Request("POST", "/add")
        asked.append(list(some))
        return replies[len(asked) - 1]

    def check(phone: str) -> Flow[Identity | None]:
        yield Request("GET", "/check")
        return owners[phones.index(phone)]

    script = Script({"POST /add": [says({})] * len(replies), "GET /check": [says({})] * len(owners)})
    reply = script.run(asking.without_strangers(phones, ask, check))
    strangers = [
        who.phone or "" for who, claim in reply.claims if isinstance(who, Identity) and claim.says == "stranger"
    ]
    return [*asked, strangers]


def test_strangers_are_looked_for_only_where_there_is_one() -> None:
    assert without_strangers(PHONES, [AddReply()], []) == [PHONES, []]
    assert without_strangers(PHONES[:1], [SUNK], []) == [PHONES[:1], PHONES[:1]]
    assert without_strangers(PHONES, [SUNK, AddReply()], [None, NAMES[1]]) == [PHONES, PHONES[1:], PHONES[:1]]
    assert without_strangers(PHONES, [SUNK], [None, None]) == [PHONES, PHONES]


def test_an_unfound_stranger_refuses_all() -> None:
    cases: list[tuple[list[AddReply], list[Identity | None]]] = [
        ([SUNK], [*NAMES[:2]]),
        ([SUNK, SUNK], [None, NAMES[1]]),
    ]
    for replies, owners in cases:
        with pytest.raises(RequestRefused, match="nobody was added"):
            without_strangers(PHONES, replies, owners)


def test_who_has_no_name_with_a_vendor_is_left_out_and_left_open() -> None:
    asked: list[Sequence[str]] = []

    def ask(names: Sequence[str]) -> Flow[AddReply]:
        yield Request("POST", "/add")
        asked.append(names)
        return AddReply([(name, Claim(ADDED)) for name in names])

    people = parse_participants([PHONES[0], "120255501001234", "99900011@lid", "999000111222333@lid"])
    names = partial(naming.digits, longest_phone=14)
    reply = Script({"POST /add": [says({})]}).run(asking.whom_it_can_name(people, names, ask))
    assert asked == [[PHONES[0], "999000111222333"]]
    open_still = Meaning(Status.UNKNOWN, Reason.INVALID_PARTICIPANT)
    assert [claim.meaning for _, claim in reply.claims] == [ADDED, ADDED, open_still, open_still]
    assert len(Script({}).run(asking.whom_it_can_name(people[1:3], names, ask)).claims) == 2


@pytest.mark.parametrize("answer", [lost(), says({}, 401), says({}, 502)])
def test_what_may_stay_unknown_stays_unknown(answer: Answer) -> None:
    def question() -> Flow[object]:
        return envelope.read((yield Request("GET", "/me")))

    assert Script({"GET /me": [answer]}).run(asking.perhaps(question())) is None
    assert Script({"GET /me": [says({"me": 1})]}).run(asking.perhaps(question())) == {"me": 1}


def test_a_token_that_was_lost_left_nothing_behind() -> None:
    with pytest.raises(NoAnswer) as caught:
        Script({"POST /login": [lost()]}).run(asking.log_in(Request("POST", "/login"), ()))
    assert caught.value.maybe_sent is False
