"""Baileys: `[{"status": "403", "jid": …, "content": {"attrs": …, "content": [{"tag": "add_request", …}]}}]`.

`status` is the participant's `error` attribute as text, and "200" without that attribute. In LID groups `jid` is the
LID, and only `content.attrs.phone_number` has the phone (Baileys issue 1842). Evolution API may send the offered
invitation by itself and write `invite: {sent: true}` into the row [?]: its pull request 2624 is not merged.
"""

from collections.abc import Mapping

from attrs import evolve

from groupadd.model.codes import ADDED, CONTRADICTION, INVITED, meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.model.outcome import Invite, InviteState
from groupadd.provider import Claim
from groupadd.readers.common import personal_invite


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Return the participant and the claim in one row of a `groupParticipantsUpdate` answer; None for another shape."""
    match row:
        case {"status": str() | int() as status, "jid": str() as jid}:
            attrs, request = _content(row.get("content"))
            person = identity(jid, attrs.get("phone_number"), attrs.get("lid"))
            invite, code = personal_invite(request.get("code"), request.get("expiration"))
            meaning = meaning_of(status)
            if _was_sent(row.get("invite")):
                meaning = CONTRADICTION if meaning is ADDED else INVITED  # an added participant needs no invitation
                invite = evolve(invite or Invite("personal"), state=InviteState.SENT)
            return None if person is None else (person, Claim(meaning, str(status), invite, code))
    return None


def _was_sent(invite: object) -> bool:
    return isinstance(invite, dict) and invite.get("sent") is True


def _content(content: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return a participant's attributes, and the attributes of an add request in the same row, empty without one."""
    match content:
        case {"attrs": dict() as attrs, "content": [{"tag": "add_request", "attrs": dict() as request}, *_]}:
            return attrs, request
        case {"attrs": dict() as attrs}:
            return attrs, {}
    return {}, {}
