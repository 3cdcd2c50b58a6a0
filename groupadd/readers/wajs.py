"""wa-js: `{"<n>@c.us": {"wid": …, "code": 403, "message": …, "invite_code": …, "invite_code_exp": 1700000000}}`.

People whom WhatsApp refused may be missing from the answer altogether.
"""

from collections.abc import Mapping

from groupadd.model.codes import meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.provider import Claim
from groupadd.readers.offers import offer


def claim(name: str, row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Read one entry of an add answer."""
    who = identity(name, name_of(row.get("wid")))
    if who is None:
        return None
    code = row.get("code")
    return who, Claim(meaning_of(code), str(code), *offer(row.get("invite_code"), row.get("invite_code_exp")))


def name_of(wid: object) -> object:
    """Return the JID that a wid stands for, written as an object or as it is."""
    return wid.get("_serialized") if isinstance(wid, dict) else wid
