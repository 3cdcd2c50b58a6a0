"""An add for vendors that take one participant a request.

Only GREEN-API does so today. The rules are shared all the same: they are no fact of GREEN-API's, and every vendor of
the kind must report the same of the participants behind a refusal.
"""

from collections.abc import Callable, Mapping, Sequence

from groupadd.errors import ProviderError, ProviderFailed, RateLimited, SessionNotReady, WrongAddress
from groupadd.model.codes import NO_ANSWER, UNRECOGNISED, not_asked
from groupadd.model.identity import Identity, Participant
from groupadd.model.outcome import Reason
from groupadd.provider import AddReply, Claim
from groupadd.wire.messages import Flow, NoAnswer

_NOT_ASKED_BECAUSE: Mapping[type[Exception], Reason] = {  # all others: the provider does not allow it
    RateLimited: Reason.RATE_LIMITED,
    SessionNotReady: Reason.NO_ANSWER,
    WrongAddress: Reason.NO_ANSWER,
    ProviderFailed: Reason.NO_ANSWER,
    NoAnswer: Reason.NO_ANSWER,
}


def add_one_by_one(people: Sequence[Participant], ask: Callable[[Participant], Flow[AddReply]]) -> Flow[AddReply]:
    """Add these participants, one request each.

    After a refusal half-way, participants already asked for keep their claims. The others were never asked for, for the
    refusal's reason: that is no word of WhatsApp's about them.

    Raises:
        ProviderError: The provider refused the first request.
        NoAnswer: The first request could not be sent.
    """
    claims: list[tuple[str | Identity, Claim]] = []
    for position, person in enumerate(people):
        try:
            reply = yield from ask(person)
        except (ProviderError, NoAnswer) as error:
            if isinstance(error, NoAnswer) and error.maybe_sent:
                reply = AddReply(rest=NO_ANSWER)
            elif position == 0:
                raise
            else:
                claims += _refused_half_way(people[position:], error)
                break
        claims += _claims_of_one(person, reply)
    return AddReply(claims)


def _claims_of_one(person: Participant, reply: AddReply) -> Sequence[tuple[str | Identity, Claim]]:
    """Return the reply's claims. A single claim is the participant's, whatever name it carries."""
    match reply.claims:
        case []:
            return [(_identity(person), Claim(reply.rest, reply.says))]
        case [(_, claim)]:
            return [(_identity(person), claim)]
    return reply.claims


def _refused_half_way(people: Sequence[Participant], error: ProviderError | NoAnswer) -> list[tuple[Identity, Claim]]:
    """Return the claims of the participant whose request was refused, and of those behind, in order."""
    refused = Claim(not_asked(_NOT_ASKED_BECAUSE.get(type(error), Reason.NOT_ALLOWED)))
    maybe_added = isinstance(error, ProviderError) and error.maybe_applied
    met, *behind = [_identity(person) for person in people]
    return [(met, Claim(UNRECOGNISED) if maybe_added else refused), *((person, refused) for person in behind)]


def _identity(person: Participant) -> Identity:
    return Identity(person.phone, person.lid)
