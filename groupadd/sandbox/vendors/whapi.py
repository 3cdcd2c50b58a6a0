"""Whapi.Cloud's wire format.

Sources: [D] the vendor's OpenAPI description, as in SDKs generated from it; [S] the vendor's own MCP server; [?] a
plausible guess, or a third-party client.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.answers import Code, RosterRow
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items, read_names
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

__all__ = ["Whapi"]

ROUTES: Mapping[str, str] = {
    "add": "POST /groups/{group}/participants",  # [D]
    "list": "GET /groups/{group}",  # [D]
    "invite": "GET /groups/{group}/invite",  # [D]
    "waiting": "GET /groups/{group}/applications",  # [D]
    "send": "POST /messages/text",  # [D]
    "check": "POST /contacts",  # [D]
    "lid": "GET /contacts/lids/{contact}",  # [S]
    "session": "GET /health",  # [D]
}

PROCESSED = frozenset({Code.ADDED, Code.ALREADY_IN, Code.PENDING})  # [?]
RANKS: Mapping[str, str] = {"member": "member", "admin": "admin", "superadmin": "creator"}  # [?]
STATES: Mapping[str, tuple[int, str]] = {  # [?]
    "working": (4, "AUTH"),
    "starting": (2, "LAUNCH"),
    "unlinked": (3, "QR"),
    "failed": (5, "ERROR"),
}


@frozen
class Whapi:
    """Whapi.Cloud's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the channel.
        token: The channel's token.
    """

    name: ClassVar[str] = "whapi"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    token: str = KEY

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"token": self.token}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the token; a channel that is down answers with the same status [D]."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return self.error(401, "token is missing or wrong")
        if request.route != "session" and self.account.session != "working":
            return self.error(401, "need channel authorization")
        return None

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error [D]."""
        return json_response({"error": {"code": status, "message": text}}, status)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants by number and return them in two lists, without reasons [D]."""
        participants = read_names(list_items(request.json.get("participants")))
        if not participants:
            return self.error(400, "participants must be a list of phone numbers")
        lists: dict[bool, list[str]] = {True: [], False: []}
        for result in self.world.add_participants(request.params["group"], participants, by=self.account):
            lists[result.code in PROCESSED].append(result.requested.phone or result.requested.id or "")
        return json_response({"success": bool(lists[True]), "processed": lists[True], "failed": lists[False]})

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the group, with one name for each member [D]."""
        rows = self.world.roster(request.params["group"], by=self.account)
        group = self.world.groups[request.params["group"]]
        size = len(group.members(self.world.now - group.roster_view.lag_s))
        members = [{"id": _contact(row), "rank": RANKS[row.role]} for row in rows]
        return json_response(
            {"id": group.jid, "name": group.name, "type": "group", "size": size, "participants": members}
        )

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite code [D]."""
        link = self.world.invite_link(request.params["group"], by=self.account)
        return json_response({"invite_code": link.rpartition("/")[2]})

    def on_waiting(self, request: ServerRequest) -> ServerResponse:
        """Return the people who wait for approval, to admins [D]."""
        self.world.invite_link(request.params["group"], by=self.account)  # raises for the same accounts
        waiting = self.world.groups[request.params["group"]].pending
        return json_response(
            {"applications": [{"chat_id": f"{self.world.people[phone].lid}@lid"} for phone in waiting]}
        )

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text and return its id [?]."""
        match request.json:
            case {"to": str() as to, "body": str() as text} if text and (names := identity(to)):
                message, user = self.world.send(names, text, by=self.account), self.world.find_user(names)
            case _:
                return self.error(400, "to and body must be given")
        if message is None or user is None:
            return self.error(404, "specified recipient not found")  # [?]
        return json_response({"sent": True, "message": {"id": message, "chat_id": f"{user.phone}@s.whatsapp.net"}})

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check numbers in any notation [D]."""
        return json_response(
            {"contacts": [self._checked(str(one)) for one in list_items(request.json.get("contacts"))]}
        )

    def _checked(self, asked: str) -> Mapping[str, str]:
        names = identity(asked)
        user = self.world.find_user(names) if names else None
        if user is None:
            return {"input": asked, "status": "invalid"}
        return {"input": asked, "status": "valid", "wa_id": user.phone}

    def on_lid(self, request: ServerRequest) -> ServerResponse:
        """Return the LID of a contact [?]."""
        user = self.world.find_user(identity(request.params["contact"]) or Identity())
        if user is None:
            return self.error(404, "specified contact not found")  # [?]
        return json_response({"lid": f"{user.lid}@lid"})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the channel's state, with our own account while it is linked [D]."""
        code, text = STATES[self.account.session]
        us = self.account.person
        linked = {"user": {"id": us.phone, "name": us.name}} if self.account.session == "working" else {}
        return json_response({"start_at": 0, "uptime": 1, "status": {"code": code, "text": text}, **linked})


def _contact(row: RosterRow) -> str:
    if row.keyed_by == "phone" and row.phone:
        return row.phone
    return f"{row.lid}@lid" if row.lid else ""
