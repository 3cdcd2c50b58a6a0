"""WAHA's wire format, over any of its four engines.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues; [m]
general knowledge, open; [?] nobody has published it, so this is only plausible.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from attrs import evolve, frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox import waha_people
from groupadd.sandbox.messages import KEY, Answer, Call, say
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import Code, Refused, Result, Row, World

__all__ = ["Waha"]

ROUTES: Mapping[str, str] = {
    "add": "POST /api/{session}/groups/{group}/participants/add",  # [D]
    "list": "GET /api/{session}/groups/{group}/participants/v2",  # [D]
    "waiting": "GET /api/{session}/groups/{group}/participants/join-requests",  # [D]
    "invite": "GET /api/{session}/groups/{group}/invite-code",  # [D]
    "info": "GET /api/{session}/groups/{group}",  # [D]
    "refresh": "POST /api/{session}/groups/refresh",  # [D]
    "send": "POST /api/sendText",  # [D]
    "check": "GET /api/contacts/check-exists",  # [D]
    "lid": "GET /api/{session}/lids/pn/{phone}",  # [D]
    "session": "GET /api/sessions/{session}",  # [D]
    "version": "GET /api/version",  # [D]
}

SESSIONLESS = frozenset({"session", "version"})
WORDS: Mapping[int, str] = {403: "forbidden", 404: "item-not-found"}
NO_ADMIN = "AddParticipantsError: You have no admin rights to add a participant to a group"  # [S] whatsapp-web.js


@frozen
class Waha:
    """WAHA over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its session.
        session: The session's name.
        api_key: The server's key.
        engine: Which of its engines speaks.
    """

    name: ClassVar[str] = "waha"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    session: str = "default"
    api_key: str = KEY
    engine: Literal["GOWS", "NOWEB", "WEBJS", "WPP"] = "GOWS"

    def credentials(self) -> Mapping[str, str]:
        """Return the fields of the provider's config."""
        return {"session": self.session, "api_key": self.api_key}

    def guard(self, call: Call) -> Answer | None:
        """Look for the key [D], the session named in path, query or body [S], and its state."""
        if call.headers.get("x-api-key", call.query.get("x-api-key")) != self.api_key:
            return self.error(401, "Unauthorized")
        named = call.params.get("session") or call.query.get("session") or call.json.get("session")
        if call.route != "version" and named != self.session:
            return self.error(404, f"We didn't find a session with name '{named}'.")  # [S] 2024
        return None if call.route in SESSIONLESS else waha_people.session_down(self.account, self.session)

    def error(self, status: int, text: str) -> Answer:
        """Return an error of the framework's [S]; what an engine throws is another [I]."""
        return say({"statusCode": status, "message": text}, status)

    def _thrown(self, refused: Refused) -> Answer:
        """Return what comes of an exception of the engine's [I]: always a 500."""
        word = WORDS[refused.code]
        text = f"2 UNKNOWN: info query returned status {refused.code}: {word}" if self.engine == "GOWS" else word
        thrown: dict[str, object] = {"message": text}
        if self.engine == "NOWEB":
            thrown |= {"data": refused.code, "isBoom": True, "isServer": True}
        when = self.world.date(self.world.now).isoformat()
        return say({"statusCode": 500, "timestamp": when, "exception": thrown, "request": {"body": {}}}, 500)

    def on_add(self, call: Call) -> Answer:
        """Add people, and pass on what the engine says of them [S]; 201 as the framework's default for POST."""
        people = waha_people.people(call)
        if not people:
            return say({"statusCode": 400, "message": ["participants must be an array"], "error": "Bad Request"}, 400)
        group = self.world.groups.get(call.params["group"])
        if self.engine == "WEBJS" and group and group.role(self.account.human.phone) == "member":
            return Answer(201, NO_ADMIN.encode(), {"Content-Type": "text/html; charset=utf-8"})
        try:
            results = self.world.add(call.params["group"], people, by=self.account)
        except Refused as refused:
            return self._thrown(refused)
        by_lid = group is not None and group.addressing == "lid"
        if self.engine in {"GOWS", "NOWEB"}:
            row = self._by_gows if self.engine == "GOWS" else self._by_noweb
            return say([row(result, by_lid=by_lid) for result in results], 201)
        entry = self._by_webjs if self.engine == "WEBJS" else self._by_wpp
        return say({_id(result): entry(result) for result in results}, 201)

    def _by_gows(self, result: Result, *, by_lid: bool) -> Mapping[str, object]:
        """Return whatsmeow's row [I]."""
        phone, lid = _jid(result), f"{result.human.lid}@lid" if result.human else ""
        offer = result.offer
        until = self.world.date(offer.expires_at).isoformat() if offer else None
        return {
            "JID": lid if by_lid and lid else phone,
            "PhoneNumber": phone,
            "LID": lid,
            "IsAdmin": False,
            "IsSuperAdmin": False,
            "DisplayName": "",
            "Error": 0 if result.code is Code.ADDED else result.code.value,
            "AddRequest": {"Code": offer.code, "Expiration": until} if offer else None,
        }

    def _by_noweb(self, result: Result, *, by_lid: bool) -> Mapping[str, object]:
        """Return Baileys' row [I]."""
        phone = _jid(result)
        jid = f"{result.human.lid}@lid" if by_lid and result.human else phone
        attrs = {"jid": jid, **({"phone_number": phone} if jid != phone else {})}
        offers: list[object] = []
        if result.offer:
            until = str(int(self.world.date(result.offer.expires_at).timestamp()))
            offers.append({"tag": "add_request", "attrs": {"code": result.offer.code, "expiration": until}})
        content = {"tag": "participant", "attrs": attrs, "content": offers}
        return {"status": str(result.code.value), "jid": jid, "content": content}

    def _by_webjs(self, result: Result) -> Mapping[str, object]:
        """Return whatsapp-web.js' entry [S]; it has sent the invitation by itself."""
        if result.human and result.offer:
            self.world.send(Identity(result.human.phone), result.offer.code, by=self.account)
        return {"code": result.code.value, "message": "", "isInviteV4Sent": result.offer is not None}

    def _by_wpp(self, result: Result) -> Mapping[str, object]:
        """Return wa-js' entry [S]."""
        offer = result.offer
        return {
            "wid": _id(result),
            "code": result.code.value,
            "message": "",
            "invite_code": offer and offer.code,
            "invite_code_exp": offer and int(self.world.date(offer.expires_at).timestamp()),
        }

    def on_list(self, call: Call) -> Answer:
        """List the members as `[{id, pn, role}]` from the store; who has left stays in it as `left` [D]."""
        jid = call.params["group"]
        try:
            rows = self.world.roster(jid, by=self.account)
        except Refused as refused:
            return self._thrown(refused)
        group = self.world.groups[jid]
        left = [phone for phone in self.world.people if group.left_at(phone) is not None]
        gone = [{"id": f"{phone}@c.us", "pn": f"{phone}@c.us", "role": "left"} for phone in left]
        return say([*(self._member(row) for row in rows), *gone])

    def _member(self, row: Row) -> Mapping[str, object]:
        """Return a row; WEBJS and WPP tell no phone beside a LID [S]."""
        both_names = row.keyed_by == "phone" or self.engine in {"GOWS", "NOWEB"}
        return waha_people.member(row) if both_names else {**waha_people.member(row), "pn": None}

    def on_refresh(self, _call: Call) -> Answer:
        """Fill the store anew, so that it no longer lags; WPP has nothing to fill [?]."""
        if self.engine != "WPP":
            for group in self.world.groups.values():
                group.shown = evolve(group.shown, lag_s=0.0)
        return say({"success": True}, 201)  # [m]

    def on_info(self, call: Call) -> Answer:
        """Tell the group's record as GOWS has it, or as Baileys has [S]."""
        jid = call.params["group"]
        try:
            people = [self._member(row) for row in self.world.roster(jid, by=self.account)]
        except Refused as refused:
            return self._thrown(refused)
        group = self.world.groups[jid]
        if self.engine == "GOWS":
            return say(
                {
                    "JID": jid,
                    "Name": group.name,
                    "Participants": people,
                    "MemberAddMode": "all_member_add" if group.members_may_add else "admin_add",
                    "IsJoinApprovalRequired": group.approval,
                    "IsParent": False,
                }
            )
        record = {
            "id": jid,
            "subject": group.name,
            "size": len(people),
            "participants": people,
            "memberAddMode": group.members_may_add,
            "joinApprovalMode": group.approval,
            "isCommunity": False,
        }
        return say(record if self.engine == "NOWEB" else {"id": jid, "groupMetadata": record})

    def on_waiting(self, call: Call) -> Answer:
        """Tell who waits for approval [D]; only admins may know."""
        group = self.world.groups.get(call.params["group"])
        if group is None or group.role(self.account.human.phone) in {None, "member"}:
            return self._thrown(Refused(403 if group else 404, "only admins may see who waits"))
        return say(
            [
                {
                    "requesterId": f"{self.world.people[phone].lid}@lid",
                    "requesterPn": f"{phone}@c.us",
                    "addedById": f"{self.account.human.phone}@c.us",
                    "parentGroupId": None,
                    "requestMethod": "non_admin_add",
                    "timestamp": int(self.world.date(at).timestamp()),
                }
                for phone, at in group.pending.items()
            ]
        )

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite code as bare text, which GOWS tells as a link [S]."""
        try:
            link = self.world.invite_link(call.params["group"], by=self.account)
        except Refused as refused:
            return self._thrown(refused)
        text = link if self.engine == "GOWS" else link.rpartition("/")[2]
        return Answer(200, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def on_send(self, call: Call) -> Answer:
        """Send a text [D]."""
        match call.json:
            case {"chatId": str() as to, "text": str() as text} if text and (who := identity(to)):
                message = self.world.send(who, text, by=self.account)
            case _:
                return self.error(400, "chatId and text must be given")
        if message is None:
            return say({"statusCode": 500, "exception": {"message": "No LID for user"}}, 500)  # [m]
        return say({"id": message, "timestamp": int(self.world.date(self.world.now).timestamp()), "body": text}, 201)

    def on_check(self, call: Call) -> Answer:
        """Check a number [D]."""
        return waha_people.number(self.world, call.query.get("phone", ""))

    def on_lid(self, call: Call) -> Answer:
        """Tell the LID of a number, null where it is not known [D]."""
        number = call.params["phone"].partition("@")[0]
        return say({"lid": waha_people.lid(self.world, number), "pn": f"{number}@c.us"})

    def on_session(self, _call: Call) -> Answer:
        """Tell the session's state [D]; our own account only while it is linked."""
        us = self.account.human
        me = {"id": f"{us.phone}@c.us", "lid": f"{us.lid}@lid", "pushName": us.name}
        linked = self.account.session == "working"
        return say(
            {"name": self.session, "status": waha_people.STATES[self.account.session], "me": me if linked else None}
        )

    def on_version(self, _call: Call) -> Answer:
        """Tell the server's version and engine [D]."""
        return say({"version": "2026.7.1", "engine": self.engine, "tier": "CORE"})


def _jid(result: Result) -> str:
    return f"{result.human.phone}@s.whatsapp.net" if result.human else result.asked.id or ""


def _id(result: Result) -> str:
    """Return the id under which the engines of WhatsApp Web answer."""
    return f"{result.human.phone}@c.us" if result.human else f"{result.asked.phone}@c.us"
