"""Adds by two providers that answer from a script, and short forms of what comes of them."""

from collections.abc import Sequence

from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, parse_participants
from groupadd.model.outcome import Evidence, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupMembershipProvider
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, Response
from tests.support.scripts import (
    GROUP,
    WASEND_ADD,
    WASEND_LIST,
    WASEND_SESSION,
    WAWP_ADD,
    WAWP_LIST,
    WAWP_SESSION,
    Answer,
    Script,
    says,
    session,
)

ANN, BEN = "15550100", "15550101"
OK = says({"ok": True})
EMPTY_ROSTER = says([])
ADDED, ALREADY, NOT_IN, UNKNOWN = Status.ADDED, Status.ALREADY_MEMBER, Status.NOT_ADDED, Status.UNKNOWN
REPORTED, OBSERVED, INFERRED, NONE = Evidence.REPORTED, Evidence.OBSERVED, Evidence.INFERRED, Evidence.NONE
AUTO, ALWAYS, NEVER = AddSettings(), AddSettings(verify="always"), AddSettings(verify="never")


def adding(
    provider: GroupMembershipProvider, people: Sequence[str], settings: AddSettings = AUTO
) -> Flow[tuple[ParticipantOutcome, ...]]:
    return add(ProviderSession(provider), GroupId(GROUP), parse_participants(people), settings)


def wasend(*adds: Answer, looks: Sequence[Answer] = ()) -> Script:
    answers: dict[str, Sequence[Answer]] = {WASEND_ADD: adds, WASEND_LIST: looks}
    return Script(answers | ({WASEND_SESSION: [session()]} if any(map(_is_read, looks)) else {}))


def wawp(*adds: Answer, looks: Sequence[Answer] = ()) -> Script:
    answers: dict[str, Sequence[Answer]] = {WAWP_ADD: adds, WAWP_LIST: looks}
    return Script(answers | ({WAWP_SESSION: [session()]} if any(map(_is_read, looks)) else {}))


def _is_read(look: Answer) -> bool:
    return isinstance(look, Response) and look.ok


def verdicts(outcomes: Sequence[ParticipantOutcome]) -> list[tuple[Status, Reason | None, Evidence]]:
    return [(person.status, person.reason, person.evidence) for person in outcomes]


def looks_at_s(script: Script) -> list[float]:
    return [at for name, at in zip(script.asked, script.at_s, strict=True) if name in {WASEND_LIST, WAWP_LIST}]
