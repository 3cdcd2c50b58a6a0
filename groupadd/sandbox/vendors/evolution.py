"""Evolution API's wire format.

Sources: [S] EvolutionAPI/evolution-api 2.3.6; [R] answers of that version, run without an account; [?] a plausible
guess.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items, read_names
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import AddResult, Code, Refused, RosterRow, World

__all__ = ["Evolution"]

ROUTES: Mapping[str, str] = {  # [S]
    "add": "POST /group/updateParticipant/{instance}",
    "list": "GET /group/participants/{instance}",
    "info": "GET /group/findGroupInfos/{instance}",
    "invite": "GET /group/inviteCode/{instance}",
    "send": "POST /message/sendText/{instance}",
    "check": "POST /chat/whatsappNumbers/{instance}",
    "session": "GET /instance/connectionState/{instance}",
    "instances": "GET /instance/fetchInstances",
}

FAILURES: Mapping[str, tuple[int, str, str]] = {  # [R] status and text of a failed request; the Baileys function
    "add": (400, "Error updating participants", "groupParticipantsUpdate"),
    "list": (404, "No participants", "groupMetadata"),
    "info": (404, "Error fetching group", "groupMetadata"),
    "invite": (404, "No invite code", "groupInviteCode"),
}
WORDS: Mapping[int, str] = {403: "forbidden", 404: "item-not-found"}
STATES: Mapping[str, str] = {"working": "open", "starting": "connecting", "unlinked": "close", "failed": "close"}
ROLES: Mapping[str, str | None] = {"member": None, "admin": "admin", "superadmin": "superadmin"}


@frozen
class Evolution:
    """Evolution API's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the instance.
        instance: The instance's name.
        api_key: The server's key.
    """

    name: ClassVar[str] = "evolution"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    instance: str = "sandbox"
    api_key: str = KEY

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"instance": self.instance, "api_key": self.api_key}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the instance, then the key, then the session [R]."""
        if request.params.get("instance", self.instance) != self.instance:
            return _error(404, [f'The "{request.params["instance"]}" instance does not exist'])
        if request.headers.get("apikey") != self.api_key:
            return _error(401, "Unauthorized")
        return None if self.account.session == "working" else self._without_session(request.route)

    def _without_session(self, route: str) -> ServerResponse | None:
        """Return the error of a server whose WhatsApp client does not exist [R]."""
        if route in FAILURES:
            status, words, called = FAILURES[route]
            return _error(status, [words, f"TypeError: Cannot read properties of undefined (reading '{called}')"])
        if route == "check":
            return json_response({}, 400)
        if route == "send":
            return _error(500, "Cannot read properties of undefined (reading 'onWhatsApp')")
        return None

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error of the server itself [R]."""
        return _error(status, [text] if status == HTTPStatus.NOT_FOUND else text)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants as Baileys does [S], after the server has validated the list [R]."""
        group = request.query.get("groupJid") or request.json.get("groupJid")
        if not isinstance(group, str):
            return _error(400, ["The group id needs to be informed in the query", 'ex: "groupJid=120362@g.us"'])
        if request.json.get("action") != "add":
            enum = "action is not one of enum values: add,remove,promote,demote"
            return _error(400, [{"property": "action", "message": enum}])
        given = list_items(request.json.get("participants"))
        if fault := _fault_in(given):
            return _error(400, [{"property": "participants", "message": fault}])
        participants = read_names(_jid(str(one)) for one in given)
        try:
            if not participants:
                return _refused("add", "bad-request")
            results = self.world.add_participants(group, participants, by=self.account)
        except Refused as refused:
            return _refused("add", WORDS[refused.code])
        by_lid = self.world.groups[group].addressing == "lid"
        return json_response({"updateParticipants": [self._result(result, by_lid=by_lid) for result in results]}, 201)

    def _result(self, result: AddResult, *, by_lid: bool) -> Mapping[str, object]:
        """Return Baileys' row. `status` is "200" without an error from WhatsApp; `attrs` holds the phone of a LID."""
        person = result.person
        phone = f"{person.phone}@s.whatsapp.net" if person else result.requested.id or ""
        jid = f"{person.lid}@lid" if person and by_lid else phone
        attrs = {"jid": jid, **({"phone_number": phone} if by_lid else {})}
        offers: list[object] = []
        if result.code is not Code.ADDED:
            attrs["error"] = str(result.code.value)
        if result.invite is not None:
            until = str(int(self.world.date(result.invite.expires_at).timestamp()))
            offers.append({"tag": "add_request", "attrs": {"code": result.invite.code, "expiration": until}})
        content = {"tag": "participant", "attrs": attrs, **({"content": offers} if offers else {})}
        return {"status": attrs.get("error", "200"), "jid": jid, "content": content}

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the current members [S]."""
        try:
            rows = self.world.roster(request.query.get("groupJid", ""), by=self.account)
        except Refused as refused:
            return _refused("list", WORDS[refused.code])
        return json_response({"participants": [_member(row) for row in rows]})

    def on_info(self, request: ServerRequest) -> ServerResponse:
        """Return the group's settings [S]."""
        jid = request.query.get("groupJid", "")
        try:
            rows = self.world.roster(jid, by=self.account)
        except Refused as refused:
            return _refused("info", WORDS[refused.code])
        group = self.world.groups[jid]
        people = [_member(row) for row in rows]
        return json_response(
            {
                "id": jid,
                "subject": group.name,
                "size": len(people),
                "restrict": False,
                "announce": False,
                "isCommunity": False,
                "isCommunityAnnounce": False,
                "participants": people,
            }
        )

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite link and its code [S]."""
        try:
            link = self.world.invite_link(request.query.get("groupJid", ""), by=self.account)
        except Refused as refused:
            return _refused("invite", WORDS[refused.code])
        return json_response({"inviteUrl": link, "inviteCode": link.rpartition("/")[2]})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text; 400 for a number that is not on WhatsApp [S]."""
        match request.json:
            case {"number": str() as to, "text": str() as text} if text and (names := identity(_jid(to))):
                message = self.world.send(names, text, by=self.account)
            case _:
                return _error(400, [['instance requires property "text"']])
        if message is None:
            return _error(400, [{"jid": names.id, "exists": False, "number": to}])
        key = {"remoteJid": names.id, "fromMe": True, "id": message}
        return json_response({"key": key, "message": {"conversation": text}, "status": "PENDING"}, 201)  # [?]

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check numbers in any form [S]."""
        return json_response([self._checked(str(number)) for number in list_items(request.json.get("numbers"))])

    def _checked(self, number: str) -> Mapping[str, object]:
        user = self.world.find_user(Identity(number))
        if user is None:
            return {"jid": _jid(number), "exists": False, "number": number}
        return {"jid": f"{user.phone}@s.whatsapp.net", "exists": True, "number": number, "name": user.name}

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the instance's state [R]."""
        return json_response({"instance": {"instanceName": self.instance, "state": STATES[self.account.session]}})

    def on_instances(self, request: ServerRequest) -> ServerResponse:
        """Return our own account [?]."""
        if request.query.get("instanceName", self.instance) != self.instance:
            return json_response([])
        state = STATES[self.account.session]
        jid = f"{self.account.person.phone}@s.whatsapp.net"
        return json_response([{"name": self.instance, "connectionStatus": state, "ownerJid": jid}])


