"""The four engines behind most vendors: their answers to an add, their rosters, and their refusals.

A vendor may change its engine without notice, so the shape of an answer tells the engine. Each engine has a file of its
own for one row of its answer to an add.
"""

import re
from collections.abc import Mapping

from groupadd.errors import GroupNotFound, NotAllowed, ProviderError, ProviderFailed, RateLimited, RequestRefused
from groupadd.model.codes import meaning_of
from groupadd.model.identity import GroupId, Identity, identity
from groupadd.model.outcome import Status
from groupadd.model.roster import Member, Proof, Roster
from groupadd.provider import AddReply, Claim
from groupadd.readers import baileys, envelope, wajs, webjs, whatsmeow
from groupadd.readers.common import jid_of
from groupadd.wire.messages import Response

_ROLES = {
    "admin": "admin",
    "superadmin": "superadmin",
    "creator": "superadmin",
    "participant": "member",
    "member": "member",
}

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


def read_roster(response: Response, group: GroupId, *, at: str, proves: Proof) -> Roster:
    """Return the roster in an answer whose rows have any engine's shape.

    Args:
        response: The answer.
        group: The group of the request.
        at: The documented place of the rows, as for `envelope.listing`.
        proves: What the vendor's list can prove.

    Raises:
        ProviderError: The provider refused the read, or its answer wraps no list, or is about another group.
    """
    listing = envelope.listing(envelope.read(response), at=at)
    if listing.group not in {None, group.jid}:
        raise envelope.unreadable()
    members = [_member(row) for row in listing.rows if not _has_left(row)]
    readable = tuple(member for member in members if member is not None)
    return Roster(readable, listing.size, len(members) - len(readable) + (not listing.whole), proves=proves)


def _has_left(row: object) -> bool:
    """Whether a row is no member's: WAHA marks people who left, whatsmeow gives refused people an error code."""
    if not isinstance(row, dict):
        return False
    refused = meaning_of(_error(row)).status in {Status.NOT_ADDED, Status.PENDING_APPROVAL}
    return str(row.get("role")).lower() == "left" or refused


def _error(row: Mapping[str, object]) -> object:
    return next((error for key in ("error", "Error") if (error := row.get(key)) not in _NO_ERROR), None)


_NO_ERROR = (None, 0, "", "0")


def _member(row: object) -> Member | None:
    """Read one row; None for a row with an unknown role or error, whose person may be a member or not."""
    if isinstance(row, str) or (isinstance(row, dict) and "id" not in row and jid_of(row)):
        row = {"id": row}  # wa-js: the wid alone
    if not isinstance(row, dict):
        return None
    names = [_name(kind, value) for key, value in row.items() if (kind := key.lower().replace("_", "")) in _NAMES]
    role = _role(row)
    if not any(names) or _error(row) is not None or role not in {None, *_ROLES}:
        return None
    person = identity(*names) or Identity()
    return Member(person.phone, person.lid, None if role is None else _ROLES[role])


_NAMES = frozenset({"id", "jid", "phonenumber", "pn", "lid", "phone"})


def _name(kind: str, value: object) -> object:
    """Return the JID or number in a field of a row; a bare number under `lid` is a LID, never a phone."""
    name = jid_of(value)
    return f"{name}@lid" if kind == "lid" and isinstance(name, str) and name.isdecimal() else name


def _role(row: Mapping[str, object]) -> str | None:
    """Return the vendor's word for a member's role, None where there is none."""
    folded = {key.lower().replace("_", ""): value for key, value in row.items()}
    if folded.get("issuperadmin") is True:
        return "superadmin"
    if folded.get("isadmin") is True:
        return "admin"
    word = folded.get("role", folded.get("rank", folded.get("admin", "isadmin" in folded and "member")))
    if word is None and "admin" in folded:  # Baileys: admin is null for plain members
        return "member"
    return word.lower() if isinstance(word, str) else None
