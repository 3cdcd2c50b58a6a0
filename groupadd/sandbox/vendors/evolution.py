"""Evolution API's wire format.

Sources: [S] EvolutionAPI/evolution-api 2.3.6; [R] answers of that version, run without an account; [m] general
knowledge, open.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity, identity
from groupadd.sandbox.messages import KEY, Answer, Call, items, say
from groupadd.sandbox.people import Account, Privacy
from groupadd.sandbox.world import Code, Refused, Result, Row, World

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

FAILED: Mapping[str, tuple[int, str, str]] = {  # [R] under what and with which words a call fails, and what it calls
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
    """Evolution API over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its instance.
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
        """Return the fields of the provider's config."""
        return {"instance": self.instance, "api_key": self.api_key}

    def guard(self, call: Call) -> Answer | None:
        """Look for the instance first, then for the key, then for the session [R]."""
        if call.params.get("instance", self.instance) != self.instance:
            return _error(404, [f'The "{call.params["instance"]}" instance does not exist'])
        if call.headers.get("apikey") != self.api_key:
            return _error(401, "Unauthorized")
        return None if self.account.session == "working" else self._without_session(call.route)

    def _without_session(self, route: str) -> Answer | None:
        """Return the failure of a server that asks a client which is not there [R]."""
        if route in FAILED:
            status, words, called = FAILED[route]
            return _error(status, [words, f"TypeError: Cannot read properties of undefined (reading '{called}')"])
        if route == "check":
            return say({}, 400)
        if route == "send":
            return _error(500, "Cannot read properties of undefined (reading 'onWhatsApp')")
        return None

    def error(self, status: int, text: str) -> Answer:
        """Return an error of the server's own [R]."""
        return _error(status, [text] if status == HTTPStatus.NOT_FOUND else text)

    def on_add(self, call: Call) -> Answer:
        """Add people as Baileys does [S], after the server's own look at the list [R]."""
        group = call.query.get("groupJid") or call.json.get("groupJid")
        if not isinstance(group, str):
            return _error(400, ["The group id needs to be informed in the query", 'ex: "groupJid=120362@g.us"'])
        if call.json.get("action") != "add":
            enum = "action is not one of enum values: add,remove,promote,demote"
            return _error(400, [{"property": "action", "message": enum}])
        given = items(call.json.get("participants"))
        if fault := _fault(given):
            return _error(400, [{"property": "participants", "message": fault}])
        people = [identity(_jid(str(one))) for one in given]
        named = [who for who in people if who is not None]
        try:
            if len(named) < len(people):
                return _failed("add", "bad-request")
            results = self.world.add(group, named, by=self.account)
        except Refused as refused:
            return _failed("add", WORDS[refused.code])
        by_lid = self.world.groups[group].addressing == "lid"
        return say({"updateParticipants": [self._result(result, by_lid=by_lid) for result in results]}, 201)

    def _result(self, result: Result, *, by_lid: bool) -> Mapping[str, object]:
        """Return Baileys' row: `status` is "200" where WhatsApp names no error; a LID's phone stands in `attrs`."""
        human = result.human
        phone = f"{human.phone}@s.whatsapp.net" if human else result.asked.id or ""
        jid = f"{human.lid}@lid" if human and by_lid else phone
        attrs = {"jid": jid, **({"phone_number": phone} if by_lid else {})}
        offers: list[object] = []
        if result.code is not Code.ADDED:
            attrs["error"] = str(result.code.value)
        if result.offer is not None:
            until = str(int(self.world.date(result.offer.expires_at).timestamp()))
            offers.append({"tag": "add_request", "attrs": {"code": result.offer.code, "expiration": until}})
        content = {"tag": "participant", "attrs": attrs, **({"content": offers} if offers else {})}
        return {"status": attrs.get("error", "200"), "jid": jid, "content": content}

    def on_list(self, call: Call) -> Answer:
        """List the members, live [S]."""
        try:
            rows = self.world.roster(call.query.get("groupJid", ""), by=self.account)
        except Refused as refused:
            return _failed("list", WORDS[refused.code])
        return say({"participants": [_member(row) for row in rows]})

    def on_info(self, call: Call) -> Answer:
        """Tell the group's settings [S]."""
        jid = call.query.get("groupJid", "")
        try:
            rows = self.world.roster(jid, by=self.account)
        except Refused as refused:
            return _failed("info", WORDS[refused.code])
        group = self.world.groups[jid]
        people = [_member(row) for row in rows]
        return say(
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

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite link and its code [S]."""
        try:
            link = self.world.invite_link(call.query.get("groupJid", ""), by=self.account)
        except Refused as refused:
            return _failed("invite", WORDS[refused.code])
        return say({"inviteUrl": link, "inviteCode": link.rpartition("/")[2]})

    def on_send(self, call: Call) -> Answer:
        """Send a text; a number that is not on WhatsApp is a 400 [S]."""
        match call.json:
            case {"number": str() as to, "text": str() as text} if text and (who := identity(_jid(to))):
                message = self.world.send(who, text, by=self.account)
            case _:
                return _error(400, [['instance requires property "text"']])
        if message is None:
            return _error(400, [{"jid": who.id, "exists": False, "number": to}])
        key = {"remoteJid": who.id, "fromMe": True, "id": message}
        return say({"key": key, "message": {"conversation": text}, "status": "PENDING"}, 201)  # [m]

    def on_check(self, call: Call) -> Answer:
        """Check numbers, in whatever form [S]."""
        return say([self._checked(str(number)) for number in items(call.json.get("numbers"))])

    def _checked(self, number: str) -> Mapping[str, object]:
        human = self.world.whois(Identity(number))
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return {"jid": _jid(number), "exists": False, "number": number}
        return {"jid": f"{human.phone}@s.whatsapp.net", "exists": True, "number": number, "name": human.name}

    def on_session(self, _call: Call) -> Answer:
        """Tell the instance's state [R]."""
        return say({"instance": {"instanceName": self.instance, "state": STATES[self.account.session]}})

    def on_instances(self, call: Call) -> Answer:
        """Tell our own account [m]."""
        if call.query.get("instanceName", self.instance) != self.instance:
            return say([])
        state = STATES[self.account.session]
        jid = f"{self.account.human.phone}@s.whatsapp.net"
        return say([{"name": self.instance, "connectionStatus": state, "ownerJid": jid}])


def _error(status: int, message: object) -> Answer:
    return say({"status": status, "error": HTTPStatus(status).phrase, "response": {"message": message}}, status)


def _failed(route: str, word: str) -> Answer:
    """Return the failure of a call that WhatsApp has refused."""
    status, words, _ = FAILED[route]
    return _error(status, [words, f"Error: {word}"])


def _fault(given: object) -> str | None:
    """Return what is wrong with a list of people [R]; nobody of it is then added."""
    rows = items(given)
    if not rows:
        return "participants does not meet minimum length of 1"
    if any(not isinstance(row, str) or len(row) < 10 for row in rows):
        return '"participants" must be an array of numeric strings'
    return "participants contains duplicate item" if len(set(rows)) < len(rows) else None


def _jid(number: str) -> str:
    """Return the JID that the server makes of a number, which may be another number's [S]; JIDs pass as they are."""
    if "@s.whatsapp.net" in number or "@lid" in number or "@g.us" in number:
        return number
    digits = re.sub(r"\D", "", number.partition("@")[0])
    if len(digits) >= 18:
        return f"{digits}@g.us"
    digits = re.sub(r"^(52|54)\d(\d{10})$", r"\1\2", digits)
    digits = re.sub(r"^55(3[1-9]|[4-9]\d)\d([7-9]\d{7})$", r"55\1\2", digits)
    return f"{digits}@s.whatsapp.net"


def _member(row: Row) -> Mapping[str, object]:
    phone = f"{row.phone}@s.whatsapp.net" if row.phone else None
    lid = f"{row.lid}@lid" if row.lid else None
    if row.keyed_by == "lid":
        return {"id": lid or "", "phoneNumber": phone, "admin": ROLES[row.role], "name": row.name}
    return {"id": phone or "", "lid": lid, "admin": ROLES[row.role], "name": row.name}
