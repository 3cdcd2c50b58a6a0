"""The add flow: observe, ask, observe again, decide, invite."""

from collections.abc import Mapping, Sequence

from attrs import evolve

from groupadd.adding.ask import SentRequests, ask, or_keep
from groupadd.adding.attempt import Attempt, Attempts, LookSchedule, next_look
from groupadd.adding.invite import invite, require_invitations
from groupadd.adding.names import distinct_people
from groupadd.adding.observe import ProviderSession, RosterObserver, awaiting_approval
from groupadd.adding.preflight import remarks
from groupadd.errors import (
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    SessionNotReady,
    WrongAddress,
)
from groupadd.model.codes import PENDING_APPROVAL
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.outcome import ParticipantOutcome, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import GroupMembershipProvider, ListsParticipants
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, log

_REFUSED_LOOKS = (NotAuthenticated, NotAllowed, GroupNotFound, SessionNotReady, WrongAddress)


def add(
    session: ProviderSession, group: GroupId, participants: Sequence[Participant], settings: AddSettings
) -> Flow[tuple[ParticipantOutcome, ...]]:
    """Add participants to a group, and decide what became of each.

    Returns:
        One outcome for each participant, in the order asked.

    Raises:
        ProviderError: The provider refused the whole request, or cannot be reached. No participant was asked for.
        Unsupported: The provider cannot do what the settings want.
    """
    require_invitations(session.provider, settings.invite)
    first_entries = yield from distinct_people(session.provider, participants)
    people = {jid: person for jid, person in first_entries.items() if person.id == jid}
    observer = RosterObserver.of(session, group, people)
    for jid in first_entries.keys() - people.keys():  # the other form of an earlier participant's number
        observer.names.learn(first_entries[jid].id, identity(jid) or Identity())
    attempts = {jid: Attempt(person, believes_claims=settings.believes_claims) for jid, person in people.items()}
    yield from _look_before(observer, attempts, settings)
    asked = {jid: attempt for jid, attempt in attempts.items() if attempt.before is None or not attempt.before.member}
    if asked:
        sent = yield from ask(observer, asked, settings)
        if settings.verify != "never":
            yield from or_keep(_look_after(observer, asked, sent, settings), None)
            yield from or_keep(find_pending(observer, asked), None)
    outcomes: Mapping[str, ParticipantOutcome] = {jid: attempt.outcome for jid, attempt in attempts.items()}
    if settings.invite != "never":
        codes = {jid: attempt.claim.code for jid, attempt in attempts.items() if attempt.claim.code is not None}
        outcomes = yield from or_keep(invite(observer, outcomes, settings=settings, codes=codes), outcomes)
    if len(outcomes) == len(participants):
        return tuple(outcomes.values())
    return tuple(
        outcomes[person.id]
        if first_entries[person.id] is person
        else _duplicate(outcomes[first_entries[person.id].id], person)
        for person in participants
    )


def _duplicate(first: ParticipantOutcome, person: Participant) -> ParticipantOutcome:
    return evolve(first, participant=person.given, phone=person.phone, id=person.id, reason=Reason.DUPLICATE)


def _look_before(observer: RosterObserver, attempts: Attempts, settings: AddSettings) -> Flow[None]:
    """Look once where a look before the add is due. A refused look raises; any other failing look proves nothing."""
    if not looks_before(observer.session.provider, settings):
        return
    try:
        for jid, observation in (yield from observer.look_before(attempts)).items():
            attempts[jid].before = observation
    except _REFUSED_LOOKS:
        raise
    except ProviderError as error:
        log.info("the look before the add failed: %s", error)
    for remark in remarks(observer.roster, len(attempts)) if observer.roster else ():
        log.warning("%s", remark)


def looks_before(provider: GroupMembershipProvider, settings: AddSettings) -> bool:
    """Return whether a look is due before an add."""
    due = settings.verify == "always" or (settings.verify == "auto" and not provider.reports_each_person)
    return due and isinstance(provider, ListsParticipants)


def _look_after(observer: RosterObserver, asked: Attempts, sent: SentRequests, settings: AddSettings) -> Flow[None]:
    """Look until every participant that the answer leaves open is decided. A failing look never raises.

    Every look also counts for the other participants, where it shows them in the group or proves their absence.
    """
    open_attempts = {jid: attempt for jid, attempt in asked.items() if attempt.needs_looks(settings)}
    if not open_attempts or not isinstance(observer.session.provider, ListsParticipants):
        return
    lost = any(attempt.was_lost for attempt in open_attempts.values())
    schedule = LookSchedule.after(sent.sent_at, sent.answered_at, settings, lost=lost)
    for attempt in asked.values():
        attempt.schedule = schedule
    while look := next_look(open_attempts.values()):
        if look.proves_absence:
            yield from observer.refresh(not_before=look.at)
        for jid, observation in (yield from _look_or_nothing(observer, open_attempts, asked, look.at)).items():
            asked[jid].record_look(observation, look.at)
    for jid in asked.keys() - open_attempts.keys():
        asked[jid].drop_unproven_absence()


def _look_or_nothing(
    observer: RosterObserver, open_attempts: Attempts, asked: Attempts, not_before: float
) -> Flow[Mapping[str, Observation]]:
    """Look once. A look that fails, in whatever way, shows nothing."""
    try:
        return (yield from observer.look(open_attempts, also=asked, not_before=not_before))
    except ProviderError as error:
        log.info("a look after the add failed: %s", error)
        group_is_gone = isinstance(error, GroupNotFound | NotAllowed)
    except Exception as error:
        log.error("the provider's class failed on a roster: %s", type(error).__name__)
        group_is_gone = False
    reason = Reason.STALE_ROSTER if group_is_gone else Reason.NO_ANSWER
    return dict.fromkeys(asked, Observation(member=None, reason=reason, complete=False))


def find_pending(observer: RosterObserver, attempts: Attempts) -> Flow[None]:
    """Ask which participants wait for an admin's approval, where neither answer nor rosters decide."""
    undecided = {
        jid: attempt
        for jid, attempt in attempts.items()
        if attempt.claim.meaning.status is Status.UNKNOWN and not attempt.outcome.is_in
    }
    if undecided:
        for jid in (yield from awaiting_approval(observer, undecided)):
            undecided[jid].claim = evolve(undecided[jid].claim, meaning=PENDING_APPROVAL)
