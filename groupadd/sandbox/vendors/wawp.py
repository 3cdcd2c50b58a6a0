"""Wawp's wire format.

Sources: [D] https://api.wawp.net/en/docs/v2/groups/{id}/participants/add and its neighbours; [W] WAHA, which Wawp seems
to run on; [C] third-party clients; [?] nobody has published it, so this is only plausible.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import identity
from groupadd.sandbox import waha_people
from groupadd.sandbox.messages import KEY, Answer, Call, say
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

__all__ = ["Wawp"]

ROUTES: Mapping[str, str] = {
    "add": "POST /v2/groups/{group}/participants/add",  # [D]
    "list": "GET /v2/groups/{group}/participants",  # [D]
    "invite": "GET /v2/groups/{group}/invite-code",  # [D]
    "send": "POST /v2/send/text",  # [D]
    "check": "GET /v2/contacts/check-exists",  # [D]
    "lid": "GET /v2/lids/pn/{number}",  # [D]
    "session": "POST /v2/session/info",  # [D]
}


@frozen
class Wawp:
    """Wawp over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its instance.
        instance_id: The instance's id.
        access_token: The access token.
    """

    name: ClassVar[str] = "wawp"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    instance_id: str = "sandbox"
    access_token: str = KEY

    def credentials(self) -> Mapping[str, str]:
        """Return the fields of the provider's config."""
        return {"instance_id": self.instance_id, "access_token": self.access_token}

    def guard(self, call: Call) -> Answer | None:
        """Look for the credentials in body, query and header: the vendor's own pages name each of them."""
        given = {**call.query, **call.json}
        token = given.get("access_token", call.headers.get("access-token"))
        if token is None:
            return self.error(401, "Missing access_token")  # [C]
        if token != self.access_token or given.get("instance_id") != self.instance_id:
            return self.error(401, "Invalid access_token or instance_id")  # [?]
        if call.route == "session":
            return None
        if self.account.session == "unlinked":
            return say({"code": "invalid_session", "message": "Scan the QR code again"}, 404)  # [C]
        return waha_people.session_down(self.account, self.instance_id)

    def error(self, status: int, text: str) -> Answer:
        """Return an error in the shape of the vendor's OpenAPI schema [D]."""
        return say({"status": status, "message": text, "error": text}, status)

    def on_add(self, call: Call) -> Answer:
        """Add people, and say `{"ok": true}` whatever became of them [D]."""
        people = waha_people.people(call)
        if not people:
            return self.error(400, 'participants must be a list such as [{"id": "1234567890@c.us"}]')
        self.world.add(call.params["group"], people, by=self.account)
        return say({"ok": True})

    def on_list(self, call: Call) -> Answer:
        """List the members as `[{id, pn, role}]` [W]."""
        return say([waha_people.member(row) for row in self.world.roster(call.params["group"], by=self.account)])

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite code as a bare string [W]."""
        return say(self.world.invite_link(call.params["group"], by=self.account).rpartition("/")[2])

    def on_send(self, call: Call) -> Answer:
        """Send a text, and tell its id [C]."""
        match call.json:
            case {"chatId": str() as to, "message": str() as text} if text and (who := identity(to)):
                message = self.world.send(who, text, by=self.account)
            case _:
                return self.error(400, "chatId and message must be given")
        if message is None:
            return self.error(400, "chatId is not on WhatsApp")  # [?]
        return say({"id": message}, 201)  # [W]

    def on_check(self, call: Call) -> Answer:
        """Check a number, given as digits or with a plus [D]; the answer is [W]'s."""
        asked = call.query.get("phone", "").removeprefix("+")
        if not asked.isdecimal():
            return self.error(400, "phone must be digits")
        return waha_people.number(self.world, asked)

    def on_lid(self, call: Call) -> Answer:
        """Tell the LID of a number, null where it is not known [D]."""
        number = call.params["number"].partition("@")[0]
        return say({"lid": waha_people.lid(self.world, number), "number": number})

    def on_session(self, _call: Call) -> Answer:
        """Tell the instance's state [D]; our own account only while it is linked [W]."""
        us = self.account.human
        linked = self.account.session == "working"
        return say(
            {
                "name": f"wawp-{self.instance_id}",
                "status": waha_people.STATES[self.account.session],
                "config": {"webhooks": {}, "proxy": None},
                "me": {"id": f"{us.phone}@c.us", "pushName": us.name} if linked else None,
            }
        )
