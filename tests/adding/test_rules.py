"""The truth rules of 2026, by kind, through a provider without a wire format: no vendor's answer is looked at here."""

import logging
from collections.abc import Sequence

import pytest
from attrs import define, evolve

from groupadd.errors import AnswerLost, GroupNotFound, RateLimited
from groupadd.model.codes import (
    ACCEPTED,
    ADDED,
    ALREADY_MEMBER,
    NO_ANSWER,
    NOT_MENTIONED,
    PENDING_APPROVAL,
    PRIVACY,
    REFUSED,
    Meaning,
    not_asked,
)
from groupadd.model.identity import Identity, Participant
from groupadd.model.outcome import Evidence, InviteState, ParticipantOutcome, Reason, Status
from groupadd.model.roster import Member, Proof, RosterProof
from groupadd.provider import AddReply, Claim, Flow, NumberCheck, Session
from groupadd.settings import AddSettings
from tests.support.plain import Accepting, Checking, Copying, Inviting, Plain, Resolving, adding, roster

ANN, BEN, CLEO, OTHER = "15550100", "15550101", "15550102", "15550199"
NEW, OLD = "2290197000101", "22997000101"  # two forms of one line
LID, OTHER_LID = "177005550000100", "177005550000199"
ALWAYS, AUTO, LINK = AddSettings(verify="always"), AddSettings(), AddSettings(verify="always", invite="link")
OBSERVED, INFERRED, REPORTED, NONE = Evidence.OBSERVED, Evidence.INFERRED, Evidence.REPORTED, Evidence.NONE
INVITED = Status.INVITED
UNRESOLVED = (Status.UNKNOWN, Reason.UNRESOLVED_IDENTITY, NONE)


def claims_of(**claims: Meaning) -> AddReply:
    """Return a reply with one row for each participant: `_15550100=ADDED`."""
    return AddReply([(name[1:], Claim(meaning)) for name, meaning in claims.items()])


def named(*rows: tuple[Identity, Meaning], rest: Meaning = NOT_MENTIONED) -> AddReply:
    return AddReply([(names, Claim(meaning)) for names, meaning in rows], rest)


def verdicts(outcomes: Sequence[ParticipantOutcome]) -> list[tuple[Status, Reason | None, Evidence]]:
    return [(person.status, person.reason, person.evidence) for person in outcomes]


def is_account(phone: str) -> NumberCheck:
    return NumberCheck(exists=True, account=Identity(phone))


@define(slots=False, kw_only=True)
class CheckingAccepting(Checking, Accepting):
    """Accepts, and checks numbers."""


@define(slots=False, kw_only=True)
class CheckingInviting(Checking, Inviting):
    """Checks numbers and invites."""


@define(slots=False, kw_only=True)
class CheckingAcceptingInviting(Checking, Inviting, Accepting):
    """Accepts, checks numbers and invites."""


@define(slots=False, kw_only=True)
class ResolvingInviting(Resolving, Inviting):
    """Resolves LIDs and invites."""


@define(slots=False, kw_only=True)
class KnowingAccepting(Accepting):
    """Accepts, and knows that our account is the one of `OLD`."""

    def session(self) -> Flow[Session]:
        yield from self.ask("session")
        return Session(ready=True, me=Identity(OLD))


@define(slots=False, kw_only=True)
class AcceptingCopying(Copying, Accepting):
    """Accepts, and shows a server's copy."""


# What a list proves: one that may hold people who have left.

LEAVERS = Proof.ABSENCE  # everybody who is in has a row, and perhaps others