def _error(status: int, message: object) -> ServerResponse:
    return json_response(
        {"status": status, "error": HTTPStatus(status).phrase, "response": {"message": message}}, status
    )


def _refused(route: str, word: str) -> ServerResponse:
    """Return the error of a request that WhatsApp refused."""
    status, words, _ = FAILURES[route]
    return _error(status, [words, f"Error: {word}"])


def _fault_in(participants: object) -> str | None:
    """Return the fault in a list of participants [R]; None for a valid list."""
    rows = list_items(participants)
    if not rows:
        return "participants does not meet minimum length of 1"
    if any(not isinstance(row, str) or len(row) < 10 for row in rows):
        return '"participants" must be an array of numeric strings'
    return "participants contains duplicate item" if len(set(rows)) < len(rows) else None


def _jid(number: str) -> str:
    """Return the server's JID for a number, which may be another number's JID [S]. JIDs stay as they are."""
    if "@s.whatsapp.net" in number or "@lid" in number or "@g.us" in number:
        return number
    digits = re.sub(r"\D", "", number.partition("@")[0])
    if len(digits) >= 18:
        return f"{digits}@g.us"
    digits = re.sub(r"^(52|54)\d(\d{10})$", r"\1\2", digits)
    digits = re.sub(r"^55(3[1-9]|[4-9]\d)\d([7-9]\d{7})$", r"55\1\2", digits)
    return f"{digits}@s.whatsapp.net"


def _member(row: RosterRow) -> Mapping[str, object]:
    phone = f"{row.phone}@s.whatsapp.net" if row.phone else None
    lid = f"{row.lid}@lid" if row.lid else None
    if row.keyed_by == "lid":
        return {"id": lid or "", "phoneNumber": phone, "admin": ROLES[row.role], "name": row.name}
    return {"id": phone or "", "lid": lid, "admin": ROLES[row.role], "name": row.name}
