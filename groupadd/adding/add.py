"""The add flow: look, add, look again, settle."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from groupadd.adding.attempt import LOOKS_THAT_PROVE, NOT_ASKED, Attempt, Attempts, LookSchedule, SentRequests
from groupadd.adding.invite import invite, require_invitations
from groupadd.adding.observe import ProviderSession, RosterObserver, distinct, waiting
from groupadd.adding.preflight import remarks
from groupadd.adding.verdict import Presence, presence
from groupadd.errors import (
    GroupAddError,
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderUnreachable,
    SessionNotReady,
)
from groupadd.model.codes import NO_ANSWER, PENDING_APPROVAL, UNREADABLE
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.outcome import ParticipantOutcome, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import AddReply, Claim, GroupMembershipProvider, ListsParticipants
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, NoAnswer, log
from groupadd.wire.retry import map_requests

_REFUSED_LOOKS = (NotAuthenticated, NotAllowed, GroupNotFound, SessionNotReady)


def add(
    account: ProviderSession, group: GroupId, participants: Sequence[Participant], terms: AddSettings
) -> Flow[tuple[ParticipantOutcome, ...]]:
    """Add people and say of each what happened, in the order asked.

    Raises:
        ProviderError: Something kept us from asking.
        Unsupported: The provider cannot do what the terms want.
    """
    require_invitations(account.provider, terms.invite)
    meant = yield from distinct(account, participants)
    watch = RosterObserver(account, group, {name: person for name, person in meant.items() if person.id == name})
    for name in meant.keys() - watch.people.keys():  # the other form of an earlier one's number
        if other_form := identity(name):
            watch.learn(meant[name].id, other_form)
    cases = {name: Attempt(person) for name, person in watch.people.items()}
    yield from _look_before(watch, cases, terms)
    asked = {name: case for name, case in cases.items() if case.before is None or not case.before.member}
    if asked:
        times = yield from ask(watch, asked, terms)
        if terms.verify != "never":
            yield from _look_after(watch, asked, times, terms)
            yield from ask_who_waits(watch, asked)
    outcomes: Mapping[str, ParticipantOutcome] = {name: case.outcome for name, case in cases.items()}
    if terms.invite != "never":
        codes = {name: case.claim.code for name, case in cases.items() if case.claim.code is not None}
        outcomes = yield from invite(account.provider, group, outcomes, watch.people, terms=terms, codes=codes)
    if len(outcomes) == len(participants):
        return tuple(outcomes.values())
    return tuple(
        outcomes[person.id] if meant[person.id] is person else _duplicate(outcomes[meant[person.id].id], person)
        for person in participants
    )


def _duplicate(first: ParticipantOutcome, person: Participant) -> ParticipantOutcome:
    return evolve(first, participant=person.given, phone=person.phone, id=person.id, reason=Reason.DUPLICATE)


def _look_before(watch: RosterObserver, cases: Attempts, terms: AddSettings) -> Flow[None]:
    """Look once where a look is due before the add. A refused look raises; any other failing look proves nothing."""
    if not looks_before(watch.account.provider, terms):
        return
    try:
        for name, observation in (yield from watch.look(cases)).items():
            cases[name].before = observation
    except _REFUSED_LOOKS:
        raise
    except ProviderError as error:
        log.info("the look before the add failed: %s", error)
    for remark in remarks(watch.roster, len(cases)) if watch.roster else ():
        log.warning("%s", remark)


def looks_before(provider: GroupMembershipProvider, terms: AddSettings) -> bool:
    """Return whether a look is due before an add under these terms."""
    due = terms.verify == "always" or (terms.verify == "auto" and not provider.reports_each_person)
    return due and isinstance(provider, ListsParticipants)


def ask(watch: RosterObserver, asked: Attempts, terms: AddSettings) -> Flow[SentRequests]:
    """Send the add, once, and give everyone their claim; returns when it was sent and answered.

    Raises:
        ProviderError: Something kept us from asking.
    """
    times = SentRequests()
    yield from _hear(watch, asked, (yield from _reply(watch, asked, terms, times)))
    return times


def _reply(watch: RosterObserver, asked: Attempts, terms: AddSettings, times: SentRequests) -> Flow[AddReply]:
    """Send the add, once, and note when."""
    people = tuple(case.participant for case in asked.values())
    adding = watch.account.provider.add_participants(watch.group, people, notify=terms.notify)
    unreachable = False
    try:
        reply = yield from map_requests(adding, times.carry)
    except NoAnswer as lost:
        reply = AddReply(rest=NO_ANSWER)
        unreachable = not (lost.maybe_sent or times.received)
    except GroupAddError:
        raise
    except Exception as error:
        if not times.received:
            raise
        log.error("the provider's class failed on the answer: %s", type(error).__name__)
        reply = AddReply(rest=UNREADABLE)
    if unreachable:
        raise ProviderUnreachable("the provider cannot be reached; nothing was sent")
    return reply if isinstance(reply, AddReply) else AddReply(rest=UNREADABLE)


def _hear(watch: RosterObserver, asked: Attempts, reply: AddReply) -> Flow[None]:
    """Give everyone their claim: the provider's own, or what its answer means for the rest.

    Where claims are left over, made of people under names that we do not know, our people's other names are looked up.
    """
    left_over: list[tuple[Identity, Claim]] = []
    for who, claim in reply.claims:
        if isinstance(who, str) and who in asked:
            asked[who].record_claim(claim)
        elif isinstance(names := identity(who) if isinstance(who, str) else who, Identity):
            left_over.append((names, claim))
    if left_over:
        left_over = _match(left_over, watch, asked)
    unheard = {name: case for name, case in asked.items() if case.claim is NOT_ASKED}
    may_be_ours = {who.phone for who, _ in left_over} & {None, *watch.other_forms(unheard)}
    if may_be_ours and unheard:
        yield from watch.identify(unheard)
        _match(left_over, watch, unheard)
    rest = Claim(reply.rest, reply.says)
    for case in unheard.values():
        if case.claim is NOT_ASKED:
            case.claim = rest


def _match(
    claims: Iterable[tuple[Identity, Claim]], watch: RosterObserver, cases: Attempts
) -> list[tuple[Identity, Claim]]:
    """Hand each claim to whom it is made of; returns the claims that are made of nobody here."""
    by_phone, by_lid = watch.index(cases)
    left_over: list[tuple[Identity, Claim]] = []
    for who, claim in claims:
        names = {by_phone.get(who.phone), by_lid.get(who.lid)} - {None}
        for name in names:
            cases[str(name)].record_claim(claim)
            watch.learn(str(name), who)
        if not names:
            left_over.append((who, claim))
    return left_over


def _look_after(watch: RosterObserver, asked: Attempts, times: SentRequests, terms: AddSettings) -> Flow[None]:
    """Look until everyone is settled whom the answer leaves open. A failing look proves nothing, and never raises.

    Whoever else such a look shows to be in counts as seen: a refusal may have been overtaken by a friend's invitation.
    """
    watched = {name: case for name, case in asked.items() if case.needs_looks(terms)}
    if not watched or not isinstance(watch.account.provider, ListsParticipants):
        return
    course = LookSchedule.after(times, terms, lost=any(case.was_lost for case in watched.values()))
    for number, moment in enumerate(course.due_at):
        if all(presence(case.after) is Presence.PRESENT for case in watched.values()):
            return
        if number == len(course.due_at) - LOOKS_THAT_PROVE:
            yield from watch.refresh(moment=moment)
        for name, observation in (yield from _glance(watch, watched, asked, moment)).items():
            if name in watched or observation.member:
                asked[name].after += (course.discount_early(observation, moment),)


def _glance(
    watch: RosterObserver, watched: Attempts, asked: Attempts, moment: float
) -> Flow[Mapping[str, Observation]]:
    """Look once; a look that fails, in whatever way, shows nothing."""
    try:
        return (yield from watch.look(watched, also=asked, moment=moment))
    except ProviderError as error:
        log.info("a look after the add failed: %s", error)
        gone = isinstance(error, GroupNotFound | NotAllowed)
    except Exception as error:
        log.error("the provider's class failed on a roster: %s", type(error).__name__)
        gone = False
    reason = Reason.STALE_ROSTER if gone else Reason.NO_ANSWER
    return dict.fromkeys(watched, Observation(member=None, reason=reason, complete=False))


def ask_who_waits(watch: RosterObserver, asked: Attempts) -> Flow[None]:
    """Ask who waits for approval, where neither answer nor rosters say that somebody is in."""
    silent = {
        name: case
        for name, case in asked.items()
        if case.claim.meaning.status is Status.UNKNOWN and not case.outcome.is_in
    }
    if silent:
        for name in (yield from waiting(watch, silent)):
            silent[name].claim = evolve(silent[name].claim, meaning=PENDING_APPROVAL)
