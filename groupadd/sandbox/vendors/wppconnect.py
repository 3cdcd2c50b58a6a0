"""WPPConnect Server's wire format.

Sources: [S] wppconnect-team/wppconnect-server 2.10.4, and wa-js; [R] answers of that version, run without an account;
[?] nobody has published it, so this is only plausible.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.messages import KEY, Answer, Call, items, say
from groupadd.sandbox.people import Account, Privacy
from groupadd.sandbox.world import Code, Result, Row, World

__all__ = ["WPPConnect"]

ROUTES: Mapping[str, str] = {
    "token": "POST /api/{session}/{secret}/generate-token",  # [R]
    "add": "POST /api/{session}/add-participant-group",  # [S]
    "list": "GET /api/{session}/group-members-ids/{group}",  # [S]
    "info": "GET /api/{session}/group-info/{group}",  # [S]
    "invite": "GET /api/{session}/group-invite-link/{group}",  # [S]
    "send": "POST /api/{session}/send-message",  # [S]
    "check": "GET /api/{session}/check-number-status/{phone}",  # [S]
    "lid": "GET /api/{session}/contact/pn-lid/{name}",  # [S]
    "session": "GET /api/{session}/check-connection-session",  # [S]
    "device": "GET /api/{session}/host-device",  # [S]
}

LONGEST_PHONE = 14  # [S]
DROPPED = frozenset({Code.BLOCKED, Code.LEGAL})  # [S] WhatsApp Web leaves some out of its answer; which ones [?]


@frozen
class WPPConnect:
    """WPPConnect Server over a world.

    Attributes:
        world: What it speaks of.
        account: Our account behind its session.
        session: The session's name.
        secret_key: The server's secret key.
    """

    name: ClassVar[str] = "wppconnect"
    routes: ClassVar[Mapping[str, str]] = ROUTES

    world: World
    account: Account
    session: str = "sandbox"
    secret_key: str = KEY

    def credentials(self) -> Mapping[str, str]:
        """Return the fields of the provider's config."""
        return {"session": self.session, "secret_key": self.secret_key}

    @property
    def _token(self) -> str:
        """In truth a salted hash of the same two, another one each time; all of them hold [S]."""
        return f"$2b$10$of-{self.session}-and-{self.secret_key}"

    def guard(self, call: Call) -> Answer | None:
        """Look for the session's token, its state, and the group, in this order [S]."""
        if call.route == "token":
            return None
        given = call.headers.get("authorization", "")
        if not given:
            return say({"message": "Token is not present. Check your header and try again"}, 401)
        if call.params["session"] != self.session or given != f"Bearer {self._token}":
            return say({"error": "Check that the Session and Token are correct"}, 401)
        if call.route != "session" and self.account.session != "working":
            text = "A sessão do WhatsApp não está ativa."
            return say({"response": None, "status": "Disconnected", "message": text}, 404)
        group = call.json.get("groupId") if call.route == "add" else call.params.get("group", "")
        if group != "" and _group(group) not in self.world.groups:
            return self.error(500, "Error on the group")
        return None

    def error(self, status: int, text: str) -> Answer:
        """Return an error: HTML for an unknown address [R]; what WhatsApp refuses is a 500 [S]."""
        if status in {404, 405}:
            return Answer(404, b"<!DOCTYPE html><pre>Cannot find this</pre>", {"Content-Type": "text/html"})
        return say({"status": "error", "message": text, "error": {}}, 500 if status == 403 else status)

    def on_token(self, call: Call) -> Answer:
        """Tell a token to whom knows the secret key [R]."""
        if call.params["secret"] != self.secret_key:
            return say({"response": False, "message": "The SECRET_KEY is incorrect"}, 400)
        named = {"session": call.params["session"], "full": f"{call.params['session']}:{self._token}"}
        return say({"status": "success", "token": self._token, **named}, 201)

    def on_add(self, call: Call) -> Answer:
        """Add people by digits; with one unknown number it says so, and adds the rest; with two it adds nobody [S]."""
        people, group = _contacts(call.json.get("phone")), _group(call.json.get("groupId"))
        missing = [who.phone for who in people if who.phone and not self._is_account(who)]
        results = self.world.add(group, people, by=self.account) if len(missing) <= 1 else ()
        if missing:
            return _no_such_number(missing[0])
        by_lid = self.world.groups[group].addressing == "lid"
        told = [self._told(result, by_lid=by_lid) for result in results if result.code not in DROPPED]
        answer = {"message": "Addition to group attempted.", "participants": call.json.get("phone")}
        return say({"status": "success", "response": {**answer, "result": [dict(told)]}}, 201)

    def _told(self, result: Result, *, by_lid: bool) -> tuple[str, Mapping[str, object]]:
        human, offer = result.human, result.offer
        phone = human.phone if human else result.asked.phone
        name = f"{human.lid}@lid" if human and (by_lid or not result.asked.phone) else f"{phone}@c.us"
        return name, {
            "wid": name,
            "code": result.code.value,
            "message": result.code.name,
            "invite_code": offer.code if offer else None,
            "invite_code_exp": int(self.world.date(offer.expires_at).timestamp()) if offer else None,
        }

    def on_list(self, call: Call) -> Answer:
        """List the members' names, one each [S]."""
        rows = self.world.roster(_group(call.params["group"]), by=self.account)
        return say({"status": "success", "response": [_wid(_name(row)) for row in rows]})

    def on_info(self, call: Call) -> Answer:
        """Tell the group, without its size [S]."""
        jid = _group(call.params["group"])
        rows = self.world.roster(jid, by=self.account)
        people = [{"id": _wid(_name(row)), "isAdmin": row.role != "member"} for row in rows]
        named = {"id": _wid(jid), "name": self.world.groups[jid].name}
        return say({"status": "success", "response": {**named, "participants": people}})

    def on_invite(self, call: Call) -> Answer:
        """Tell the invite link [S]."""
        link = self.world.invite_link(_group(call.params["group"]), by=self.account)
        return say({"status": "success", "response": link})

    def on_send(self, call: Call) -> Answer:
        """Send a text, and tell its id [S]."""
        people = _contacts(call.json.get("phone"), lid=call.json.get("isLid") is True)
        text = call.json.get("message")
        if len(people) != 1 or not isinstance(text, str) or not text:
            return self.error(500, "Error sending the message")
        message = self.world.send(people[0], text, by=self.account)
        if message is None:
            return _no_such_number(people[0].phone or "")
        return say({"status": "success", "response": [{"id": message}], "mapper": "return"}, 201)

    def on_check(self, call: Call) -> Answer:
        """Check a number [S]."""
        if not (people := _contacts(call.params["phone"])):
            return self.error(500, "Error on check number status")
        human = self.world.whois(people[0]) if self._is_account(people[0]) else None
        wid = _wid(f"{human.phone if human else people[0].phone}@c.us")
        found = {"id": wid, "status": 200 if human else 404, "numberExists": human is not None}
        return say({"status": "success", "response": found})

    def on_lid(self, call: Call) -> Answer:
        """Tell both names of somebody; what is not known is left out [S]."""
        local, _, domain = call.params["name"].partition("@")
        who = Identity(lid=local) if domain == "lid" else Identity(local)
        human = self.world.whois(who) if self._is_account(who) else None
        return say({"lid": _wid(f"{human.lid}@lid"), "phoneNumber": _wid(f"{human.phone}@c.us")} if human else {})

    def on_session(self, _call: Call) -> Answer:
        """Tell whether the session is connected [S]."""
        ready = self.account.session == "working"
        return say({"status": ready, "message": "Connected" if ready else "Disconnected"})

    def on_device(self, _call: Call) -> Answer:
        """Tell our own number [S]."""
        number = f"{self.account.human.phone}@c.us"
        return say({"status": "success", "response": {"phoneNumber": number}, "mapper": "device"})

    def _is_account(self, who: Identity) -> bool:
        human = self.world.whois(who)
        return human is not None and human.temper is not Privacy.NOT_ON_WHATSAPP


def _group(name: object) -> str:
    return f"{str(name).partition('@')[0]}@g.us"


def _contacts(names: object, *, lid: bool = False) -> Sequence[Identity]:
    """Read people as the server does: by their digits alone, of which more than fourteen make a LID [S]."""
    texts = names.split(",") if isinstance(names, str) else [str(one) for one in items(names)]
    digits = ["".join(filter(str.isdecimal, text.partition("@")[0])) for text in texts]
    return [Identity(lid=one) if lid or len(one) > LONGEST_PHONE else Identity(one) for one in digits if one]


def _no_such_number(phone: str) -> Answer:
    return say({"response": None, "status": "Connected", "message": f"O número {phone} não existe."}, 400)


def _name(row: Row) -> str:
    if row.keyed_by == "phone" and row.phone:
        return f"{row.phone}@c.us"
    return f"{row.lid}@lid" if row.lid else ""


def _wid(name: str) -> Mapping[str, str]:
    user, _, server = name.partition("@")
    return {"server": server, "user": user, "_serialized": name}
