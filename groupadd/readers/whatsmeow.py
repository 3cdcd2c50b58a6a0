"""whatsmeow: `{"JID": …, "PhoneNumber": …, "LID": …, "Error": 403, "AddRequest": {"Code": …, "Expiration": …}}`.

`Error` 0 means added. `JID` may be a LID while `PhoneNumber` has the number (WAHA issue 2002). Wasend's published types
have the same fields in camelCase.
"""

from collections.abc import Mapping

from groupadd.model.codes import ADDED, CONTRADICTION, meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite
from groupadd.provider import Claim
from groupadd.readers.offers import offer


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of an `UpdateGroupParticipants` answer."""
    fields = _folded(row)
    who = identity(fields.get("jid"), fields.get("phonenumber"), fields.get("lid"))
    if who is None or "jid" not in fields or not fields.keys() & {"error", "isadmin", "addrequest"}:
        return None
    code, request = fields.get("error"), fields.get("addrequest")
    meaning = ADDED if code is None else meaning_of(code)
    if meaning is ADDED and (request or fields.keys() & {"success", "code", "status"}):
        meaning = CONTRADICTION  # an invitation is offered to whom an add was refused
    return who, Claim(meaning, str(code or 0), *_offered(request))


def _offered(request: object) -> tuple[Invite, Secret] | tuple[None, None]:
    fields = _folded(request)
    return offer(fields.get("code"), fields.get("expiration"))


def _folded(row: object) -> Mapping[str, object]:
    return {str(key).lower(): value for key, value in row.items()} if isinstance(row, dict) else {}
