"""WPPConnect Server's wire format.

Sources: [S] wppconnect-team/wppconnect-server 2.10.4, and wa-js; [R] answers of that version, run without an account;
[?] a plausible guess.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import ClassVar

from attrs import frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.answers import AddResult, Code, RosterRow
from groupadd.sandbox.messages import KEY, ServerRequest, ServerResponse, json_response, list_items
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World

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

MAX_PHONE_DIGITS = 14  # [S]
DROPPED = frozenset({Code.BLOCKED, Code.LEGAL})  # [S] WhatsApp Web leaves these out; which codes is [?]


@frozen
class WPPConnect:
    """WPPConnect Server's service over a world.

    Attributes:
        world: The world that requests read and change.
        account: Our account behind the session.
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
        """Return the provider's config fields."""
        return {"session": self.session, "secret_key": self.secret_key}

    @property
    def _token(self) -> str:
        """The token. A real server returns a new salted hash of the same two each time, and accepts them all [S]."""
        return f"$2b$10${sha256(f'{self.session}{self.secret_key}'.encode()).hexdigest()}"

    def guard(self, request: ServerRequest) -> ServerResponse | None:
        """Check the session's token, its state, and the group, in this order [S]."""
        if request.route == "token":
            return None
        given = request.headers.get("authorization", "")
        if not given:
            return json_response({"message": "Token is not present. Check your header and try again"}, 401)
        if request.params["session"] != self.session or given != f"Bearer {self._token}":
            return json_response({"error": "Check that the Session and Token are correct"}, 401)
        if request.route != "session" and self.account.session != "working":
            text = "A sessão do WhatsApp não está ativa."
            return json_response({"response": None, "status": "Disconnected", "message": text}, 404)
        group = request.json.get("groupId") if request.route == "add" else request.params.get("group", "")
        if group != "" and _group(group) not in self.world.groups:
            return self.error(500, "Error on the group")
        return None

    def error(self, status: int, text: str) -> ServerResponse:
        """Return an error: HTML for an unknown address [R]; a 500 for a refusal by WhatsApp [S]."""
        if status in {404, 405}:
            return ServerResponse(404, b"<!DOCTYPE html><pre>Cannot find this</pre>", {"Content-Type": "text/html"})
        return json_response({"status": "error", "message": text, "error": {}}, 500 if status == 403 else status)

    def on_token(self, request: ServerRequest) -> ServerResponse:
        """Return a token if the request has the secret key [R]."""
        if request.params["secret"] != self.secret_key:
            return json_response({"response": False, "message": "The SECRET_KEY is incorrect"}, 400)
        named = {"session": request.params["session"], "full": f"{request.params['session']}:{self._token}"}
        return json_response({"status": "success", "token": self._token, **named}, 201)

    def on_add(self, request: ServerRequest) -> ServerResponse:
        """Add participants by digits; one unknown number is an error but adds the rest, two stop the add [S]."""
        people, group = _contacts(request.json.get("phone")), _group(request.json.get("groupId"))
        missing = [names.phone for names in people if names.phone and self.world.find_user(names) is None]
        results = self.world.add_participants(group, people, by=self.account) if len(missing) <= 1 else ()
        if missing:
            return _no_such_number(missing[0])
        by_lid = self.world.groups[group].addressing == "lid"
        rows = [self._result(result, by_lid=by_lid) for result in results if result.code not in DROPPED]
        answer = {"message": "Addition to group attempted.", "participants": request.json.get("phone")}
        return json_response({"status": "success", "response": {**answer, "result": [dict(rows)]}}, 201)

    def _result(self, result: AddResult, *, by_lid: bool) -> tuple[str, Mapping[str, object]]:
        person, offer = result.person, result.invite
        phone = person.phone if person else result.requested.phone
        name = f"{person.lid}@lid" if person and (by_lid or not result.requested.phone) else f"{phone}@c.us"
        return name, {
            "wid": name,
            "code": result.code.value,
            "message": result.code.name,
            "invite_code": offer.code if offer else None,
            "invite_code_exp": int(self.world.date(offer.expires_at).timestamp()) if offer else None,
        }

    def on_list(self, request: ServerRequest) -> ServerResponse:
        """Return one name for each row of WhatsApp Web's model in the page [S], with people who have left.

        The model keeps them in whatsapp-web.js (WAHA issue 2067), which reads the same one.
        """
        jid = _group(request.params["group"])
        names = [_name(row) for row in self.world.roster(jid, by=self.account)]
        gone = [phone for phone in self.world.people if self.world.groups[jid].left_at(phone) is not None]
        return json_response(
            {"status": "success", "response": [_wid(name) for name in (*names, *(f"{phone}@c.us" for phone in gone))]}
        )

    def on_info(self, request: ServerRequest) -> ServerResponse:
        """Return the group, without its size [S]."""
        jid = _group(request.params["group"])
        rows = self.world.roster(jid, by=self.account)
        people = [{"id": _wid(_name(row)), "isAdmin": row.role != "member"} for row in rows]
        named = {"id": _wid(jid), "name": self.world.groups[jid].name}
        return json_response({"status": "success", "response": {**named, "participants": people}})

    def on_invite(self, request: ServerRequest) -> ServerResponse:
        """Return the invite link [S]."""
        link = self.world.invite_link(_group(request.params["group"]), by=self.account)
        return json_response({"status": "success", "response": link})

    def on_send(self, request: ServerRequest) -> ServerResponse:
        """Send a text and return its id [S]."""
        people = _contacts(request.json.get("phone"), lid=request.json.get("isLid") is True)
        text = request.json.get("message")
        if len(people) != 1 or not isinstance(text, str) or not text:
            return self.error(500, "Error sending the message")
        message = self.world.send(people[0], text, by=self.account)
        if message is None:
            return _no_such_number(people[0].phone or "")
        return json_response({"status": "success", "response": [{"id": message}], "mapper": "return"}, 201)

    def on_check(self, request: ServerRequest) -> ServerResponse:
        """Check a number [S]."""
        if not (people := _contacts(request.params["phone"])):
            return self.error(500, "Error on check number status")
        user = self.world.find_user(people[0])
        wid = _wid(f"{user.phone if user else people[0].phone}@c.us")
        found = {"id": wid, "status": 200 if user else 404, "numberExists": user is not None}
        return json_response({"status": "success", "response": found})

    def on_lid(self, request: ServerRequest) -> ServerResponse:
        """Return a user's phone and LID; empty for a name that is not on WhatsApp [S]."""
        local, _, domain = request.params["name"].partition("@")
        names = Identity(lid=local) if domain == "lid" else Identity(local)
        user = self.world.find_user(names)
        return json_response(
            {"lid": _wid(f"{user.lid}@lid"), "phoneNumber": _wid(f"{user.phone}@c.us")} if user else {}
        )

    def on_session(self, _request: ServerRequest) -> ServerResponse:
        """Return whether the session is connected [S]."""
        ready = self.account.session == "working"
        return json_response({"status": ready, "message": "Connected" if ready else "Disconnected"})

    def on_device(self, _request: ServerRequest) -> ServerResponse:
        """Return our own number [S]."""
        number = f"{self.account.person.phone}@c.us"
        return json_response({"status": "success", "response": {"phoneNumber": number}, "mapper": "device"})


def _group(name: object) -> str:
    return f"{str(name).partition('@')[0]}@g.us"


def _contacts(names: object, *, lid: bool = False) -> Sequence[Identity]:
    """Return the names that the server reads: digits only; more than 14 digits are a LID [S]."""
    texts = names.split(",") if isinstance(names, str) else [str(one) for one in list_items(names)]
    digits = ["".join(filter(str.isdecimal, text.partition("@")[0])) for text in texts]
    return [Identity(lid=one) if lid or len(one) > MAX_PHONE_DIGITS else Identity(one) for one in digits if one]


def _no_such_number(phone: str) -> ServerResponse:
    return json_response({"response": None, "status": "Connected", "message": f"O número {phone} não existe."}, 400)


def _name(row: RosterRow) -> str:
    if row.keyed_by == "phone" and row.phone:
        return f"{row.phone}@c.us"
    return f"{row.lid}@lid" if row.lid else ""


def _wid(name: str) -> Mapping[str, str]:
    user, _, server = name.partition("@")
    return {"server": server, "user": user, "_serialized": name}
