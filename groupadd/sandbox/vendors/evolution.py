"""Evolution API's wire format.

Sources, all of EvolutionAPI/evolution-api 2.3.6: [S] its source; [P] recordings of it, with a fake WhatsApp behind it;
[R] its answers without a WhatsApp account.
"""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar

from attrs import field, frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.answers import AddResult, Code, Refused, RosterRow, Unanswered
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items
from groupadd.sandbox.people import Account, Group
from groupadd.sandbox.world import World

__all__ = ["Evolution"]

ROUTES: Mapping[str, str] = {  # [P]
    "add": "POST /group/updateParticipant/{instance}",
    "list": "GET /group/participants/{instance}",
    "info": "GET /group/findGroupInfos/{instance}",
    "invite": "GET /group/inviteCode/{instance}",
    "send": "POST /message/sendText/{instance}",
    "check": "POST /chat/whatsappNumbers/{instance}",
    "session": "GET /instance/connectionState/{instance}",
    "instances": "GET /instance/fetchInstances",
}

HEADLINES: Mapping[str, tuple[int, str, str]] = {  # status and headline of a failed request [P]; the Baileys function
    "add": (400, "Error updating participants", "groupParticipantsUpdate"),
    "list": (404, "No participants", "groupMetadata"),
    "info": (404, "Error fetching group", "groupMetadata"),
    "invite": (404, "No invite code", "groupInviteCode"),
}
CLOSED = "Connection Closed"  # what Baileys throws while the line to WhatsApp is closed [P]
CLOSE_CODE = 1011  # what a request throws whose line closes meanwhile: the code of the close [P]
STUMBLES = "TypeError: Cannot read properties of undefined (reading 'attrs')"  # over a missing answer of WhatsApp [P]
TIMEOUT_S = 60.0  # Baileys waits so long for an answer of WhatsApp [P]
STATES: Mapping[str, str] = {"working": "open", "starting": "connecting", "unlinked": "close", "failed": "close"}
ROLES: Mapping[str, str | None] = {"member": None, "admin": "admin", "superadmin": "superadmin"}
GROUP_JID = re.compile(r"^[\d-]+@g.us$")  # [P]
REMEMBERED_S = 7 * 24 * 3600.0  # how long the server keeps who is on WhatsApp, by default [S]
COUNTRIES: Mapping[str, str] = {"52": "1", "54": "9"}  # the digit after the country code that one form has [S]


