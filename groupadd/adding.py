"""The add flow: look, add, look again, settle."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import evolve, frozen
from groupadd.codes import CONTRADICTION, NO_ANSWER, NOT_MENTIONED, UNREADABLE
from groupadd.errors import (
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderUnreachable,
    SessionNotReady,
)
from groupadd.flow import Flow, NoAnswer, Request, Response
from groupadd.identity import GroupId, Identity, Participant, Person, same_first
from groupadd.inference import Seen, seen, settle
from groupadd.looking import Account, Watch
from groupadd.outcome import ParticipantOutcome, Reason, Status
from groupadd.pacing import around
from groupadd.provider import AddReply, Claim, ListsParticipants
from groupadd.roster import Sight

Verify: TypeAlias = Literal["auto", "always", "never"]

_REFUSED_LOOKS = (NotAuthenticated, NotAllowed, GroupNotFound, SessionNotReady)
_LOST = frozenset({NO_ANSWER, UNREADABLE})


@frozen
class Terms:
    """How an add is carried out.

    Attributes:
        verify: Which looks are taken: `auto` only those that the answer leaves open.
        look_after_s: Seconds after the answer at which the roster is read, ascending.
        late_after_s: Seconds after sending during which an unanswered add may still take effect.
        notify: Whether people are notified; None is the provider's own default.
    """

    verify: Verify = "auto"
    look_after_s: tuple[float, ...] = (2.0, 8.0, 30.0)
    late_after_s: float = 60.0
    notify: bool | None = None


@frozen
class _Answered:
    """The answer to an add, and when: `sent_at` and `at` in seconds of the driver's clock."""

    reply: AddReply
    sent_at: float
    at: float

    @property
    def lost(self) -> bool:
        """Whether the add may still take effect although its answer says nothing."""
        return self.reply.rest in _LOST


def add(
    account: Account, group: GroupId, participants: Sequence[Participant], terms: Terms
) -> Flow[tuple[ParticipantOutcome, ...]]:
    """Add people and say of each what happened, in the order asked.

    Raises:
        ProviderError: Something kept us from asking.
        Unsupported: The provider cannot do what the terms want.
    """
    people = same_first(participants)
    before = yield from _look_before(account, group, people, terms)
    asked = {name: person for name, person in people.items() if name not in before or not before[name].member}
    claims: Mapping[str, Claim] = {}
    after: Mapping[str, Sequence[Sight]] = {}
    if asked:
        answered = yield from _ask(account, group, tuple(asked.values()), terms)
        claims = _claims(answered.reply, asked)
        after = yield from _look_after(account, group, claims, asked, before, answered, terms)
    first = {
        name: _outcome(person, claims.get(name), before.get(name), after.get(name, ()))
        for name, person in people.items()
    }
    if len(first) == len(participants):
        return tuple(first.values())
    return tuple(
        first[person.id] if people[person.id] is person else _duplicate(first[person.id], person)
        for person in participants
    )


def _look_before(
    account: Account, group: GroupId, people: Mapping[str, Participant], terms: Terms
) -> Flow[Mapping[str, Sight]]:
    """Look once where a look is due before the add. A refused look raises; any other failing look proves nothing."""
    due = terms.verify == "always" or (terms.verify == "auto" and not account.provider.speaks_of_each)
    if not due or not isinstance(account.provider, ListsParticipants):
        return {}
    try:
        return (yield from Watch(account, group, {name: Person.of(one) for name, one in people.items()}).look())
    except _REFUSED_LOOKS:
        raise
    except ProviderError:
        return {}


def _ask(account: Account, group: GroupId, asked: Sequence[Participant], terms: Terms) -> Flow[_Answered]:
    """Send the add, once."""
    sent_at = at = 0.0

    def timed(request: Request) -> Flow[Response]:
        nonlocal sent_at, at
        try:
            response = yield request
        except NoAnswer as lost:
            sent_at, at = lost.sent_at, lost.at
            raise
        sent_at, at = response.sent_at, response.at
        return response

    try:
        reply = yield from around(account.provider.add_participants(group, asked, notify=terms.notify), timed)
    except NoAnswer as lost:
        surely_not_sent = not lost.maybe_sent
        reply = AddReply(rest=NO_ANSWER)
    else:
        surely_not_sent = False
    if surely_not_sent:
        raise ProviderUnreachable("the provider cannot be reached; nothing was sent")
    return _Answered(reply, sent_at, at)


