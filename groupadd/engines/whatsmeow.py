"""whatsmeow: `{"JID": …, "PhoneNumber": …, "LID": …, "Error": 403, "AddRequest": {"Code": …, "Expiration": …}}`.

`Error` 0 means added. `JID` may be a LID while `PhoneNumber` has the number (WAHA issue 2002). Wasend's published types
have the same fields in camelCase.
"""

from collections.abc import Mapping

from groupadd.provider import ADDED, CONTRADICTION, Claim, Identity, Invite, Secret, identity, iso_time, meaning_of


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of an `UpdateGroupParticipants` answer."""
    fields = {key.lower(): value for key, value in row.items()}
    who = identity(fields.get("jid"), fields.get("phonenumber"), fields.get("lid"))
    if who is None or "jid" not in fields or not fields.keys() & {"error", "isadmin", "addrequest"}:
        return None
    code, offer = fields.get("error"), fields.get("addrequest")
    meaning = ADDED if code is None else meaning_of(code)
    if meaning is ADDED and (offer or fields.keys() & {"success", "code", "status"}):
        meaning = CONTRADICTION  # an invitation is offered to whom an add was refused
    return who, Claim(meaning, str(code or 0), *_offer(offer))


def _offer(request: object) -> tuple[Invite, Secret] | tuple[None, None]:
    match request:
        case {"Code": str() as code, **fields} | {"code": str() as code, **fields} if code:
            until = fields.get("Expiration", fields.get("expiration"))
            return Invite("personal", expires_at=iso_time(until)), Secret(code)
    return None, None
