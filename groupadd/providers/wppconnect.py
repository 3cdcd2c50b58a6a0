"""WPPConnect Server, https://wppconnect.io: wa-js' answers, a token before every request, and statuses that mislead.

Sources: [S] wppconnect-team/wppconnect-server 2.10.4; [R] answers of that version, run without a WhatsApp account.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import AnswerLost, NotAuthenticated, RequestRefused, SessionNotReady
from groupadd.model.codes import NO_ANSWER, Meaning, not_asked
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret, masked_url
from groupadd.model.outcome import Reason, Status
from groupadd.model.roster import Roster
from groupadd.provider import (
    AddReply,
    Claim,
    Endpoint,
    Endpoints,
    GroupInfo,
    NumberCheck,
    Proof,
    SentMessage,
    Session,
    refuse_notify,
)
from groupadd.readers import common, engines, envelope, group_info, roster, status_errors
from groupadd.readers.status_errors import Refusal
from groupadd.wire.messages import Content, Flow, NoAnswer, Request, Response, Wire

__all__ = ["WPPConnect"]

LOGIN = Endpoint("POST /api/{session}/{secret}/generate-token", sources="R")  # 201 `{token}`
ADD = Endpoint("POST /api/{session}/add-participant-group", sources="S")  # 201 `{response: {result}}`; see `_claims`
LIST = Endpoint("GET /api/{session}/group-members-ids/{group}", sources="S")  # `{response: [wid]}`
INFO = Endpoint("GET /api/{session}/group-info/{group}", sources="S")
INVITE = Endpoint("GET /api/{session}/group-invite-link/{group}", sources="S")  # `{response: link}`
SEND = Endpoint("POST /api/{session}/send-message", sources="S")  # 201 `{response: [{id}]}`
CHECK = Endpoint("GET /api/{session}/check-number-status/{phone}", sources="S")  # `{response: {id, numberExists}}`
LID = Endpoint("GET /api/{session}/contact/pn-lid/{phone}@c.us", sources="S")  # `{lid}`, not wrapped; absent if unknown
STATE = Endpoint("GET /api/{session}/check-connection-session", sources="S")  # `{status: true, message}`
DEVICE = Endpoint("GET /api/{session}/host-device", sources="S")  # `{response: {phoneNumber}}`

STATES: Mapping[str, bool] = {"Connected": True, "Disconnected": False}  # [S]
LONGEST_PHONE = 14  # the server keeps only a participant's digits, and takes more digits than these for a LID [S]
MISSING = re.compile(r"\b(\d{5,15})\b")  # in `O número 15550100 não existe.` [S]
WRONG_SECRET = Refusal(400, NotAuthenticated, "the provider does not accept our secret key")  # of LOGIN [R]
REFUSALS = (Refusal(404, SessionNotReady, words=r'"status":\s*"Disconnected"'),)  # the server has no 404 for groups [R]
# The server says so as well where its check failed, and adds all the same [S]: rosters decide.
MAYBE_NOT_ON_WHATSAPP = Meaning(Status.UNKNOWN, Reason.NOT_ON_WHATSAPP)
NOT_ASKED_FOR = Claim(not_asked(Reason.INVALID_PARTICIPANT))


@frozen
class WPPConnect:
    """The account behind one session of a WPPConnect server.

    Every call asks for a token first, because a provider keeps no state. The token is a salted hash of session and
    secret: it costs no WhatsApp traffic and ends no earlier token [S].

    Attributes:
        session_name: The session's name.
        secret_key: The server's secret key.
        base_url: Where the server is.
    """

    reports_each_person: ClassVar[bool] = False  # wa-js leaves refused people out, and one unknown number everybody [S]
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [LOGIN, ADD],
        "list_participants": [LOGIN, LIST],
        "group_info": [LOGIN, INFO],
        "invite_link": [LOGIN, INVITE],
        "send_text": [LOGIN, SEND],
        "check_number": [LOGIN, CHECK],
        "resolve_lids": [LOGIN, LID],
        "session": [LOGIN, STATE, DEVICE],
    }

    session_name: str = field(alias="session")
    secret_key: Secret
    base_url: str = field(converter=masked_url)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once, by digits. Participants whose digits the server would misread are skipped and stay unknown."""
        refuse_notify("WPPConnect", notify=notify)
        digits = {person.id: number for person in participants if (number := _digits(person))}
        reply = (yield from self._add(group, list(digits.values()))) if digits else AddReply()
        skipped = [(person.id, NOT_ASKED_FOR) for person in participants if person.id not in digits]
        return evolve(reply, claims=[*reply.claims, *skipped])

    def _add(self, group: GroupId, digits: Sequence[str]) -> Flow[AddReply]:
        response = yield from self._ask(ADD, json={"groupId": group.jid, "phone": digits})
        return _missing(response) or envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read WhatsApp Web's own model in the page, without asking WhatsApp anew [S].

        Events add those who join. The same model keeps people who have left in whatsapp-web.js (WAHA issue 2067), so
        that a row alone proves no presence.
        """
        return roster.read_roster(
            (yield from self._ask(LIST, {"group": group.jid})), group, at="response", proves=Proof.ABSENCE
        )

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, {"group": group.jid})))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, {"group": group.jid})), at="response")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        to = {"phone": _checked(person.phone)} if person.phone else {"phone": person.lid, "isLid": True}
        response = yield from self._ask(SEND, json={**to, "message": text, "isGroup": False})
        if _missing(response):
            raise AnswerLost("the provider finds no such account, and may have sent the message all the same")
        return common.read_sent_message(response)

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        return common.read_number((yield from self._ask(CHECK, {"phone": _checked(phone)})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        token = yield from self._token()
        return (yield from common.resolve_lids(phones, lambda phone: self._lid(phone, token)))

    def _lid(self, phone: str, token: Secret) -> Flow[Identity | None]:
        return common.read_lid((yield from self._ask(LID, {"phone": phone}, token)))

    def session(self) -> Flow[Session]:
        token = yield from self._token()
        session = _session((yield from self._ask(STATE, token=token)))
        return evolve(session, me=(yield from self._me(token))) if session.ready else session

    def _me(self, token: Secret) -> Flow[Identity | None]:
        device = envelope.record(envelope.read((yield from self._ask(DEVICE, token=token))))
        return identity(common.jid_of(device.get("phoneNumber")))

    def _token(self) -> Flow[Secret]:
        """Ask for the token of a request. Where no token comes, that request was surely not sent.

        Raises:
            ProviderError: The provider refused, or its answer holds no token.
            NoAnswer: No answer came.
        """
        params: dict[str, Wire] = {"session": self.session_name, "secret": self.secret_key}
        try:
            response = yield Request.to(LOGIN, params=params, repeatable=True)
        except NoAnswer as lost:
            why = f"without a token: {lost}"
        else:
            return _read_token(response)
        raise NoAnswer(why, maybe_sent=False)

    def _ask(
        self,
        endpoint: Endpoint,
        parts: Mapping[str, str] | None = None,
        token: Secret | None = None,
        **content: Unpack[Content],
    ) -> Flow[Response]:
        """Carry a request, with a token of its own unless one is given."""
        token = token or (yield from self._token())
        params, headers = {"session": self.session_name, **(parts or {})}, {"Authorization": token.within("Bearer {}")}
        response = yield Request.to(endpoint, params=params, headers=headers, **content)
        return status_errors.raise_for_refusals(response, REFUSALS)


def _read_token(response: Response) -> Secret:
    """Return the token in the answer to a log-in.

    Raises:
        ProviderError: The provider refused, or its answer holds no token.
    """
    match envelope.read(status_errors.raise_for_refusals(response, (WRONG_SECRET, *REFUSALS))):
        case {"token": str() as token} if token:
            return Secret(token)
    raise envelope.unreadable()


def _digits(person: Participant) -> str | None:
    """Return a participant's digits; None where the server would take a number for a LID, or a LID for a number."""
    digits = person.phone or person.lid or ""
    return digits if (len(digits) <= LONGEST_PHONE) is bool(person.phone) else None