@pytest.mark.parametrize(
    ("meaning", "verdict"),
    [
        (ADDED, (Status.ADDED, None, REPORTED)),
        (ALREADY_MEMBER, (Status.ALREADY_MEMBER, None, REPORTED)),
        (NO_ANSWER, (Status.UNKNOWN, Reason.STALE_ROSTER, NONE)),
        (ACCEPTED, (Status.UNKNOWN, Reason.STALE_ROSTER, NONE)),
        (not_asked(Reason.NOT_ON_WHATSAPP), (Status.UNKNOWN, Reason.NOT_ON_WHATSAPP, NONE)),
        (PRIVACY, (Status.NOT_ADDED, Reason.PRIVACY, REPORTED)),
    ],
)
def test_a_row_in_a_list_of_leavers_counts_only_with_a_claim_that_says_so(
    meaning: Meaning, verdict: tuple[Status, Reason | None, Evidence]
) -> None:
    provider = Plain(reply=claims_of(_15550100=meaning), rosters=[roster(OTHER, ANN, proves=LEAVERS)])
    assert verdicts(adding(provider, ANN)) == [verdict]


def test_a_row_that_came_since_an_earlier_look_at_a_list_of_leavers_is_a_members() -> None:
    provider = Accepting(rosters=[roster(OTHER, proves=LEAVERS), roster(OTHER, ANN, proves=LEAVERS)])
    assert verdicts(adding(provider, ANN)) == [(Status.ADDED, None, OBSERVED)]


def test_a_row_that_came_between_two_looks_after_the_add_is_a_members() -> None:
    reply = claims_of(_15550100=NO_ANSWER)
    looks = [roster(OTHER, proves=LEAVERS), roster(OTHER, ANN, proves=LEAVERS)]
    assert verdicts(adding(Plain(reply=reply, rosters=looks), ANN)) == [(Status.ADDED, None, INFERRED)]


def test_a_list_of_leavers_keeps_no_participant_from_being_asked_for() -> None:
    provider = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER, ANN, proves=LEAVERS)])
    assert verdicts(adding(provider, ANN)) == [(Status.UNKNOWN, Reason.STALE_ROSTER, NONE)]
    assert "add 15550100" in provider.asked


def test_absence_from_a_list_of_leavers_is_proven() -> None:
    provider = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER, proves=LEAVERS)])
    assert verdicts(adding(provider, ANN)) == [(Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)]


def test_a_copy_that_may_lag_proves_presence_and_no_absence() -> None:
    missing = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER, proves=Proof.PRESENCE)])
    assert verdicts(adding(missing, ANN)) == [(Status.UNKNOWN, Reason.STALE_ROSTER, NONE)]
    present = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER, ANN, proves=Proof.PRESENCE)])
    assert verdicts(adding(present, ANN)) == [(Status.ALREADY_MEMBER, None, OBSERVED)]


def test_what_the_engine_says_of_its_copy_is_asked_once_and_wins() -> None:
    provider = AcceptingCopying(
        reply=AddReply(rest=ACCEPTED),
        rosters=[roster(OTHER, proves=Proof.NOTHING)],
        proof=RosterProof(cached=Proof.PRESENCE, refreshed=Proof.BOTH),
    )
    assert verdicts(adding(provider, ANN)) == [(Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)]
    assert provider.asked == ["list", "proof", "add 15550100", "list", "refresh", "list", "list"]


def test_an_engine_that_cannot_refresh_is_not_asked_to() -> None:
    provider = AcceptingCopying(rosters=[roster(OTHER)], proof=RosterProof(Proof.NOTHING))
    assert verdicts(adding(provider, ANN))[0][0] is Status.UNKNOWN
    assert "refresh" not in provider.asked


def test_an_engine_that_does_not_answer_is_asked_again_and_its_copy_proves_nothing() -> None:
    provider = AcceptingCopying(rosters=[roster(OTHER, ANN)], proof=AnswerLost("no answer"))
    assert verdicts(adding(provider, ANN))[0][0] is Status.UNKNOWN
    assert provider.asked.count("proof") > 1


# Absence: no unexplained row or claim may be theirs.


def test_a_row_that_is_nobodys_and_came_since_the_look_before_leaves_absence_unproven() -> None:
    provider = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER), roster(OTHER, BEN)])
    assert verdicts(adding(provider, ANN)) == [UNRESOLVED]


