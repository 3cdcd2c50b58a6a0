"""What several vendors ask and answer alike: names, numbers, messages, LIDs, lists of people, sessions.

Each reader knows the shapes of all vendors and looks through what an answer is wrapped in. A shape that no vendor has
is unreadable, never a guess.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from groupadd.errors import SessionNotReady
from groupadd.model.identity import Identity, Participant, identity
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite
from groupadd.provider import Session
from groupadd.readers import envelope
from groupadd.wire.messages import Flow, Response

# The states of a WAHA session (devlikeapro/waha [S], its documentation [D]), and WAHA's 422 while a session is down
# (`{"error", "session", "status", "expected"}` [?]). Wasend and Wawp seem to run on WAHA and use the same words.
WAHA_STATES: Mapping[str, bool] = {
    "WORKING": True,
    "STOPPED": False,
    "STARTING": False,
    "SCAN_QR_CODE": False,
    "PASSKEY_REQUIRED": False,
    "PASSKEY_CONFIRMATION_REQUIRED": False,
    "FAILED": False,
}
WAHA_SESSION_DOWN = envelope.Refusal(422, SessionNotReady, words=r'"expected":\s*\[')


def chat_id(person: Participant) -> str:
    """Return the id of a participant's chat as WhatsApp Web writes it: `…@c.us` for a number, `…@lid` for a LID."""
    return f"{person.phone}@c.us" if person.phone else person.id


def jid_of(wid: object) -> object:
    """Return the JID in a wid, which whatsapp-web.js and wa-js write as an object, or the value itself."""
    return wid.get("_serialized") if isinstance(wid, dict) else wid


def personal_invite(code: object, expiration: object) -> tuple[Invite, Secret] | tuple[None, None]:
    """Return WhatsApp's invitation for one participant and its code; neither where there is no code.

    WhatsApp offers it with a refused add where the participant's privacy allows it. It has not been sent yet.
    """
    if not isinstance(code, str) or not code:
        return None, None
    return Invite("personal", expires_at=_moment(expiration)), Secret(code)


def _moment(expiration: object) -> datetime | None:
    """Read seconds since 1970 as number or text (Baileys, wa-js), or RFC 3339 (whatsmeow); None for anything else."""
    try:
        if isinstance(expiration, int) or (isinstance(expiration, str) and expiration.isdecimal()):
            return datetime.fromtimestamp(int(expiration), UTC)
        return datetime.fromisoformat(expiration) if isinstance(expiration, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def read_number(response: Response, *, asked: str | None = None) -> Identity | None:
    """Return the account of a checked number, or None where the number is not on WhatsApp.

    Args:
        response: The answer.
        asked: The number of the request, for a vendor that confirms a number without naming its account.

    Raises:
        ProviderError: The provider refused the read, or its answer cannot be read.
    """
    match envelope.record(envelope.read(response)):
        case (
            {"exists": False}
            | {"numberExists": False}
            | {"existsWhatsapp": False}
            | {"is_on_whatsapp": False}
            | {"contacts": [{"status": "invalid"}]}
        ):
            return None
        case (
            {"exists": True, **account}  # Evolution, Wasend
            | {"numberExists": True, **account}  # WAHA, Wawp, WPPConnect
            | {"existsWhatsapp": True, **account}  # GREEN-API
            | {"is_on_whatsapp": True, **account}  # GOWA
            | {"contacts": [{"status": "valid", **account}]}  # Whapi
        ):
            names = (account.get(key) for key in ("chatId", "jid", "wa_id", "phone", "id"))
            if found := identity(jid_of(next(filter(None, names), None))) or identity(asked):
                return found
    raise envelope.unreadable()


def read_message_id(response: Response) -> str | None:
    """Return the id of a sent message, or None where the answer accepts the message without an id.

    Raises:
        ProviderError: The provider refused the message, or its answer cannot be read.
    """
    answer = envelope.read(response)
    match envelope.record(answer):
        case (
            {"key": {"id": str() as message}}  # Baileys: Evolution, WAHA
            | {"id": str() as message}  # WAHA, Wasend, WPPConnect
            | {"id": {"_serialized": str() as message}}  # whatsapp-web.js: WAHA
            | {"message": {"id": str() as message}}  # Whapi
            | {"message_id": str() as message}  # GOWA
            | {"idMessage": str() as message}  # GREEN-API
        ):
            return message
        case {"sent": True}:  # Whapi
            return None
    if isinstance(answer, dict) and envelope.accepts(answer):
        return None
    raise envelope.unreadable()


def read_lid(response: Response) -> Identity | None:
    """Return the account with the LID that an answer tells; None where it tells no LID, or a phone in its place.

    Raises:
        ProviderError: The provider refused the read.
    """
    found = identity(jid_of(envelope.record(envelope.read(response)).get("lid")))
    return found if found and found.lid else None


def resolve_lids(phones: Sequence[str], ask: Callable[[str], Flow[Identity | None]]) -> Flow[Mapping[str, str]]:
    """Ask for the account of each number, one request each; return the LIDs by number, without the unknown ones."""
    lids: dict[str, str] = {}
    for phone in phones:
        account = yield from ask(phone)
        if account and account.lid:
            lids[phone] = account.lid
    return lids


def read_people(response: Response, *keys: str, at: str) -> tuple[Identity, ...]:
    """Return the people in the rows of a list, in the answer's order.

    Args:
        response: The answer.
        keys: The keys of a row that name its person. Rows that name no person are skipped.
        at: The documented place of the list, as for `envelope.listing`.

    Raises:
        ProviderError: The provider refused the read, or its answer wraps no list.
    """
    rows = envelope.listing(envelope.read(response), at=at).rows
    people = (identity(*(row.get(key) for key in keys)) for row in rows if isinstance(row, dict))
    return tuple(person for person in people if person)


def read_session(response: Response, states: Mapping[str, bool]) -> Session:
    """Return the session's state, and our own account where the answer names it.

    Args:
        response: The answer.
        states: Whether the session is ready, by the vendor's word for its state.

    Raises:
        ProviderError: The provider refused the read, or its answer cannot be read.
    """
    match envelope.record(envelope.read(response)):
        case (
            {"status": str() as state, **rest}  # WAHA, Wasend, Wawp
            | {"status": {"text": str() as state}, **rest}  # Whapi
            | {"instance": {"state": str() as state}, **rest}  # Evolution
            | {"stateInstance": str() as state, **rest}  # GREEN-API
        ):
            ready = {word.upper(): ready for word, ready in states.items()}.get(state.upper())
            return Session(ready, state, _own_account(rest))
    raise envelope.unreadable()


def _own_account(record: Mapping[str, object]) -> Identity | None:
    """Read our account: `me` of WAHA, `user` of Whapi, `phoneNumber` of Wasend, `phone` or `deviceId` of GREEN-API."""
    account = next((inner for key in ("me", "user") if isinstance(inner := record.get(key), dict)), {})
    names = [account.get(key) for key in ("id", "jid", "lid")]
    return identity(*names, *(record.get(key) for key in ("phoneNumber", "phone", "deviceId")))
