"""The add flow: look, add, look again, settle."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from attrs import define, evolve

from groupadd.codes import CONTRADICTION, NO_ANSWER, NOT_MENTIONED, PENDING_APPROVAL, UNREADABLE
from groupadd.errors import (
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderUnreachable,
    SessionNotReady,
)
from groupadd.flow import Flow, NoAnswer, Request, Response, log
from groupadd.identity import GroupId, Identity, Participant, identity
from groupadd.inference import Seen, Verdict, seen, settle
from groupadd.inviting import invite, require_invitations
from groupadd.looking import Account, Watch, distinct, waiting
from groupadd.outcome import ParticipantOutcome, Reason, Status
from groupadd.pacing import around
from groupadd.preflight import remarks
from groupadd.provider import AddReply, Claim, ListsParticipants
from groupadd.roster import Sight
from groupadd.terms import Terms

_REFUSED_LOOKS = (NotAuthenticated, NotAllowed, GroupNotFound, SessionNotReady)
_LOST = frozenset({NO_ANSWER, UNREADABLE})
_NOT_ASKED = Claim(NOT_MENTIONED)
_TOO_EARLY = Sight(None, Reason.ABSENCE_UNPROVEN)
_LOOKS_THAT_PROVE = 2


@define
class _Case:
    """One person's way through an add: seen, asked for, seen again."""

    participant: Participant
    before: Sight | None = None
    claim: Claim = _NOT_ASKED
    after: tuple[Sight, ...] = ()

    def hear(self, claim: Claim) -> None:
        """Take a claim; two that do not agree contradict each other."""
        if self.claim is _NOT_ASKED:
            self.claim = claim
        elif self.claim.meaning != claim.meaning:
            self.claim = Claim(CONTRADICTION, f"{self.claim.says}, {claim.says}")

    @property
    def verdict(self) -> Verdict:
        return settle(self.claim.meaning, self.before, self.after)

    @property
    def outcome(self) -> ParticipantOutcome:
        who, claim = self.participant, self.claim
        status, reason, evidence = self.verdict
        return ParticipantOutcome(who.given, who.phone, who.id, status, reason, evidence, claim.says, claim.invite)


_Cases: TypeAlias = Mapping[str, _Case]  # by canonical JID


@define
class _Times:
    """When the last request of a flow was sent and answered, in seconds of the driver's clock."""

    sent_at: float = 0.0
    at: float = 0.0

    def taken(self, request: Request) -> Flow[Response]:
        """Carry a request, and note the times."""
        try:
            answer: Response | NoAnswer = yield request
        except NoAnswer as lost:
            answer = lost
        self.sent_at, self.at = answer.sent_at, answer.at
        if isinstance(answer, NoAnswer):
            raise answer
        return answer


def add(
    account: Account, group: GroupId, participants: Sequence[Participant], terms: Terms
) -> Flow[tuple[ParticipantOutcome, ...]]:
    """Add people and say of each what happened, in the order asked.

    Raises:
        ProviderError: Something kept us from asking.
        Unsupported: The provider cannot do what the terms want.
    """
    require_invitations(account.provider, terms.invite)
    meant = yield from distinct(account, participants)
    watch = Watch(account, group, {name: person for name, person in meant.items() if person.id == name})
    cases = {name: _Case(person) for name, person in watch.people.items()}
    yield from _look_before(watch, cases, terms)
    asked = {name: case for name, case in cases.items() if case.before is None or not case.before.member}
    if asked:
        times = _Times()
        reply = yield from _ask(watch, asked, terms, times)
        yield from _hear(watch, asked, reply)
        if terms.verify != "never":
            yield from _look_after(watch, asked, times, terms)
            yield from _ask_who_waits(watch, asked)
    outcomes: Mapping[str, ParticipantOutcome] = {name: case.outcome for name, case in cases.items()}
    if terms.invite != "never":
        codes = {name: case.claim.code for name, case in cases.items() if case.claim.code is not None}
        outcomes = yield from invite(account.provider, group, outcomes, watch.people, terms=terms, codes=codes)
    return tuple(
        outcomes[person.id] if meant[person.id] is person else _duplicate(outcomes[meant[person.id].id], person)
        for person in participants
    )


def _duplicate(first: ParticipantOutcome, person: Participant) -> ParticipantOutcome:
    return evolve(first, participant=person.given, phone=person.phone, id=person.id, reason=Reason.DUPLICATE)


def _look_before(watch: Watch, cases: _Cases, terms: Terms) -> Flow[None]:
    """Look once where a look is due before the add. A refused look raises; any other failing look proves nothing."""
    provider = watch.account.provider
    due = terms.verify == "always" or (terms.verify == "auto" and not provider.speaks_of_each)
    if not due or not isinstance(provider, ListsParticipants):
        return
    try:
        for name, sight in (yield from watch.look(cases)).items():
            cases[name].before = sight
    except _REFUSED_LOOKS:
        raise
    except ProviderError as error:
        log.info("the look before the add failed: %s", error)
    for remark in remarks(watch.roster, len(cases)) if watch.roster else ():
        log.warning("%s", remark)


