"""Whapi.Cloud's wire format.

Sources: [D] the vendor's OpenAPI description, as SDKs generated from it have it; [V] the vendor's own MCP server;
[C] third-party clients; [?] nobody has published it, so this is only plausible.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.messages import KEY, Answer, Call, items, say
from groupadd.sandbox.people import Account, Privacy
from groupadd.sandbox.world import Code, Row, World

__all__ = ["Whapi"]

ROUTES: Mapping[str, str] = {
    "add": "POST /groups/{group}/participants",  # [D]
    "list": "GET /groups/{group}",  # [D]
    "invite": "GET /groups/{group}/invite",  # [D]
    "waiting": "GET /groups/{group}/applications",  # [D]
    "send": "POST /messages/text",  # [D]
    "check": "POST /contacts",  # [D]
    "lid": "GET /contacts/lids/{contact}",  # [V]
    "session": "GET /health",  # [D]
}

PROCESSED = frozenset({Code.ADDED, Code.ALREADY_IN, Code.PENDING})  # [?]
RANKS: Mapping[str, str] = {"member": "member", "admin": "admin", "superadmin": "creator"}  # [C]
STATES: Mapping[str, tuple[int, str]] = {  # [C]; the numbers [?]
    "working": (4, "AUTH"),
    "starting": (2, "LAUNCH"),
    "unlinked": (3, "QR"),
    "failed": (5, "ERROR"),
}


@frozen
class Whapi:
    """Whapi.Cloud over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its channel.
        token: The channel's token.
    """

    name: ClassVar[str] = "whapi"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    token: str = KEY

    def credentials(self) -> Mapping[str, str]:
        """Return the fields of the provider's config."""
        return {"token": self.token}

    def guard(self, call: Call) -> Answer | None:
        """Look for the token; a channel that is down answers with the same status [D]."""
        if call.headers.get("authorization") != f"Bearer {self.token}":
            return self.error(401, "token is missing or wrong")
        if call.route != "session" and self.account.session != "working":
            return self.error(401, "need channel authorization")
        return None

    def error(self, status: int, text: str) -> Answer:
        """Return an error [D]."""
        return say({"error": {"code": status, "message": text}}, status)

    def on_add(self, call: Call) -> Answer:
        """Add people by number, and sort them into two lists without a reason [D]."""
        people = [identity(one) for one in items(call.json.get("participants"))]
        named = [who for who in people if who is not None]
        if not named or len(named) < len(people):
            return self.error(400, "participants must be a list of phone numbers")
        lists: dict[bool, list[str]] = {True: [], False: []}
        for result in self.world.add(call.params["group"], named, by=self.account):
            lists[result.code in PROCESSED].append(result.asked.phone or result.asked.id or "")
        return say({"success": bool(lists[True]), "processed": lists[True], "failed": lists[False]})

    def on_list(self, call: Call) -> Answer:
        """Tell the group, its members under one name each [D]."""
        rows = self.world.roster(call.params["group"], by=self.account)
        group = self.world.groups[call.params["group"]]
        size = len(group.members(self.world.now - group.shown.lag_s))
        members = [{"id": _contact(row), "rank": RANKS[row.role]} for row in rows]
        return say({"id": group.jid, "name": group.name, "type": "group", "size": size, "participants": members})

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite code [D]."""
        link = self.world.invite_link(call.params["group"], by=self.account)
        return say({"invite_code": link.rpartition("/")[2]})

    def on_waiting(self, call: Call) -> Answer:
        """Tell who waits for approval [D], to admins."""
        self.world.invite_link(call.params["group"], by=self.account)  # refused to whom this is refused
        waiting = self.world.groups[call.params["group"]].pending
        return say({"applications": [{"chat_id": f"{self.world.people[phone].lid}@lid"} for phone in waiting]})

    def on_send(self, call: Call) -> Answer:
        """Send a text, and tell its id [C]."""
        match call.json:
            case {"to": str() as to, "body": str() as text} if text and (who := identity(to)):
                message = self.world.send(who, text, by=self.account)
            case _:
                return self.error(400, "to and body must be given")
        if message is None:
            return self.error(404, "specified recipient not found")  # [?]
        return say({"sent": True, "message": {"id": message}})

    def on_check(self, call: Call) -> Answer:
        """Check numbers, in any notation [D]."""
        return say({"contacts": [self._checked(str(one)) for one in items(call.json.get("contacts"))]})

    def _checked(self, asked: str) -> Mapping[str, str]:
        who = identity(asked)
        human = self.world.whois(who) if who else None
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return {"input": asked, "status": "invalid"}
        return {"input": asked, "status": "valid", "wa_id": human.phone}

    def on_lid(self, call: Call) -> Answer:
        """Tell the LID of a contact [C]."""
        human = self.world.whois(identity(call.params["contact"]) or Identity())
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return self.error(404, "specified contact not found")  # [?]
        return say({"lid": f"{human.lid}@lid"})

    def on_session(self, _call: Call) -> Answer:
        """Tell the channel's state, and our own account while it is linked [D]."""
        code, text = STATES[self.account.session]
        us = self.account.human
        linked = {"user": {"id": us.phone, "name": us.name}} if self.account.session == "working" else {}
        return say({"start_at": 0, "uptime": 1, "status": {"code": code, "text": text}, **linked})


def _contact(row: Row) -> str:
    if row.keyed_by == "phone" and row.phone:
        return row.phone
    return f"{row.lid}@lid" if row.lid else ""