def test_rows_that_were_there_before_or_are_others_of_the_call_are_explained() -> None:
    provider = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER, CLEO), roster(OTHER, CLEO, BEN)])
    assert verdicts(adding(provider, ANN, BEN)) == [
        (Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED),
        (Status.ADDED, None, OBSERVED),
    ]


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (is_account(ANN), (Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)),
        (is_account(BEN), (Status.ADDED, None, OBSERVED)),
        (is_account("15550188"), (Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)),  # neither row is theirs
        (NumberCheck(exists=True), UNRESOLVED),
        (NumberCheck(exists=False), UNRESOLVED),
        (NumberCheck(exists=None), UNRESOLVED),
        (RateLimited("429"), UNRESOLVED),
        (ValueError("a fault of the provider's class"), UNRESOLVED),
    ],
)
def test_a_row_unexplained_is_explained_by_the_numbers_account_alone(
    check: NumberCheck | Exception, verdict: tuple[Status, Reason | None, Evidence]
) -> None:
    looks = [roster(OTHER), roster(OTHER, BEN)]
    provider = CheckingAccepting(reply=AddReply(rest=ACCEPTED), rosters=looks, checks={ANN: check})
    assert verdicts(adding(provider, ANN)) == [verdict]
    assert provider.asked.count(f"check {ANN}") == 1


@pytest.mark.parametrize("asked", [NEW, OLD, "2250707000102", "525512340103", "89120000104", "4901550000105"])
def test_without_a_look_before_a_row_that_looks_like_another_form_is_unexplained(asked: str) -> None:
    listed = {
        NEW: OLD, OLD: NEW, "2250707000102": "22507000102", "525512340103": "5215512340103",
        "89120000104": "79120000104", "4901550000105": "491550000105",
    }[asked]  # fmt: skip
    unclear = Plain(reply=AddReply(rest=NO_ANSWER), rosters=[roster(OTHER, listed)])
    assert verdicts(adding(unclear, asked, ANN)) == [UNRESOLVED, (Status.NOT_ADDED, Reason.NO_ANSWER, OBSERVED)]
    checked = Checking(
        reply=AddReply(rest=NO_ANSWER), rosters=[roster(OTHER, listed)], checks={asked: is_account(listed)}
    )
    assert verdicts(adding(checked, asked, ANN)) == [
        (Status.ADDED, None, INFERRED),
        (Status.NOT_ADDED, Reason.NO_ANSWER, OBSERVED),
    ]
    assert [word for word in checked.asked if word.startswith("check")] == [f"check {asked}"]


def test_the_other_form_of_a_member_is_in_already_or_unknown_and_never_absent() -> None:
    rows = [roster(OTHER, OLD)]
    unclear = Accepting(reply=AddReply(rest=ACCEPTED), rosters=rows)
    assert verdicts(adding(unclear, NEW)) == [UNRESOLVED]
    checked = CheckingAccepting(rosters=rows, checks={NEW: is_account(OLD)})
    assert verdicts(adding(checked, NEW)) == [(Status.ALREADY_MEMBER, None, OBSERVED)]
    assert checked.asked == ["list", f"check {NEW}"]


def test_two_entries_for_one_line_are_both_in_or_unknown() -> None:
    unclear = Accepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER), roster(OTHER, OLD)])
    assert verdicts(adding(unclear, NEW, OLD)) == [UNRESOLVED, (Status.ADDED, None, OBSERVED)]


def test_two_accounts_under_two_forms_are_distinguished() -> None:
    looks = [roster(OTHER), roster(OTHER, OLD)]
    provider = CheckingAccepting(reply=AddReply(rest=ACCEPTED), rosters=looks, checks={NEW: is_account(NEW)})
    assert verdicts(adding(provider, NEW)) == [(Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)]


def test_our_own_row_is_never_unexplained() -> None:
    provider = KnowingAccepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OLD)])
    assert verdicts(adding(provider, NEW)) == [(Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)]


