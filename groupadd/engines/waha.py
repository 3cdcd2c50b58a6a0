"""WAHA: the server that several vendors seem to run on. Its session states, number check and messages.

Sources: devlikeapro/waha and its documentation.
"""

from collections.abc import Mapping

from groupadd import envelope
from groupadd.flow import Response
from groupadd.provider import Identity, Session, identity

STATES: Mapping[str, bool] = {
    "WORKING": True,
    "STOPPED": False,
    "STARTING": False,
    "SCAN_QR_CODE": False,
    "PASSKEY_REQUIRED": False,
    "PASSKEY_CONFIRMATION_REQUIRED": False,
    "FAILED": False,
}


def read_session(response: Response) -> Session:
    """Return the session's state, and our own account from `me` or, as Wasend has it, `phoneNumber`.

    Raises:
        ProviderError: The read was refused, or its answer is none.
    """
    match envelope.read(response):
        case {"status": str() as state, **record}:
            me = record.get("me")
            names = [me.get(key) for key in ("id", "jid", "lid")] if isinstance(me, dict) else []
            return Session(STATES.get(state.upper()), state, identity(*names, record.get("phoneNumber")))
    raise envelope.unreadable()


def read_number(response: Response) -> Identity | None:
    """Return the canonical account of a checked number, or None where it is not on WhatsApp.

    WAHA says `numberExists` and `chatId`; Wasend's SDK `exists`, `phone` and `jid`.

    Raises:
        ProviderError: The read was refused, or its answer is none.
    """
    match envelope.read(response):
        case {"numberExists": False} | {"exists": False}:
            return None
        case {"numberExists": True, **record} | {"exists": True, **record}:
            if who := identity(record.get("chatId") or record.get("jid") or record.get("phone")):
                return who
    raise envelope.unreadable()


def read_message_id(response: Response) -> str | None:
    """Return the id of a message that was sent, or None where the answer does not tell it.

    Raises:
        ProviderError: The message was refused, or nothing is known of it.
    """
    match envelope.read(response):
        case {"id": str() as message} | {"message_id": str() as message} | {"id": {"_serialized": str() as message}}:
            return message
        case {"key": {"id": str() as message}}:  # Baileys' own record
            return message
        case dict() as record if envelope.accepts(record):
            return None
    raise envelope.unreadable()