@frozen
class Evolution:
    """Evolution API's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the instance.
        instance: The instance's name.
        api_key: The server's key.
        seen: The server's memory of accounts on WhatsApp: canonical JID to the moment, in seconds.
    """

    name: ClassVar[str] = "evolution"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    instance: str = "sandbox"
    api_key: str = KEY
    seen: dict[str, float] = field(factory=dict[str, float], kw_only=True)

    def credentials(self) -> Mapping[str, str]:
        """Return the provider's config fields."""
        return {"instance": self.instance, "api_key": self.api_key}

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the instance, then the key, then the session [P]."""
        if request.params.get("instance", self.instance) != self.instance:
            return _error(404, [f'The "{request.params["instance"]}" instance does not exist'])
        if request.headers.get("apikey") != self.api_key:
            return _error(401, "Unauthorized")
        if self.account.session == "working":
            return None
        return _without_client(request.route) if self.account.session == "unlinked" else _without_line(request.route)

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error of the server itself [P]."""
        return _error(status, [text] if status == HTTPStatus.NOT_FOUND else text)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants as Baileys does [P], after the server has validated the list [P]."""
        group = request.query.get("groupJid") or request.json.get("groupJid")
        if not isinstance(group, str):
            return _error(400, ["The group id needs to be informed in the query", 'ex: "groupJid=120362@g.us"'])
        if request.json.get("action") != "add":
            enum = "action is not one of enum values: add,remove,promote,demote"
            return _error(400, [{"property": "action", "message": enum}])
        if fault := _fault_in(request.json.get("participants")):
            return _error(400, [fault])
        people = [identity(_jid(str(one))) for one in list_items(request.json.get("participants"))]
        named = [who for who in people if who is not None]
        if len(named) < len(people):
            return _failed("add", Refused(400, "a JID is of no kind that WhatsApp knows"))
        try:
            results = self.world.add_participants(group, named, by=self.account)
        except (Refused, Unanswered) as failure:
            return _failed("add", failure)
        shown = self.world.groups[group]
        return json_response({"updateParticipants": [self._result(result, shown) for result in results]}, 201)

    def _result(self, result: AddResult, group: Group) -> Mapping[str, object]:
        """Return Baileys' row [P].

        `status` is "200" without an error from WhatsApp. In a LID group `attrs` may hold the phone. A number without an
        account has no LID.
        """
        account = result.account
        phone = f"{account.phone}@s.whatsapp.net" if account else result.requested.id or ""
        jid = f"{account.lid}@lid" if account and group.addressing == "lid" else phone
        attrs = {"jid": jid, **({"phone_number": phone} if jid != phone and group.roster_view.both_names else {})}
        offers: list[object] = []
        if result.code is not Code.ADDED:
            attrs["error"] = str(result.code.value)
        if result.invite is not None:
            until = str(int(self.world.date(result.invite.expires_at).timestamp()))
            offers.append({"tag": "add_request", "attrs": {"code": result.invite.code, "expiration": until}})
        content = {"tag": "participant", "attrs": attrs, **({"content": offers} if offers else {})}
        return {"status": attrs.get("error", "200"), "jid": jid, "content": content}

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return the current members, and remember them [P]."""
        if not GROUP_JID.fullmatch(request.query.get("groupJid", "")):
            message = f"groupJid does not match pattern {json.dumps(GROUP_JID.pattern)}"
            return _error(400, [{"property": "groupJid", "message": message}])
        try:
            rows = self.world.roster(request.query.get("groupJid", ""), by=self.account)
        except (Refused, Unanswered) as failure:
            return _failed("list", failure)
        for row in rows:
            self._remember(f"{row.phone}@s.whatsapp.net")
        return json_response({"participants": [_member(row) for row in rows]})

    def on_info(self, request: ServerRequest) -> ServerResponse:
        """Return the group's settings, of which the server leaves some out [P]."""
        jid = request.query.get("groupJid", "")
        try:
            rows = self.world.roster(jid, by=self.account)
        except (Refused, Unanswered) as failure:
            return _failed("info", failure)
        group = self.world.groups[jid]
        people = [_member(row) for row in rows]
        return json_response(
            {
                "id": jid,
                "subject": group.name,
                "subjectTime": int(self.world.start_date.timestamp()),
                "pictureUrl": None,
                "size": len(people),
                "creation": int(self.world.start_date.timestamp()),
                "restrict": False,
                "announce": False,
                "participants": people,
                "isCommunity": False,
                "isCommunityAnnounce": False,
            }
        )

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite link and its code [P]."""
        try:
            link = self.world.invite_link(request.query.get("groupJid", ""), by=self.account)
        except (Refused, Unanswered) as failure:
            return _failed("invite", failure)
        return json_response({"inviteUrl": link, "inviteCode": link.rpartition("/")[2]})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text to the account that the number check names; 400 where it names none [P]."""
        match request.json:
            case {"number": str() as to, "text": str() as text} if text and identity(_jid(to)):
                pass
            case _:
                return _error(400, [['instance requires property "text"']])
        try:
            checked = self._checked(to)
            if not checked["exists"]:
                return _error(400, [checked])
            jid = str(checked["jid"])
            message = self.world.send(identity(jid) or Identity(), text, by=self.account) or f"{len(self.seen):020X}"
        except (Refused, Unanswered) as failure:
            return _error(500, str(_thrown("send", failure)))
        key = {"remoteJid": jid, "fromMe": True, "id": f"3EB0{message[-18:]}"}
        return json_response(
            {
                "key": key,
                "pushName": "Você",
                "status": "PENDING",
                "message": {"conversation": text},
                "messageType": "conversation",
                "messageTimestamp": int(self.world.date(self.world.now).timestamp()),
                "source": "web",
            },
            201,
        )

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check numbers; the exception itself stands in the place of the list where WhatsApp does not answer [P]."""
        numbers = list_items(request.json.get("numbers"))
        if not numbers:
            message = [["numbers does not meet minimum length of 1"]]
            return json_response({"status": 400, "error": "Bad Request", "message": message}, 400)
        try:
            return json_response([self._checked(str(number)) for number in numbers])
        except Refused as refused:
            return _boom(refused.code, 500, "An internal server error occurred")
        except Unanswered:
            return json_response({}, 400)

    def _checked(self, number: str) -> Mapping[str, object]:
        """Check one number: by the server's memory, else by WhatsApp's answer about the number's JID [S][P].

        WhatsApp answers by the account's own JID, which the server finds under that name, or under the other form of
        a bare number of some countries.
        """
        jid = _jid(number)
        if remembered := self._remembered(jid):
            return {"jid": remembered, "exists": True, "number": number}
        if jid.endswith("@lid"):
            return {"jid": jid, "exists": True, "number": number}
        user = self.world.find_user(identity(jid) or Identity())
        found = None if user is None else f"{user.phone}@s.whatsapp.net"
        if found is None or found not in {jid, *_forms(number)}:
            return {"jid": jid, "exists": False, "number": number}
        self._remember(found)
        return {"jid": found, "exists": True, "number": number}

    def _remember(self, jid: str) -> None:
        """Store an account, which works for the countries with two forms only [P]."""
        if _forms(jid.partition("@")[0]):
            self.seen[jid] = self.world.now

    def _remembered(self, jid: str) -> str | None:
        """Return the stored account under a JID, or under its other form."""
        for stored, at in self.seen.items():
            if self.world.now - at < REMEMBERED_S and jid in _forms(stored.partition("@")[0]):
                return stored
        return None

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return the instance's state [P]."""
        return json_response({"instance": {"instanceName": self.instance, "state": STATES[self.account.session]}})

    def on_instances(self, request: ServerRequest) -> ServerResponse:
        """Return our own account, and the instance's key beside it [P]."""
        named = request.query.get("instanceName", self.instance)
        if named != self.instance:
            return _error(404, [f'Instance "{named}" not found'])
        return json_response(
            [
                {
                    "name": self.instance,
                    "connectionStatus": STATES[self.account.session],
                    "ownerJid": f"{self.account.person.phone}@s.whatsapp.net",
                    "profileName": None,
                    "integration": "WHATSAPP-BAILEYS",
                    "number": None,
                    "token": self.api_key,
                    "disconnectionReasonCode": 401 if self.account.session == "failed" else None,
                }
            ]
        )


