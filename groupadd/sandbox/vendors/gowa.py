"""GOWA's wire format.

Sources: [S] aldinokemal/go-whatsapp-web-multidevice, v9 of August 2026, and whatsmeow, its library; [D] its
openapi.yaml.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.model.masking import Secret
from groupadd.sandbox.answers import AddResult, RosterRow
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items, read_names
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

__all__ = ["Gowa"]

ROUTES: Mapping[str, str] = {
    "add": "POST /group/participants",  # [D][S]
    "list": "GET /group/participants",  # [D][S]
    "info": "GET /group/info",  # [D][S]
    "requests": "GET /group/participant-requests",  # [D][S]
    "invite": "GET /group/invite-link",  # [D][S]
    "send": "POST /send/message",  # [D][S]
    "check": "GET /user/check",  # [D][S]
    "session": "GET /app/status",  # [S]
}

REFUSED: Mapping[int, str] = {  # [S] the text of the 500 for a whole request that WhatsApp refuses
    403: "info query returned status 403: forbidden",
    404: "that group does not exist",
}
CODES: Mapping[int, str] = {400: "VALIDATION_ERROR", 404: "NOT_FOUND", 504: "GATEWAY_TIMEOUT"}  # [S]


@frozen
class Gowa:
    """GOWA's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the device.
        username: The user of the Basic auth.
        password: The password.
        device_id: The only device; requests need not name it.
    """

    name: ClassVar[str] = "gowa"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    username: str = "sandbox"
    password: str = KEY
    device_id: str = "sandbox"

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"username": self.username, "password": self.password, "device_id": self.device_id}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the Basic auth, refused in plain text; the device; and its login [S]."""
        if request.headers.get("authorization") != Secret(self.password).basic(self.username).reveal():
            return ServerResponse(401, b"Unauthorized", {"Content-Type": "text/plain", "WWW-Authenticate": "Basic"})
        if request.headers.get("x-device-id", self.device_id) != self.device_id:
            return _envelope("DEVICE_NOT_FOUND", "device not found", {"device_id": request.headers["x-device-id"]}, 404)
        if self.account.session == "working" or request.route == "session":
            return None
        return _envelope("AUTHENTICATION_ERROR", "you are not logged in", None, 401)

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error; a refusal by WhatsApp is a 500 with whatsmeow's text [S]."""
        if status in REFUSED and "address" not in text:
            return _envelope("INTERNAL_SERVER_ERROR", REFUSED[status], None, 500)
        return _envelope(CODES.get(status, "INTERNAL_SERVER_ERROR"), text, None, status)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants by bare number, all or none [S]."""
        numbers = [number for number in list_items(request.json.get("participants")) if isinstance(number, str)]
        if not numbers:
            return self.error(400, "participants: cannot be blank.")
        participants = read_names(f"{number}@s.whatsapp.net" for number in numbers)
        if not participants or not all(map(self._is_on_whatsapp, participants)):
            return _envelope("INVALID_JID", "user is not registered", None, 400)
        group = str(request.json.get("group_id"))
        by_lid = group in self.world.groups and self.world.groups[group].addressing == "lid"
        results = self.world.add_participants(group, participants, by=self.account)
        return _envelope("SUCCESS", "Success add participants", [_result(result, by_lid=by_lid) for result in results])

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the members [S]."""
        group = request.query.get("group_id", "")
        rows = [_member(row) for row in self.world.roster(group, by=self.account)]
        results = {"group_id": group, "name": self.world.groups[group].name, "participants": rows}
        return _envelope("SUCCESS", "Success getting group participants", results)

    def on_info(self, request: ServerRequest) -> ServerResponse:
        """Return whatsmeow's record of the group [S]."""
        jid = request.query.get("group_id", "")
        rows, group = self.world.roster(jid, by=self.account), self.world.groups[jid]
        people = [{"JID": _jid(row), "IsAdmin": row.role != "member", "Error": 0, "AddRequest": None} for row in rows]
        results: dict[str, object] = {
            "JID": jid,
            "Name": group.name,
            "IsParent": False,
            "IsJoinApprovalRequired": group.approval,
            "MemberAddMode": "all_member_add" if group.members_may_add else "admin_add",
            "Participants": people,
        }
        return _envelope("SUCCESS", "Success get group info", results)

    def on_requests(self, request: ServerRequest) -> ServerResponse:
        """Return the people who wait for approval; null if there are none [S]."""
        group = request.query.get("group_id", "")
        self.world.roster(group, by=self.account)
        waiting = [
            {"jid": f"{phone}@s.whatsapp.net", "phone_number": phone, "requested_at": self.world.date(at).isoformat()}
            for phone, at in self.world.groups[group].pending.items()
        ]
        return _envelope("SUCCESS", "Success getting list requested participants", waiting or None)

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite link [S]."""
        group = request.query.get("group_id", "")
        link = self.world.invite_link(group, by=self.account)
        return _envelope("SUCCESS", "Success get group invite link", {"invite_link": link, "group_id": group})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text [S]."""
        match request.json:
            case {"phone": str() as to, "message": str() as text} if text and (names := identity(to)):
                message = self.world.send(names, text, by=self.account)
            case _:
                return self.error(400, "phone: cannot be blank.")
        if message is None:
            return _envelope("INVALID_JID", "user is not registered", None, 400)
        return _envelope("SUCCESS", "Message sent", {"message_id": message, "status": "sent"})

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number [S]."""
        names = identity(request.query.get("phone"))
        if names is None:
            return self.error(400, "phone: cannot be blank.")
        return _envelope("SUCCESS", "Success check user", {"is_on_whatsapp": self._is_on_whatsapp(names)})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the device's state, with its account while it is linked [S]."""
        linked = self.account.session not in {"unlinked", "failed"}
        results = {
            "is_connected": self.account.session == "working",
            "is_logged_in": linked,
            "device_id": self.device_id,
            "jid": f"{self.account.person.phone}:7@s.whatsapp.net" if linked else "",
        }
        return _envelope("SUCCESS", "Connection status retrieved", results)

    def _is_on_whatsapp(self, names: Identity) -> bool:
        return self.world.find_user(names) is not None


def _envelope(code: str, message: str, results: object, status: int = 200) -> ServerResponse:
    return json_response({"code": code, "message": message, "results": results}, status)


def _result(result: AddResult, *, by_lid: bool) -> Mapping[str, str]:
    """Return the row of one participant: only a 403 with a personal invite is an error [S]."""
    person = result.person
    name = (
        result.requested.id if person is None else f"{person.lid}@lid" if by_lid else f"{person.phone}@s.whatsapp.net"
    )
    if result.invite is not None:
        return {"participant": name or "", "status": "error", "message": "Failed to add participant"}
    return {"participant": name or "", "status": "success", "message": "Action success"}


def _member(row: RosterRow) -> Mapping[str, object]:
    return {
        "jid": _jid(row),
        "phone_number": row.phone or row.lid or "",  # [S] the LID's digits where no phone is known (issues 619 and 624)
        "lid": f"{row.lid}@lid" if row.lid else "",
        "display_name": "",
        "is_admin": row.role != "member",
        "is_super_admin": row.role == "superadmin",
    }


def _jid(row: RosterRow) -> str:
    phone = f"{row.phone}@s.whatsapp.net" if row.phone else ""
    lid = f"{row.lid}@lid" if row.lid else ""
    return lid if row.keyed_by == "lid" else phone
