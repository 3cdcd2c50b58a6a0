"""Recording what answers and looks say of participants, as part of an account's steps."""

from typing import Unpack

from attrs import define, field

from groupadd.adding.ask import SentRequests
from groupadd.adding.attempt import Attempt, LookSchedule
from groupadd.adding.invite import is_invitable
from groupadd.drip.store.lease import Lease, Step
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.states import Event
from groupadd.drip.store.transition import NOT_SENT, PersonChanges
from groupadd.model.masking import Secret
from groupadd.model.outcome import Evidence, ParticipantOutcome, Reason, Status
from groupadd.settings import AddSettings

_LOST = frozenset({Reason.NO_ANSWER, Reason.UNREADABLE_ANSWER})


@define
class Recorder:
    """Records answers and verdicts of one account.

    Attributes:
        lease: The lease of the account.
        settings: How adds are carried out.
        has_roster: Whether the provider lists the members of a group.
        invite_codes: The codes of personal invitations, by row. They are secrets, and the ledger stores none.
    """

    lease: Lease
    settings: AddSettings
    has_roster: bool
    invite_codes: dict[int, Secret] = field(factory=dict[int, Secret])
    _reasons: list[Reason | None] = field(factory=list[Reason | None])

    def record_answer(self, step: Step, person: PlannedPerson, attempt: Attempt, sent: SentRequests) -> None:
        """Record the answer to an add. Looks decide where the answer leaves the outcome open."""
        attempt.schedule = LookSchedule.after(sent.sent_at, sent.answered_at, self.settings, lost=attempt.was_lost)
        answer: PersonChanges = {
            "claim": attempt.claim,
            "sent_at": sent.sent_at,
            "answered_at": sent.answered_at,
        }
        meaning, says = attempt.claim.meaning, attempt.claim.says or ""
        rule = (meaning.reason or meaning.status).value
        look = attempt.next_look
        if look is not None and self.has_roster and attempt.needs_looks(self.settings):
            answer |= {"looks": 0, "look_at": look.at, "after": None}
            step.transition(person, Event.ANSWERED, rule, says, **answer)
        else:
            step.note(Event.ANSWERED.word, rule, says, person)
            self.record_verdict(step, person, attempt, "answered", **answer)

    def record_verdict(
        self, step: Step, person: PlannedPerson, attempt: Attempt, rule: str, **changes: Unpack[PersonChanges]
    ) -> None:
        """Record the verdict on a participant; or queue the participant again, if the add surely never took effect."""
        outcome = attempt.outcome
        if _may_ask_again(person, outcome):
            step.transition(person, Event.TO_ASK_AGAIN, rule, "absent in the last two looks", **NOT_SENT)
            return
        verdict: PersonChanges = {**verdict_changes(outcome, self.lease.now()), "after": attempt.after, **changes}
        verdict |= {"look_at": None, "before": attempt.before}
        if person.was_invited:
            del verdict["invite"]
        event = Event.SETTLED_INVITABLE if self._may_invite(person, attempt) else Event.SETTLED
        words = (outcome.status, outcome.reason, outcome.evidence, outcome.provider_says)
        step.transition(person, event, rule, ", ".join(filter(None, words)), **verdict)
        self._reasons.append(outcome.reason)

    def take_reasons(self) -> list[Reason | None]:
        """Return the reasons of the verdicts since this was last called, in order; None for a verdict without one."""
        reasons, self._reasons = self._reasons, []
        return reasons

    def _may_invite(self, person: PlannedPerson, attempt: Attempt) -> bool:
        if self.settings.invite == "never" or person.was_invited or not is_invitable(attempt.outcome):
            return False
        return self.settings.invite == "link" or attempt.claim.code is not None or person.id in self.invite_codes


def _may_ask_again(person: PlannedPerson, outcome: ParticipantOutcome) -> bool:
    """Return whether a participant who is proven absent gets another add: after one lost answer, or after a retry."""
    is_absent = outcome.status is Status.NOT_ADDED and outcome.evidence is Evidence.OBSERVED
    return is_absent and (person.tries == 0 or (person.tries == 1 and outcome.reason in _LOST))


def verdict_changes(outcome: ParticipantOutcome, settled_at: float) -> PersonChanges:
    """Return what a verdict changes of a participant, given at a moment in seconds since 1970."""
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "evidence": outcome.evidence,
        "says": outcome.provider_says,
        "invite": outcome.invite,
        "settled_at": settled_at,
    }
