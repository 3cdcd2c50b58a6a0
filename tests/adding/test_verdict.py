"""The table that decides: every combination of claim and looks is held against the truth rules."""

from collections.abc import Iterator
from itertools import product

import pytest

from groupadd.adding.verdict import Presence, Verdict, decide, presence
from groupadd.model import codes
from groupadd.model.codes import Meaning, not_asked
from groupadd.model.outcome import Evidence, Reason, Status
from groupadd.model.roster import Observation

IN, IN_SOME, OUT = Observation(True), Observation(True, complete=False), Observation(False)
HIDDEN, STALE = Observation(None, Reason.UNRESOLVED_IDENTITY), Observation(None, Reason.STALE_ROSTER, complete=False)
# Of a list that may hold people who have left, and may miss members.
LISTED = Observation(None, Reason.STALE_ROSTER, listed=True)
UNLISTED = Observation(None, Reason.STALE_ROSTER, listed=False)
LOOKS = [IN, IN_SOME, OUT, STALE, LISTED, UNLISTED]
MEANINGS = {name: meaning for name, meaning in vars(codes).items() if isinstance(meaning, Meaning)} | {
    "NOT_ASKED": not_asked(Reason.NOT_ON_WHATSAPP)
}
CASES = [
    (claim, before, after)
    for claim in MEANINGS.values()
    for before in [None, *LOOKS]
    for length, kinds in ((0, LOOKS), (1, LOOKS), (2, LOOKS), (3, [IN, IN_SOME, OUT, LISTED, UNLISTED]))
    for after in product(kinds, repeat=length)
]
SAID_IN = {Status.ADDED, Status.ALREADY_MEMBER}
REPORTED, OBSERVED, INFERRED, NONE = Evidence.REPORTED, Evidence.OBSERVED, Evidence.INFERRED, Evidence.NONE
Combination = tuple[Meaning, Observation | None, tuple[Observation, ...]]


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_remembered() -> None:
    """Have these tests ask the table itself, not what `decide` has answered other tests."""
    decide.cache_clear()


def decided() -> Iterator[tuple[Combination, Verdict]]:
    """Yield every case with its verdicts: where claims are believed, and where they are not."""
    for case in CASES:
        yield case, decide(*case)
        yield case, decide(*case, believes_claims=False)


def was_lacking(case: Combination) -> bool:
    """Return whether a look lacked the person, and a later one has a row of theirs."""
    _, before, after = case
    listed = [look.listed for look in (before, *after) if look is not None]
    return any(lacked is False and True in listed[at:] for at, lacked in enumerate(listed))


def test_in_is_never_said_where_absence_is_proven() -> None:
    assert [case for case, verdict in decided() if case[2][-2:] == (OUT, OUT) and verdict.status in SAID_IN] == []


def test_out_is_never_said_of_who_was_last_seen_in_a_complete_roster() -> None:
    assert [case for case, verdict in decided() if case[2][-1:] == (IN,) and verdict.status not in SAID_IN] == []


def test_who_was_seen_in_a_complete_roster_after_the_answer_is_never_unknown() -> None:
    assert [case for case, verdict in decided() if IN in case[2] and verdict.status is Status.UNKNOWN] == []


def test_unknown_and_no_evidence_are_the_same() -> None:
    for case, verdict in decided():
        assert (verdict.status is Status.UNKNOWN) is (verdict.evidence is Evidence.NONE), case


def test_who_is_in_needs_no_reason_and_who_is_not_has_one() -> None:
    for case, (status, reason, _) in decided():
        assert (reason is None) is (status in SAID_IN), case


def test_observed_takes_a_look_and_inferred_takes_looks_after_only() -> None:
    for case, verdict in decided():
        _, before, after = case
        if verdict.evidence is Evidence.OBSERVED:
            assert before is not None or OUT in after, case
        if verdict.evidence is Evidence.INFERRED:
            assert before is None or before.member is None, case
            assert any(look.member or look.listed for look in after), case


def test_a_row_that_may_be_a_leavers_puts_no_participant_in_by_itself() -> None:
    for case, verdict in decided():
        claim, before, after = case
        seen = {IN, IN_SOME} & {before, *after}
        if verdict.status in SAID_IN and not seen and not claim.is_in:
            assert was_lacking(case), case


def test_where_claims_are_not_believed_only_a_look_puts_anybody_in() -> None:
    for case in CASES:
        status, _, evidence = decide(*case, believes_claims=False)
        _, before, after = case
        if status in SAID_IN:
            assert evidence is not Evidence.REPORTED, case
            assert was_lacking(case) or {IN, IN_SOME} & {before, *after}, case


def test_a_participant_who_was_never_asked_for_is_never_reported() -> None:
    claim = MEANINGS["NOT_ASKED"]
    assert [case for case, verdict in decided() if case[0] == claim and verdict.evidence is Evidence.REPORTED] == []