def _checked(phone: str) -> str:
    """Return a number that the server takes for one.

    Raises:
        RequestRefused: The server would take the number for a LID.
    """
    if len(phone) > LONGEST_PHONE:
        raise RequestRefused(f"the provider takes more than {LONGEST_PHONE} digits for a LID; nothing was sent")
    return phone


def _session(response: Response) -> Session:
    """Read the session's state. Its `status: false` is an answer, not a refusal.

    Raises:
        ProviderError: The provider refused the read, or its answer cannot be read.
    """
    match response.json():
        case {"status": bool(), "message": str() as state} if response.ok and state in STATES:
            return Session(STATES[state], state)
    return common.read_session(response, STATES)


def _missing(response: Response) -> AddReply | None:
    """Read a 400 of the connected server: one number was not found. It comes before the add, which may still follow."""
    match response.status, response.json():
        case 400, {"status": "Connected", **rest}:
            number = MISSING.search(str(rest.get("message")))
            claims = [(number[1], Claim(MAYBE_NOT_ON_WHATSAPP, "400"))] if number else []
            return AddReply(claims, NO_ANSWER, "400")
    return None


def _claims(data: object) -> AddReply | None:
    """Read wa-js' answer for the one group. It may lack participants that WhatsApp refused, even all of them."""
    match data:
        case {"response": {"result": [dict() as rows, *_]}}:
            return engines.read_reply(rows) or AddReply()
    return None
