"""One participant's way through an add: seen, asked for, seen again."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import define, field, frozen

from groupadd.adding.verdict import Verdict, decide
from groupadd.model.codes import CONTRADICTION, NO_ANSWER, NOT_MENTIONED, UNREADABLE
from groupadd.model.identity import Participant
from groupadd.model.outcome import ParticipantOutcome, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, NoAnswer, Request, Response

LOOKS_THAT_PROVE = 2
NOT_ASKED = Claim(NOT_MENTIONED)
_LOST = frozenset({NO_ANSWER, UNREADABLE})
_TOO_EARLY = Observation(None, Reason.ABSENCE_UNPROVEN)


@define
class Attempt:
    """One person's way through an add: seen, asked for, seen again."""

    participant: Participant
    before: Observation | None = None
    claim: Claim = NOT_ASKED
    after: tuple[Observation, ...] = ()

    def record_claim(self, claim: Claim) -> None:
        """Take a claim; two that do not agree contradict each other."""
        if self.claim is NOT_ASKED:
            self.claim = claim
        elif self.claim.meaning != claim.meaning:
            self.claim = Claim(CONTRADICTION, f"{self.claim.says}, {claim.says}")

    @property
    def was_lost(self) -> bool:
        """Whether the add may still take effect: its answer was lost or cannot be read."""
        return self.claim.meaning in _LOST

    def needs_looks(self, terms: AddSettings) -> bool:
        """Return whether looks after the add are due under these terms, roster or none."""
        return terms.verify == "always" or (terms.verify == "auto" and self.verdict.status is Status.UNKNOWN)

    @property
    def verdict(self) -> Verdict:
        """What the claim and the looks so far make of them."""
        return decide(self.claim.meaning, self.before, self.after)

    @property
    def outcome(self) -> ParticipantOutcome:
        """The verdict with everything that callers are told."""
        who, claim = self.participant, self.claim
        status, reason, evidence = self.verdict
        return ParticipantOutcome(who.given, who.phone, who.id, status, reason, evidence, claim.says, claim.invite)


Attempts: TypeAlias = Mapping[str, Attempt]  # by canonical JID


class DuplicateSend(Exception):
    """A provider's class wants to send an add again that may have been received; nobody has looked in between."""


@define
class SentRequests:
    """When the last request of a flow was sent and answered, in seconds of the driver's clock.

    Attributes:
        sent_at: When it was sent.
        at: When it was answered, or given up.
        received: The requests of this flow that are no reads and may have been received.
    """

    sent_at: float = 0.0
    at: float = 0.0
    received: list[Request] = field(factory=list[Request])

    def carry(self, request: Request) -> Flow[Response]:
        """Carry a request, and note the times.

        Raises:
            NoAnswer: None came.
            SentBefore: It is not sent, as it may have been received before.
        """
        if any(_ask_the_same(request, other) for other in self.received):
            raise DuplicateSend
        try:
            answer: Response | NoAnswer = yield request
        except NoAnswer as lost:
            answer = lost
        self.sent_at, self.at = answer.sent_at, answer.at
        arrived = not isinstance(answer, NoAnswer) or answer.maybe_sent
        if arrived and not request.repeatable:
            self.received.append(request)
        if isinstance(answer, NoAnswer):
            raise answer
        return answer


def _ask_the_same(one: Request, other: Request) -> bool:
    """Return whether two requests ask for the same thing, by whatever headers and at whatever time."""
    return (one.method, one.path, one.params, one.query, one.json) == (
        *(other.method, other.path, other.params, other.query, other.json),
    )


@frozen
class LookSchedule:
    """The looks that are due after an add.

    Attributes:
        due_at: When each is due at the earliest, on the driver's clock.
        absence_counts_from: From when on the add can no longer take effect, so that absence is believed.
    """

    due_at: Sequence[float]
    absence_counts_from: float

    @classmethod
    def after(cls, times: SentRequests, terms: AddSettings, *, lost: bool) -> "LookSchedule":
        """Return the looks after an add; the last two, which alone prove absence, not before a lost one is over."""
        absence_counts_from = times.sent_at + terms.late_after_s if lost else 0.0
        due_at = [times.at + after_s for after_s in terms.look_after_s]
        if len(due_at) >= LOOKS_THAT_PROVE and due_at[-2] < absence_counts_from:
            gap_s = due_at[-1] - due_at[-2]
            due_at[-2:] = absence_counts_from, max(due_at[-1], absence_counts_from + gap_s)
        return cls(due_at, absence_counts_from)

    def discount_early(self, observation: Observation, at: float) -> Observation:
        """Return what a look at a moment may prove."""
        return _TOO_EARLY if observation.member is False and at < self.absence_counts_from else observation