def test_an_unsettled_claim_is_never_taken_for_a_fact() -> None:
    unsettled = [name for name, claim in MEANINGS.items() if claim.status is Status.UNKNOWN]
    assert sorted(unsettled) == sorted(
        [
            "ACCEPTED",
            "UNRECOGNISED",
            "NO_ANSWER",
            "UNREADABLE",
            "NOT_MENTIONED",
            "REFUSED",
            "CONTRADICTION",
            "NOT_ASKED",
        ]
    )
    for after in [(), (OUT,), (STALE,), (LISTED,), (UNLISTED, UNLISTED), (HIDDEN, OUT)]:
        assert {decide(MEANINGS[name], None, after).status for name in unsettled} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ((), Presence.NOTHING),
        ((STALE, HIDDEN), Presence.NOTHING),
        ((OUT,), Presence.MISSING),
        ((OUT, OUT), Presence.ABSENT),
        ((OUT, STALE), Presence.MISSING),
        ((OUT, STALE, OUT), Presence.MISSING),
        ((OUT, OUT, STALE), Presence.MISSING),
        ((STALE, OUT, OUT), Presence.ABSENT),
        ((OUT, IN), Presence.PRESENT),
        ((IN, OUT), Presence.PRESENT),
        ((IN, OUT, OUT), Presence.GONE),
    ],
)
def test_absence_takes_the_last_two_looks(after: tuple[Observation, ...], shown: Presence) -> None:
    assert presence(after) is shown


@pytest.mark.parametrize(
    ("claim", "before", "after", "shown"),
    [
        (None, None, (LISTED,), Presence.NOTHING),
        (None, LISTED, (LISTED, LISTED), Presence.NOTHING),
        (None, OUT, (LISTED,), Presence.PRESENT),
        (None, UNLISTED, (LISTED,), Presence.PRESENT),
        (None, None, (UNLISTED, LISTED), Presence.PRESENT),
        (None, None, (LISTED, UNLISTED), Presence.NOTHING),
        (None, STALE, (LISTED,), Presence.NOTHING),
        ("ADDED", None, (LISTED,), Presence.PRESENT),
        ("ALREADY_MEMBER", LISTED, (LISTED,), Presence.PRESENT),
        ("ACCEPTED", None, (LISTED,), Presence.NOTHING),
        ("ADDED", None, (UNLISTED,), Presence.NOTHING),
        ("ADDED", None, (LISTED, OUT, OUT), Presence.GONE),
        (None, None, (LISTED, OUT, OUT), Presence.ABSENT),
    ],
)
def test_a_row_in_a_list_of_leavers_counts_with_a_claim_or_after_a_look_that_lacked_it(
    claim: str | None, before: Observation | None, after: tuple[Observation, ...], shown: Presence
) -> None:
    assert presence(after, claim=MEANINGS[claim] if claim else None, before=before) is shown


NOT_IN = Status.NOT_ADDED
UNKNOWN = Status.UNKNOWN


