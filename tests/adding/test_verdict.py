"""The table that decides: every combination of claim and looks is held against the truth rules."""

from itertools import product

import pytest

from groupadd.adding.verdict import Presence, Verdict, decide, presence
from groupadd.model import codes
from groupadd.model.codes import Meaning
from groupadd.model.outcome import Evidence, Reason, Status
from groupadd.model.roster import Observation

IN, IN_SOME, OUT = Observation(True), Observation(True, complete=False), Observation(False)
HIDDEN, STALE = Observation(None, Reason.UNRESOLVED_IDENTITY), Observation(None, Reason.STALE_ROSTER, complete=False)
LOOKS = [IN, IN_SOME, OUT, STALE]
MEANINGS = {name: meaning for name, meaning in vars(codes).items() if isinstance(meaning, Meaning)}
CASES = [
    (claim, before, after)
    for claim in MEANINGS.values()
    for before in [None, *LOOKS]
    for length in range(4)
    for after in product(LOOKS, repeat=length)
]
SAID_IN = {Status.ADDED, Status.ALREADY_MEMBER}
REPORTED, OBSERVED, INFERRED, NONE = Evidence.REPORTED, Evidence.OBSERVED, Evidence.INFERRED, Evidence.NONE


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """Have every test ask the table itself, not what `settle` has answered another test."""
    decide.cache_clear()


def test_in_is_never_said_where_absence_is_proven() -> None:
    wrong = [case for case in CASES if case[2][-2:] == (OUT, OUT) and decide(*case).status in SAID_IN]
    assert wrong == []


def test_out_is_never_said_of_who_was_last_seen_in_a_complete_roster() -> None:
    wrong = [case for case in CASES if case[2][-1:] == (IN,) and decide(*case).status not in SAID_IN]
    assert wrong == []


def test_who_was_seen_in_a_complete_roster_after_the_answer_is_never_unknown() -> None:
    assert [case for case in CASES if IN in case[2] and decide(*case).status is Status.UNKNOWN] == []


def test_unknown_and_no_evidence_are_the_same() -> None:
    for case in CASES:
        verdict = decide(*case)
        assert (verdict.status is Status.UNKNOWN) is (verdict.evidence is Evidence.NONE), case


def test_who_is_in_needs_no_reason_and_who_is_not_has_one() -> None:
    for case in CASES:
        status, reason, _ = decide(*case)
        assert (reason is None) is (status in SAID_IN), case


def test_observed_takes_a_look_and_inferred_takes_looks_after_only() -> None:
    for claim, before, after in CASES:
        evidence = decide(claim, before, after).evidence
        if evidence is Evidence.OBSERVED:
            assert before is not None or OUT in after, (claim, before, after)
        if evidence is Evidence.INFERRED:
            assert before is None or before.member is None, (claim, before, after)
            assert {True} <= {observation.member for observation in after}, (claim, before, after)


def test_an_unsettled_claim_is_never_taken_for_a_fact() -> None:
    unsettled = [name for name, claim in MEANINGS.items() if claim.status is Status.UNKNOWN]
    assert len(unsettled) == 6
    assert {decide(MEANINGS[name], None, ()).status for name in unsettled} == {Status.UNKNOWN}
    assert {decide(MEANINGS[name], None, (OUT,)).status for name in unsettled} == {Status.UNKNOWN}


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
    ],
)
def test_what_is_said_of_a_person(
    claim: str,
    before: Observation | None,
    after: tuple[Observation, ...],
    verdict: tuple[Status, Reason | None, Evidence],
) -> None:
    assert decide(MEANINGS[claim], before, after) == Verdict(*verdict)
