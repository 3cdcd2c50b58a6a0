"""whatsapp-web.js: `{"<n>@c.us": {"code": 403, "message": …, "isInviteV4Sent": true}}`.

On 403 it sends a personal invitation by itself (`autoSendInviteV4`). For any exception of its own it writes 400, which
tells nothing of the participant. It writes 404 where its own check of the number fails, before it asks WhatsApp; that
check has failed for every number before (whatsapp-web.js issue 1812).
"""

from collections.abc import Mapping

from groupadd.model.codes import INVITED, NOT_ON_WHATSAPP, meaning_of, not_asked
from groupadd.model.identity import Identity, identity
from groupadd.model.outcome import Invite, InviteState, Reason
from groupadd.provider import Claim


def claim(jid: str, row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Return the participant and the claim in one entry of an `addParticipants` answer; None for a JID of no person."""
    person = identity(jid)
    if person is None:
        return None
    code = row.get("code")
    if row.get("isInviteV4Sent") is True:
        return person, Claim(INVITED, str(code), Invite("personal", InviteState.SENT))
    meaning = meaning_of(code)
    return person, Claim(not_asked(Reason.NOT_ON_WHATSAPP) if meaning is NOT_ON_WHATSAPP else meaning, str(code))