@pytest.mark.parametrize("meaning", [ADDED, ACCEPTED, PRIVACY, ALREADY_MEMBER])
def test_a_claim_about_an_unknown_number_leaves_absence_unproven(meaning: Meaning) -> None:
    provider = Plain(reply=named((Identity(BEN), ADDED), (Identity(OLD), meaning)), rosters=[roster(OTHER, BEN)])
    assert verdicts(adding(provider, NEW, BEN))[0] == UNRESOLVED


def test_a_claim_about_an_unknown_number_is_matched_by_the_number_check() -> None:
    reply = named((Identity(BEN), ADDED), (Identity(OLD), PRIVACY))
    provider = Checking(reply=reply, checks={NEW: is_account(OLD)})
    assert verdicts(adding(provider, ANN, NEW, BEN, settings=AddSettings(verify="never"))) == [
        (Status.UNKNOWN, Reason.NOT_MENTIONED, NONE),
        (Status.NOT_ADDED, Reason.PRIVACY, REPORTED),
        (Status.ADDED, None, REPORTED),
    ]
    assert provider.asked == [f"add {ANN} {NEW} {BEN}", f"check {NEW}", f"check {ANN}"]


def test_an_unmatched_claim_that_says_in_and_a_roster_that_does_not_are_no_proof() -> None:
    reply = named((Identity(None, LID), ADDED), (Identity(None, OTHER_LID), ADDED))
    provider = Plain(reply=reply, rosters=[roster(OTHER, Member(ANN, LID))])
    assert verdicts(adding(provider, ANN, BEN)) == [(Status.ADDED, None, INFERRED), UNRESOLVED]


@pytest.mark.parametrize("meaning", [ACCEPTED, PRIVACY])
def test_an_unmatched_claim_under_a_lid_that_does_not_say_in_leaves_the_roster_its_proof(meaning: Meaning) -> None:
    reply = named((Identity(None, LID), meaning), (Identity(None, OTHER_LID), meaning), rest=ACCEPTED)
    provider = Plain(reply=reply, rosters=[roster(OTHER, Member(ANN, LID))])
    assert verdicts(adding(provider, ANN, BEN)) == [
        (Status.ADDED, None, INFERRED),
        (Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED),
    ]


def test_a_claim_whose_name_cannot_be_read_leaves_absence_unproven() -> None:
    reply = AddReply([(BEN, Claim(ADDED)), ("a.username", Claim(ADDED))])
    provider = Plain(reply=reply, rosters=[roster(OTHER, BEN)])
    assert verdicts(adding(provider, ANN, BEN))[0] == UNRESOLVED


def test_a_participant_named_by_lid_has_one_form_only() -> None:
    rows = [roster(Member(OTHER, OTHER_LID)), roster(Member(OTHER, OTHER_LID), Member(BEN, "177005550000101"))]
    provider = Accepting(reply=AddReply(rest=ACCEPTED), rosters=rows)
    assert verdicts(adding(provider, f"{LID}@lid")) == [(Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)]


def test_at_most_20_numbers_are_checked_first_those_that_look_like_the_row() -> None:
    people = [str(15550000000 + number) for number in range(40)]
    provider = CheckingAccepting(
        reply=AddReply(rest=ACCEPTED),
        rosters=[roster(OTHER), roster(OTHER, OLD)],
        checks={NEW: is_account(OLD), **{phone: is_account(phone) for phone in people}},
    )
    outcomes = adding(provider, *people, NEW)
    checks = [word for word in provider.asked if word.startswith("check")]
    assert checks[0] == f"check {NEW}"
    assert len(checks) == 20
    assert {outcome.status for outcome in outcomes[:-1]} == {Status.NOT_ADDED}, "the row is explained"
    assert outcomes[-1].status is Status.ADDED


def test_a_stranger_who_joins_meanwhile_costs_20_checks_and_leaves_the_rest_unknown() -> None:
    people = [str(15550000000 + number) for number in range(40)]
    checks = {phone: is_account(phone) for phone in people}
    looks = [roster(OTHER), roster(OTHER, BEN)]
    provider = CheckingAccepting(reply=AddReply(rest=ACCEPTED), rosters=looks, checks=checks)
    found = verdicts(adding(provider, *people))
    assert found.count((Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED)) == 20
    assert found.count(UNRESOLVED) == 20


