"""The four engines behind most vendors: JSON → claims, and their refusals of a whole request.

A vendor may change its engine without notice, so the shape of an answer tells the engine. Each engine has a file of its
own for one row of its answer to an add.
"""

import re
from collections.abc import Mapping

from groupadd.errors import GroupNotFound, NotAllowed, ProviderError, ProviderFailed, RateLimited, RequestRefused
from groupadd.model.identity import Identity
from groupadd.provider import AddReply, Claim
from groupadd.readers import baileys, wajs, webjs, whatsmeow

# WhatsApp's refusals of a whole request. whatsmeow throws them in a frame (`info query returned status 403: forbidden`,
# see its errors.go) or as a sentence of its own, Baileys as the whole message (`Error: forbidden`). A word within other
# text is none, as in SQLite's `database is locked`. WhatsApp's words for its own failures (`internal-server-error`) and
# the engines' words for theirs (`Timed Out`) leave open what happened.
_REFUSALS: Mapping[str, type[ProviderError]] = {
    "bad-request": RequestRefused,  # 400; one malformed JID refuses the whole request (WAHA issue 266)
    "not-authorized": NotAllowed,  # 401
    "forbidden": NotAllowed,  # 403
    "item-not-found": GroupNotFound,  # 404
    "not-allowed": NotAllowed,  # 405
    "not-acceptable": NotAllowed,  # 406
    "gone": GroupNotFound,  # 410
    "resource-limit": RequestRefused,  # 419: the group or community is full
    "locked": RequestRefused,  # 423
    "rate-overlimit": RateLimited,  # 429; Baileys itself calls it a 500
    "you're not participating in that group": NotAllowed,
    "you don't have the permission to get the group's invite link": NotAllowed,
    "that group does not exist": GroupNotFound,
    "server returned error": RequestRefused,  # of a message, as in `server returned error 463`
}
_GRPC = "(?:[0-9]+ [A-Z_]+: )?"  # `2 UNKNOWN: `, between WAHA and its GOWS engine
_REFUSAL = re.compile(
    rf"{_GRPC}(?:info query returned status [0-9]+: |\w*Error: )?({'|'.join(map(re.escape, _REFUSALS))})(?: [0-9]+)?"
)
# What whatsmeow does before it sends an add (a privacy token, a phone for a LID) or a message (a LID for a phone), see
# its group.go and send.go. A failure there means that nothing was sent.
_NOTHING_SENT = re.compile(
    rf"{_GRPC}(?:no LID found|failed to get privacy token|failed to get phone number) for .+", re.DOTALL
)
_TOO_MANY = "info query returned status 429: rate-overlimit"


def raise_if_refused(exception: str) -> None:
    """Raise the error for an engine's exception that tells of a refusal by WhatsApp, or that nothing was sent.

    Any other exception leaves open what happened, and is ignored.

    Args:
        exception: The text of the exception, as the vendor's server shows it.

    Raises:
        ProviderFailed: The engine failed before it sent the request to WhatsApp.
        ProviderError: WhatsApp refused the whole request.
    """
    text = exception.strip()
    if _NOTHING_SENT.fullmatch(text):
        kind = RateLimited if text.endswith(_TOO_MANY) else ProviderFailed
        raise kind("the provider's engine failed before it sent the request to WhatsApp")
    if found := _REFUSAL.fullmatch(text):
        raise _REFUSALS[found[1]](f"WhatsApp refused the request ({found[1]})")


def read_reply(data: object) -> AddReply | None:
    """Return the claims in an engine's answer to an add, or None where no engine answers so."""
    claims: list[tuple[Identity, Claim] | None] = []
    if isinstance(data, dict) and data.keys() & {"jid", "JID"}:
        claims = [_claim(data)]  # whatsmeow, for one participant (WAHA issue 2002)
    elif isinstance(data, dict):
        rows = {jid: row for jid, row in data.items() if isinstance(row, dict) and "code" in row}
        reader = wajs.claim if any("wid" in row for row in rows.values()) else webjs.claim
        claims = [reader(jid, row) for jid, row in rows.items()] if len(rows) == len(data) else []
    elif isinstance(data, list):
        claims = [_claim(row) for row in data]
    known = [claim for claim in claims if claim is not None]
    return AddReply(known) if known else None


def _claim(row: object) -> tuple[Identity, Claim] | None:
    return baileys.claim(row) or whatsmeow.claim(row) if isinstance(row, dict) else None
