"""What most vendors pass through: the answers of the four engines that speak WhatsApp.

`read_reply` and `read_roster` recognise an engine by the shape of what it says, since a vendor may change its engine
without a word. Each engine's own file reads one row. What vendors answer to the smaller questions is read in `answers`.
"""

from collections.abc import Mapping

from groupadd.model.codes import meaning_of
from groupadd.model.identity import GroupId, Identity, identity
from groupadd.model.outcome import Status
from groupadd.model.roster import Member, Roster
from groupadd.provider import AddReply, Claim
from groupadd.readers import baileys, envelope, wajs, webjs, whatsmeow
from groupadd.wire.messages import Response

_ROLES = {
    "admin": "admin",
    "superadmin": "superadmin",
    "creator": "superadmin",
    "participant": "member",
    "member": "member",
}


def read_reply(data: object) -> AddReply | None:
    """Return what an engine's answer to an add says of each person, or None where no engine answers so."""
    claims: list[tuple[Identity, Claim] | None] = []
    if isinstance(data, dict) and data.keys() & {"jid", "JID"}:
        claims = [_claim(data)]  # whatsmeow, for one person (WAHA issue 2002)
    elif isinstance(data, dict):
        rows = {name: row for name, row in data.items() if isinstance(row, dict) and "code" in row}
        reader = wajs.claim if any("wid" in row for row in rows.values()) else webjs.claim
        claims = [reader(name, row) for name, row in rows.items()] if len(rows) == len(data) else []
    elif isinstance(data, list):
        claims = [_claim(row) for row in data]
    known = [claim for claim in claims if claim is not None]
    return AddReply(known) if known else None


def _claim(row: object) -> tuple[Identity, Claim] | None:
    return baileys.claim(row) or whatsmeow.claim(row) if isinstance(row, dict) else None


def read_roster(response: Response, group: GroupId) -> Roster:
    """Return the roster that an answer wraps, from rows of any engine's shape.

    Raises:
        ProviderError: The read was refused, or its answer wraps no list, or speaks of another group.
    """
    listing = envelope.listing(envelope.read(response))
    if listing.group not in {None, group.jid}:
        raise envelope.unreadable()
    members = [_member(row) for row in listing.rows if not _has_left(row)]
    read = tuple(member for member in members if member is not None)
    return Roster(read, listing.size, len(members) - len(read) + (not listing.whole))


def _has_left(row: object) -> bool:
    """Whether a row is no member's: WAHA marks those who left, whatsmeow those who were refused by a code."""
    if not isinstance(row, dict):
        return False
    refused = meaning_of(_error(row)).status in {Status.NOT_ADDED, Status.PENDING_APPROVAL}
    return str(row.get("role")).lower() == "left" or refused


def _error(row: Mapping[str, object]) -> object:
    return next((error for key in ("error", "Error") if (error := row.get(key)) not in _NO_ERROR), None)


_NO_ERROR = (None, 0, "", "0")


def _member(row: object) -> Member | None:
    """Read one row; None for a word that may mean anything: the person may be in, or not."""
    if isinstance(row, str) or (isinstance(row, dict) and "_serialized" in row):  # wa-js: the wid alone
        row = {"id": row}
    if not isinstance(row, dict):
        return None
    names = [_name(kind, value) for key, value in row.items() if (kind := key.lower().replace("_", "")) in _NAMES]
    role = _role(row)
    if not any(names) or _error(row) is not None or role not in {None, *_ROLES}:
        return None
    who = identity(*names) or Identity()
    return Member(who.phone, who.lid, None if role is None else _ROLES[role])


_NAMES = frozenset({"id", "jid", "phonenumber", "pn", "lid", "phone"})


def _name(kind: str, value: object) -> object:
    """whatsapp-web.js and wa-js write a JID as an object; a bare number in a LID's place is no phone."""
    name = wajs.name_of(value)
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
