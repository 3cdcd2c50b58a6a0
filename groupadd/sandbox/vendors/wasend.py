"""Wasend's wire format.

Sources: [D] https://wasend.dev/docs/groups/add-participants and related pages; [S] the vendor's SDK 1.3.3 (PyPI
`wasend`); [?] a plausible guess. Wasend seems to run on WAHA, whose shapes fill the gaps [?].
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.answers import AddResult, Code, RosterRow
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items, read_names
from groupadd.sandbox.people import Account
from groupadd.sandbox.vendors import waha
from groupadd.sandbox.world import World

__all__ = ["Wasend"]

ROUTES: Mapping[str, str] = {
    "add": "POST /{session}/groups/{group}/participants/add",  # [D][S]
    "list": "GET /{session}/groups/{group}/participants",  # [D][S]
    "invite": "GET /{session}/groups/{group}/invite-code",  # [D][S]
    "send": "POST /sendText",  # [D][S]
    "check": "GET /contacts/check-exists",  # [S]
    "session": "GET /sessions/{session}",  # [D][S]
}

WORDS: Mapping[Code, str] = {  # [D]; all other reasons are the number as text [?]
    Code.ADDED: "SUCCESS",
    Code.NOT_ON_WHATSAPP: "NOT_FOUND",
    Code.ALREADY_IN: "ALREADY_IN_GROUP",
}


@frozen
class Wasend:
    """Wasend's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the session.
        session_id: The session's id.
        api_key: The API key.
    """

    name: ClassVar[str] = "wasend"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    session_id: str = "sandbox"
    api_key: str = KEY

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"session_id": self.session_id, "api_key": self.api_key}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the Bearer key [D], the session named in path, query or body, and its state."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return self.error(401, "the API key is missing or wrong")
        named = request.params.get("session") or request.query.get("session") or request.json.get("session")
        if named != self.session_id:
            return self.error(404, "there is no such session")
        return None if request.route == "session" else waha.session_down(self.account, self.session_id)

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error; the SDK reads its `message` [S], the rest is [?]."""
        return json_response({"success": False, "message": text}, status)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants by `+` number or JID; `failed` holds the people who were not added [D]."""
        participants = read_names(list_items(request.json.get("participants")))
        if not participants:
            return self.error(400, "participants must be a list of phone numbers")
        group = request.params["group"]
        by_lid = group in self.world.groups and self.world.groups[group].addressing == "lid"
        results = self.world.add_participants(group, participants, by=self.account)
        return json_response({"success": True, "data": _rows(results, by_lid=by_lid)})

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the members, wrapped as in [D], each with a LID as in [S]."""
        rows = self.world.roster(request.params["group"], by=self.account)
        return json_response({"success": True, "participants": [self._member(row) for row in rows], "error": None})

    def _member(self, row: RosterRow) -> dict[str, object]:
        phone = f"{row.phone}@c.us" if row.phone else ""
        lid = f"{row.lid}@lid" if row.lid else ""
        return {
            "jid": lid if row.keyed_by == "lid" else phone,
            "phoneNumber": row.phone and f"+{row.phone}",
            "lid": lid or None,
            "isAdmin": row.role != "member",
            "isSuperAdmin": row.role == "superadmin",
            "joinedAt": None if row.since is None else self.world.date(row.since).isoformat(),
            "displayName": row.name,
        }

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite code, wrapped as in [D]."""
        link = self.world.invite_link(request.params["group"], by=self.account)
        return json_response({"success": True, "inviteCode": link.rpartition("/")[2]})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text [D][S]."""
        match request.json:
            case {"to": str() as to, "text": str() as text} if text and (names := identity(to)):
                message = self.world.send(names, text, by=self.account)
            case _:
                return self.error(400, "to and text must be given")
        if message is None:
            return self.error(400, "the recipient is not on WhatsApp")  # [?]
        us = f"+{self.account.person.phone}"
        moment = self.world.date(self.world.now).isoformat()
        return json_response(
            {
                "id": message,
                "to": to,
                "content": text,
                "type": "text",
                "timestamp": moment,
                "status": "sent",
                "fromMe": True,
                "sender": us,
                "recipient": to,
            }
        )

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number without a plus [S]."""
        asked = request.query.get("phone", "")
        if not asked.isdecimal():
            return self.error(400, "phone must be digits without a plus")
        user = self.world.find_user(Identity(asked))
        if user is None:
            return json_response({"exists": False, "phone": asked})
        return json_response({"exists": True, "phone": asked, "jid": f"{user.phone}@s.whatsapp.net"})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the session's state [D][S]."""
        opened = self.world.start_date.isoformat()
        return json_response(
            {
                "uniqueSessionId": self.session_id,
                "sessionName": self.session_id,
                "phoneNumber": f"+{self.account.person.phone}",
                "status": waha.STATES[self.account.session],
                "createdAt": opened,
                "updatedAt": opened,
                "config": {},
            }
        )


def _rows(results: tuple[AddResult, ...], *, by_lid: bool) -> Mapping[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {"added": [], "failed": []}
    for result in results:
        reason = WORDS.get(result.code, str(result.code.value))
        kind = "added" if result.code is Code.ADDED else "failed"
        rows[kind].append({"id": _id(result, by_lid=by_lid), "reason": reason})
    return rows


def _id(result: AddResult, *, by_lid: bool) -> str:
    """Return the id that WhatsApp uses for a participant: in a LID group the LID, whatever the request used [?]."""
    if result.person is None:
        return result.requested.id or ""
    return f"{result.person.lid}@lid" if by_lid else f"{result.person.phone}@s.whatsapp.net"
