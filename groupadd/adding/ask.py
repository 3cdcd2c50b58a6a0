"""Asking the provider to add people: one request that is sent once, and the claims in its answer."""

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from attrs import define, field

from groupadd.adding.attempt import NOT_ASKED, Attempts
from groupadd.adding.names import KnownNames
from groupadd.adding.observe import RosterObserver
from groupadd.errors import ProviderError, ProviderUnreachable
from groupadd.model.codes import NO_ANSWER, UNREADABLE
from groupadd.model.identity import Identity, Lookalikes, identity
from groupadd.provider import AddReply, Claim
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, NoAnswer, Request, Response, log
from groupadd.wire.retry import map_requests

T = TypeVar("T")
NamedClaim: TypeAlias = tuple[Identity, Claim]


class DuplicateSend(Exception):
    """A provider's class wants to send an add again that the provider may have received."""


@define
class SentRequests:
    """The requests of one add: when the last one was sent and answered, in seconds of the driver's clock.

    Attributes:
        sent_at: The moment at which it was sent.
        answered_at: The moment at which its answer came, or at which the driver gave up.
        received: The requests that are no reads and that the provider may have received.
    """

    sent_at: float = 0.0
    answered_at: float = 0.0
    received: list[Request] = field(factory=list[Request])

    def carry(self, request: Request) -> Flow[Response]:
        """Send a request, and note the moments.

        Raises:
            NoAnswer: No answer came.
            DuplicateSend: The provider may have received the same request before; it was not sent.
        """
        if any(_ask_the_same(request, earlier) for earlier in self.received):
            raise DuplicateSend
        try:
            answer: Response | NoAnswer = yield request
        except NoAnswer as lost:
            answer = lost
        self.sent_at, self.answered_at = answer.sent_at, answer.at
        arrived = not isinstance(answer, NoAnswer) or answer.maybe_sent
        if arrived and not request.repeatable:
            self.received.append(request)
        if isinstance(answer, NoAnswer):
            raise answer
        return answer


def _ask_the_same(one: Request, other: Request) -> bool:
    """Return whether two requests ask for the same thing; headers and times do not matter."""
    return (one.method, one.path, one.params, one.query, one.json) == (
        *(other.method, other.path, other.params, other.query, other.json),
    )


def ask(observer: RosterObserver, attempts: Attempts, settings: AddSettings) -> Flow[SentRequests]:
    """Send the add once, and record a claim for each attempt.

    Returns:
        When the add was sent and answered.

    Raises:
        ProviderError: The provider refused the whole request, or cannot be reached. No participant was asked for.
        Unsupported: The provider cannot do what the settings want.
    """
    sent = SentRequests()
    reply = yield from _reply(observer, attempts, settings, sent)
    yield from or_keep(_record_claims(observer, attempts, reply), None)
    for attempt in attempts.values():
        if attempt.claim is NOT_ASKED or not isinstance(attempt.claim, Claim):  # the provider's class failed
            attempt.claim = Claim(UNREADABLE)
    return sent


def or_keep(step: Flow[T], known: T) -> Flow[T]:
    """Run a step after the add was sent, and return `known` where it fails: no failure then loses an outcome.

    Returns:
        What the step returns, or `known`.
    """
    try:
        return (yield from step)
    except Exception as error:
        log.error("a step after the add failed: %s", type(error).__name__)
        return known


def _reply(observer: RosterObserver, attempts: Attempts, settings: AddSettings, sent: SentRequests) -> Flow[AddReply]:
    people = tuple(attempt.participant for attempt in attempts.values())
    adding = observer.session.provider.add_participants(observer.group, people, notify=settings.notify)
    unreachable: str | None = None
    try:
        reply = yield from map_requests(adding, sent.carry)
    except NoAnswer as lost:
        reply = AddReply(rest=NO_ANSWER)
        unreachable = None if lost.maybe_sent or sent.received else str(lost)
    except ProviderError:
        raise
    except Exception as error:
        if not sent.received:
            raise
        log.error("the provider's class failed on the answer: %s", type(error).__name__)
        reply = AddReply(rest=UNREADABLE)
    if unreachable is not None:
        raise ProviderUnreachable(f"the provider cannot be reached, and nothing was sent: {unreachable}")
    return reply if isinstance(reply, AddReply) else AddReply(rest=UNREADABLE)


def _record_claims(observer: RosterObserver, attempts: Attempts, reply: AddReply) -> Flow[None]:
    """Record each claim with its attempt. Attempts without a claim get what the answer means for the rest.

    The one claim in the answer to a request for one participant is that participant's, whatever its name. Any other
    claim under an unknown name may be a participant's who has none: then the provider is asked for their other names.
    """
    unmatched = _match([_named(*pair) for pair in reply.claims], observer.names, attempts)
    unmatched = [(claimed, claim) for claimed, claim in unmatched if observer.is_unknown(claimed)]
    if len(attempts) == len(reply.claims) == len(unmatched) == 1:
        ((jid, attempt),), ((claimed, claim),) = attempts.items(), unmatched
        attempt.record_claim(claim)
        observer.names.learn(jid, claimed)
        unmatched = []
    without_claim = {jid: attempt for jid, attempt in attempts.items() if attempt.claim is NOT_ASKED}
    if unmatched and without_claim:
        unmatched = yield from _match_other_names(unmatched, observer.names, without_claim)
    remaining = {jid: attempt for jid, attempt in without_claim.items() if attempt.claim is NOT_ASKED}
    for attempt in remaining.values():
        attempt.claim = Claim(reply.rest, reply.says)
    observer.doubt(remaining, [claimed for claimed, claim in unmatched if claimed.lid is None or claim.meaning.is_in])


def _named(name: str | Identity, claim: Claim) -> NamedClaim:
    """Return a claim with the names that it is about, none where the name cannot be read."""
    return name if isinstance(name, Identity) else identity(name) or Identity(), claim


def _match(claims: Iterable[NamedClaim], names: KnownNames, attempts: Attempts) -> list[NamedClaim]:
    """Match claims to attempts. Return the claims that match none, in order."""
    by_phone, by_lid = names.index(attempts)
    unmatched: list[NamedClaim] = []
    for claimed, claim in claims:
        jids = {by_phone.get(claimed.phone), by_lid.get(claimed.lid)} - {None}
        for jid in jids:
            attempts[str(jid)].record_claim(claim)
            names.learn(str(jid), claimed)
        if not jids:
            unmatched.append((claimed, claim))
    return unmatched


def _match_other_names(claims: list[NamedClaim], names: KnownNames, attempts: Attempts) -> Flow[list[NamedClaim]]:
    """Look up the participants' other names, and match claims by them. Return the claims that match none, in order."""
    if any(claimed.phone is None for claimed, _ in claims):
        yield from names.resolve_lids(attempts)
        claims = _match(claims, names, attempts)
    if phones := [claimed.phone for claimed, _ in claims if claimed.phone]:
        without_claim = [jid for jid, attempt in attempts.items() if attempt.claim is NOT_ASKED]
        yield from names.check_numbers(without_claim, Lookalikes.among(phones))
        claims = _match(claims, names, attempts)
    return claims
