"""Baileys: `[{"status": "403", "jid": …, "content": {"attrs": …, "content": [{"tag": "add_request", …}]}}]`.

`status` is the participant's `error` attribute as text, "200" where there is none. In LID groups `jid` is the LID and the
phone stands in `content.attrs.phone_number` only (Baileys issue 1842).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from groupadd.provider import Claim, Identity, Invite, identity, meaning_of


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of a `groupParticipantsUpdate` answer."""
    match row:
        case {"status": str() | int() as status, "jid": str() as jid}:
            attrs, offer = _content(row.get("content"))
            who = identity(jid, attrs.get("phone_number"), attrs.get("lid"))
            return None if who is None else (who, Claim(meaning_of(status), str(status), offer))
    return None


def _content(content: object) -> tuple[Mapping[str, object], Invite | None]:
    attrs: Mapping[str, object] = {}
    match content:
        case {
            "attrs": dict() as attrs,
            "content": [{"tag": "add_request", "attrs": {"expiration": str() as until}}, *_],
        }:
            return attrs, Invite("personal", expires_at=_from_unix(until))
        case {"attrs": dict() as attrs}:
            pass
    return attrs, None


def _from_unix(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
