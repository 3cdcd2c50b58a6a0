"""The people of the example world, and a short form of an outcome."""

from collections.abc import Iterable

from groupadd.model.outcome import ParticipantOutcome, Reason, Status

US = "16175550100"
ADA, BEN, CLEO = "12025550143", "14155550126", "13125550178"  # can be added; a member; lets only contacts add
DAN, EVE, FINN = "16465550199", "15035550134", "17135550115"  # not on WhatsApp; has left; has blocked us


def verdicts(outcome: Iterable[ParticipantOutcome]) -> list[tuple[Status, Reason | None]]:
    return [(person.status, person.reason) for person in outcome]


def person(status: Status, reason: Reason | None = None, **more: object) -> ParticipantOutcome:
    return ParticipantOutcome(f"+{ADA}", ADA, f"{ADA}@s.whatsapp.net", status, reason, **more)  # type: ignore[arg-type]
