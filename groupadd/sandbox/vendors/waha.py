"""WAHA's wire format, over any of its four engines.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues; [?] a
plausible guess.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, Literal

from attrs import evolve, frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.answers import AddResult, Code, Refused, RosterRow, Unanswered
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items, read_names
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

__all__ = ["Waha"]

ROUTES: Mapping[str, str] = {
    "add": "POST /api/{session}/groups/{group}/participants/add",  # [D]
    "list": "GET /api/{session}/groups/{group}/participants/v2",  # [D]
    "old_list": "GET /api/{session}/groups/{group}/participants",  # [P]
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
LATER_ROUTES = frozenset({"list", "waiting", "refresh", "lid"})  # WAHA 2024.10 lacks them [P]
CLOSE_CODE = 1011  # what NOWEB throws when its line to WhatsApp closes: the code of the close [P]
TIMEOUT_S = 120.0  # NOWEB waits so long for an answer of WhatsApp [P]
ONLY_DEFAULT = (  # [P]
    "WAHA Core support only 'default' session. If you want to run more then one WhatsApp account - please get WAHA "
    "PLUS version. Check this out: https://waha.devlike.pro/"
)
IN_PAGE = frozenset({"WEBJS", "WPP"})  # engines that show WhatsApp Web's model, with people who have left (issue 2067)
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
        version: The server's version: of today, or of 2024, which lacks some routes.
    """

    name: ClassVar[str] = "waha"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    session: str = "default"
    api_key: str = KEY
    engine: Literal["GOWS", "NOWEB", "WEBJS", "WPP"] = "GOWS"
    version: Literal["2026.7.1", "2024.10.8"] = "2026.7.1"

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"session": self.session, "api_key": self.api_key}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the route, the key [D], the session named in path, query or body [S], and its state."""
        if self.version == "2024.10.8" and request.route in LATER_ROUTES:
            return self.error(404, f"Cannot {ROUTES[request.route].format(**request.params)}")
        if request.headers.get("x-api-key", request.query.get("x-api-key")) != self.api_key:
            return self.error(401, "Unauthorized")
        named = request.params.get("session") or request.query.get("session") or request.json.get("session")
        if request.route == "session" and named != self.session:
            return self.error(404, "Session not found")  # [P]
        if request.route != "version" and named != self.session and self.version == "2024.10.8":
            return self.error(422, ONLY_DEFAULT)
        if request.route != "version" and named != self.session:
            return self.error(404, f"We didn't find a session with name '{named}'.")  # [S] 2024
        return None if request.route in SESSIONLESS else session_down(self.account, self.session)

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error of the web framework [P]; an engine's exception looks different."""
        return json_response({"statusCode": status, "message": text, "error": HTTPStatus(status).phrase}, status)

    def _thrown(self, failure: Refused | Unanswered) -> ServerResponse:
        """Return the response to an engine's exception [P][I]: always a 500."""
        delay_s = TIMEOUT_S if isinstance(failure, Unanswered) and failure.line == "silent" else 0.0
        when = self.world.date(self.world.now).isoformat()
        exception = self._exception(failure)
        return json_response(
            {"statusCode": 500, "timestamp": when, "exception": exception, "request": {"body": {}}},
            500,
            delay_s=delay_s,
        )

    def _exception(self, failure: Refused | Unanswered) -> object:
        """Return what the engine throws: Baileys' errors of NOWEB [P], gRPC's of GOWS [I]; others are plausible [m]."""
        if isinstance(failure, Refused) and self.engine == "GOWS":
            return {"message": f"2 UNKNOWN: info query returned status {failure.code}: {failure.word}"}
        if isinstance(failure, Refused):
            boom = {"data": failure.code, "isBoom": True, "isServer": True} if self.engine == "NOWEB" else {}
            return {"message": failure.word, **boom}
        if self.engine == "GOWS":
            return {"message": "2 UNKNOWN: info query timed out"}
        return CLOSE_CODE if failure.line == "closed" else {"message": "Timed Out", "isBoom": True, "isServer": False}

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
        except (Refused, Unanswered) as failure:
            return self._thrown(failure)
        by_lid = group is not None and group.addressing == "lid"
        if self.engine in {"GOWS", "NOWEB"}:
            row = self._by_gows if self.engine == "GOWS" else self._by_noweb
            return json_response([row(result, by_lid=by_lid) for result in results], 201)
        entry = self._by_webjs if self.engine == "WEBJS" else self._by_wpp
        return json_response({_id(result): entry(result) for result in results}, 201)

    def _by_gows(self, result: AddResult, *, by_lid: bool) -> Mapping[str, object]:
        """Return whatsmeow's row [I]."""
        phone, lid = _jid(result), f"{result.account.lid}@lid" if result.account else ""
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
        """Return Baileys' row [P]. A number without an account has no LID."""
        phone = _jid(result)
        jid = f"{result.account.lid}@lid" if by_lid and result.account else phone
        attrs = {"jid": jid, **({"phone_number": phone} if jid != phone else {})}
        offers: list[object] = []
        if result.code is not Code.ADDED:
            attrs["error"] = str(result.code.value)
        if result.invite:
            until = str(int(self.world.date(result.invite.expires_at).timestamp()))
            offers.append({"tag": "add_request", "attrs": {"code": result.invite.code, "expiration": until}})
        content = {"tag": "participant", "attrs": attrs, **({"content": offers} if offers else {})}
        return {"status": attrs.get("error", "200"), "jid": jid, "content": content}

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
        """Return the members as `[{id, pn, role}]`.

        A store names people who left by the role `left` [D]. The page's own model lists them as members, even after a
        refresh (issue 2067) [I].
        """
        jid = request.params["group"]
        try:
            rows = self.world.roster(jid, by=self.account)
        except (Refused, Unanswered) as failure:
            return self._thrown(failure)
        role = ROLES["member"] if self.engine in IN_PAGE else "left"
        left = [phone for phone in self.world.people if self.world.groups[jid].left_at(phone) is not None]
        gone = [{"id": f"{phone}@c.us", "pn": f"{phone}@c.us", "role": role} for phone in left]
        return json_response([*(self._member(row) for row in rows), *gone])

    def _member(self, row: RosterRow) -> Mapping[str, object]:
        """Return a row; WEBJS and WPP show no phone beside a LID [S]."""
        return member(row) if row.keyed_by == "phone" or self.engine not in IN_PAGE else {**member(row), "pn": None}

    def on_old_list(self, request: ServerRequest) -> ServerResponse:
        """Return the engine's own rows [P]; those of GOWS and of the page's model are only plausible [m]."""
        try:
            rows = self.world.roster(request.params["group"], by=self.account)
        except (Refused, Unanswered) as failure:
            return self._thrown(failure)
        return json_response([self._own_row(row) for row in rows])

    def _own_row(self, row: RosterRow) -> Mapping[str, object]:
        return {"GOWS": _gows_member, "NOWEB": _noweb_member}.get(self.engine, _page_member)(row)

    def on_refresh(self, _request: ServerRequest) -> ServerResponse:
        """Read all groups anew, so that the store no longer lags [S]; WPP reads nothing anew [S]."""
        if self.engine != "WPP":
            for group in self.world.groups.values():
                group.roster_view = evolve(group.roster_view, lag_s=0.0)
        return json_response({"success": True}, 201)  # [?]

    def on_info(self, request: ServerRequest) -> ServerResponse:
        """Return the group's record: NOWEB's [P], or one in the shape of GOWS or of the page's model [S]."""
        jid = request.params["group"]
        try:
            people = [self._own_row(row) for row in self.world.roster(jid, by=self.account)]
        except (Refused, Unanswered) as failure:
            unknown = self.engine == "NOWEB" and isinstance(failure, Refused) and jid not in self.world.groups
            return ServerResponse(200) if unknown else self._thrown(failure)  # an empty body [P]
        group = self.world.groups[jid]
        if self.engine == "GOWS":
            return json_response(
                {
                    "JID": jid,
                    "Name": group.name,
                    "GroupCreated": self.world.start_date.isoformat(),
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
            return self._thrown(Refused(403 if group else 404, "only admins may see join requests"))  # [m]
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
        except (Refused, Unanswered) as failure:
            return self._thrown(failure)
        text = link if self.engine == "GOWS" else link.rpartition("/")[2]
        return ServerResponse(200, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text and return the engine's own record; NOWEB accepts any number [P]."""
        match request.json:
            case {"chatId": str() as to, "text": str() as text} if text and (who := identity(to)):
                pass
            case _:
                return self.error(400, "chatId and text must be given")
        try:
            message = self.world.send(who, text, by=self.account)
        except (Refused, Unanswered) as failure:
            return self._thrown(failure)
        if message is None and self.engine != "NOWEB":
            return json_response({"statusCode": 500, "exception": {"message": "No LID for user"}}, 500)  # [m]
        return json_response(self._sent(who, text, message), 201)

    def _sent(self, who: Identity, text: str, message: str | None) -> Mapping[str, object]:
        at = int(self.world.date(self.world.now).timestamp())
        if self.engine == "NOWEB":  # [P]
            key = {"remoteJid": who.id, "fromMe": True, "id": f"3EB0{(message or '').rpartition('_')[2]}"}
            body = {"extendedTextMessage": {"text": text}}
            return {"key": key, "message": body, "messageTimestamp": str(at), "status": "PENDING"}
        if self.engine == "WEBJS":  # [I]
            chat = (message or "").split("_")[1]
            key = {"fromMe": True, "remote": chat, "id": f"3EB0{at:X}", "$1": message}
            return {"id": key, "to": chat, "timestamp": at, "body": text}
        return {"id": message, "timestamp": at, "body": text}

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number [P]."""
        try:
            return number_check(self.world, request.query.get("phone", ""))
        except (Refused, Unanswered) as failure:
            return self._thrown(failure)

    def on_lid(self, request: ServerRequest) -> ServerResponse:
        """Return the LID of a number; null if it is unknown [D]."""
        number = request.params["phone"].partition("@")[0]
        return json_response({"lid": lid_of(self.world, number), "pn": f"{number}@c.us"})

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the session's state, with our own account as long as it is linked [D]; also while it is down [P]."""
        us, state = self.account.person, self.account.session
        names = {} if self.version == "2024.10.8" else {"lid": f"{us.lid}@lid", "pushName": us.name}  # [P]
        me = None if state == "unlinked" else {"id": f"{us.phone}@c.us", **names}
        return json_response({"name": self.session, "status": STATES[state], "me": me})

    def on_version(self, _request: ServerRequest) -> ServerResponse:
        """Return the server's version and engine [D]."""
        return json_response({"version": self.version, "engine": self.engine, "tier": "CORE"})


def _jid(result: AddResult) -> str:
    return f"{result.account.phone}@s.whatsapp.net" if result.account else result.requested.id or ""


def _id(result: AddResult) -> str:
    """Return the id that the engines of WhatsApp Web use as the key."""
    return f"{result.account.phone}@c.us" if result.account else f"{result.requested.phone}@c.us"


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


def _noweb_member(row: RosterRow) -> Mapping[str, object]:
    """Return Baileys' row; in a LID group it names the LID alone [P]."""
    jid = f"{row.lid}@lid" if row.keyed_by == "lid" else f"{row.phone}@s.whatsapp.net"
    return {"id": jid, "admin": None if row.role == "member" else row.role}


def _gows_member(row: RosterRow) -> Mapping[str, object]:
    phone, lid = f"{row.phone}@s.whatsapp.net" if row.phone else "", f"{row.lid}@lid" if row.lid else ""
    names = {"JID": lid if row.keyed_by == "lid" else phone, "PhoneNumber": phone, "LID": lid}
    return {**names, "IsAdmin": row.role != "member", "IsSuperAdmin": row.role == "superadmin"}


def _page_member(row: RosterRow) -> Mapping[str, object]:
    user, server = (row.lid, "lid") if row.keyed_by == "lid" else (row.phone, "c.us")
    wid = {"server": server, "user": user, "_serialized": f"{user}@{server}"}
    return {"id": wid, "isAdmin": row.role != "member", "isSuperAdmin": row.role == "superadmin"}


def number_check(world: World, phone: str) -> ServerResponse:
    """Return whether a number is on WhatsApp, and its canonical id."""
    user = world.find_user(Identity(phone))
    return json_response({"numberExists": True, "chatId": f"{user.phone}@c.us"} if user else {"numberExists": False})


def lid_of(world: World, phone: str) -> str | None:
    """Return the LID of a number; None if the number is not on WhatsApp."""
    user = world.find_user(Identity(phone))
    return f"{user.lid}@lid" if user else None