def test_where_nothing_is_unexplained_no_number_is_checked() -> None:
    provider = CheckingAccepting(reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER)])
    assert verdicts(adding(provider, ANN, BEN))[0][0] is Status.NOT_ADDED
    assert provider.asked == ["list", f"add {ANN} {BEN}", "list", "list", "list"]


# Never asked is not "not added"; a plain no.


@pytest.mark.parametrize("reason", [Reason.NOT_ON_WHATSAPP, Reason.RATE_LIMITED, Reason.NOT_ALLOWED])
def test_who_was_never_asked_for_is_unknown_until_rosters_prove_something(reason: Reason) -> None:
    reply = claims_of(_15550100=not_asked(reason))
    never = AddSettings(verify="never")
    assert verdicts(adding(Plain(reply=reply), ANN, settings=never)) == [(Status.UNKNOWN, reason, NONE)]
    hidden = Plain(reply=reply, rosters=[roster(OTHER, Member(None, LID))])
    assert verdicts(adding(hidden, ANN)) == [(Status.UNKNOWN, reason, NONE)]
    absent = Plain(reply=reply, rosters=[roster(OTHER)])
    assert verdicts(adding(absent, ANN)) == [(Status.NOT_ADDED, reason, OBSERVED)]
    present = Plain(reply=reply, rosters=[roster(OTHER, ANN)])
    assert verdicts(adding(present, ANN)) == [(Status.ALREADY_MEMBER, None, INFERRED)]
    joined = Plain(reply=reply, rosters=[roster(OTHER), roster(OTHER, ANN)])
    assert verdicts(adding(joined, ANN, settings=ALWAYS)) == [(Status.ADDED, None, OBSERVED)]


def test_a_plain_no_is_open_until_rosters_prove_absence_and_can_be_invited_then() -> None:
    reply = claims_of(_15550100=REFUSED)
    never = AddSettings(verify="never", invite="link")
    unproven = Inviting(reply=reply)
    assert verdicts(adding(unproven, ANN, settings=never)) == [(Status.UNKNOWN, Reason.REFUSED, NONE)]
    assert unproven.sent_to == []
    proven = Inviting(reply=reply, rosters=[roster(OTHER)])
    assert verdicts(adding(proven, ANN, settings=LINK)) == [(Status.INVITED, Reason.REFUSED, OBSERVED)]
    assert verdicts(adding(Plain(reply=reply, rosters=[roster(OTHER, ANN)]), ANN)) == [(Status.ADDED, None, INFERRED)]


# One asked, one row.


@pytest.mark.parametrize("name", [Identity(OLD), Identity(None, LID), Identity(OLD, LID), Identity()])
@pytest.mark.parametrize("meaning", [ADDED, PRIVACY, PENDING_APPROVAL])
def test_the_one_row_for_the_one_asked_is_theirs_whatever_its_name(name: Identity, meaning: Meaning) -> None:
    provider = Plain(reply=named((name, meaning)))
    assert verdicts(adding(provider, NEW)) == [(meaning.status, meaning.reason, REPORTED)]
    assert provider.asked == [f"add {NEW}"], "no look-up and no look is needed"


def test_the_name_in_the_one_row_is_known_in_the_looks_after() -> None:
    reply = named((Identity(None, LID), ACCEPTED))
    provider = Plain(reply=reply, rosters=[roster(Member(None, OTHER_LID), Member(None, LID))])
    assert verdicts(adding(provider, ANN)) == [(Status.ADDED, None, INFERRED)]