def _claims(reply: AddReply, asked: Mapping[str, Participant]) -> Mapping[str, Claim]:
    """Return one claim for everyone asked: the provider's own, or what its answer means for the rest."""
    by_phone = {person.phone: name for name, person in asked.items() if person.phone is not None}
    by_lid = {person.lid: name for name, person in asked.items() if person.lid is not None}
    claims = dict.fromkeys(asked, Claim(Identity(), reply.rest, reply.says))
    spoken_of: set[str] = set()
    for claim in reply.claims:
        for name in {by_phone.get(claim.who.phone), by_lid.get(claim.who.lid)} - {None}:
            claims[name] = claim if name not in spoken_of else _both(claims[name], claim)
            spoken_of.add(name)
    return claims


def _both(first: Claim, second: Claim) -> Claim:
    """Two claims of one person that do not agree contradict each other."""
    if first.meaning == second.meaning:
        return first
    return evolve(second, meaning=CONTRADICTION, says=f"{first.says}, {second.says}")


def _look_after(
    account: Account,
    group: GroupId,
    claims: Mapping[str, Claim],
    asked: Mapping[str, Participant],
    before: Mapping[str, Sight],
    answered: _Answered,
    terms: Terms,
) -> Flow[Mapping[str, Sequence[Sight]]]:
    """Look until everyone is settled whom the answer leaves open. A failing look proves nothing, and never raises."""
    if terms.verify == "never" or not isinstance(account.provider, ListsParticipants):
        return {}
    watch = Watch(
        account,
        group,
        {
            name: Person.of(asked[name]).also(claim.who)
            for name, claim in claims.items()
            if terms.verify == "always" or settle(claim.meaning, before.get(name), ()).status is Status.UNKNOWN
        },
    )
    after: dict[str, list[Sight]] = {name: [] for name in watch.persons}
    late = answered.sent_at + terms.late_after_s if answered.lost else 0.0
    for moment in _moments(terms.look_after_s, answered.at, late):
        if all(seen(sights) is Seen.PRESENT for sights in after.values()):
            break
        try:
            sights = yield from watch.look(moment)
        except ProviderError as error:
            gone = isinstance(error, GroupNotFound | NotAllowed)
            sights = dict.fromkeys(after, Sight(None, Reason.STALE_ROSTER if gone else Reason.NO_ANSWER, complete=False))
        for name, sight in sights.items():
            too_early = sight.member is False and moment < late
            after[name].append(Sight(None, Reason.ABSENCE_UNPROVEN) if too_early else sight)
    return after


def _moments(look_after_s: Sequence[float], answered_at: float, late: float) -> Sequence[float]:
    """Return when to look, on the driver's clock; the last two looks, which alone prove absence, no earlier than `late`."""
    moments = [answered_at + after_s for after_s in look_after_s]
    if len(moments) >= 2 and moments[-2] < late:
        gap_s = moments[-1] - moments[-2]
        moments[-2:] = late, max(moments[-1], late + gap_s)
    return moments


def _outcome(
    person: Participant, claim: Claim | None, before: Sight | None, after: Sequence[Sight]
) -> ParticipantOutcome:
    verdict = settle(claim.meaning if claim else NOT_MENTIONED, before, after)
    return ParticipantOutcome(
        person.given,
        person.phone,
        person.id,
        verdict.status,
        verdict.reason,
        verdict.evidence,
        claim and claim.says,
        claim and claim.invite,
    )


def _duplicate(first: ParticipantOutcome, person: Participant) -> ParticipantOutcome:
    return evolve(first, participant=person.given, reason=Reason.DUPLICATE)
