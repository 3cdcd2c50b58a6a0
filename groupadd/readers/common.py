"""Answers to the smaller questions, which vendors give much alike: a number, a message, a LID, who waits, a session.

What a vendor wraps them in is looked through. A shape that none of them has is unreadable, never a guess.
"""

from collections.abc import Mapping
from types import MappingProxyType

from groupadd.model.identity import Identity, identity
from groupadd.provider import Session
from groupadd.readers import envelope, wajs
from groupadd.wire.messages import Response


def read_number(response: Response, *, asked: str | None = None) -> Identity | None:
    """Return the canonical account of a checked number, or None where it is not on WhatsApp.

    Args:
        response: The answer.
        asked: The number that was asked for, where a vendor confirms it without naming the account.

    Raises:
        ProviderError: The read was refused, or its answer is none.
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
            {"exists": True, **told}
            | {"numberExists": True, **told}
            | {"existsWhatsapp": True, **told}
            | {"is_on_whatsapp": True, **told}
            | {"contacts": [{"status": "valid", **told}]}
        ):
            names = (told.get(key) for key in ("chatId", "jid", "wa_id", "phone", "id"))
            if who := identity(wajs.name_of(next(filter(None, names), None))) or identity(asked):
                return who
    raise envelope.unreadable()


def read_message_id(response: Response) -> str | None:
    """Return the id of a message that was sent, or None where the answer does not tell it.

    Raises:
        ProviderError: The message was refused, or nothing is known of it.
    """
    answer = envelope.read(response)
    match envelope.record(answer):
        case (
            {"key": {"id": str() as message}}  # Baileys' own record
            | {"id": str() as message}
            | {"id": {"_serialized": str() as message}}
            | {"message": {"id": str() as message}}
            | {"message_id": str() as message}
            | {"idMessage": str() as message}
        ):
            return message
        case {"sent": True}:
            return None
    if isinstance(answer, dict) and envelope.accepts(answer):
        return None
    raise envelope.unreadable()


def read_lid(response: Response) -> Identity | None:
    """Return the account whose LID an answer tells; a phone in its place is none.

    Raises:
        ProviderError: The read was refused, or its answer is none.
    """
    who = identity(wajs.name_of(envelope.record(envelope.read(response)).get("lid")))
    return who if who and who.lid else None


def read_people(response: Response, *keys: str) -> tuple[Identity, ...]:
    """Return whom the rows of a list name, each under these keys; a row that names nobody is passed over.

    Go writes an empty list as null.

    Raises:
        ProviderError: The read was refused, or wraps no list.
    """
    answer = envelope.read(response)
    rows = () if isinstance(answer, dict) and answer.get("results", ...) is None else envelope.listing(answer).rows
    people = (identity(*(row.get(key) for key in keys)) for row in rows if isinstance(row, dict))
    return tuple(who for who in people if who)


def read_session(response: Response, states: Mapping[str, bool] = MappingProxyType({})) -> Session:
    """Return the session's state, and our own account where it is told.

    Args:
        response: The answer.
        states: Whether the session is ready, by the vendor's word for its state; none for one that has flags.

    Raises:
        ProviderError: The read was refused, or its answer is none.
    """
    match response.json():
        case {"status": bool(), "message": str() as state} if response.ok and state in states:
            return Session(states[state], state)  # WPPConnect, whose no is no refusal
    match envelope.record(envelope.read(response)):
        case {"is_connected": bool() as connected, "is_logged_in": bool() as linked, **told}:  # whatsmeow's flags
            state = "not logged in" if not linked else "connected" if connected else "not connected"
            return Session(linked and connected, state, identity(told.get("jid")))
        case (
            {"status": str() as state, **told}
            | {"status": {"text": str() as state}, **told}
            | {"instance": {"state": str() as state}, **told}
            | {"stateInstance": str() as state, **told}
        ):
            ready = {word.upper(): ready for word, ready in states.items()}.get(state.upper())
            return Session(ready, state, _me(told))
    raise envelope.unreadable()


def _me(told: Mapping[str, object]) -> Identity | None:
    """WAHA tells it in `me`, Whapi.Cloud in `user`; Wasend in `phoneNumber`, GREEN-API in `phone` and `deviceId`."""
    account = next((inner for key in ("me", "user") if isinstance(inner := told.get(key), dict)), {})
    names = [account.get(key) for key in ("id", "jid", "lid")]
    return identity(*names, *(told.get(key) for key in ("phoneNumber", "phone", "deviceId")))
