"""The add flow: which looks are taken and when, what late answers mean, and the six truth rules by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import errors
from groupadd.model.outcome import Reason
from groupadd.settings import AddSettings, Verify
from groupadd.wire.messages import Response
from tests.support.adding import (
    ADDED,
    ALREADY,
    ALWAYS,
    ANN,
    AUTO,
    BEN,
    EMPTY_ROSTER,
    INFERRED,
    NEVER,
    NONE,
    NOT_IN,
    OBSERVED,
    OK,
    REPORTED,
    UNKNOWN,
    adding,
    looks_at_s,
    verdicts,
    wasend,
    wawp,
)
from tests.support.scripts import (
    ME,
    WASEND,
    WASEND_ADD,
    WASEND_CHECK,
    WASEND_LIST,
    WASEND_SESSION,
    WAWP,
    WAWP_ADD,
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
    words,
)

# The truth rules, by number.


def test_rule_1_who_is_proven_absent_is_not_added_although_the_provider_said_so() -> None:
    script = wasend(words(p15550100="SUCCESS"), looks=[roster(), roster(), roster(), roster()])
    assert verdicts(script.run(adding(WASEND, [ANN], ALWAYS))) == [(UNKNOWN, Reason.CONTRADICTION, NONE)]


def test_rule_1_who_is_seen_in_is_never_not_added_although_the_provider_said_so() -> None:
    script = wasend(words(p15550100="NOT_FOUND"), looks=[roster(), roster(ANN)])
    assert verdicts(script.run(adding(WASEND, [ANN], ALWAYS))) == [(ADDED, None, OBSERVED)]


@pytest.mark.parametrize("answer", [OK, says(True), says(None), says([]), Response(200), Response(204), says({}, 201)])
def test_rule_2_a_2xx_proves_nothing_by_itself(answer: Response) -> None:
    for provider, script in ((WASEND, wasend(answer)), (WAWP, wawp(answer))):
        assert verdicts(script.run(adding(provider, [ANN], NEVER)))[0][0] is UNKNOWN


def test_rule_3_presence_in_one_look_proves_membership() -> None:
    script = wawp(OK, looks=[roster(), roster(ANN)])
    assert verdicts(script.run(adding(WAWP, [ANN]))) == [(ADDED, None, OBSERVED)]
    assert looks_at_s(script) == [0, 2]


def test_rule_3_absence_takes_the_last_two_looks() -> None:
    script = wawp(OK, looks=[roster()] * 4)
    assert verdicts(script.run(adding(WAWP, [ANN]))) == [(NOT_IN, Reason.SILENT_REFUSAL, OBSERVED)]
    assert looks_at_s(script) == [0, 2, 8, 30]


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (says([], 500), Reason.ABSENCE_UNPROVEN),
        (says({"success": True, "participants": []}), Reason.ABSENCE_UNPROVEN),
        (says([{"jid": f"{BEN}@c.us"}]), Reason.ABSENCE_UNPROVEN),  # without our own account
        (says([{"jid": f"{ME}@c.us"}, {}]), Reason.ABSENCE_UNPROVEN),  # a row that cannot be read
    ],
)
def test_rule_3_a_last_look_that_proves_nothing_leaves_absence_unproven(last: Response, reason: Reason) -> None:
    script = wawp(OK, looks=[roster(), roster(), roster(), last])
    assert verdicts(script.run(adding(WAWP, [ANN]))) == [(UNKNOWN, reason, NONE)]


@pytest.mark.parametrize("look_after_s", [(), (2.0,)])
def test_rule_3_with_fewer_than_two_looks_absence_is_never_proven(look_after_s: tuple[float, ...]) -> None:
    script = wawp(OK, looks=[roster()] * (1 + len(look_after_s)))
    assert verdicts(script.run(adding(WAWP, [ANN], AddSettings(look_after_s=look_after_s))))[0][0] is UNKNOWN


def test_rule_3_after_a_lost_answer_absence_is_proven_only_when_the_add_can_no_longer_take_effect() -> None:
    script = wawp(lost(), looks=[roster()] * 4)
    assert verdicts(script.run(adding(WAWP, [ANN]))) == [(NOT_IN, Reason.NO_ANSWER, OBSERVED)]
    assert looks_at_s(script) == [0, 2, 60, 82]


def test_rule_3_a_look_before_that_moment_does_not_count() -> None:
    script = wawp(lost(), looks=[roster(), roster()])
    settings = AddSettings(look_after_s=(2.0,))
    assert verdicts(script.run(adding(WAWP, [ANN], settings))) == [(UNKNOWN, Reason.ABSENCE_UNPROVEN, NONE)]


def test_rule_4_a_lid_with_the_digits_of_a_phone_is_another_person() -> None:
    script = wasend(OK, looks=[lid_roster(ANN)] * 3)
    assert verdicts(script.run(adding(WASEND, [ANN]))) == [(UNKNOWN, Reason.UNRESOLVED_IDENTITY, NONE)]


def test_rule_4_a_claim_made_of_a_lid_is_not_the_phones() -> None:
    script = wasend(says([{"JID": f"{ANN}@lid", "Error": 0}, {"JID": f"{BEN}@c.us", "Error": 0}]))
    assert verdicts(script.run(adding(WASEND, [ANN, BEN], NEVER))) == [
        (UNKNOWN, Reason.NOT_MENTIONED, NONE),
        (ADDED, None, REPORTED),
    ]


def test_rule_5_everyone_appears_once_in_the_order_asked_in_their_own_spelling() -> None:
    people = ["+1 555 0101", "15550100@c.us", "+15550101", "15550101@lid", "1-555-0100"]
    script = wasend(words(p15550100="SUCCESS", p15550101="NOT_FOUND"))
    outcomes = script.run(adding(WASEND, people, NEVER))
    assert [person.participant for person in outcomes] == people
    assert verdicts(outcomes) == [
        (NOT_IN, Reason.NOT_ON_WHATSAPP, REPORTED),
        (ADDED, None, REPORTED),
        (NOT_IN, Reason.DUPLICATE, REPORTED),
        (UNKNOWN, Reason.NOT_MENTIONED, NONE),
        (ADDED, Reason.DUPLICATE, REPORTED),
    ]
    assert script.requests[0].json == {"participants": ["+15550101", "+15550100", "15550101@lid"]}


@pytest.mark.parametrize(
    "answer", [lost(), Response(503), Response(502, b"<html>"), says({}, 408), Response(200, b"?")]
)
def test_rule_6_an_add_that_may_have_been_received_is_never_sent_again(answer: Answer) -> None:
    script = wasend(answer, looks=[roster()] * 3)
    assert verdicts(script.run(adding(WASEND, [ANN])))[0][0] is NOT_IN
    assert script.asked.count(WASEND_ADD) == 1


@given(
    st.lists(st.sampled_from(["in", "out", "some", "hidden", "empty", "lost"]), min_size=4, max_size=4),
    st.sampled_from(
        [OK, words(p15550100="SUCCESS"), words(p15550100="NOT_FOUND"), words(p15550100="?"), Response(502)]
    ),
    st.sampled_from([AUTO, ALWAYS]),
)
def test_rules_1_and_3_hold_for_any_looks(kinds: list[str], answer: Response, settings: AddSettings) -> None:
    shown = {
        "in": roster(ANN),
        "out": roster(BEN),
        "some": says([{"jid": f"{BEN}@c.us"}, {}]),
        "hidden": lid_roster("99900011"),
        "empty": EMPTY_ROSTER,
        "lost": says({}, 500),
    }
    script = Script(
        {WASEND_ADD: [answer], WASEND_LIST: [shown[kind] for kind in kinds], WASEND_SESSION: [session()] * 3}
        | {WASEND_CHECK: [says({"exists": True, "jid": f"{ANN}@c.us"})]}
    )
    flow = adding(WASEND, [ANN], settings)
    request = next(flow)
    try:  # by hand, since how many looks are taken depends on what they show
        while True:
            request = flow.send(script(request))
    except StopIteration as stop:
        (person,) = stop.value
    looks = [kind for kind, _ in zip(kinds, looks_at_s(script), strict=False)]
    after = looks[1:] if settings.verify == "always" else looks
    if after[-2:] == ["out", "out"]:
        assert not person.is_in
    if after[-1:] == ["in"]:
        assert person.is_in
    assert (person.status is UNKNOWN) is (person.evidence is NONE)


# Which looks are taken.


@pytest.mark.parametrize(
    ("verify", "asked"),
    [
        ("never", [WASEND_ADD]),
        ("auto", [WASEND_ADD]),
        ("always", [WASEND_LIST, WASEND_SESSION, WASEND_ADD, WASEND_LIST]),
    ],
)
def test_where_the_answer_settles_everyone_only_always_looks(verify: Verify, asked: list[str]) -> None:
    script = wasend(words(p15550100="SUCCESS"), looks=[roster(), roster(ANN)] if verify == "always" else [])
    outcomes = script.run(adding(WASEND, [ANN], AddSettings(verify=verify)))
    assert verdicts(outcomes) == [(ADDED, None, OBSERVED if verify == "always" else REPORTED)]
    assert script.asked == asked


def test_auto_looks_where_the_answer_leaves_a_participant_open_and_for_no_other() -> None:
    script = wasend(words(p15550100="SUCCESS", p15550101="MAYBE"), looks=[roster(BEN)])
    outcomes = script.run(adding(WASEND, [ANN, BEN]))
    assert verdicts(outcomes) == [(ADDED, None, REPORTED), (ADDED, None, INFERRED)]
    assert [person.provider_says for person in outcomes] == ["SUCCESS", "MAYBE"]


def test_a_refused_participant_seen_in_a_look_for_another_is_in() -> None:
    script = wasend(words(p15550100="blocked", p15550101="MAYBE"), looks=[roster(ANN, BEN)])
    outcomes = script.run(adding(WASEND, [ANN, BEN]))
    assert verdicts(outcomes) == [(ADDED, None, INFERRED), (ADDED, None, INFERRED)]


def test_auto_looks_beforehand_where_the_provider_only_accepts_and_skips_members() -> None:
    script = wawp(OK, looks=[roster(ANN), roster(ANN, BEN)])
    outcomes = script.run(adding(WAWP, [ANN, BEN]))
    assert verdicts(outcomes) == [(ALREADY, None, OBSERVED), (ADDED, None, OBSERVED)]
    assert script.asked == [WAWP_LIST, WAWP_SESSION, WAWP_ADD, WAWP_LIST]
    assert script.requests[2].json is not None
    assert script.requests[2].json["participants"] == [{"id": f"{BEN}@c.us"}]


def test_where_everyone_is_in_already_no_add_is_sent() -> None:
    script = wawp(looks=[roster(ANN, BEN)])
    assert verdicts(script.run(adding(WAWP, [ANN, BEN]))) == [(ALREADY, None, OBSERVED)] * 2


def test_never_reads_no_roster_although_the_provider_only_accepts() -> None:
    script = wawp(OK)
    assert verdicts(script.run(adding(WAWP, [ANN], NEVER))) == [(UNKNOWN, Reason.NOT_CHECKED, NONE)]


def test_looking_stops_as_soon_as_everyone_is_settled() -> None:
    script = wawp(OK, looks=[roster(), roster(ANN), roster(ANN, BEN)])
    assert verdicts(script.run(adding(WAWP, [ANN, BEN]))) == [(ADDED, None, OBSERVED)] * 2
    assert looks_at_s(script) == [0, 2, 8]


@pytest.mark.parametrize("count", [1, 10, 1024])
def test_the_number_of_requests_does_not_grow_with_the_people(count: int) -> None:
    people = [str(15550000000 + number) for number in range(count)]
    script = wawp(OK, looks=[roster(), roster(), roster(*people)])
    assert {person.status for person in script.run(adding(WAWP, people))} == {ADDED}
    assert len(script.requests) == 5


@pytest.mark.parametrize(
    ("look", "error"),
    [
        (says({}, 401), errors.NotAuthenticated),
        (says({}, 403), errors.NotAllowed),
        (says({}, 404), errors.GroupNotFound),
        (says({"code": "invalid_session", "message": "scan"}, 404), errors.SessionNotReady),
    ],
)
def test_a_refused_look_before_the_add_raises(look: Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        wawp(OK, looks=[look]).run(adding(WAWP, [ANN]))


def test_a_session_that_is_down_raises_before_anything_is_asked_for() -> None:
    script = Script({WAWP_LIST: [roster()], WAWP_SESSION: [says({"status": "SCAN_QR_CODE"})]})
    with pytest.raises(errors.SessionNotReady):
        script.run(adding(WAWP, [ANN]))


@pytest.mark.parametrize("look", [says({}, 500), says({"x": 1}), Response(200, b"<html>"), says({"ok": False})])
def test_any_other_failing_look_before_the_add_only_proves_nothing(look: Response) -> None:
    script = wawp(OK, looks=[look, roster(ANN)])
    assert verdicts(script.run(adding(WAWP, [ANN]))) == [(ADDED, None, INFERRED)]


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (says({}, 401), Reason.NO_ANSWER),
        (says({}, 403), Reason.STALE_ROSTER),
        (says({}, 404), Reason.STALE_ROSTER),
        (says({}, 500), Reason.NO_ANSWER),
        (Response(200, b"<html>"), Reason.NO_ANSWER),
        (EMPTY_ROSTER, Reason.STALE_ROSTER),
    ],
)
def test_looks_after_the_add_never_raise(look: Response, reason: Reason) -> None:
    script = wawp(OK, looks=[roster(), look, look, look])
    assert verdicts(script.run(adding(WAWP, [ANN]))) == [(UNKNOWN, reason, NONE)]


# What kept us from asking.


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says({}, 400), errors.RequestRefused),
        (says({}, 401), errors.NotAuthenticated),
        (says({}, 403), errors.NotAllowed),
        (says({}, 404), errors.GroupNotFound),
        (says({}, 429), errors.RateLimited),
        (says({"success": False, "error": "x"}), errors.RequestRefused),
        (lost(maybe_sent=False), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_of_the_whole_add_raises_and_nothing_is_looked_at(answer: Answer, error: type[Exception]) -> None:
    script = wasend(answer)
    with pytest.raises(error):
        script.run(adding(WASEND, [ANN]))
    assert script.asked == [WASEND_ADD]


def test_what_a_provider_cannot_honour_is_refused_before_the_add() -> None:
    script = wawp(looks=[roster()])
    with pytest.raises(errors.Unsupported):
        script.run(adding(WAWP, [ANN], AddSettings(notify=False)))
    assert WAWP_ADD not in script.asked


# Ctrl-C.


def test_ctrl_c_after_sending_brings_the_outcome_as_far_as_it_is_known() -> None:
    script = wawp(KeyboardInterrupt(), looks=[roster(ANN)])
    with pytest.raises(errors.Interrupted) as caught:
        script.run(adding(WAWP, [ANN, BEN]))
    assert isinstance(caught.value.outcome, tuple)
    assert verdicts(caught.value.outcome) == [(ALREADY, None, OBSERVED), (UNKNOWN, Reason.NO_ANSWER, NONE)]


def test_ctrl_c_before_sending_is_only_ctrl_c() -> None:
    script = wawp(looks=[KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt) as caught:
        script.run(adding(WAWP, [ANN]))
    assert not isinstance(caught.value, errors.Interrupted)
    assert WAWP_ADD not in script.asked


# Claims.


def test_two_claims_of_one_person_that_disagree_are_a_contradiction_and_both_reported() -> None:
    rows = {"added": [{"id": ANN, "reason": "SUCCESS"}], "failed": [{"id": ANN, "reason": "NOT_FOUND"}]}
    script = wasend(says({"success": True, "data": rows}))
    (person,) = script.run(adding(WASEND, [ANN], NEVER))
    assert verdicts([person]) == [(UNKNOWN, Reason.CONTRADICTION, NONE)]
    assert person.provider_says == "SUCCESS, NOT_FOUND"


def test_two_claims_of_one_person_that_agree_are_one() -> None:
    script = wasend(says({"added": [{"id": ANN, "reason": "SUCCESS"}, {"id": f"{ANN}@c.us", "reason": "SUCCESS"}]}))
    assert verdicts(script.run(adding(WASEND, [ANN], NEVER))) == [(ADDED, None, REPORTED)]


def test_claims_of_people_who_were_not_asked_for_are_passed_over() -> None:
    script = wasend(words(p15550100="SUCCESS", p15550199="SUCCESS"))
    assert verdicts(script.run(adding(WASEND, [ANN], NEVER))) == [(ADDED, None, REPORTED)]


def test_names_that_one_answer_joins_are_known_in_the_looks_after() -> None:
    answer = says([{"JID": "99900011@lid", "PhoneNumber": f"{ANN}@s.whatsapp.net", "Error": 500}])
    script = wasend(answer, looks=[lid_roster("99900011")])
    assert verdicts(script.run(adding(WASEND, [ANN]))) == [(ADDED, None, INFERRED)]


def test_a_claim_about_a_lid_alone_counts_where_the_provider_can_resolve_lids() -> None:
    script = Script(
        {
            WAWP_ADD: [says([{"JID": "99900011@lid", "Error": 403}, {"JID": f"{BEN}@c.us", "Error": 0}])],
            WAWP_LID: [says({"lid": "99900011@lid", "number": ANN})],
        }
    )
    assert verdicts(script.run(adding(WAWP, [ANN, BEN], NEVER))) == [
        (NOT_IN, Reason.PRIVACY, REPORTED),
        (ADDED, None, REPORTED),
    ]


def test_the_other_form_of_a_number_in_the_roster_is_neither_in_nor_out_until_it_is_confirmed() -> None:
    brazilian, canonical = "5511987654321", "551187654321"
    doubted = wasend(OK, looks=[roster(canonical)] * 3)
    doubted.answers = {**doubted.answers, WASEND_CHECK: [says({"exists": False})]}
    assert verdicts(doubted.run(adding(WASEND, [brazilian]))) == [(UNKNOWN, Reason.UNRESOLVED_IDENTITY, NONE)]
    confirmed = wasend(OK, looks=[roster(canonical)])
    confirmed.answers = {**confirmed.answers, WASEND_CHECK: [says({"exists": True, "jid": f"{canonical}@c.us"})]}
    assert verdicts(confirmed.run(adding(WASEND, [brazilian]))) == [(ADDED, None, INFERRED)]


@pytest.mark.parametrize(("confirmed", "reason"), [(True, Reason.DUPLICATE), (False, Reason.NOT_MENTIONED)])
def test_both_forms_of_one_line_are_a_duplicate_only_where_confirmed(confirmed: bool, reason: Reason) -> None:
    old, new = "551187654321", "5511987654321"
    accounts = [
        says({"exists": True, "jid": f"{old}@c.us"}),
        says({"exists": True, "jid": f"{old if confirmed else new}@c.us"}),
    ]
    script = Script({WASEND_CHECK: accounts, WASEND_ADD: [words(p551187654321="SUCCESS")]})
    outcomes = script.run(adding(WASEND, [old, new], NEVER))
    assert [person.reason for person in outcomes] == [None, reason]
    assert [person.phone for person in outcomes] == [old, new]
