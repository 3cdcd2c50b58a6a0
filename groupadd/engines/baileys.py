"""Baileys: `[{"status": "403", "jid": …, "content": {"attrs": …, "content": [{"tag": "add_request", …}]}}]`.

`status` is the participant's `error` attribute as text, "200" where there is none. In LID groups `jid` is the LID and
the phone stands in `content.attrs.phone_number` only (Baileys issue 1842).
"""

from collections.abc import Mapping

from groupadd.provider import Claim, Identity, Invite, Secret, identity, meaning_of, unix_time


def claim(row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one row of a `groupParticipantsUpdate` answer."""
    match row:
        case {"status": str() | int() as status, "jid": str() as jid}:
            attrs, offer = _content(row.get("content"))
            who = identity(jid, attrs.get("phone_number"), attrs.get("lid"))
            return None if who is None else (who, Claim(meaning_of(status), str(status), *offer))
    return None


def _content(content: object) -> tuple[Mapping[str, object], tuple[Invite, Secret] | tuple[None, None]]:
    attrs: Mapping[str, object] = {}
    match content:
        case {
            "attrs": dict() as attrs,
            "content": [{"tag": "add_request", "attrs": {"code": str() as code, **request}}, *_],
        }:
            return attrs, (Invite("personal", expires_at=unix_time(request.get("expiration"))), Secret(code))
        case {"attrs": dict() as attrs}:
            pass
    return attrs, (None, None)
