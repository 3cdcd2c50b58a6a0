"""GREEN-API's wire format.

Sources: [D] https://green-api.com/en/docs/api/groups/AddGroupParticipant and its neighbours; [S] the vendor's SDK
0.0.55 (PyPI `whatsapp-api-client-python`); [?] nobody has published it, so this is only plausible.
"""

from collections.abc import Mapping
from typing import ClassVar

from attrs import field, frozen

from groupadd.model.identity import identity
from groupadd.sandbox.messages import KEY, Answer, Call, say
from groupadd.sandbox.people import Account, Privacy
from groupadd.sandbox.world import Code, Refused, Row, World

__all__ = ["GreenApi"]

ROUTES: Mapping[str, str] = {
    "add": "POST /waInstance{instance}/addGroupParticipant/{token}",  # [D][S]
    "list": "POST /waInstance{instance}/getGroupData/{token}",  # [D][S]; also tells settings and link
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
LOOKS_EVERY_S = 1.0  # [D]


@frozen
class GreenApi:
    """GREEN-API over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its instance.
        id_instance: The instance's id.
        api_token: The instance's token.
        adds_left: How many adds the plan still allows; None for any number.
    """

    name: ClassVar[str] = "green_api"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    id_instance: str = "1101000001"
    api_token: str = KEY
    adds_left: int | None = None
    _looks: list[float] = field(factory=list[float], init=False, repr=False)
    _adds: list[float] = field(factory=list[float], init=False, repr=False)

    def credentials(self) -> Mapping[str, str]:
        """Return the fields of the provider's config."""
        return {"id_instance": self.id_instance, "api_token": self.api_token}

    def guard(self, call: Call) -> Answer | None:
        """Look at instance (403) and token (401) in the path, at the instance's state (400), and at the limits [D]."""
        if call.params["instance"] != self.id_instance:
            return self.error(403, "Forbidden")
        if call.params["token"] != self.api_token:
            return self.error(401, "Unauthorized")
        if self.account.session != "working" and call.route != "session":
            return self.error(400, "instance is starting or not authorized")
        if call.route == "list":
            return self._too_early()
        return self._used_up() if call.route == "add" else None

    def _too_early(self) -> Answer | None:
        if self._looks and self.world.now - self._looks[-1] < LOOKS_EVERY_S:
            return self.error(429, "Too Many Requests")
        self._looks.append(self.world.now)
        return None

    def _used_up(self) -> Answer | None:
        if self.adds_left is not None and len(self._adds) >= self.adds_left:
            used_up = {"method": "addGroupParticipant", "used": len(self._adds), "status": "QUOTE_EXCEEDED"}
            return say({"invokeStatus": used_up}, 466)
        self._adds.append(self.world.now)
        return None

    def error(self, status: int, text: str) -> Answer:
        """Return an error [?]; it may repeat the path, and the token with it."""
        path = f"/waInstance{self.id_instance}/method/{self.api_token}"
        return say({"statusCode": status, "path": path, "message": text}, status)

    def on_add(self, call: Call) -> Answer:
        """Add one person, and say whether, never why not: no admin, or any refusal, or a member already [D]."""
        who = identity(call.json.get("participantChatId"))
        if who is None:
            return self.error(400, "Validation failed. Details: 'participantChatId' has an invalid format")
        try:
            (result,) = self.world.add(str(call.json.get("groupId")), [who], by=self.account)
        except Refused:
            return say({"addParticipant": False})
        return say({"addParticipant": result.code is Code.ADDED})

    def on_list(self, call: Call) -> Answer:
        """Tell the group: members, settings, and the link to admins [D]."""
        jid = str(call.json.get("groupId"))
        rows = self.world.roster(jid, by=self.account)
        group = self.world.groups[jid]
        admin = group.role(self.account.human.phone) != "member"
        return say(
            {
                "groupId": jid,
                "subject": group.name,
                "participants": [_member(row) for row in rows],
                "size": len(group.members(self.world.now - group.shown.lag_s)),
                "groupInviteLink": group.link() if admin else "",
                "allowParticipantsAddMembers": group.members_may_add,
                "isCommunity": False,
            }
        )

    def on_send(self, call: Call) -> Answer:
        """Send a text, and tell its id [D]; to whom nobody is, too."""
        match call.json:
            case {"chatId": str() as to, "message": str() as text} if text and (who := identity(to)):
                message = self.world.send(who, text, by=self.account)
            case _:
                return self.error(400, "Validation failed")
        return say({"idMessage": message or "3EB0C767D71D8"})

    def on_check(self, call: Call) -> Answer:
        """Check a number, and tell its LID [D]."""
        who = identity(call.json.get("chatId"))
        if who is None:
            return self.error(400, "bad phone number, valid from 11 to 16 digits")
        human = self.world.whois(who)
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return say({"existsWhatsapp": False})
        return say({"existsWhatsapp": True, "chatId": f"{human.lid}@lid"})

    def on_session(self, _call: Call) -> Answer:
        """Tell the state, and the account while it is linked [D]."""
        linked = self.account.session == "working"
        phone = self.account.human.phone if linked else ""
        device = f"{phone}:8@s.whatsapp.net" if linked else ""
        return say({"avatar": "", "phone": phone, "stateInstance": STATES[self.account.session], "deviceId": device})


def _member(row: Row) -> Mapping[str, object]:
    phone = f"{row.phone}@c.us" if row.phone else None
    lid = f"{row.lid}@lid" if row.lid else None
    told = {"id": (lid if row.keyed_by == "lid" else phone) or "", "lid": lid}
    return {**told, "isAdmin": row.role != "member", "isSuperAdmin": row.role == "superadmin"}
