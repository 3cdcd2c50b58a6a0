"""wa-js: `{"<n>@c.us": {"wid": …, "code": 403, "message": …, "invite_code": …, "invite_code_exp": 1700000000}}`.

People whom WhatsApp refused may be missing from the answer altogether.
"""

from collections.abc import Mapping

from groupadd.provider import Claim, Identity, Invite, Secret, identity, meaning_of, unix_time


def claim(name: str, row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one entry of an add answer."""
    wid = row.get("wid")
    who = identity(name, wid.get("_serialized") if isinstance(wid, dict) else wid)
    if who is None:
        return None
    code = row.get("code")
    match row:
        case {"invite_code": str() as invitation} if invitation:
            offer = Invite("personal", expires_at=unix_time(row.get("invite_code_exp")))
            return who, Claim(meaning_of(code), str(code), offer, Secret(invitation))
    return who, Claim(meaning_of(code), str(code))
