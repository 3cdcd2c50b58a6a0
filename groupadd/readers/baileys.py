"""Baileys: `[{"status": "403", "jid": …, "content": {"attrs": …, "content": [{"tag": "add_request", …}]}}]`.

`status` is the participant's `error` attribute as text, "200" where there is none. In LID groups `jid` is the LID and
the phone stands in `content.attrs.phone_number` only (Baileys issue 1842). Evolution API may send the offered
invitation by itself and say so by `invite: {sent: true}` in the row [?]: its pull request 2624 is not merged.
"""

from collections.abc import Mapping

from attrs import evolve

from groupadd.model.codes import ADDED, CONTRADICTION, INVITED, meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.model.outcome import Invite, InviteState
from groupadd.provider import Claim
from groupadd.readers.offers import offer


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of a `groupParticipantsUpdate` answer."""
    match row:
        case {"status": str() | int() as status, "jid": str() as jid}:
            attrs, request = _content(row.get("content"))
            who = identity(jid, attrs.get("phone_number"), attrs.get("lid"))
            invite, code = offer(request.get("code"), request.get("expiration"))
            meaning = meaning_of(status)
            if _was_sent(row.get("invite")):
                meaning = CONTRADICTION if meaning is ADDED else INVITED  # who was added needs no invitation
                invite = evolve(invite or Invite("personal"), state=InviteState.SENT)
            return None if who is None else (who, Claim(meaning, str(status), invite, code))
    return None


def _was_sent(invitation: object) -> bool:
    return isinstance(invitation, dict) and invitation.get("sent") is True


def _content(content: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return a participant's attributes, and those of the add request that may come with them."""
    match content:
        case {"attrs": dict() as attrs, "content": [{"tag": "add_request", "attrs": dict() as request}, *_]}:
            return attrs, request
        case {"attrs": dict() as attrs}:
            return attrs, {}
    return {}, {}
