"""wa-js: `{"<n>@c.us": {"wid": …, "code": 403, "message": …, "invite_code": …, "invite_code_exp": 1700000000}}`.

People whom WhatsApp refused may be missing from the answer altogether.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from groupadd.provider import Claim, Identity, Invite, identity, meaning_of


def claim(name: str, row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one entry of an add answer."""
    wid = row.get("wid")
    who = identity(name, wid.get("_serialized") if isinstance(wid, dict) else wid)
    if who is None:
        return None
    code = row.get("code")
    return who, Claim(meaning_of(code), str(code), _offer(row))


def _offer(row: Mapping[str, object]) -> Invite | None:
    if not row.get("invite_code"):
        return None
    until = row.get("invite_code_exp")
    known = isinstance(until, int) and 0 < until < 2**33
    return Invite(
        "personal", expires_at=datetime.fromtimestamp(until, UTC) if known and isinstance(until, int) else None
    )
