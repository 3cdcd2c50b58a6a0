"""GREEN-API's wire format.

Sources: [D] https://green-api.com/en/docs/api/groups/AddGroupParticipant and related pages; [S] the vendor's SDK
0.0.55 (PyPI `whatsapp-api-client-python`); [?] a plausible guess.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import field, frozen

from groupadd.model.identity import identity
from groupadd.sandbox.answers import Code, Refused, RosterRow
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

__all__ = ["GreenApi"]

ROUTES: Mapping[str, str] = {
    "add": "POST /waInstance{instance}/addGroupParticipant/{token}",  # [D][S]
    "list": "POST /waInstance{instance}/getGroupData/{token}",  # [D][S]; also holds settings and link
    "send": "POST /waInstance{instance}/sendMessage/{token}",  # [D][S]
    "check": "POST /waInstance{instance}/checkWhatsapp/{token}",  # [D][S]
    "session": "GET /waInstance{instance}/getWaSettings/{token}",  # [D][S]
}

STATES: Mapping[str, str] = {  # [D]
    "working": "authorized",
    "starting": "starting",
    "unlinked": "notAuthorized",
    "failed": "blocked",
}
MIN_INTERVAL_S = 1.0  # [D] between two requests of these routes
LIMITED = frozenset({"list", "session"})


@frozen
class GreenApi:
    """GREEN-API's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the instance.
        id_instance: The instance's id.
        api_token: The instance's token.
        max_adds: The number of adds that the plan allows; None: any number.
    """

    name: ClassVar[str] = "green_api"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    id_instance: str = "1101000001"
    api_token: str = KEY
    max_adds: int | None = None
    _asked_at: dict[str, float] = field(factory=dict[str, float], init=False, repr=False)
    _added_at: list[float] = field(factory=list[float], init=False, repr=False)

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"id_instance": self.id_instance, "api_token": self.api_token}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check instance (403) and token (401) in the path, the instance's state (400), and the limits [D]."""
        if request.params["instance"] != self.id_instance:
            return self.error(403, "Forbidden")
        if request.params["token"] != self.api_token:
            return self.error(401, "Unauthorized")
        if self.account.session != "working" and request.route != "session":
            return self.error(400, "instance is starting or not authorized")
        if request.route in LIMITED:
            return self._too_soon(request.route)
        return self._used_up() if request.route == "add" else None

    def _too_soon(self, route: str) -> ServerResponse | None:
        if self.world.now - self._asked_at.get(route, -MIN_INTERVAL_S) < MIN_INTERVAL_S:
            return self.error(429, "Too Many Requests")
        self._asked_at[route] = self.world.now
        return None

    def _used_up(self) -> ServerResponse | None:
        if self.max_adds is not None and len(self._added_at) >= self.max_adds:
            used_up = {"method": "addGroupParticipant", "used": len(self._added_at), "status": "QUOTE_EXCEEDED"}
            return json_response({"invokeStatus": used_up}, 466)
        self._added_at.append(self.world.now)
        return None

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error [?]; it may repeat the path, with the token."""
        path = f"/waInstance{self.id_instance}/method/{self.api_token}"
        return json_response({"statusCode": status, "path": path, "message": text}, status)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add one participant; `false` for every failure and for a member, without a reason [D]."""
        names = identity(request.json.get("participantChatId"))
        if names is None:
            return self.error(400, "Validation failed. Details: 'participantChatId' has an invalid format")
        try:
            (result,) = self.world.add_participants(str(request.json.get("groupId")), [names], by=self.account)
        except Refused:
            return json_response({"addParticipant": False})
        return json_response({"addParticipant": result.code is Code.ADDED})

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the group: members, settings and, for admins, the link [D]."""
        jid = str(request.json.get("groupId"))
        rows = self.world.roster(jid, by=self.account)
        group = self.world.groups[jid]
        admin = group.role(self.account.person.phone) != "member"
        return json_response(
            {
                "groupId": jid,
                "subject": group.name,
                "participants": [_member(row) for row in rows],
                "size": len(group.members(self.world.now - group.roster_view.lag_s)),
                "groupInviteLink": group.link() if admin else "",
                "allowParticipantsAddMembers": group.members_may_add,
                "isCommunity": False,
            }
        )

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text and return its id, also for a number without an owner [D]."""
        match request.json:
            case {"chatId": str() as to, "message": str() as text} if text and (names := identity(to)):
                message = self.world.send(names, text, by=self.account)
            case _:
                return self.error(400, "Validation failed")
        return json_response({"idMessage": message or "3EB0C767D71D8"})

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number and return its LID [D]."""
        names = identity(request.json.get("chatId"))
        if names is None:
            return self.error(400, "bad phone number, valid from 11 to 16 digits")
        user = self.world.find_user(names)
        if user is None:
            return json_response({"existsWhatsapp": False})
        return json_response({"existsWhatsapp": True, "chatId": f"{user.lid}@lid"})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the state, with the account while it is linked [D]."""
        linked = self.account.session == "working"
        phone = self.account.person.phone if linked else ""
        device = f"{phone}:8@s.whatsapp.net" if linked else ""
        return json_response(
            {"avatar": "", "phone": phone, "stateInstance": STATES[self.account.session], "deviceId": device}
        )


def _member(row: RosterRow) -> Mapping[str, object]:
    phone = f"{row.phone}@c.us" if row.phone else None
    lid = f"{row.lid}@lid" if row.lid else None
    names = {"id": (lid if row.keyed_by == "lid" else phone) or "", "lid": lid}
    return {**names, "isAdmin": row.role != "member", "isSuperAdmin": row.role == "superadmin"}
