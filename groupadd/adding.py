"""The add flow: look, add, look again, settle."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from attrs import define, evolve, field, frozen

from groupadd.codes import CONTRADICTION, NO_ANSWER, NOT_MENTIONED, PENDING_APPROVAL, UNREADABLE
from groupadd.errors import (
    GroupAddError,
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
from groupadd.provider import AddReply, Claim, GroupMembershipProvider, ListsParticipants
from groupadd.roster import Sight
from groupadd.terms import Terms

_REFUSED_LOOKS = (NotAuthenticated, NotAllowed, GroupNotFound, SessionNotReady)
_LOST = frozenset({NO_ANSWER, UNREADABLE})
_NOT_ASKED = Claim(NOT_MENTIONED)
_TOO_EARLY = Sight(None, Reason.ABSENCE_UNPROVEN)
LOOKS_THAT_PROVE = 2


@define
class Case:
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
    def was_lost(self) -> bool:
        """Whether the add may still take effect: its answer was lost or cannot be read."""
        return self.claim.meaning in _LOST

    def needs_looks(self, terms: Terms) -> bool:
        """Return whether looks after the add are due under these terms, roster or none."""
        return terms.verify == "always" or (terms.verify == "auto" and self.verdict.status is Status.UNKNOWN)

    @property
    def verdict(self) -> Verdict:
        """What the claim and the looks so far make of them."""
        return settle(self.claim.meaning, self.before, self.after)

    @property
    def outcome(self) -> ParticipantOutcome:
        """The verdict with everything that callers are told."""
        who, claim = self.participant, self.claim
        status, reason, evidence = self.verdict
        return ParticipantOutcome(who.given, who.phone, who.id, status, reason, evidence, claim.says, claim.invite)


Cases: TypeAlias = Mapping[str, Case]  # by canonical JID


class SentBefore(Exception):
    """A provider's class wants to send an add again that may have been received; nobody has looked in between."""


@define
class Times:
    """When the last request of a flow was sent and answered, in seconds of the driver's clock.

    Attributes:
        sent_at: When it was sent.
        at: When it was answered, or given up.
        received: The requests of this flow that are no reads and may have been received.
    """

    sent_at: float = 0.0
    at: float = 0.0
    received: list[Request] = field(factory=list[Request])

    def taken(self, request: Request) -> Flow[Response]:
        """Carry a request, and note the times.

        Raises:
            NoAnswer: None came.
            SentBefore: It is not sent, as it may have been received before.
        """
        if any(_ask_the_same(request, other) for other in self.received):
            raise SentBefore
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
    for name in meant.keys() - watch.people.keys():  # the other form of an earlier one's number
        if other_form := identity(name):
            watch.learn(meant[name].id, other_form)
    cases = {name: Case(person) for name, person in watch.people.items()}
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


def _look_before(watch: Watch, cases: Cases, terms: Terms) -> Flow[None]:
    """Look once where a look is due before the add. A refused look raises; any other failing look proves nothing."""
    if not looks_before(watch.account.provider, terms):
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


def looks_before(provider: GroupMembershipProvider, terms: Terms) -> bool:
    """Return whether a look is due before an add under these terms."""
    due = terms.verify == "always" or (terms.verify == "auto" and not provider.speaks_of_each)
    return due and isinstance(provider, ListsParticipants)


def ask(watch: Watch, asked: Cases, terms: Terms) -> Flow[Times]:
    """Send the add, once, and give everyone their claim; returns when it was sent and answered.

    Raises:
        ProviderError: Something kept us from asking.
    """
    times = Times()
    yield from _hear(watch, asked, (yield from _reply(watch, asked, terms, times)))
    return times


def _reply(watch: Watch, asked: Cases, terms: Terms, times: Times) -> Flow[AddReply]:
    """Send the add, once, and note when."""
    people = tuple(case.participant for case in asked.values())
    adding = watch.account.provider.add_participants(watch.group, people, notify=terms.notify)
    unreachable = False
    try:
        reply = yield from around(adding, times.taken)
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


