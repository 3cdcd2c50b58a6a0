"""whatsmeow: `{"JID": …, "PhoneNumber": …, "LID": …, "Error": 403, "AddRequest": {"Code": …, "Expiration": …}}`.

`Error` 0 means added. `JID` may be a LID while `PhoneNumber` has the number (WAHA issue 2002). The types in Wasend's
SDK have the same fields in camelCase.
"""

from collections.abc import Mapping

from groupadd.model.codes import ADDED, CONTRADICTION, meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite
from groupadd.provider import Claim
from groupadd.readers.common import personal_invite


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Return the participant and the claim in a row of an `UpdateGroupParticipants` answer; None for another shape."""
    fields = _folded(row)
    person = identity(fields.get("jid"), fields.get("phonenumber"), fields.get("lid"))
    if person is None or "jid" not in fields or not fields.keys() & {"error", "isadmin", "addrequest"}:
        return None
    code, request = fields.get("error"), fields.get("addrequest")
    meaning = ADDED if code is None else meaning_of(code)
    if meaning is ADDED and (request or fields.keys() & {"success", "code", "status"}):
        meaning = CONTRADICTION  # WhatsApp offers an invitation only after a refused add
    return person, Claim(meaning, str(code or 0), *_invite(request))


def _invite(request: object) -> tuple[Invite, Secret] | tuple[None, None]:
    fields = _folded(request)
    return personal_invite(fields.get("code"), fields.get("expiration"))


def _folded(row: object) -> Mapping[str, object]:
    return {str(key).lower(): value for key, value in row.items()} if isinstance(row, dict) else {}
