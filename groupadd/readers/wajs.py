"""wa-js: `{"<n>@c.us": {"wid": …, "code": 403, "message": …, "invite_code": …, "invite_code_exp": 1700000000}}`.

The answer may lack participants that WhatsApp refused.
"""

from collections.abc import Mapping

from groupadd.model.codes import meaning_of
from groupadd.model.identity import Identity, identity
from groupadd.provider import Claim
from groupadd.readers.common import jid_of, personal_invite


def claim(jid: str, row: Mapping[str, object]) -> tuple[Identity, Claim] | None:
    """Return the participant and the claim in one entry of an add answer; None for a JID of no person."""
    person = identity(jid, jid_of(row.get("wid")))
    if person is None:
        return None
    code = row.get("code")
    invite = personal_invite(row.get("invite_code"), row.get("invite_code_exp"))
    return person, Claim(meaning_of(code), str(code), *invite)
