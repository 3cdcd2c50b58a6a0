"""Looking: one roster for everyone, our own account asked for once, other names only where they are needed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest

from groupadd import errors
from groupadd.adding.observe import ProviderSession, RosterObserver, check
from groupadd.model.identity import GroupId, Identity, parse_participants
from groupadd.model.outcome import Reason
from groupadd.model.roster import Observation, Roster
from groupadd.provider import AddReply, Flow, Session
from groupadd.wire.messages import Response
from tests.support.scripts import (
    GROUP,
    ME,
    WASEND,
    WASEND_LIST,
    WASEND_SESSION,
    WAWP,
    WAWP_CHECK,
    WAWP_LID,
    WAWP_LIST,
    WAWP_SESSION,
    Answer,
    Script,
    lid_roster,
    lost,
    roster,
    says,
    session,
)

ANN, BEN = "15550100", "15550101"


def checked(script: Script, *people: str) -> list[tuple[bool | None, Reason | None]]:
    memberships = script.run(check(ProviderSession(WAWP), GroupId(GROUP), parse_participants(people)))
    assert [membership.participant for membership in memberships] == list(people)
    return [(membership.member, membership.reason) for membership in memberships]


def wawp(look: Answer, others: Mapping[str, Sequence[Answer]] | None = None) -> Script:
    return Script({WAWP_LIST: [look], WAWP_SESSION: [session()], **(others or {})})


def test_one_look_serves_everyone_in_the_order_asked() -> None:
    assert checked(wawp(roster(BEN)), ANN, BEN, f"+{ANN}") == [(False, None), (True, None), (False, None)]


def test_our_own_account_is_asked_for_once_in_the_life_of_a_client() -> None:
    account = ProviderSession(WASEND)
    script = Script({WASEND_LIST: [roster(), roster()], WASEND_SESSION: [session()]})

    def twice() -> Flow[list[Roster]]:
        return [(yield from account.roster(GroupId(GROUP))), (yield from account.roster(GroupId(GROUP)))]

    assert [seen.me for seen in script.run(twice())] == [Identity(ME)] * 2


def test_a_session_without_details_leaves_our_number_unknown_and_hinders_no_look() -> None:
    script = Script({WASEND_LIST: [roster(ANN)], WASEND_SESSION: [says({"x": 1})]})
    seen: Roster = script.run(ProviderSession(WASEND).roster(GroupId(GROUP)))
    assert seen.me is None
    assert seen.complete


@pytest.mark.parametrize("state", ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED"])
def test_a_session_that_is_down_is_an_error(state: str) -> None:
    script = Script({WAWP_LIST: [roster()], WAWP_SESSION: [says({"status": state})]})
    with pytest.raises(errors.SessionNotReady, match=state):
        checked(script, ANN)


def test_a_session_that_names_a_number_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    script, account = Script({}), ProviderSession(WASEND)
    session = Session(ready=False, says=f"logged out of +{ANN}")
    monkeypatch.setattr(type(WASEND), "session", lambda _: _returning(session))
    with pytest.raises(errors.SessionNotReady) as error:
        script.run(account.me())
    assert ANN not in str(error.value)


def _returning(session: Session) -> Flow[Session]:
    yield from ()
    return session


@pytest.mark.parametrize(
    ("answer", "member", "reason"),
    [
        (says({"lid": "99900011@lid", "number": ANN}), True, None),
        (says({"lid": "99900012@lid", "pn": f"{ANN}@c.us"}), False, None),
        (says({"lid": None, "number": ANN}), None, Reason.UNRESOLVED_IDENTITY),
        (says({"lid": "99900011"}), None, Reason.UNRESOLVED_IDENTITY),
        (says({}, 404), None, Reason.UNRESOLVED_IDENTITY),
        (Response(200, b"<html>"), None, Reason.UNRESOLVED_IDENTITY),
    ],
)
def test_where_phones_are_hidden_the_lid_is_asked_for(
    answer: Response, member: bool | None, reason: Reason | None
) -> None:
    assert checked(wawp(lid_roster("99900011"), {WAWP_LID: [answer]}), ANN) == [(member, reason)]


def test_where_phones_are_shown_no_lid_is_asked_for() -> None:
    assert checked(wawp(roster(BEN)), ANN) == [(False, None)]


def test_a_lid_is_asked_for_once_in_a_call_whatever_came_of_it() -> None:
    people = {f"{ANN}@s.whatsapp.net": parse_participants([ANN])[0]}
    observer = RosterObserver.of(ProviderSession(WAWP), GroupId(GROUP), people)
    looks = [lid_roster("99900011")] * 2
    script = Script({WAWP_LIST: looks, WAWP_SESSION: [session()], WAWP_LID: [says({}, 404)]})

    def twice() -> Flow[list[Mapping[str, Observation]]]:
        return [(yield from observer.look(people)), (yield from observer.look(people))]

    assert [list(observations.values()) for observations in script.run(twice())] == [
        [Observation(None, Reason.UNRESOLVED_IDENTITY)]
    ] * 2


@pytest.mark.parametrize(
    ("answer", "member"),
    [
        (says({"numberExists": True, "chatId": "551187654321@c.us"}), True),
        (says({"numberExists": True, "chatId": "5511987654321@c.us"}), False),
        (says({"numberExists": False}), None),
        (says({}, 500), None),
    ],
)
def test_the_other_form_of_a_number_counts_only_where_the_number_check_confirms_it(
    answer: Response, member: bool | None
) -> None:
    others = {WAWP_CHECK: [answer]}
    ((found, _),) = checked(wawp(roster("551187654321"), others), "5511987654321")
    assert found is member


@pytest.mark.parametrize(
    ("look", "error"),
    [
        (says({}, 404), errors.GroupNotFound),
        (says({}, 403), errors.NotAllowed),
        (says({"x": 1}), errors.AnswerLost),
        (says({}, 500), errors.AnswerLost),
    ],
)
def test_a_check_whose_roster_cannot_be_read_raises(look: Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        checked(wawp(look), ANN)


def test_a_broken_line_is_tried_again() -> None:
    script = Script({WAWP_LIST: [lost(), says({}, 503), roster(ANN)], WAWP_SESSION: [session()]})
    assert checked(script, ANN) == [(True, None)]


def test_a_provider_without_a_roster_cannot_check() -> None:
    class Blind:
        reports_each_person: ClassVar[bool] = True
        base_url = "http://127.0.0.1"

        def add_participants(self, *_: object, **__: object) -> Flow[AddReply]:
            raise AssertionError

    with pytest.raises(errors.Unsupported):
        Script({}).run(check(ProviderSession(Blind()), GroupId(GROUP), parse_participants([ANN])))