def test_the_one_row_of_another_participant_of_the_call_is_not_the_one_askeds() -> None:
    provider = Accepting(reply=named((Identity(BEN), ADDED), rest=ACCEPTED), rosters=[roster(OTHER, BEN)])
    ann, ben = adding(provider, ANN, BEN)
    assert provider.asked[1] == f"add {ANN}"
    assert verdicts([ann, ben]) == [
        (Status.NOT_ADDED, Reason.SILENT_REFUSAL, OBSERVED),
        (Status.ALREADY_MEMBER, None, OBSERVED),
    ]


@pytest.mark.parametrize(
    ("people", "rows"),
    [
        ([ANN, BEN], [Identity(None, LID)]),
        ([ANN], [Identity(None, LID), Identity(None, OTHER_LID)]),
    ],
)
def test_one_row_for_two_and_two_rows_for_one_are_nobodys(people: list[str], rows: list[Identity]) -> None:
    provider = Plain(reply=named(*((names, ADDED) for names in rows)))
    outcomes = adding(provider, *people, settings=AddSettings(verify="never"))
    assert {(one.status, one.reason) for one in outcomes} == {(Status.UNKNOWN, Reason.NOT_MENTIONED)}


# `verify="always"` believes no claim.


@pytest.mark.parametrize("meaning", [ADDED, ALREADY_MEMBER])
@pytest.mark.parametrize(
    "looks",
    [
        [AnswerLost("no roster")],
        [roster(Member(None, OTHER_LID))],
        [roster(OTHER, ANN, proves=LEAVERS)],
        [roster(OTHER, proves=Proof.PRESENCE)],
        [roster(OTHER, ANN, proves=Proof.NOTHING)],
        [evolve(roster(OTHER), unread_rows=1)],
    ],
)
def test_always_puts_no_participant_in_who_was_not_seen(meaning: Meaning, looks: list[Exception]) -> None:
    provider = Plain(reply=claims_of(_15550100=meaning), rosters=looks)
    assert verdicts(adding(provider, ANN, settings=ALWAYS))[0][::2] == (Status.UNKNOWN, NONE)


def test_always_says_what_was_seen_although_the_provider_says_otherwise() -> None:
    reply = claims_of(_15550100=ADDED, _15550101=ADDED, _15550102=PRIVACY)
    provider = Plain(reply=reply, rosters=[roster(OTHER, ANN), roster(OTHER, ANN, CLEO)])
    assert verdicts(adding(provider, ANN, BEN, CLEO, settings=ALWAYS)) == [
        (Status.ALREADY_MEMBER, None, OBSERVED),
        (Status.UNKNOWN, Reason.CONTRADICTION, NONE),
        (Status.ADDED, None, OBSERVED),
    ]


def test_always_without_a_roster_leaves_everybody_unknown_who_is_only_claimed_to_be_added() -> None:
    class Blind(Plain):
        list_participants = None  # type: ignore[assignment]

    assert verdicts(adding(Blind(reply=claims_of(_15550100=ADDED, _15550101=PRIVACY)), ANN, BEN, settings=ALWAYS)) == [
        (Status.UNKNOWN, Reason.NOT_CHECKED, NONE),
        (Status.NOT_ADDED, Reason.PRIVACY, REPORTED),
    ]


def test_a_look_before_that_failed_leaves_the_providers_word_no_weight_under_always() -> None:
    provider = Plain(reply=claims_of(_15550100=ADDED), rosters=[AnswerLost("no roster"), roster(OTHER, ANN)])
    assert verdicts(adding(provider, ANN, settings=ALWAYS)) == [(Status.ADDED, None, INFERRED)]


def test_a_look_for_another_that_proves_absence_contradicts_a_word_under_auto() -> None:
    reply = claims_of(_15550100=ADDED, _15550101=NO_ANSWER, _15550102=PRIVACY)
    lies = Plain(reply=reply, rosters=[roster(OTHER)])
    assert verdicts(adding(lies, ANN, BEN, CLEO)) == [
        (Status.UNKNOWN, Reason.CONTRADICTION, NONE),
        (Status.NOT_ADDED, Reason.NO_ANSWER, OBSERVED),
        (Status.NOT_ADDED, Reason.PRIVACY, OBSERVED),
    ]
    lags = Plain(reply=reply, rosters=[roster(OTHER), roster(OTHER, ANN), roster(OTHER, ANN)])
    assert verdicts(adding(lags, ANN, BEN, CLEO))[0] == (Status.ADDED, None, REPORTED)


