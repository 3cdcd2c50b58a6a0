"""JSON → roster: the list of members in an answer, whose rows have any engine's shape."""

from collections.abc import Mapping

from groupadd.model.codes import meaning_of
from groupadd.model.identity import GroupId, Identity, identity
from groupadd.model.outcome import Status
from groupadd.model.roster import Member, Proof, Roster
from groupadd.readers import envelope
from groupadd.readers.common import jid_of
from groupadd.wire.messages import Response

_ROLES = {
    "admin": "admin",
    "superadmin": "superadmin",
    "creator": "superadmin",
    "participant": "member",
    "member": "member",
}


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
