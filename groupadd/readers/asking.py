"""Ways to ask: for vendors that cannot be asked for everybody at once, or not without a token."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import evolve

from groupadd.errors import ProviderError, RateLimited, RequestRefused
from groupadd.model.codes import NO_ANSWER, NOT_ALLOWED, NOT_ON_WHATSAPP, RATE_LIMITED, UNRECOGNISED, Meaning
from groupadd.model.identity import Identity, Participant
from groupadd.model.masking import Secret
from groupadd.model.outcome import Reason, Status
from groupadd.provider import AddReply, Claim
from groupadd.readers import envelope
from groupadd.readers.envelope import Refusal
from groupadd.wire.messages import Flow, NoAnswer, Request

T = TypeVar("T")

_NOT_ASKED_BECAUSE: Mapping[type[Exception], Meaning] = {
    RateLimited: RATE_LIMITED,
    NoAnswer: Meaning(Status.NOT_ADDED, Reason.NO_ANSWER),
}
_NOT_ASKED_FOR = Claim(Meaning(Status.UNKNOWN, Reason.INVALID_PARTICIPANT))


def one_by_one(people: Sequence[Participant], ask: Callable[[Participant], Flow[AddReply]]) -> Flow[AddReply]:
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
                claims += _refused_half_way(people[position:], error)
                break
        claims += _said_of(person, reply)
    return AddReply(claims)


def _said_of(person: Participant, reply: AddReply) -> Sequence[tuple[str | Identity, Claim]]:
    """One claim is made of whom we asked for, whatever its name."""
    match reply.claims:
        case []:
            return [(_names(person), Claim(reply.rest, reply.says))]
        case [(_, claim)]:
            return [(_names(person), claim)]
    return reply.claims


def _refused_half_way(people: Sequence[Participant], error: ProviderError | NoAnswer) -> list[tuple[Identity, Claim]]:
    """Return what becomes of the one who met a refusal, and of those behind."""
    refused = Claim(_NOT_ASKED_BECAUSE.get(type(error), NOT_ALLOWED))
    perhaps_added = isinstance(error, ProviderError) and error.maybe_applied
    met, *behind = [_names(person) for person in people]
    return [(met, Claim(UNRECOGNISED) if perhaps_added else refused), *((who, refused) for who in behind)]


def _names(person: Participant) -> Identity:
    return Identity(person.phone, person.lid)


def whom_it_can_name(
    people: Sequence[Participant],
    name: Callable[[Participant], str | None],
    ask: Callable[[Sequence[str]], Flow[AddReply]],
) -> Flow[AddReply]:
    """Add those of these people for whom the vendor has a name, in one request; the others are not asked for."""
    named = {person.id: told for person in people if (told := name(person))}
    reply = (yield from ask(list(named.values()))) if named else AddReply()
    left_out = [(person.id, _NOT_ASKED_FOR) for person in people if person.id not in named]
    return evolve(reply, claims=[*reply.claims, *left_out])


def without_strangers(
    phones: Sequence[str],
    ask: Callable[[Sequence[str]], Flow[AddReply]],
    check: Callable[[str], Flow[Identity | None]],
) -> Flow[AddReply]:
    """Add these people, where one who is not on WhatsApp sinks the whole request and the vendor does not say who.

    Then each number is checked, and the others are asked for once more.

    Args:
        phones: Whom to add.
        ask: Asks for some of them. A reply whose rest is `NOT_ON_WHATSAPP` says that nobody was asked for.
        check: Tells who has a number, None for a number that is not on WhatsApp.

    Raises:
        RequestRefused: Somebody is not on WhatsApp, and it cannot be told who.
    """
    reply = yield from ask(phones)
    if reply.rest != NOT_ON_WHATSAPP:
        return reply
    strangers = phones if len(phones) == 1 else (yield from _strangers(phones, check))
    known = [phone for phone in phones if phone not in strangers]
    others = (yield from ask(known)) if strangers and known else AddReply()
    if not strangers or others.rest == NOT_ON_WHATSAPP:
        raise RequestRefused("one of these numbers is not on WhatsApp, so that nobody was added")
    told = [(Identity(phone), Claim(reply.rest, reply.says)) for phone in strangers]
    return evolve(others, claims=[*told, *others.claims])


def _strangers(phones: Sequence[str], check: Callable[[str], Flow[Identity | None]]) -> Flow[Sequence[str]]:
    """Return which of these numbers are not on WhatsApp; none where one of them cannot be checked."""
    owners: dict[str, Identity | None] = {}
    try:
        for phone in phones:
            owners[phone] = yield from check(phone)
    except NoAnswer:
        return ()
    return [phone for phone, owner in owners.items() if owner is None]


def lids(phones: Sequence[str], ask: Callable[[str], Flow[Identity | None]]) -> Flow[Mapping[str, str]]:
    """Ask for the account of each number, and return the LIDs that are told, by number."""
    known: dict[str, str] = {}
    for phone in phones:
        who = yield from ask(phone)
        if who and who.lid:
            known[phone] = who.lid
    return known


def log_in(request: Request, refusals: Iterable[Refusal]) -> Flow[Secret]:
    """Ask for the token that a vendor wants with each request. Where none comes, what it is for was surely not sent.

    Raises:
        ProviderError: The request was refused, by one of these ways or by status, or its answer holds no token.
        NoAnswer: There was no answer.
    """
    try:
        response = yield request
    except NoAnswer:
        raise NoAnswer("there is no token", maybe_sent=False) from None
    match envelope.read(envelope.discount_early(response, refusals)):
        case {"token": str() as token} if token:
            return Secret(token)
    raise envelope.unreadable()


def perhaps(question: Flow[T]) -> Flow[T | None]:
    """Return what a question comes to, or None where it is not answered: for what may as well stay unknown."""
    try:
        return (yield from question)
    except (ProviderError, NoAnswer):
        return None
