"""Flows for vendors that take one person at a time."""

from collections.abc import Callable, Mapping, Sequence

from groupadd.codes import NO_ANSWER, NOT_ALLOWED, RATE_LIMITED, UNRECOGNISED, Meaning
from groupadd.errors import ProviderError, RateLimited
from groupadd.flow import Flow, NoAnswer
from groupadd.identity import Identity, Participant
from groupadd.outcome import Reason, Status
from groupadd.provider import AddReply, Claim

_NOT_ASKED_BECAUSE: Mapping[type[Exception], Meaning] = {
    RateLimited: RATE_LIMITED,
    NoAnswer: Meaning(Status.NOT_ADDED, Reason.NO_ANSWER),
}


def add(people: Sequence[Participant], ask: Callable[[Participant], Flow[AddReply]]) -> Flow[AddReply]:
    """Add these people, one request each.

    A refusal half-way leaves those already asked with their claims, and is the reason of all who are no longer asked.

    Raises:
        ProviderError: The provider refused before anybody had been asked.
        NoAnswer: It could not be reached before anybody had been asked.
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
                refused = Claim(_NOT_ASKED_BECAUSE.get(type(error), NOT_ALLOWED))
                not_asked = people[position:]
                if isinstance(error, ProviderError) and error.maybe_applied:
                    claims.append((Identity(person.phone, person.lid), Claim(UNRECOGNISED)))
                    not_asked = people[position + 1 :]
                claims += [(Identity(left.phone, left.lid), refused) for left in not_asked]
                break
        asked = Identity(person.phone, person.lid)
        said = [
            (asked, claim) for _, claim in reply.claims
        ]  # one claim is made of whom we asked for, whatever its name
        claims += (reply.claims if len(said) > 1 else said) or [(asked, Claim(reply.rest, reply.says))]
    return AddReply(claims)


def lids(phones: Sequence[str], ask: Callable[[str], Flow[Identity | None]]) -> Flow[Mapping[str, str]]:
    """Ask for the account of each number, and return the LIDs that are told, by number."""
    known: dict[str, str] = {}
    for phone in phones:
        who = yield from ask(phone)
        if who and who.lid:
            known[phone] = who.lid
    return known