@pytest.mark.parametrize("looks", [[roster(OTHER, BEN)], [roster(OTHER), GroupNotFound("gone"), roster(OTHER, BEN)]])
def test_a_look_for_another_that_only_misses_a_participant_leaves_the_word_its_weight(looks: list[Exception]) -> None:
    provider = Plain(reply=claims_of(_15550100=ADDED, _15550101=NO_ANSWER), rosters=looks)
    assert verdicts(adding(provider, ANN, BEN)) == [(Status.ADDED, None, REPORTED), (Status.ADDED, None, INFERRED)]


# The message goes to the right person, and to no number that is not on WhatsApp.


def refused(check: NumberCheck | Exception) -> CheckingInviting:
    return CheckingInviting(reply=claims_of(_15550100=PRIVACY), rosters=[roster(OTHER)], checks={ANN: check})


@pytest.mark.parametrize(
    "check", [NumberCheck(exists=True), NumberCheck(exists=None), is_account(ANN), RateLimited("")]
)
def test_a_number_that_may_be_on_whatsapp_is_invited(check: NumberCheck | Exception) -> None:
    provider = refused(check)
    (ann,) = adding(provider, ANN, settings=LINK)
    assert (ann.status, ann.reason) == (Status.INVITED, Reason.PRIVACY)
    assert provider.asked[-3:] == ["link", f"check {ANN}", "send"]


def test_a_number_that_is_not_on_whatsapp_gets_no_message() -> None:
    provider = refused(NumberCheck(exists=False))
    (ann,) = adding(provider, ANN, settings=LINK)
    assert (ann.status, ann.reason, ann.invite) == (Status.NOT_ADDED, Reason.NOT_ON_WHATSAPP, None)
    assert provider.sent_to == []


def test_without_a_link_no_number_is_checked() -> None:
    class Linkless(CheckingInviting):
        def invite_link(self, group: object) -> Flow[object]:  # type: ignore[override]
            raise GroupNotFound("no link")  # at once: not even a flow is returned

    provider = Linkless(reply=claims_of(_15550100=PRIVACY), rosters=[roster(OTHER)])
    (ann,) = adding(provider, ANN, settings=LINK)
    assert ann.invite is not None
    assert ann.invite.state is InviteState.FAILED
    assert f"check {ANN}" not in provider.asked


def test_the_message_goes_to_the_account_that_the_number_check_names() -> None:
    provider = CheckingInviting(
        reply=named((Identity(NEW), PRIVACY)), rosters=[roster(OTHER)], checks={NEW: is_account(OLD)}
    )
    (person,) = adding(provider, NEW, settings=LINK)
    assert provider.sent_to == [f"{OLD}@s.whatsapp.net"]
    assert person.status is Status.INVITED


def test_the_message_goes_to_the_number_in_the_persons_own_row() -> None:
    provider = Inviting(reply=named((Identity(OLD), PRIVACY)), rosters=[roster(OTHER)])
    assert adding(provider, NEW, settings=LINK)[0].status is Status.INVITED
    assert provider.sent_to == [f"{OLD}@s.whatsapp.net"]


def rewritten(_: Participant) -> Identity:
    return Identity(OLD)


def test_a_message_that_went_to_another_account_is_unknown_logged_and_not_sent_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = CheckingInviting(
        reply=named((Identity(NEW), PRIVACY)), rosters=[roster(OTHER)], checks={NEW: is_account(NEW)}, reaches=rewritten
    )
    with caplog.at_level(logging.WARNING, "groupadd"):
        (person,) = adding(provider, NEW, settings=LINK)
    assert (person.status, person.reason) == (Status.NOT_ADDED, Reason.PRIVACY)
    assert person.invite is not None
    assert person.invite.state is InviteState.UNKNOWN
    assert provider.sent_to == [f"{NEW}@s.whatsapp.net"]
    assert "reaches another account" in caplog.text
    assert NEW not in caplog.text


