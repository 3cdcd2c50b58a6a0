"""Baileys: `[{"status": "403", "jid": …, "content": {"attrs": …, "content": [{"tag": "add_request", …}]}}]`.

`status` is the participant's `error` attribute as text, and "200" without that attribute. In LID groups `jid` is the
LID, and only `content.attrs.phone_number` has the phone (Baileys issue 1842).
"""

from collections.abc import Mapping

from groupadd.model.codes import meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.provider import Claim
from groupadd.readers.common import personal_invite


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Return the participant and the claim in one row of a `groupParticipantsUpdate` answer; None for another shape."""
    match row:
        case {"status": str() | int() as status, "jid": str() as jid}:
            attrs, request = _content(row.get("content"))
            person = identity(jid, attrs.get("phone_number"), attrs.get("lid"))
            invite, code = personal_invite(request.get("code"), request.get("expiration"))
            return None if person is None else (person, Claim(meaning_of(status), str(status), invite, code))
    return None


def _content(content: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return a participant's attributes, and the attributes of an add request in the same row, empty without one."""
    match content:
        case {"attrs": dict() as attrs, "content": [{"tag": "add_request", "attrs": dict() as request}, *_]}:
            return attrs, request
        case {"attrs": dict() as attrs}:
            return attrs, {}
    return {}, {}
