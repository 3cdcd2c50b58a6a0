"""Wawp's wire format.

Sources: [D] https://api.wawp.net/en/docs/v2/groups/{id}/participants/add and related pages; [?] a plausible guess.
Wawp seems to run on WAHA; its shapes and those of third-party clients fill the gaps [?].
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import identity
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response
from groupadd.sandbox.people import Account
from groupadd.sandbox.vendors import waha
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
    """Wawp's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the instance.
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
        """Return the provider's config fields."""
        return {"instance_id": self.instance_id, "access_token": self.access_token}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the credentials in body, query and header: the vendor's pages name all three."""
        given = {**request.query, **request.json}
        token = given.get("access_token", request.headers.get("access-token"))
        if token is None:
            return self.error(401, "Missing access_token")  # [?]
        if token != self.access_token or given.get("instance_id") != self.instance_id:
            return self.error(401, "Invalid access_token or instance_id")  # [?]
        if request.route == "session":
            return None
        if self.account.session == "unlinked":
            return json_response({"code": "invalid_session", "message": "Scan the QR code again"}, 404)  # [?]
        return waha.session_down(self.account, self.instance_id)

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error in the shape of the vendor's OpenAPI schema [D]."""
        return json_response({"status": status, "message": text, "error": text}, status)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants and return `{"ok": true}`, whatever the outcome [D]."""
        people = waha.participants(request)
        if not people:
            return self.error(400, 'participants must be a list such as [{"id": "1234567890@c.us"}]')
        self.world.add_participants(request.params["group"], people, by=self.account)
        return json_response({"ok": True})

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the members as `[{id, pn, role}]` [?]."""
        return json_response([waha.member(row) for row in self.world.roster(request.params["group"], by=self.account)])

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite code as a bare string [?]."""
        return json_response(self.world.invite_link(request.params["group"], by=self.account).rpartition("/")[2])

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text and return its id [?]."""
        match request.json:
            case {"chatId": str() as to, "message": str() as text} if text and (names := identity(to)):
                message = self.world.send(names, text, by=self.account)
            case _:
                return self.error(400, "chatId and message must be given")
        if message is None:
            return self.error(400, "chatId is not on WhatsApp")  # [?]
        return json_response({"id": message}, 201)  # [?]

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number, with or without a plus [D]; the response is WAHA's [?]."""
        asked = request.query.get("phone", "").removeprefix("+")
        if not asked.isdecimal():
            return self.error(400, "phone must be digits")
        return waha.number_check(self.world, asked)

    def on_lid(self, request: ServerRequest) -> ServerResponse:
        """Return the LID of a number; null if it is unknown [D]."""
        number = request.params["number"].partition("@")[0]
        return json_response({"lid": waha.lid_of(self.world, number), "number": number})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the instance's state [D], with our own account while it is linked [?]."""
        us = self.account.person
        linked = self.account.session == "working"
        return json_response(
            {
                "name": f"wawp-{self.instance_id}",
                "status": waha.STATES[self.account.session],
                "config": {"webhooks": {}, "proxy": None},
                "me": {"id": f"{us.phone}@c.us", "pushName": us.name} if linked else None,
            }
        )
