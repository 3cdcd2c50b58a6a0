"""What several vendors ask and answer alike: names, numbers, messages, LIDs, lists of people, sessions.

Each reader knows the shapes of all vendors and looks through what an answer is wrapped in. A shape that no vendor has
is unreadable, never a guess.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from groupadd.errors import SessionNotReady
from groupadd.model.identity import Identity, Participant, identity
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite
from groupadd.provider import NumberCheck, SentMessage, Session
from groupadd.readers import envelope, status_errors
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
WAHA_SESSION_DOWN = status_errors.Refusal(422, SessionNotReady, words=r'"expected":\s*\[')


def chat_id(person: Participant) -> str:
    """Return the id of a participant's chat as WhatsApp Web writes it: `…@c.us` for a number, `…@lid` for a LID."""
    return f"{person.phone}@c.us" if person.phone else person.id


def jid_of(wid: object) -> object:
    """Return the JID in a wid, which whatsapp-web.js and wa-js write as an object, or the value itself.

    Since July 2026 WhatsApp Web writes `$1` in the place of `_serialized` (whatsapp-web.js PRs 201832 and 201848).
    """
    if not isinstance(wid, dict):
        return wid
    user, server = wid.get("user"), wid.get("server")
    by_parts = f"{user}@{server}" if isinstance(user, str) and isinstance(server, str) and user and server else None
    return serialized(wid) or by_parts


def serialized(key: Mapping[Any, object]) -> object:
    """Return the text form of a WhatsApp Web object: of a wid its JID, of a message key its id."""
    return key.get("_serialized") or key.get("$1")


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


def read_number(response: Response) -> NumberCheck:
    """Return whether a checked number is on WhatsApp, and its account where the answer names it.

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
            return NumberCheck(exists=False)
        case (
            {"exists": True, **account}  # Evolution, Wasend
            | {"numberExists": True, **account}  # WAHA, Wawp, WPPConnect
            | {"existsWhatsapp": True, **account}  # GREEN-API
            | {"is_on_whatsapp": True, **account}  # GOWA
            | {"contacts": [{"status": "valid", **account}]}  # Whapi
        ):
            names = (account.get(key) for key in ("chatId", "jid", "wa_id", "id"))  # others repeat the question
            return NumberCheck(exists=True, account=identity(jid_of(next(filter(None, names), None))))
    raise envelope.unreadable()


def read_sent_message(response: Response) -> SentMessage:
    """Return a sent message: its id and its recipient, where the answer names them.

    Raises:
        ProviderError: The provider refused the message, or its answer cannot be read.
    """
    answer = envelope.read(response)
    record = envelope.record(answer)
    match record:
        case {"key": {"id": str() as message}}:  # Baileys: Evolution, WAHA
            return SentMessage(message, _recipient(record))
        case {"id": dict() as key} if isinstance(text := serialized(key) or key.get("id"), str):  # WAHA's WEBJS
            return SentMessage(text, _recipient(record))
        case (
            {"id": str() as message}  # WAHA, Wasend, WPPConnect
            | {"message": {"id": str() as message}}  # Whapi
            | {"message_id": str() as message}  # GOWA
            | {"idMessage": str() as message}  # GREEN-API
        ):
            return SentMessage(message, _recipient(record))
        case {"sent": True}:  # Whapi
            return SentMessage()
    if isinstance(answer, dict) and envelope.accepts(answer):
        return SentMessage()
    raise envelope.unreadable()


def _recipient(record: Mapping[str, object]) -> Identity | None:
    """Read the recipient: `chatId`, `chat_id` or `to`, and the chat in the message's key, which wins over these.

    The others may repeat the request; the key is WhatsApp's own.
    """
    in_key = None
    match record:
        case {"key": {"remoteJid": name}} | {"id": {"remote": name}}:  # Baileys, whatsapp-web.js
            in_key = jid_of(name)
        case {"id": str() as message} if key := _MESSAGE_KEY.match(message):
            in_key = key[1]
    inner = record.get("message")
    places = (record, inner if isinstance(inner, dict) else {})
    names = [jid_of(place.get(key)) for place in places for key in ("chatId", "chat_id", "to")]
    return identity(in_key, *names) or identity(in_key) or next(filter(None, map(identity, names)), None)


_MESSAGE_KEY = re.compile(r"true_([^_@]+@[^_]+)_")  # the text form of WhatsApp Web's key: `true_15550100@c.us_3EB0…`


def read_lid(response: Response) -> Identity | None:
    """Return the account with the LID that an answer tells; None where it tells no LID, or a phone in its place.

    Raises:
        ProviderError: The provider refused the read.
    """
    found = identity(jid_of(envelope.record(envelope.read(response)).get("lid")))
    return found if found and found.lid else None


def resolve_lids(
    phones: Sequence[str], ask: Callable[[str], Flow[Identity | None] | Flow[NumberCheck]]
) -> Flow[Mapping[str, str]]:
    """Ask for the account of each number, one request each; return the LIDs by number, without the unknown ones."""
    lids: dict[str, str] = {}
    for phone in phones:
        answer = yield from ask(phone)
        account = answer.account if isinstance(answer, NumberCheck) else answer
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
    people = (identity(*(jid_of(row.get(key)) for key in keys)) for row in rows if isinstance(row, dict))
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
    names = [jid_of(account.get(key)) for key in ("id", "jid", "lid")]
    return identity(*names, *(record.get(key) for key in ("phoneNumber", "phone", "deviceId")))
