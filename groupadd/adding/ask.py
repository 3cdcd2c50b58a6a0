"""Asking the provider to add people: one request that is sent once, and the claims in its answer."""

from collections.abc import Iterable

from attrs import define, field

from groupadd.adding.attempt import NOT_ASKED, Attempts
from groupadd.adding.observe import RosterObserver
from groupadd.errors import GroupAddError, ProviderUnreachable
from groupadd.model.codes import NO_ANSWER, UNREADABLE
from groupadd.model.identity import Identity, identity
from groupadd.provider import AddReply, Claim
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, NoAnswer, Request, Response, log
from groupadd.wire.retry import map_requests


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
    yield from _record_claims(observer, attempts, reply)
    return sent


def _reply(observer: RosterObserver, attempts: Attempts, settings: AddSettings, sent: SentRequests) -> Flow[AddReply]:
    people = tuple(attempt.participant for attempt in attempts.values())
    adding = observer.session.provider.add_participants(observer.group, people, notify=settings.notify)
    unreachable: str | None = None
    try:
        reply = yield from map_requests(adding, sent.carry)
    except NoAnswer as lost:
        reply = AddReply(rest=NO_ANSWER)
        unreachable = None if lost.maybe_sent or sent.received else str(lost)
    except GroupAddError:
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

    One claim in the answer to a request for one participant is that participant's, whatever its name. A claim about
    another unknown name may be a participant's under another name: then the provider is asked for their other names.
    What stays unmatched keeps the absence of those participants unproven.
    """
    unmatched: list[tuple[Identity, Claim]] = []
    for name, claim in reply.claims:
        if isinstance(name, str) and name in attempts:
            attempts[name].record_claim(claim)
        elif isinstance(names := identity(name) if isinstance(name, str) else name, Identity):
            unmatched.append((names, claim))
    if unmatched:
        unmatched = _match(unmatched, observer, attempts)
    if len(attempts) == len(reply.claims) == len(unmatched) == 1 and observer.without_owner([unmatched[0][0]]):
        ((jid, attempt),) = attempts.items()
        ((names, claim),) = unmatched
        attempt.record_claim(claim)
        observer.learn(jid, names)
        unmatched = []
    without_claim = {jid: attempt for jid, attempt in attempts.items() if attempt.claim is NOT_ASKED}
    if unmatched and without_claim:
        yield from observer.identify(without_claim)
        unmatched = _match(unmatched, observer, without_claim)
    if unmatched:
        observer.doubt(jid for jid, attempt in attempts.items() if attempt.claim is NOT_ASKED)
    rest = Claim(reply.rest, reply.says)
    for attempt in without_claim.values():
        if attempt.claim is NOT_ASKED:
            attempt.claim = rest


def _match(
    claims: Iterable[tuple[Identity, Claim]], observer: RosterObserver, attempts: Attempts
) -> list[tuple[Identity, Claim]]:
    """Match claims to attempts. Return the claims that match none, in order."""
    by_phone, by_lid = observer.index(attempts)
    unmatched: list[tuple[Identity, Claim]] = []
    for names, claim in claims:
        jids = {by_phone.get(names.phone), by_lid.get(names.lid)} - {None}
        for jid in jids:
            attempts[str(jid)].record_claim(claim)
            observer.learn(str(jid), names)
        if not jids:
            unmatched.append((names, claim))
    return unmatched
