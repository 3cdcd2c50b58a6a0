"""Wasend's wire format.

Sources: [D] https://wasend.dev/docs/groups/add-participants and its neighbours; [S] the vendor's SDK 1.3.3 (PyPI
`wasend`); [W] WAHA, which Wasend seems to run on; [?] nobody has published it, so this is only plausible.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox import waha_people
from groupadd.sandbox.messages import KEY, Answer, Call, items, say
from groupadd.sandbox.people import Account, Privacy
from groupadd.sandbox.world import Code, Result, Row, World

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
    """Wasend over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its session.
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
        """Return the fields of the provider's config."""
        return {"session_id": self.session_id, "api_key": self.api_key}

    def guard(self, call: Call) -> Answer | None:
        """Look for the Bearer key [D], the session named in path, query or body, and its state."""
        if call.headers.get("authorization") != f"Bearer {self.api_key}":
            return self.error(401, "the API key is missing or wrong")
        named = call.params.get("session") or call.query.get("session") or call.json.get("session")
        if named != self.session_id:
            return self.error(404, "there is no such session")
        return None if call.route == "session" else waha_people.session_down(self.account, self.session_id)

    def error(self, status: int, text: str) -> Answer:
        """Return an error; the SDK reads `message` of it [S], the rest is [?]."""
        return say({"success": False, "message": text}, status)

    def on_add(self, call: Call) -> Answer:
        """Add people by `+` number or JID [D]; who was not added stands under `failed` [D]."""
        people = [identity(one) for one in items(call.json.get("participants"))]
        named = [who for who in people if who is not None]
        if not named or len(named) < len(people):
            return self.error(400, "participants must be a list of phone numbers")
        group = call.params["group"]
        by_lid = group in self.world.groups and self.world.groups[group].addressing == "lid"
        results = self.world.add(group, named, by=self.account)
        return say({"success": True, "data": _rows(results, by_lid=by_lid)})

    def on_list(self, call: Call) -> Answer:
        """List the members, wrapped as in [D], with the LID beside as in [S]."""
        rows = self.world.roster(call.params["group"], by=self.account)
        return say({"success": True, "participants": [self._member(row) for row in rows], "error": None})

    def _member(self, row: Row) -> dict[str, object]:
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

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite code, wrapped as in [D]."""
        link = self.world.invite_link(call.params["group"], by=self.account)
        return say({"success": True, "inviteCode": link.rpartition("/")[2]})

    def on_send(self, call: Call) -> Answer:
        """Send a text [D][S]."""
        match call.json:
            case {"to": str() as to, "text": str() as text} if text and (who := identity(to)):
                message = self.world.send(who, text, by=self.account)
            case _:
                return self.error(400, "to and text must be given")
        if message is None:
            return self.error(400, "the recipient is not on WhatsApp")  # [?]
        us = f"+{self.account.human.phone}"
        moment = self.world.date(self.world.now).isoformat()
        return say(
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

    def on_check(self, call: Call) -> Answer:
        """Check a number, given without a plus [S]."""
        asked = call.query.get("phone", "")
        if not asked.isdecimal():
            return self.error(400, "phone must be digits without a plus")
        human = self.world.whois(Identity(asked))
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return say({"exists": False, "phone": asked})
        return say({"exists": True, "phone": asked, "jid": f"{human.phone}@s.whatsapp.net"})

    def on_session(self, _call: Call) -> Answer:
        """Tell the session's state [D][S]."""
        opened = self.world.opened.isoformat()
        return say(
            {
                "uniqueSessionId": self.session_id,
                "sessionName": self.session_id,
                "phoneNumber": f"+{self.account.human.phone}",
                "status": waha_people.STATES[self.account.session],
                "createdAt": opened,
                "updatedAt": opened,
                "config": {},
            }
        )


def _rows(results: tuple[Result, ...], *, by_lid: bool) -> Mapping[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {"added": [], "failed": []}
    for result in results:
        reason = WORDS.get(result.code, str(result.code.value))
        kind = "added" if result.code is Code.ADDED else "failed"
        rows[kind].append({"id": _id(result, by_lid=by_lid), "reason": reason})
    return rows


def _id(result: Result, *, by_lid: bool) -> str:
    """Name a person as the group addresses them: in a LID group WhatsApp answers by LID, whatever was asked [W]."""
    if result.human is None:
        return result.asked.id or ""
    return f"{result.human.lid}@lid" if by_lid else f"{result.human.phone}@s.whatsapp.net"
