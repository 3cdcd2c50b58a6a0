"""whatsmeow: `{"JID": …, "PhoneNumber": …, "LID": …, "Error": 403, "AddRequest": {"Code": …, "Expiration": …}}`.

`Error` 0 means added. `JID` may be a LID while `PhoneNumber` has the number (WAHA issue 2002). Wasend's published types
have the same fields in camelCase.
"""

from collections.abc import Mapping
from datetime import datetime

from groupadd.provider import ADDED, Claim, Identity, Invite, identity, meaning_of


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of an `UpdateGroupParticipants` answer."""
    fields = {key.lower(): value for key, value in row.items()}
    who = identity(fields.get("jid"), fields.get("phonenumber"), fields.get("lid"))
    if who is None or "jid" not in fields or not fields.keys() & {"error", "isadmin", "addrequest"}:
        return None
    code = fields.get("error") or 0
    return who, Claim(meaning_of(code) if code else ADDED, str(code), _offer(fields.get("addrequest")))


def _offer(request: object) -> Invite | None:
    match request:
        case {"Expiration": str() as until} | {"expiration": str() as until}:
            try:
                return Invite("personal", expires_at=datetime.fromisoformat(until))
            except ValueError:
                return Invite("personal")
        case dict() if request:
            return Invite("personal")
    return None
