"""WPPConnect Server, https://wppconnect.io: wa-js' answers, a token to be had first, and statuses that mislead.

Sources: [S] wppconnect-team/wppconnect-server 2.10.4; [R] answers of that version, run without an account; [?] not
confirmed. Nothing here is proven against the live service.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import evolve, field, frozen

from groupadd import engines, envelope
from groupadd.engines import settings, wajs
from groupadd.provider import (
    NO_ANSWER,
    AddReply,
    AnswerLost,
    Claim,
    Flow,
    GroupId,
    GroupInfo,
    Identity,
    Meaning,
    NoAnswer,
    NotAuthenticated,
    Participant,
    Reason,
    Request,
    RequestRefused,
    Response,
    Roster,
    Secret,
    Session,
    Status,
    Unsupported,
    identity,
)

__all__ = ["WPPConnect"]

LOGIN = "/api/{session}/{secret}/generate-token"  # [R] 201 `{token}`, 400 for a wrong secret
ADD = "/api/{session}/add-participant-group"  # [S] 201 `{response: {result: [wa-js' answer]}}`, one for each group
LIST = "/api/{session}/group-members-ids/{group}"  # [S] `{response: [wid]}`, from WhatsApp Web's own model
INFO = "/api/{session}/group-info/{group}"  # [S]
INVITE = "/api/{session}/group-invite-link/{group}"  # [S] `{response: link}`
SEND = "/api/{session}/send-message"  # [S] 201 `{response: [{id}]}`
CHECK = "/api/{session}/check-number-status/{phone}"  # [S] `{response: {id, numberExists}}`
LID = "/api/{session}/contact/pn-lid/{phone}@c.us"  # [S] `{lid, phoneNumber}`, not wrapped
STATE = "/api/{session}/check-connection-session"  # [S] `{status: true}`
DEVICE = "/api/{session}/host-device"  # [S] `{response: {phoneNumber}}`

LONGEST_PHONE = 14  # [S] the server keeps nothing but a person's digits, and takes more of them for a LID
MISSING = re.compile(r"\b(\d{5,15})\b")  # [S] in `O número 15550100 não existe.`

# The server says so, too, where its check failed, and adds all the same [S]: rosters decide.
PERHAPS_NOT_ON_WHATSAPP = Meaning(Status.UNKNOWN, Reason.NOT_ON_WHATSAPP)
NOT_ASKED_FOR = Meaning(Status.UNKNOWN, Reason.INVALID_PARTICIPANT)


@frozen
class WPPConnect:
    """The account behind one session of a WPPConnect server.

    Every call asks for a token first: a provider keeps no state, and the token is a salted hash of session and secret
    [S], which costs the server no WhatsApp traffic, and ends no earlier one.

    Attributes:
        session_name: The session's name.
        secret_key: The server's secret key.
        base_url: Where the server is.
    """

    speaks_of_each: ClassVar[bool] = True

    session_name: str = field(alias="session")
    secret_key: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by digits; who would be taken for somebody else is not asked for."""
        if notify is not None:
            raise Unsupported("WPPConnect cannot be told whether to notify; leave `notify` out")
        askable = {person.id: person.phone or person.lid for person in participants if _keeps_its_kind(person)}
        left_out = [(person.id, Claim(NOT_ASKED_FOR)) for person in participants if person.id not in askable]
        if not askable:
            return AddReply(left_out)
        body = {"groupId": group.jid, "phone": list(askable.values())}
        response = yield from self._ask("POST", ADD, json=body)
        reply = _missing(response) or envelope.read_add(response, _claims)
        return evolve(reply, claims=[*reply.claims, *left_out])

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read WhatsApp Web's own model, which its events keep fresh while the session is connected [?]."""
        wids = envelope.rows(envelope.read((yield from self._ask("GET", LIST, {"group": group.jid}))))
        return engines.read_roster([{"id": wid} for wid in wids], group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        match envelope.read((yield from self._ask("GET", INFO, {"group": group.jid}))):
            case {"response": record} | record:
                return settings.read_info(record)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask("GET", INVITE, {"group": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        _require_phone(person.phone)
        to = {"phone": person.phone} if person.phone else {"phone": person.lid, "isLid": True}
        body = {**to, "message": text, "isGroup": False}
        response = yield from self._ask("POST", SEND, json=body)
        if _missing(response):
            raise AnswerLost("the provider finds no such account, and may have sent the message all the same")
        match envelope.read(response):
            case {"response": [{"id": wid}, *_]} if isinstance(message := wajs.name_of(wid), str):
                return message
            case {"status": "success"}:
                return None
        raise envelope.unreadable()

    def check_number(self, phone: str) -> Flow[Identity | None]:
        _require_phone(phone)
        match envelope.read((yield from self._ask("GET", CHECK, {"phone": phone}))):
            case {"response": {"numberExists": False}}:
                return None
            case {"response": {"numberExists": True, "id": wid}} if who := identity(wajs.name_of(wid)):
                return who
        raise envelope.unreadable()

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Ask for the LID of each number; `lid` is absent where it is not known [S]."""
        token = yield from self._token()
        lids: dict[str, str] = {}
        for phone in phones:
            match envelope.read((yield from self._ask("GET", LID, {"phone": phone}, token=token))):
                case {"lid": wid} if (who := identity(wajs.name_of(wid))) and who.lid:
                    lids[phone] = who.lid
        return lids

    def session(self) -> Flow[Session]:
        """Ask for the state, and for our own account where there is one."""
        token = yield from self._token()
        state = yield from self._ask("GET", STATE, token=token)
        match state.json():
            case {"status": bool() as ready, "message": str() as says} if state.ok:
                return Session(ready, says, (yield from self._me(token)) if ready else None)
        envelope.read(state)
        raise envelope.unreadable()

    def _me(self, token: Secret) -> Flow[Identity | None]:
        match envelope.read((yield from self._ask("GET", DEVICE, token=token))):
            case {"response": {"phoneNumber": wid}}:
                return identity(wajs.name_of(wid))
        return None

    def _token(self) -> Flow[Secret]:
        """Ask for a token.

        Raises:
            NotAuthenticated: The secret key is wrong: a 400 [R].
            NoAnswer: None came; what the token is for was surely not sent.
        """
        try:
            response = yield Request(
                "POST",
                LOGIN,
                params={"session": self.session_name, "secret": self.secret_key},
                repeatable=True,
            )
        except NoAnswer:
            raise NoAnswer("there is no token", maybe_sent=False) from None
        if response.status == 400:
            raise NotAuthenticated("the provider does not accept our secret key (400)")
        match envelope.read(_at_home(response)):
            case {"token": str() as token} if token:
                return Secret(token)
        raise envelope.unreadable()

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        json: Mapping[str, object] | None = None,
        token: Secret | None = None,
    ) -> Flow[Response]:
        """Carry a request, with a token of its own unless one is given."""
        token = token or (yield from self._token())
        response = yield Request(
            method,
            path,
            params={"session": self.session_name, **(params or {})},
            headers={"Authorization": token.within("Bearer {}")},
            json=json,
            repeatable=method == "GET",
        )
        return _at_home(response)


def _keeps_its_kind(person: Participant) -> bool:
    """Whether the server takes a person's digits for what they are."""
    return len(person.phone) <= LONGEST_PHONE if person.phone else len(person.lid or "") > LONGEST_PHONE


def _require_phone(phone: str | None) -> None:
    if phone is not None and len(phone) > LONGEST_PHONE:
        raise RequestRefused(f"WPPConnect takes more than {LONGEST_PHONE} digits for a LID; nothing was sent")


def _at_home(response: Response) -> Response:
    """Return an answer that is none of the server's two kinds of 404, neither of which is about a group.

    Raises:
        SessionNotReady: The session is not connected [R].
        RequestRefused: There is no such address, in HTML [R].
    """
    match response.status, response.json():
        case 404, {"status": "Disconnected"}:
            raise envelope.session_down(response)
        case 404, _:
            raise RequestRefused("there is no WPPConnect server at this address: look at `base_url` (404)")
    return response


def _missing(response: Response) -> AddReply | None:
    """Read a 400 of the connected server: one number was not found. It comes before the add, which may still follow."""
    match response.status, response.json():
        case 400, {"status": "Connected", **record}:
            number = MISSING.search(str(record.get("message")))
            claims = [(number[1], Claim(PERHAPS_NOT_ON_WHATSAPP, "400"))] if number else []
            return AddReply(claims, NO_ANSWER, "400")
    return None


def _claims(data: object) -> AddReply | None:
    """Read wa-js' answer for the one group; people whom WhatsApp refused may be missing from it, even all of them."""
    match data:
        case {"response": {"result": [dict() as said, *_]}}:
            return engines.read_reply(said) or AddReply()
    return None
