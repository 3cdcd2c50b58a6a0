"""The decision table: the provider's claim, the look before and the looks after give one verdict."""

from collections.abc import Sequence
from enum import Enum, auto
from functools import cache
from typing import NamedTuple

from groupadd.model.codes import Meaning
from groupadd.model.outcome import Evidence, Reason, Status
from groupadd.model.roster import Observation


class Presence(Enum):
    """What the looks after an add show of one participant."""

    PRESENT = auto()  # present in a look
    ABSENT = auto()  # absent in the last two looks: proven
    GONE = auto()  # present in a look, then absent in the last two
    MISSING = auto()  # absent from a roster that would show the participant, but not in two such looks
    NOTHING = auto()  # no look, or none that proves anything


class Verdict(NamedTuple):
    """The status, reason and evidence of one participant."""

    status: Status
    reason: Reason | None
    evidence: Evidence


_ALREADY_MEMBER = Verdict(Status.ALREADY_MEMBER, None, Evidence.OBSERVED)
_CONTRADICTION = Verdict(Status.UNKNOWN, Reason.CONTRADICTION, Evidence.NONE)
_ABSENCE_UNPROVEN = Verdict(Status.UNKNOWN, Reason.ABSENCE_UNPROVEN, Evidence.NONE)


def presence(
    after: Sequence[Observation],
    *,
    claim: Meaning | None = None,
    before: Observation | None = None,
) -> Presence:
    """Return what the looks after an add show together. Absence takes the last two looks.

    A row in a list that may hold people who have left counts as presence in two cases: the claim says so, or an
    earlier look at the list lacked the participant.

    Args:
        after: The looks after the add, in order.
        claim: The meaning of the provider's claim, where it may be believed.
        before: The look before the add, or None without one.
    """
    row_counts = (claim is not None and claim.is_in) or (before is not None and before.listed is False)
    present = False
    for observation in after:
        present = present or observation.member is True or (row_counts and observation.listed is True)
        row_counts = row_counts or observation.listed is False
    members = [observation.member for observation in after]
    if members[-2:] == [False, False]:
        return Presence.GONE if present else Presence.ABSENT
    if present:
        return Presence.PRESENT
    return Presence.MISSING if False in members else Presence.NOTHING


@cache
def decide(
    claim: Meaning, before: Observation | None, after: tuple[Observation, ...], *, believes_claims: bool = True
) -> Verdict:
    """Return the verdict on one participant.

    Args:
        claim: The meaning of the provider's claim.
        before: The look before the add, or None without one.
        after: The looks after the add, in order.
        believes_claims: Whether a claim alone may put the participant in the group. `verify="always"` wants a look.
    """
    was = None if before is None else before.member
    now = presence(after, claim=claim if believes_claims else None, before=before)
    match was, now, claim.status:
        case _, Presence.GONE, _:
            return Verdict(Status.NOT_ADDED, Reason.CONTRADICTION, Evidence.OBSERVED)
        case True, Presence.ABSENT, _:
            return _CONTRADICTION
        case True, _, _:
            return _ALREADY_MEMBER
        case _, Presence.PRESENT, Status.NOT_ADDED | Status.INVITED | Status.PENDING_APPROVAL if not _complete(after):
            return _CONTRADICTION
        case False, Presence.PRESENT, _:
            return Verdict(Status.ADDED, None, Evidence.OBSERVED)
        case None, Presence.PRESENT, Status.ADDED | Status.ALREADY_MEMBER as status:
            return Verdict(status, None, Evidence.REPORTED if believes_claims else Evidence.INFERRED)
        case None, Presence.PRESENT, _ if not claim.asked:
            return Verdict(Status.ALREADY_MEMBER, None, Evidence.INFERRED)
        case None, Presence.PRESENT, _:
            return Verdict(Status.ADDED, None, Evidence.INFERRED)
        case _, Presence.ABSENT, Status.ADDED | Status.ALREADY_MEMBER:
            return _CONTRADICTION
        case _, Presence.ABSENT, Status.NOT_ADDED | Status.UNKNOWN:
            silent = claim.reason is Reason.NOT_CHECKED
            return Verdict(Status.NOT_ADDED, Reason.SILENT_REFUSAL if silent else claim.reason, Evidence.OBSERVED)
        case _, _, Status.UNKNOWN if not claim.asked:
            return Verdict(Status.UNKNOWN, claim.reason, Evidence.NONE)
        case _, Presence.MISSING, Status.ADDED | Status.ALREADY_MEMBER | Status.UNKNOWN:
            return _ABSENCE_UNPROVEN
        case False, _, Status.ALREADY_MEMBER:
            return _CONTRADICTION
        case _, _, Status.ADDED | Status.ALREADY_MEMBER if not believes_claims:
            return Verdict(Status.UNKNOWN, _why_nothing(after) or Reason.NOT_CHECKED, Evidence.NONE)
        case _, _, Status.UNKNOWN:
            return Verdict(Status.UNKNOWN, _why_nothing(after) or claim.reason, Evidence.NONE)
        case _:
            return Verdict(claim.status, claim.reason, Evidence.REPORTED)


def _complete(after: Sequence[Observation]) -> bool:
    return any((observation.member or observation.listed) and observation.complete for observation in after)


def _why_nothing(after: Sequence[Observation]) -> Reason | None:
    return next((observation.reason for observation in reversed(after) if observation.reason is not None), None)
