"""whatsapp-web.js: `{"<n>@c.us": {"code": 403, "message": …, "isInviteV4Sent": true}}`.

It sends a personal invitation by itself on 403 (`autoSendInviteV4`), and says 400 for any exception of its own, which
tells nothing of the person.
"""

from collections.abc import Mapping

from groupadd.model.codes import INVITED, meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.model.outcome import Invite, InviteState
from groupadd.provider import Claim


def claim(name: str, row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one entry of an `addParticipants` answer."""
    who = identity(name)
    if who is None:
        return None
    code = row.get("code")
    if row.get("isInviteV4Sent") is True:
        return who, Claim(INVITED, str(code), Invite("personal", InviteState.SENT))
    return who, Claim(meaning_of(code), str(code))