def _error(status: int, message: object) -> ServerResponse:
    return json_response(
        {"status": status, "error": HTTPStatus(status).phrase, "response": {"message": message}}, status
    )


def _failed(route: str, failure: Refused | Unanswered) -> ServerResponse:
    """Return the response to a request of Baileys that failed: a headline, and what was thrown below it [P]."""
    if route == "add" and isinstance(failure, Unanswered) and failure.line == "silent":
        return json_response({"updateParticipants": []}, 201, delay_s=TIMEOUT_S)
    status, headline, _ = HEADLINES[route]
    return _error(status, [headline, _thrown(route, failure)])


def _thrown(route: str, failure: Refused | Unanswered) -> str:
    if isinstance(failure, Refused):
        return failure.word if route == "send" else f"Error: {failure.word}"
    return str(CLOSE_CODE) if failure.line == "closed" else STUMBLES


def _without_client(route: str) -> ServerResponse | None:
    """Return the error of a server whose WhatsApp client does not exist [R]; None for a route that needs none."""
    if route in HEADLINES:
        status, headline, called = HEADLINES[route]
        return _error(status, [headline, f"TypeError: Cannot read properties of undefined (reading '{called}')"])
    if route == "check":
        return json_response({}, 400)
    if route == "send":
        return _error(500, "Cannot read properties of undefined (reading 'onWhatsApp')")
    return None