def _ask(watch: Watch, asked: _Cases, terms: Terms, times: _Times) -> Flow[AddReply]:
    """Send the add, once, and note when."""
    people = tuple(case.participant for case in asked.values())
    adding = watch.account.provider.add_participants(watch.group, people, notify=terms.notify)
    try:
        reply = yield from around(adding, times.taken)
        unreachable = False
    except NoAnswer as lost:
        reply = AddReply(rest=NO_ANSWER)
        unreachable = not lost.maybe_sent
    if unreachable:
        raise ProviderUnreachable("the provider cannot be reached; nothing was sent")
    return reply


def _hear(watch: Watch, asked: _Cases, reply: AddReply) -> Flow[None]:
    """Give everyone their claim: the provider's own, or what its answer means for the rest.

    Where claims are left over, made of people under names that we do not know, our people's other names are looked up.
    """
    left_over: list[tuple[Identity, Claim]] = []
    for who, claim in reply.claims:
        if isinstance(who, str) and who in asked:
            asked[who].hear(claim)
        elif names := identity(who) if isinstance(who, str) else who:
            left_over.append((names, claim))
    if left_over:
        left_over = _match(left_over, watch, asked)
    unheard = {name: case for name, case in asked.items() if case.claim is _NOT_ASKED}
    if left_over and unheard:
        yield from watch.identify(unheard)
        _match(left_over, watch, unheard)
    rest = Claim(reply.rest, reply.says)
    for case in unheard.values():
        if case.claim is _NOT_ASKED:
            case.claim = rest


def _match(claims: Iterable[tuple[Identity, Claim]], watch: Watch, cases: _Cases) -> list[tuple[Identity, Claim]]:
    """Hand each claim to whom it is made of; returns the claims that are made of nobody here."""
    by_phone, by_lid = watch.index(cases)
    left_over: list[tuple[Identity, Claim]] = []
    for who, claim in claims:
        names = {by_phone.get(who.phone), by_lid.get(who.lid)} - {None}
        for name in names:
            cases[str(name)].hear(claim)
            watch.learn(str(name), who)
        if not names:
            left_over.append((who, claim))
    return left_over


def _look_after(watch: Watch, asked: _Cases, times: _Times, terms: Terms) -> Flow[None]:
    """Look until everyone is settled whom the answer leaves open. A failing look proves nothing, and never raises."""
    watched = {
        name: case for name, case in asked.items() if terms.verify == "always" or case.verdict.status is Status.UNKNOWN
    }
    if not watched or not isinstance(watch.account.provider, ListsParticipants):
        return
    lost = any(
        case.claim.meaning in _LOST for case in watched.values()
    )  # an add without an answer may still take effect
    from_then = times.sent_at + terms.late_after_s if lost else 0.0
    moments = _moments(terms.look_after_s, times.at, from_then)
    for looks_left, moment in zip(range(len(moments), 0, -1), moments, strict=True):
        if all(seen(case.after) is Seen.PRESENT for case in watched.values()):
            return
        sights = yield from _glance(watch, watched, moment, refreshed=looks_left == _LOOKS_THAT_PROVE)
        for name, sight in sights.items():
            too_early = sight.member is False and moment < from_then
            watched[name].after += (_TOO_EARLY if too_early else sight,)


def _glance(watch: Watch, watched: _Cases, moment: float, *, refreshed: bool) -> Flow[Mapping[str, Sight]]:
    """Look once, after making a cached roster fresh where that is due; a look that fails shows nothing."""
    try:
        if refreshed:
            yield from watch.refresh(moment=moment)
        return (yield from watch.look(watched, moment=moment))
    except ProviderError as error:
        log.info("a look after the add failed: %s", error)
        gone = isinstance(error, GroupNotFound | NotAllowed)
        return dict.fromkeys(watched, Sight(None, Reason.STALE_ROSTER if gone else Reason.NO_ANSWER, complete=False))


def _moments(look_after_s: Sequence[float], answered_at: float, from_then: float) -> Sequence[float]:
    """Return when to look, on the driver's clock; the last two looks, which alone prove absence, not before `from_then`."""
    moments = [answered_at + after_s for after_s in look_after_s]
    if len(moments) >= _LOOKS_THAT_PROVE and moments[-2] < from_then:
        gap_s = moments[-1] - moments[-2]
        moments[-2:] = from_then, max(moments[-1], from_then + gap_s)
    return moments


def _ask_who_waits(watch: Watch, asked: _Cases) -> Flow[None]:
    """Ask who waits for approval, where neither answer nor rosters say that somebody is in."""
    silent = {
        name: case
        for name, case in asked.items()
        if case.claim.meaning.status is Status.UNKNOWN and not case.outcome.is_in
    }
    if silent:
        for name in (yield from waiting(watch, silent)):
            silent[name].claim = evolve(silent[name].claim, meaning=PENDING_APPROVAL)