def test_a_message_that_would_reach_another_account_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    provider = refused(NumberCheck(exists=None, reaches=Identity(BEN)))
    (ann,) = adding(provider, ANN, settings=LINK)
    assert ann.invite is not None
    assert (ann.status, ann.reason, ann.invite.state) == (Status.NOT_ADDED, Reason.PRIVACY, InviteState.FAILED)
    assert provider.sent_to == []
    assert "reaches another account" in caplog.text
    assert adding(refused(NumberCheck(exists=None, reaches=Identity(ANN))), ANN, settings=LINK)[0].status is INVITED


@pytest.mark.parametrize(
    ("names", "state"),
    [
        (None, InviteState.SENT),
        (Identity(ANN), InviteState.SENT),
        (Identity(None, LID), InviteState.SENT),
        (Identity(BEN, LID), InviteState.SENT),  # the LID is theirs
        (Identity(None, OTHER_LID), InviteState.UNKNOWN),
        (Identity(BEN), InviteState.UNKNOWN),
    ],
)
def test_the_recipient_in_the_answer_is_compared_by_names_of_one_kind(
    names: Identity | None, state: InviteState
) -> None:
    provider = ResolvingInviting(
        reply=claims_of(_15550100=PRIVACY), rosters=[roster(OTHER)], lids={ANN: LID}, reaches=lambda _: names
    )
    (ann,) = adding(provider, ANN, settings=LINK)
    assert ann.invite is not None
    assert ann.invite.state is state


def test_a_recipient_that_cannot_be_compared_is_taken_for_the_one_meant() -> None:
    provider = Inviting(
        reply=claims_of(_15550100=PRIVACY), rosters=[roster(OTHER)], reaches=lambda _: Identity(None, LID)
    )
    assert adding(provider, ANN, settings=LINK)[0].status is Status.INVITED


def test_two_entries_that_the_number_check_shows_to_be_one_account_get_one_message() -> None:
    provider = CheckingAcceptingInviting(
        reply=AddReply(rest=ACCEPTED), rosters=[roster(OTHER)], checks={NEW: is_account(OLD), OLD: is_account(OLD)}
    )
    first, second = adding(provider, NEW, OLD, settings=LINK)
    assert provider.sent_to == [f"{OLD}@s.whatsapp.net"]
    assert (first.status, first.reason) == (Status.INVITED, Reason.SILENT_REFUSAL)
    assert (second.status, second.reason, second.invite) == (Status.INVITED, Reason.DUPLICATE, first.invite)
    assert second.phone == OLD


def test_a_number_and_the_lid_of_its_account_get_one_message() -> None:
    reply = claims_of(_15550100=PRIVACY, **{f"_{LID}@lid": PRIVACY})
    rows = [roster(Member(OTHER, OTHER_LID))]
    provider = ResolvingInviting(reply=reply, rosters=rows, lids={ANN: LID})
    first, second = adding(provider, f"{LID}@lid", ANN, settings=LINK)
    assert provider.sent_to == [f"{LID}@lid"]
    assert (first.status, second.status, second.reason) == (Status.INVITED, Status.INVITED, Reason.DUPLICATE)


def test_a_fault_of_the_providers_class_after_the_message_loses_no_outcome(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(_: Participant) -> Identity:
        raise KeyError(ANN)

    provider = Inviting(reply=claims_of(_15550100=PRIVACY), rosters=[roster(OTHER)], reaches=breaks)
    (ann,) = adding(provider, ANN, settings=LINK)
    assert ann.invite is not None
    assert (ann.status, ann.invite.state) == (Status.NOT_ADDED, InviteState.UNKNOWN)
    assert "KeyError" in caplog.text
    assert ANN not in caplog.text
