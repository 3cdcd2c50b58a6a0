"""GOWA's wire format.

Sources: [S] aldinokemal/go-whatsapp-web-multidevice, v9 of August 2026; [O] its openapi.yaml; [M] whatsmeow, which it
runs on.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.model.masking import Secret
from groupadd.sandbox.messages import KEY, Answer, Call, items, say
from groupadd.sandbox.people import Account, Privacy
from groupadd.sandbox.world import Result, Row, World

__all__ = ["Gowa"]

ROUTES: Mapping[str, str] = {
    "add": "POST /group/participants",  # [S][O]
    "list": "GET /group/participants",  # [S][O]
    "info": "GET /group/info",  # [S][O]
    "requests": "GET /group/participant-requests",  # [S][O]
    "invite": "GET /group/invite-link",  # [S][O]
    "send": "POST /send/message",  # [S][O]
    "check": "GET /user/check",  # [S][O]
    "session": "GET /app/status",  # [S]
}

REFUSED: Mapping[int, str] = {  # [M] what comes as a 500 when WhatsApp refuses the whole request
    403: "info query returned status 403: forbidden",
    404: "that group does not exist",
}
CODES: Mapping[int, str] = {400: "VALIDATION_ERROR", 404: "NOT_FOUND", 504: "GATEWAY_TIMEOUT"}  # [S]


@frozen
class Gowa:
    """GOWA over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its device.
        username: The user of its Basic auth.
        password: The password.
        device_id: The only device, which need not be named.
    """

    name: ClassVar[str] = "gowa"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    username: str = "sandbox"
    password: str = KEY
    device_id: str = "sandbox"

    def credentials(self) -> Mapping[str, str]:
        """Return the fields of the provider's config."""
        return {"username": self.username, "password": self.password, "device_id": self.device_id}

    def guard(self, call: Call) -> Answer | None:
        """Look for the Basic auth, which is refused in plain text; the device; and its login [S]."""
        if call.headers.get("authorization") != Secret(self.password).basic(self.username).reveal():
            return Answer(401, b"Unauthorized", {"Content-Type": "text/plain", "WWW-Authenticate": "Basic"})
        if call.headers.get("x-device-id", self.device_id) != self.device_id:
            return _says("DEVICE_NOT_FOUND", "device not found", {"device_id": call.headers["x-device-id"]}, 404)
        if self.account.session == "working" or call.route == "session":
            return None
        return _says("AUTHENTICATION_ERROR", "you are not logged in", None, 401)

    def error(self, status: int, text: str) -> Answer:
        """Return an error; what WhatsApp refuses comes as a 500 with whatsmeow's words [S][M]."""
        if status in REFUSED and "address" not in text:
            return _says("INTERNAL_SERVER_ERROR", REFUSED[status], None, 500)
        return _says(CODES.get(status, "INTERNAL_SERVER_ERROR"), text, None, status)

    def on_add(self, call: Call) -> Answer:
        """Add people by bare number, all or none; `error` is said of who could be invited in person only [S]."""
        numbers = [number for number in items(call.json.get("participants")) if isinstance(number, str)]
        if not numbers:
            return self.error(400, "participants: cannot be blank.")
        people = [identity(f"{number}@s.whatsapp.net") for number in numbers]
        named = [who for who in people if who is not None and self._is_on_whatsapp(who)]
        if len(named) < len(numbers):
            return _says("INVALID_JID", "user is not registered", None, 400)
        group = str(call.json.get("group_id"))
        by_lid = group in self.world.groups and self.world.groups[group].addressing == "lid"
        results = self.world.add(group, named, by=self.account)
        return _says("SUCCESS", "Success add participants", [_status(result, by_lid=by_lid) for result in results])

    def on_list(self, call: Call) -> Answer:
        """List the members [S]."""
        group = call.query.get("group_id", "")
        rows = [_member(row) for row in self.world.roster(group, by=self.account)]
        told = {"group_id": group, "name": self.world.groups[group].name, "participants": rows}
        return _says("SUCCESS", "Success getting group participants", told)

    def on_info(self, call: Call) -> Answer:
        """Tell whatsmeow's record of the group [M]."""
        jid = call.query.get("group_id", "")
        rows, group = self.world.roster(jid, by=self.account), self.world.groups[jid]
        people = [{"JID": _jid(row), "IsAdmin": row.role != "member", "Error": 0, "AddRequest": None} for row in rows]
        told: dict[str, object] = {
            "JID": jid,
            "Name": group.name,
            "IsParent": False,
            "IsJoinApprovalRequired": group.approval,
            "MemberAddMode": "all_member_add" if group.members_may_add else "admin_add",
            "Participants": people,
        }
        return _says("SUCCESS", "Success get group info", told)

    def on_requests(self, call: Call) -> Answer:
        """Tell who waits; nobody is null [S]."""
        group = call.query.get("group_id", "")
        self.world.roster(group, by=self.account)
        waiting = [
            {"jid": f"{phone}@s.whatsapp.net", "phone_number": phone, "requested_at": self.world.date(at).isoformat()}
            for phone, at in self.world.groups[group].pending.items()
        ]
        return _says("SUCCESS", "Success getting list requested participants", waiting or None)

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite link [S]."""
        group = call.query.get("group_id", "")
        link = self.world.invite_link(group, by=self.account)
        return _says("SUCCESS", "Success get group invite link", {"invite_link": link, "group_id": group})

    def on_send(self, call: Call) -> Answer:
        """Send a text [S]."""
        match call.json:
            case {"phone": str() as to, "message": str() as text} if text and (who := identity(to)):
                message = self.world.send(who, text, by=self.account)
            case _:
                return self.error(400, "phone: cannot be blank.")
        if message is None:
            return _says("INVALID_JID", "user is not registered", None, 400)
        return _says("SUCCESS", "Message sent", {"message_id": message, "status": "sent"})

    def on_check(self, call: Call) -> Answer:
        """Check a number [S]."""
        who = identity(call.query.get("phone"))
        if who is None:
            return self.error(400, "phone: cannot be blank.")
        return _says("SUCCESS", "Success check user", {"is_on_whatsapp": self._is_on_whatsapp(who)})

    def on_session(self, _call: Call) -> Answer:
        """Tell the device's state [S]; its account only while it is linked."""
        linked = self.account.session not in {"unlinked", "failed"}
        told = {
            "is_connected": self.account.session == "working",
            "is_logged_in": linked,
            "device_id": self.device_id,
            "jid": f"{self.account.human.phone}:7@s.whatsapp.net" if linked else "",
        }
        return _says("SUCCESS", "Connection status retrieved", told)

    def _is_on_whatsapp(self, who: Identity) -> bool:
        human = self.world.whois(who)
        return human is not None and human.temper is not Privacy.NOT_ON_WHATSAPP


def _says(code: str, message: str, results: object, status: int = 200) -> Answer:
    return say({"code": code, "message": message, "results": results}, status)


def _status(result: Result, *, by_lid: bool) -> Mapping[str, str]:
    """Say what became of one person: only a 403 with an offer is an error [S]."""
    human = result.human
    name = result.asked.id if human is None else f"{human.lid}@lid" if by_lid else f"{human.phone}@s.whatsapp.net"
    if result.offer is not None:
        return {"participant": name or "", "status": "error", "message": "Failed to add participant"}
    return {"participant": name or "", "status": "success", "message": "Action success"}


def _member(row: Row) -> Mapping[str, object]:
    return {
        "jid": _jid(row),
        "phone_number": f"{row.phone}@s.whatsapp.net" if row.phone else "",
        "lid": f"{row.lid}@lid" if row.lid else "",
        "display_name": "",
        "is_admin": row.role != "member",
        "is_super_admin": row.role == "superadmin",
    }


def _jid(row: Row) -> str:
    phone = f"{row.phone}@s.whatsapp.net" if row.phone else ""
    lid = f"{row.lid}@lid" if row.lid else ""
    return lid if row.keyed_by == "lid" else phone
