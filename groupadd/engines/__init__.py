"""What most vendors pass through: the answers of the four engines that speak WhatsApp.

`read_reply` and `read_roster` recognise an engine by the shape of what it says, since a vendor may change its engine
without a word. Each engine's own file reads one row.
"""

from collections.abc import Mapping, Sequence

from groupadd.engines import baileys, wajs, webjs, whatsmeow
from groupadd.identity import Identity, identity
from groupadd.provider import AddReply, Claim, Member, Roster

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


def read_roster(rows: Sequence[object], *, size: object = None) -> Roster:
    """Return a roster from rows of any engine's shape; `size` is the number of members that the provider tells."""
    members = [_member(row) for row in rows if not _has_left(row)]
    read = tuple(member for member in members if member is not None)
    told = size if isinstance(size, int) and not isinstance(size, bool) else None
    return Roster(read, told, len(members) - len(read))


def _has_left(row: object) -> bool:
    """Whether a row is no member's: WAHA marks those who left, whatsmeow those who were refused."""
    if not isinstance(row, dict):
        return False
    return str(row.get("role")).lower() == "left" or any(row.get(key) not in _NO_ERROR for key in ("error", "Error"))


_NO_ERROR = (None, 0, "", "0")


def _member(row: object) -> Member | None:
    if isinstance(row, str):
        row = {"id": row}
    if not isinstance(row, dict):
        return None
    names = [_name(kind, value) for key, value in row.items() if (kind := key.lower().replace("_", "")) in _NAMES]
    if not any(names):
        return None
    who = identity(*names) or Identity()
    return Member(who.phone, who.lid, _role(row))


_NAMES = frozenset({"id", "jid", "phonenumber", "pn", "lid", "phone"})


def _name(kind: str, value: object) -> object:
    """whatsapp-web.js and wa-js write a JID as an object; a bare number in a LID's place is no phone."""
    name = wajs.name_of(value)
    return f"{name}@lid" if kind == "lid" and isinstance(name, str) and name.isdecimal() else name


def _role(row: Mapping[str, object]) -> str | None:
    folded = {key.lower().replace("_", ""): value for key, value in row.items()}
    if folded.get("issuperadmin") is True:
        return "superadmin"
    if folded.get("isadmin") is True:
        return "admin"
    word = folded.get("role", folded.get("rank", folded.get("admin", "isadmin" in folded and "member")))
    if word is None and "admin" in folded:  # Baileys: admin is null for plain members
        return "member"
    return _ROLES.get(word) if isinstance(word, str) else None
