"""Baileys: `[{"status": "403", "jid": …, "content": {"attrs": …, "content": [{"tag": "add_request", …}]}}]`.

`status` is the participant's `error` attribute as text, "200" where there is none. In LID groups `jid` is the LID and
the phone stands in `content.attrs.phone_number` only (Baileys issue 1842).
"""

from collections.abc import Mapping

from groupadd.codes import meaning_of
from groupadd.engines.offers import offer
from groupadd.identity import Identity, identity
from groupadd.provider import Claim


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of a `groupParticipantsUpdate` answer."""
    match row:
        case {"status": str() | int() as status, "jid": str() as jid}:
            attrs, request = _content(row.get("content"))
            who = identity(jid, attrs.get("phone_number"), attrs.get("lid"))
            offered = offer(request.get("code"), request.get("expiration"))
            return None if who is None else (who, Claim(meaning_of(status), str(status), *offered))
    return None


def _content(content: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return a participant's attributes, and those of the add request that may come with them."""
    match content:
        case {"attrs": dict() as attrs, "content": [{"tag": "add_request", "attrs": dict() as request}, *_]}:
            return attrs, request
        case {"attrs": dict() as attrs}:
            return attrs, {}
    return {}, {}
