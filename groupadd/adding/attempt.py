"""One participant's attempt: seen before, asked for, seen after. The rules of looks stand here and nowhere else.

`client.add` and the drip both drive attempts: they read the roster when `next_look` says so, and record what it shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from attrs import define, evolve, frozen

from groupadd.adding.verdict import Presence, Verdict, decide, presence
from groupadd.model.codes import CONTRADICTION, NO_ANSWER, NOT_MENTIONED, UNREADABLE
from groupadd.model.identity import Participant
from groupadd.model.outcome import ParticipantOutcome, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim
from groupadd.settings import AddSettings

NOT_ASKED = Claim(NOT_MENTIONED)
_LOOKS_THAT_PROVE = 2  # absence takes the last two looks
_LOST = frozenset({NO_ANSWER, UNREADABLE})


class Look(NamedTuple):
    """One look that is due.

    Attributes:
        at: The earliest moment to take it, in seconds of the driver's clock.
        proves_absence: Whether it is one of the two looks that prove absence: a cached roster is refreshed first.
    """

    at: float
    proves_absence: bool


@frozen
class LookSchedule:
    """The looks that are due after an add.

    Attributes:
        due_at: The earliest moment of each look, ascending, in seconds of the driver's clock.
        absence_counts_from: The moment from which absence counts: the add can no longer take effect.
    """

    due_at: Sequence[float] = ()
    absence_counts_from: float = 0.0

    @classmethod
    def after(cls, sent_at: float, answered_at: float, settings: AddSettings, *, lost: bool) -> "LookSchedule":
        """Return the looks after an add. After a lost answer, the last two wait out `late_after_s`.

        Args:
            sent_at: The moment at which the add was sent.
            answered_at: The moment at which its answer came, or at which the driver gave up.
            settings: How adds are carried out.
            lost: Whether the answer was lost or cannot be read.
        """
        absence_counts_from = sent_at + settings.late_after_s if lost else 0.0
        due_at = [answered_at + after_s for after_s in settings.look_after_s]
        if len(due_at) >= _LOOKS_THAT_PROVE and due_at[-2] < absence_counts_from:
            gap_s = due_at[-1] - due_at[-2]
            due_at[-2:] = absence_counts_from, max(due_at[-1], absence_counts_from + gap_s)
        return cls(due_at, absence_counts_from)

    def look(self, number: int, *, earlier_look_at: float = 0.0) -> Look | None:
        """Return the look of this number, counted from 0, or None after the last one.

        A late look delays the next one: the gap between the two stays.
        """
        if number >= len(self.due_at):
            return None
        gap_s = self.due_at[number] - self.due_at[number - 1] if number else 0.0
        at = max(self.due_at[number], earlier_look_at + gap_s)
        return Look(at, proves_absence=len(self.due_at) - number <= _LOOKS_THAT_PROVE)

    def discount_early(self, observation: Observation, at: float) -> Observation:
        """Return what a look at a moment may prove: no absence while the add may still take effect."""
        if observation.member is not False or at >= self.absence_counts_from:
            return observation
        return evolve(observation, member=None, reason=Reason.ABSENCE_UNPROVEN)


@define
class Attempt:
    """One participant's way through an add.

    Attributes:
        participant: The participant.
        before: What the look before the add showed, or None without one.
        claim: What the provider says of the participant.
        after: What the looks after the add showed, in order.
        schedule: The looks that are due after the add; none before it was sent.
        looks: How many looks of the schedule were taken.
        look_at: The earliest moment of the next look, where a late look has delayed it.
        believes_claims: Whether a claim alone may put the participant in the group; `verify="always"` wants a look.
    """

    participant: Participant
    before: Observation | None = None
    claim: Claim = NOT_ASKED
    after: tuple[Observation, ...] = ()
    schedule: LookSchedule = LookSchedule()
    looks: int = 0
    look_at: float = 0.0
    believes_claims: bool = True

    def record_claim(self, claim: Claim) -> None:
        """Store a claim. Two claims that differ become a contradiction, which shows the first two words."""
        if self.claim is NOT_ASKED:
            self.claim = claim
        elif self.claim.meaning not in {claim.meaning, CONTRADICTION}:
            self.claim = Claim(CONTRADICTION, f"{self.claim.says}, {claim.says}")

    @property
    def was_lost(self) -> bool:
        """Whether the add may still take effect: its answer was lost or cannot be read."""
        return self.claim.meaning in _LOST

    @property
    def is_present(self) -> bool:
        """Whether a look after the add shows the participant in the group."""
        claim = self.claim.meaning if self.believes_claims else None
        return presence(self.after, claim=claim, before=self.before) is Presence.PRESENT

    def needs_looks(self, settings: AddSettings) -> bool:
        """Return whether looks after the add are due, where the provider has a roster."""
        return settings.verify == "always" or (settings.verify == "auto" and self.verdict.status is Status.UNKNOWN)

    @property
    def next_look(self) -> Look | None:
        """The look that is due next, or None: the attempt needs no more."""
        look = None if self.is_present else self.schedule.look(self.looks)
        return look and look._replace(at=max(look.at, self.look_at))

    def record_look(self, observation: Observation, at: float) -> None:
        """Store what a look showed. An early look is evidence too, but it does not replace the one that is due.

        Args:
            observation: What the look showed.
            at: The moment of the look, in seconds of the driver's clock.
        """
        due = self.next_look
        self.after += (self.schedule.discount_early(observation, at),)
        if due is not None and due.at <= at:
            self.looks += 1
            following = self.schedule.look(self.looks, earlier_look_at=at)
            self.look_at = following.at if following else 0.0

    def drop_unproven_absence(self) -> None:
        """Drop the looks that miss the participant, where they prove no absence: the claim alone decides."""
        if presence(self.after) is Presence.MISSING:
            self.after = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict on the claim and the looks so far."""
        return decide(self.claim.meaning, self.before, self.after, believes_claims=self.believes_claims)

    @property
    def outcome(self) -> ParticipantOutcome:
        """The verdict with everything that callers see."""
        participant, claim = self.participant, self.claim
        status, reason, evidence = self.verdict
        return ParticipantOutcome(
            participant.given, participant.phone, participant.id, status, reason, evidence, claim.says, claim.invite
        )


Attempts: TypeAlias = Mapping[str, Attempt]  # by canonical JID


def next_look(attempts: Iterable[Attempt]) -> Look | None:
    """Return one look that serves all attempts: as early as the first needs it, and proving what any needs.

    Returns:
        The look, or None where no attempt needs one.
    """
    looks = [look for attempt in attempts if (look := attempt.next_look)]
    if not looks:
        return None
    return Look(min(look.at for look in looks), any(look.proves_absence for look in looks))
