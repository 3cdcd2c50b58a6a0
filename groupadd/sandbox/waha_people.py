"""What vendors that run on WAHA pass through: whom they are asked for, their members, numbers and session states.

Source: devlikeapro/waha and third-party clients of it.
"""

from collections.abc import Mapping, Sequence

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.messages import Answer, Call, items, say
from groupadd.sandbox.people import Account, Human, Privacy
from groupadd.sandbox.world import Row, World

STATES: Mapping[str, str] = {
    "working": "WORKING",
    "starting": "STARTING",
    "unlinked": "SCAN_QR_CODE",
    "failed": "FAILED",
}
ROLES: Mapping[str, str] = {"member": "participant", "admin": "admin", "superadmin": "superadmin"}


def session_down(account: Account, session: str) -> Answer | None:
    """Return WAHA's 422 for a session that is not working; None for one that is."""
    if account.session == "working":
        return None
    text = "Session status is not as expected. Try again later or restart the session"
    return say({"error": text, "session": session, "status": STATES[account.session], "expected": ["WORKING"]}, 422)


def people(call: Call) -> Sequence[Identity]:
    """Return whom a call names as `{"participants": [{"id": "…@c.us"}]}`; nobody where one cannot be read."""
    rows = items(call.json.get("participants"))
    named = [who for row in rows if isinstance(row, dict) and (who := identity(row.get("id")))]
    return named if len(named) == len(rows) else ()


def member(row: Row) -> Mapping[str, object]:
    """Return a row of the list as `{id, pn, role}`."""
    phone = f"{row.phone}@c.us" if row.phone else None
    lid = f"{row.lid}@lid" if row.lid else None
    return {"id": (lid if row.keyed_by == "lid" else phone) or "", "pn": phone, "role": ROLES[row.role]}


def number(world: World, phone: str) -> Answer:
    """Tell whether a number is on WhatsApp, and under which id."""
    human = _on_whatsapp(world, phone)
    return say({"numberExists": True, "chatId": f"{human.phone}@c.us"} if human else {"numberExists": False})


def lid(world: World, phone: str) -> str | None:
    """Return the LID of a number, None where it is not known."""
    human = _on_whatsapp(world, phone)
    return f"{human.lid}@lid" if human else None


def _on_whatsapp(world: World, phone: str) -> Human | None:
    human = world.whois(Identity(phone))
    return None if human is None or human.temper is Privacy.NOT_ON_WHATSAPP else human