def _hear(watch: Watch, asked: Cases, reply: AddReply) -> Flow[None]:
    """Give everyone their claim: the provider's own, or what its answer means for the rest.

    Where claims are left over, made of people under names that we do not know, our people's other names are looked up.
    """
    left_over: list[tuple[Identity, Claim]] = []
    for who, claim in reply.claims:
        if isinstance(who, str) and who in asked:
            asked[who].hear(claim)
        elif isinstance(names := identity(who) if isinstance(who, str) else who, Identity):
            left_over.append((names, claim))
    if left_over:
        left_over = _match(left_over, watch, asked)
    unheard = {name: case for name, case in asked.items() if case.claim is _NOT_ASKED}
    may_be_ours = {who.phone for who, _ in left_over} & {None, *watch.other_forms(unheard)}
    if may_be_ours and unheard:
        yield from watch.identify(unheard)
        _match(left_over, watch, unheard)
    rest = Claim(reply.rest, reply.says)
    for case in unheard.values():
        if case.claim is _NOT_ASKED:
            case.claim = rest


def _match(claims: Iterable[tuple[Identity, Claim]], watch: Watch, cases: Cases) -> list[tuple[Identity, Claim]]:
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


def _look_after(watch: Watch, asked: Cases, times: Times, terms: Terms) -> Flow[None]:
    """Look until everyone is settled whom the answer leaves open. A failing look proves nothing, and never raises.

    Whoever else such a look shows to be in counts as seen: a refusal may have been overtaken by a friend's invitation.
    """
    watched = {name: case for name, case in asked.items() if case.needs_looks(terms)}
    if not watched or not isinstance(watch.account.provider, ListsParticipants):
        return
    course = Course.after(times, terms, lost=any(case.was_lost for case in watched.values()))
    for number, moment in enumerate(course.moments):
        if all(seen(case.after) is Seen.PRESENT for case in watched.values()):
            return
        if number == len(course.moments) - LOOKS_THAT_PROVE:
            yield from watch.refresh(moment=moment)
        for name, sight in (yield from _glance(watch, watched, asked, moment)).items():
            if name in watched or sight.member:
                asked[name].after += (course.believed(sight, moment),)


@frozen
class Course:
    """The looks that are due after an add.

    Attributes:
        moments: When each is due at the earliest, on the driver's clock.
        from_then: From when on the add can no longer take effect, so that absence is believed.
    """

    moments: Sequence[float]
    from_then: float

    @classmethod
    def after(cls, times: Times, terms: Terms, *, lost: bool) -> "Course":
        """Return the looks after an add; the last two, which alone prove absence, not before a lost one is over."""
        from_then = times.sent_at + terms.late_after_s if lost else 0.0
        moments = [times.at + after_s for after_s in terms.look_after_s]
        if len(moments) >= LOOKS_THAT_PROVE and moments[-2] < from_then:
            gap_s = moments[-1] - moments[-2]
            moments[-2:] = from_then, max(moments[-1], from_then + gap_s)
        return cls(moments, from_then)

    def believed(self, sight: Sight, at: float) -> Sight:
        """Return what a look at a moment may prove."""
        return _TOO_EARLY if sight.member is False and at < self.from_then else sight


def _glance(watch: Watch, watched: Cases, asked: Cases, moment: float) -> Flow[Mapping[str, Sight]]:
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
    return dict.fromkeys(watched, Sight(member=None, reason=reason, complete=False))


def ask_who_waits(watch: Watch, asked: Cases) -> Flow[None]:
    """Ask who waits for approval, where neither answer nor rosters say that somebody is in."""
    silent = {
        name: case
        for name, case in asked.items()
        if case.claim.meaning.status is Status.UNKNOWN and not case.outcome.is_in
    }
    if silent:
        for name in (yield from waiting(watch, silent)):
            silent[name].claim = evolve(silent[name].claim, meaning=PENDING_APPROVAL)