def _without_line(route: str) -> ServerResponse | None:
    """Return the error of a server whose line to WhatsApp is closed [P]; None for a route that needs none."""
    if route in HEADLINES:
        status, headline, _ = HEADLINES[route]
        return _error(status, [headline, f"Error: {CLOSED}"])
    if route == "check":
        return _boom(None, 428, CLOSED)
    return _error(500, CLOSED) if route == "send" else None


def _boom(data: int | None, status: int, message: str) -> ServerResponse:
    """Return an exception of Baileys as JSON, without a wrapping [P]."""
    payload = {"statusCode": status, "error": HTTPStatus(status).phrase, "message": message}
    output = {"statusCode": status, "payload": payload, "headers": {}}
    return json_response({"data": data, "isBoom": True, "isServer": data is not None, "output": output}, 400)


def _fault_in(participants: object) -> Mapping[str, str] | None:
    """Return the fault in a list of participants, and its place [P]; None for a valid list."""
    rows = list_items(participants)
    if not isinstance(participants, list):
        return {"property": "participants", "message": "participants is not of a type(s) array"}
    if not rows:
        return {"property": "participants", "message": "participants does not meet minimum length of 1"}
    for position, row in enumerate(rows):
        if not isinstance(row, str) or len(row) < 10:
            text = '"participants" must be an array of numeric strings'
            return {"property": f"participants[{position}]", "message": text}
    if len(set(rows)) < len(rows):
        return {"property": "participants", "message": "participants contains duplicate item"}
    return None


def _jid(number: str) -> str:
    """Return the server's JID for a number, which may be another number's JID [S][P]. JIDs stay as they are."""
    if "@s.whatsapp.net" in number or "@lid" in number or "@g.us" in number:
        return number
    digits = re.sub(r"\D", "", number.partition("@")[0])
    if len(digits) >= 18:
        return f"{digits}@g.us"
    digits = re.sub(r"^(52|54)\d(\d{10})$", r"\1\2", digits)
    digits = re.sub(r"^55(3[1-9]|[4-9]\d)\d([7-9]\d{7})$", r"55\1\2", digits)
    return f"{digits}@s.whatsapp.net"


def _forms(number: str) -> Sequence[str]:
    """Return the JIDs of both forms of a bare number of Brazil, Mexico or Argentina [S]; none for another number."""
    country, digits = number[:2], number
    if not number.isdecimal() or country not in {"55", *COUNTRIES}:
        return ()
    at, digit = (4, "9") if country == "55" else (2, COUNTRIES[country])
    has_digit = len(digits) == 13 and digits[at] == digit
    with_digit = digits if has_digit else f"{digits[:at]}{digit}{digits[at:]}"
    without_digit = digits if len(digits) == 12 else digits[:at] + digits[at + 1 :]
    return f"{with_digit}@s.whatsapp.net", f"{without_digit}@s.whatsapp.net"


def _member(row: RosterRow) -> Mapping[str, object]:
    """Return a row without the names that it does not show [P]."""
    phone = {} if row.phone is None else {"phoneNumber": f"{row.phone}@s.whatsapp.net"}
    lid = {} if row.lid is None else {"lid": f"{row.lid}@lid"}
    if row.keyed_by == "lid":
        return {"id": lid.get("lid", ""), **phone, "admin": ROLES[row.role]}
    return {"id": phone.get("phoneNumber", ""), **lid, "admin": ROLES[row.role]}
