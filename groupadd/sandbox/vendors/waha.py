"""WAHA's wire format, over any of its four engines.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues; [?] a
plausible guess.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from attrs import evolve, frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items, read_names
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import AddResult, Code, Refused, RosterRow, World

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
STATES: Mapping[str, str] = {
    "working": "WORKING",
    "starting": "STARTING",
    "unlinked": "SCAN_QR_CODE",
    "failed": "FAILED",
}
ROLES: Mapping[str, str] = {"member": "participant", "admin": "admin", "superadmin": "superadmin"}
WORDS: Mapping[int, str] = {403: "forbidden", 404: "item-not-found"}
NO_ADMIN = "AddParticipantsError: You have no admin rights to add a participant to a group"  # [S] whatsapp-web.js


@frozen
class Waha:
    """WAHA's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the session.
        session: The session's name.
        api_key: The server's key.
        engine: The WhatsApp engine that WAHA runs.
    """

    name: ClassVar[str] = "waha"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    session: str = "default"
    api_key: str = KEY
    engine: Literal["GOWS", "NOWEB", "WEBJS", "WPP"] = "GOWS"

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"session": self.session, "api_key": self.api_key}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the key [D], the session named in path, query or body [S], and its state."""
        if request.headers.get("x-api-key", request.query.get("x-api-key")) != self.api_key:
            return self.error(401, "Unauthorized")
        named = request.params.get("session") or request.query.get("session") or request.json.get("session")
        if request.route != "version" and named != self.session:
            return self.error(404, f"We didn't find a session with name '{named}'.")  # [S] 2024
        return None if request.route in SESSIONLESS else session_down(self.account, self.session)

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error of the web framework [S]; an engine's exception looks different [I]."""
        return json_response({"statusCode": status, "message": text}, status)

    def _thrown(self, refused: Refused) -> ServerResponse:
        """Return the response to an engine's exception [I]: always a 500."""
        word = WORDS[refused.code]
        text = f"2 UNKNOWN: info query returned status {refused.code}: {word}" if self.engine == "GOWS" else word
        thrown: dict[str, object] = {"message": text}
        if self.engine == "NOWEB":
            thrown |= {"data": refused.code, "isBoom": True, "isServer": True}
        when = self.world.date(self.world.now).isoformat()
        return json_response({"statusCode": 500, "timestamp": when, "exception": thrown, "request": {"body": {}}}, 500)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants and return the engine's own rows [S]; 201 is the framework's default for POST."""
        people = participants(request)
        if not people:
            return json_response(
                {"statusCode": 400, "message": ["participants must be an array"], "error": "Bad Request"}, 400
            )
        group = self.world.groups.get(request.params["group"])
        if self.engine == "WEBJS" and group and group.role(self.account.person.phone) == "member":
            return ServerResponse(201, NO_ADMIN.encode(), {"Content-Type": "text/html; charset=utf-8"})
        try:
            results = self.world.add_participants(request.params["group"], people, by=self.account)
        except Refused as refused:
            return self._thrown(refused)
        by_lid = group is not None and group.addressing == "lid"
        if self.engine in {"GOWS", "NOWEB"}:
            row = self._by_gows if self.engine == "GOWS" else self._by_noweb
            return json_response([row(result, by_lid=by_lid) for result in results], 201)
        entry = self._by_webjs if self.engine == "WEBJS" else self._by_wpp
        return json_response({_id(result): entry(result) for result in results}, 201)

    def _by_gows(self, result: AddResult, *, by_lid: bool) -> Mapping[str, object]:
        """Return whatsmeow's row [I]."""
        phone, lid = _jid(result), f"{result.person.lid}@lid" if result.person else ""
        offer = result.invite
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

    def _by_noweb(self, result: AddResult, *, by_lid: bool) -> Mapping[str, object]:
        """Return Baileys' row [I]."""
        phone = _jid(result)
        jid = f"{result.person.lid}@lid" if by_lid and result.person else phone
        attrs = {"jid": jid, **({"phone_number": phone} if jid != phone else {})}
        offers: list[object] = []
        if result.invite:
            until = str(int(self.world.date(result.invite.expires_at).timestamp()))
            offers.append({"tag": "add_request", "attrs": {"code": result.invite.code, "expiration": until}})
        content = {"tag": "participant", "attrs": attrs, "content": offers}
        return {"status": str(result.code.value), "jid": jid, "content": content}

    def _by_webjs(self, result: AddResult) -> Mapping[str, object]:
        """Return whatsapp-web.js' entry [S]; the library sends the personal invite by itself."""
        if result.person and result.invite:
            self.world.send(Identity(result.person.phone), result.invite.code, by=self.account)
        return {"code": result.code.value, "message": "", "isInviteV4Sent": result.invite is not None}

    def _by_wpp(self, result: AddResult) -> Mapping[str, object]:
        """Return wa-js' entry [S]."""
        offer = result.invite
        return {
            "wid": _id(result),
            "code": result.code.value,
            "message": "",
            "invite_code": offer and offer.code,
            "invite_code_exp": offer and int(self.world.date(offer.expires_at).timestamp()),
        }

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the members as `[{id, pn, role}]` from the store, and the people who left with the role `left` [D]."""
        jid = request.params["group"]
        try:
            rows = self.world.roster(jid, by=self.account)
        except Refused as refused:
            return self._thrown(refused)
        group = self.world.groups[jid]
        left = [phone for phone in self.world.people if group.left_at(phone) is not None]
        gone = [{"id": f"{phone}@c.us", "pn": f"{phone}@c.us", "role": "left"} for phone in left]
        return json_response([*(self._member(row) for row in rows), *gone])

    def _member(self, row: RosterRow) -> Mapping[str, object]:
        """Return a row; WEBJS and WPP show no phone beside a LID [S]."""
        both_names = row.keyed_by == "phone" or self.engine in {"GOWS", "NOWEB"}
        return member(row) if both_names else {**member(row), "pn": None}

    def on_refresh(self, _request: ServerRequest) -> ServerResponse:
        """Refresh the store, so that it no longer lags; WPP has no store [?]."""
        if self.engine != "WPP":
            for group in self.world.groups.values():
                group.roster_view = evolve(group.roster_view, lag_s=0.0)
        return json_response({"success": True}, 201)  # [?]

    def on_info(self, request: ServerRequest) -> ServerResponse:
        """Return the group's record in the shape of GOWS or of Baileys [S]."""
        jid = request.params["group"]
        try:
            people = [self._member(row) for row in self.world.roster(jid, by=self.account)]
        except Refused as refused:
            return self._thrown(refused)
        group = self.world.groups[jid]
        if self.engine == "GOWS":
            return json_response(
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
        return json_response(record if self.engine == "NOWEB" else {"id": jid, "groupMetadata": record})

    def on_waiting(self, request: ServerRequest) -> ServerResponse:
        """Return the people who wait for approval [D], to admins only."""
        group = self.world.groups.get(request.params["group"])
        if group is None or group.role(self.account.person.phone) in {None, "member"}:
            return self._thrown(Refused(403 if group else 404, "only admins may see join requests"))
        return json_response(
            [
                {
                    "requesterId": f"{self.world.people[phone].lid}@lid",
                    "requesterPn": f"{phone}@c.us",
                    "addedById": f"{self.account.person.phone}@c.us",
                    "parentGroupId": None,
                    "requestMethod": "non_admin_add",
                    "timestamp": int(self.world.date(at).timestamp()),
                }
                for phone, at in group.pending.items()
            ]
        )

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite code as bare text; GOWS returns the link [S]."""
        try:
            link = self.world.invite_link(request.params["group"], by=self.account)
        except Refused as refused:
            return self._thrown(refused)
        text = link if self.engine == "GOWS" else link.rpartition("/")[2]
        return ServerResponse(200, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text [D]."""
        match request.json:
            case {"chatId": str() as to, "text": str() as text} if text and (names := identity(to)):
                message = self.world.send(names, text, by=self.account)
            case _:
                return self.error(400, "chatId and text must be given")
        if message is None:
            return json_response({"statusCode": 500, "exception": {"message": "No LID for user"}}, 500)  # [?]
        return json_response(
            {"id": message, "timestamp": int(self.world.date(self.world.now).timestamp()), "body": text}, 201
        )

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number [D]."""
        return number_check(self.world, request.query.get("phone", ""))

    def on_lid(self, request: ServerRequest) -> ServerResponse:
        """Return the LID of a number; null if it is unknown [D]."""
        number = request.params["phone"].partition("@")[0]
        return json_response({"lid": lid_of(self.world, number), "pn": f"{number}@c.us"})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the session's state, with our own account while it is linked [D]."""
        us = self.account.person
        me = {"id": f"{us.phone}@c.us", "lid": f"{us.lid}@lid", "pushName": us.name}
        linked = self.account.session == "working"
        return json_response(
            {"name": self.session, "status": STATES[self.account.session], "me": me if linked else None}
        )

    def on_version(self, _request: ServerRequest) -> ServerResponse:
        """Return the server's version and engine [D]."""
        return json_response({"version": "2026.7.1", "engine": self.engine, "tier": "CORE"})


def _jid(result: AddResult) -> str:
    return f"{result.person.phone}@s.whatsapp.net" if result.person else result.requested.id or ""


def _id(result: AddResult) -> str:
    """Return the id that the engines of WhatsApp Web use as the key."""
    return f"{result.person.phone}@c.us" if result.person else f"{result.requested.phone}@c.us"


def session_down(account: Account, session: str) -> ServerResponse | None:
    """Return WAHA's 422 for a session that is not working; None for a working session."""
    if account.session == "working":
        return None
    text = "Session status is not as expected. Try again later or restart the session"
    return json_response(
        {"error": text, "session": session, "status": STATES[account.session], "expected": ["WORKING"]}, 422
    )


def participants(request: ServerRequest) -> Sequence[Identity]:
    """Return the participants of `{"participants": [{"id": "…@c.us"}]}`; empty if one of them is unreadable."""
    rows = list_items(request.json.get("participants"))
    return read_names(row.get("id") if isinstance(row, dict) else None for row in rows)


def member(row: RosterRow) -> Mapping[str, object]:
    """Return a roster row as `{id, pn, role}`."""
    phone = f"{row.phone}@c.us" if row.phone else None
    lid = f"{row.lid}@lid" if row.lid else None
    return {"id": (lid if row.keyed_by == "lid" else phone) or "", "pn": phone, "role": ROLES[row.role]}


def number_check(world: World, phone: str) -> ServerResponse:
    """Return whether a number is on WhatsApp, and its canonical id."""
    user = world.find_user(Identity(phone))
    return json_response({"numberExists": True, "chatId": f"{user.phone}@c.us"} if user else {"numberExists": False})


def lid_of(world: World, phone: str) -> str | None:
    """Return the LID of a number; None if the number is not on WhatsApp."""
    user = world.find_user(Identity(phone))
    return f"{user.lid}@lid" if user else None