@pytest.mark.parametrize(
    ("claim", "before", "after", "verdict"),
    [
        ("ADDED", None, (), (Status.ADDED, None, REPORTED)),
        ("ADDED", None, (IN,), (Status.ADDED, None, REPORTED)),
        ("ADDED", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("ADDED", OUT, (OUT, OUT), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("ADDED", None, (OUT, OUT), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("ADDED", None, (OUT,), (UNKNOWN, Reason.ABSENCE_UNPROVEN, NONE)),
        ("ADDED", None, (STALE, HIDDEN), (Status.ADDED, None, REPORTED)),
        ("ALREADY_MEMBER", None, (IN,), (Status.ALREADY_MEMBER, None, REPORTED)),
        ("ALREADY_MEMBER", OUT, (), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("ALREADY_MEMBER", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("ALREADY_MEMBER", None, (OUT, OUT), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("NOT_MENTIONED", IN, (), (Status.ALREADY_MEMBER, None, OBSERVED)),
        ("ACCEPTED", None, (), (UNKNOWN, Reason.NOT_CHECKED, NONE)),
        ("ACCEPTED", None, (IN,), (Status.ADDED, None, INFERRED)),
        ("ACCEPTED", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("ACCEPTED", OUT, (OUT, OUT), (NOT_IN, Reason.SILENT_REFUSAL, OBSERVED)),
        ("ACCEPTED", OUT, (OUT, STALE), (UNKNOWN, Reason.ABSENCE_UNPROVEN, NONE)),
        ("ACCEPTED", None, (STALE,), (UNKNOWN, Reason.STALE_ROSTER, NONE)),
        ("ACCEPTED", None, (HIDDEN,), (UNKNOWN, Reason.UNRESOLVED_IDENTITY, NONE)),
        ("NO_ANSWER", OUT, (OUT, OUT), (NOT_IN, Reason.NO_ANSWER, OBSERVED)),
        ("NO_ANSWER", None, (IN,), (Status.ADDED, None, INFERRED)),
        ("UNRECOGNISED", OUT, (OUT, OUT), (NOT_IN, Reason.UNRECOGNISED, OBSERVED)),
        ("CONTRADICTION", OUT, (OUT, OUT), (NOT_IN, Reason.CONTRADICTION, OBSERVED)),
        ("PRIVACY", None, (), (NOT_IN, Reason.PRIVACY, REPORTED)),
        ("PRIVACY", None, (OUT, OUT), (NOT_IN, Reason.PRIVACY, OBSERVED)),
        ("PRIVACY", None, (OUT,), (NOT_IN, Reason.PRIVACY, REPORTED)),
        ("PRIVACY", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("PRIVACY", None, (IN_SOME,), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("PRIVACY", None, (IN_SOME, OUT), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("PRIVACY", None, (IN_SOME, IN), (Status.ADDED, None, INFERRED)),
        ("INVITED", None, (OUT, OUT), (Status.INVITED, Reason.PRIVACY, REPORTED)),
        ("INVITED", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("PENDING_APPROVAL", OUT, (OUT, OUT), (Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED, REPORTED)),
        ("ADDED", None, (IN, OUT, OUT), (NOT_IN, Reason.CONTRADICTION, OBSERVED)),
        ("ACCEPTED", IN, (IN, OUT, OUT), (NOT_IN, Reason.CONTRADICTION, OBSERVED)),
        ("ACCEPTED", IN, (OUT, OUT), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("NOT_ASKED", None, (), (UNKNOWN, Reason.NOT_ON_WHATSAPP, NONE)),
        ("NOT_ASKED", OUT, (OUT, STALE), (UNKNOWN, Reason.NOT_ON_WHATSAPP, NONE)),
        ("NOT_ASKED", None, (HIDDEN,), (UNKNOWN, Reason.NOT_ON_WHATSAPP, NONE)),
        ("NOT_ASKED", None, (LISTED,), (UNKNOWN, Reason.NOT_ON_WHATSAPP, NONE)),
        ("NOT_ASKED", None, (IN,), (Status.ALREADY_MEMBER, None, INFERRED)),
        ("NOT_ASKED", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("NOT_ASKED", OUT, (OUT, OUT), (NOT_IN, Reason.NOT_ON_WHATSAPP, OBSERVED)),
        ("REFUSED", None, (), (UNKNOWN, Reason.REFUSED, NONE)),
        ("REFUSED", None, (OUT, OUT), (NOT_IN, Reason.REFUSED, OBSERVED)),
        ("REFUSED", None, (IN,), (Status.ADDED, None, INFERRED)),
        ("ADDED", None, (LISTED,), (Status.ADDED, None, REPORTED)),
        ("ACCEPTED", None, (LISTED,), (UNKNOWN, Reason.STALE_ROSTER, NONE)),
        ("ACCEPTED", UNLISTED, (LISTED,), (Status.ADDED, None, INFERRED)),
        ("ACCEPTED", OUT, (LISTED,), (Status.ADDED, None, OBSERVED)),
        ("PRIVACY", None, (UNLISTED, LISTED), (Status.ADDED, None, INFERRED)),
    ],
)
def test_what_is_said_of_a_person(
    claim: str,
    before: Observation | None,
    after: tuple[Observation, ...],
    verdict: tuple[Status, Reason | None, Evidence],
) -> None:
    assert decide(MEANINGS[claim], before, after) == Verdict(*verdict)


@pytest.mark.parametrize(
    ("claim", "before", "after", "verdict"),
    [
        ("ADDED", None, (), (UNKNOWN, Reason.NOT_CHECKED, NONE)),
        ("ADDED", OUT, (STALE, STALE), (UNKNOWN, Reason.STALE_ROSTER, NONE)),
        ("ADDED", LISTED, (LISTED,), (UNKNOWN, Reason.STALE_ROSTER, NONE)),
        ("ADDED", OUT, (HIDDEN,), (UNKNOWN, Reason.UNRESOLVED_IDENTITY, NONE)),
        ("ADDED", OUT, (IN,), (Status.ADDED, None, OBSERVED)),
        ("ADDED", None, (IN,), (Status.ADDED, None, INFERRED)),
        ("ALREADY_MEMBER", None, (IN,), (Status.ALREADY_MEMBER, None, INFERRED)),
        ("ALREADY_MEMBER", None, (), (UNKNOWN, Reason.NOT_CHECKED, NONE)),
        ("ALREADY_MEMBER", OUT, (), (UNKNOWN, Reason.CONTRADICTION, NONE)),
        ("PRIVACY", None, (), (NOT_IN, Reason.PRIVACY, REPORTED)),
        ("ACCEPTED", OUT, (OUT, OUT), (NOT_IN, Reason.SILENT_REFUSAL, OBSERVED)),
    ],
)
def test_what_is_said_where_no_ones_word_is_taken(
    claim: str,
    before: Observation | None,
    after: tuple[Observation, ...],
    verdict: tuple[Status, Reason | None, Evidence],
) -> None:
    assert decide(MEANINGS[claim], before, after, believes_claims=False) == Verdict(*verdict)
