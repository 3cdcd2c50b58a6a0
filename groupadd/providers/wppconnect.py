"""WPPConnect Server, https://wppconnect.io: wa-js' answers, a token to be had first, and statuses that mislead.

Sources: [S] wppconnect-team/wppconnect-server 2.10.4; [R] answers of that version, run without an account; [?] not
confirmed. Nothing here is proven against the live service.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import AnswerLost, NotAuthenticated, RequestRefused, SessionNotReady
from groupadd.model.codes import NO_ANSWER, Meaning
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret
from groupadd.model.outcome import Reason, Status
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Claim, GroupInfo, Session, refuse_notify
from groupadd.readers import asking, common, engines, envelope, group_info, naming, wajs
from groupadd.readers.envelope import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response, Wire

__all__ = ["WPPConnect"]

LOGIN = "POST /api/{session}/{secret}/generate-token"  # [R] 201 `{token}`
ADD = "POST /api/{session}/add-participant-group"  # [S] 201 `{response: {result: [wa-js' answer]}}`, one for each group
LIST = "GET /api/{session}/group-members-ids/{group}"  # [S] `{response: [wid]}`, from WhatsApp Web's own model
INFO = "GET /api/{session}/group-info/{group}"  # [S]
INVITE = "GET /api/{session}/group-invite-link/{group}"  # [S] `{response: link}`
SEND = "POST /api/{session}/send-message"  # [S] 201 `{response: [{id}]}`
CHECK = "GET /api/{session}/check-number-status/{phone}"  # [S] `{response: {id, numberExists}}`
LID = "GET /api/{session}/contact/pn-lid/{phone}@c.us"  # [S] `{lid, phoneNumber}`, not wrapped; absent if not known
STATE = "GET /api/{session}/check-connection-session"  # [S] `{status: true, message}`
DEVICE = "GET /api/{session}/host-device"  # [S] `{response: {phoneNumber}}`

STATES: Mapping[str, bool] = {"Connected": True, "Disconnected": False}  # [S]
LONGEST_PHONE = 14  # [S] the server keeps nothing but a person's digits, and takes more of them for a LID
MISSING = re.compile(r"\b(\d{5,15})\b")  # [S] in `O número 15550100 não existe.`
WRONG_SECRET = Refusal(400, NotAuthenticated, "the provider does not accept our secret key")  # [R] of LOGIN
REFUSALS = (  # [R] two kinds of 404, neither of which is about a group
    Refusal(404, SessionNotReady, words=r'"status":\s*"Disconnected"'),
    Refusal(404, RequestRefused, "there is no WPPConnect server at this address: look at `base_url`"),  # in HTML
)
# The server says so, too, where its check failed, and adds all the same [S]: rosters decide.
PERHAPS_NOT_ON_WHATSAPP = Meaning(Status.UNKNOWN, Reason.NOT_ON_WHATSAPP)


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

    reports_each_person: ClassVar[bool] = True

    session_name: str = field(alias="session")
    secret_key: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by digits; who would be taken for somebody else is not asked for."""
        refuse_notify("WPPConnect", notify=notify)
        digits = partial(naming.digits, longest_phone=LONGEST_PHONE)
        return (yield from asking.whom_it_can_name(participants, digits, lambda some: self._add(group, some)))

    def _add(self, group: GroupId, digits: Sequence[str]) -> Flow[AddReply]:
        response = yield from self._ask(ADD, json={"groupId": group.jid, "phone": digits})
        return _missing(response) or envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read WhatsApp Web's own model, which its events keep fresh while the session is connected [?]."""
        return engines.read_roster((yield from self._ask(LIST, {"group": group.jid})), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, {"group": group.jid})))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, {"group": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        phone = person.phone and naming.phone(person.phone, LONGEST_PHONE)
        to = {"phone": phone} if phone else {"phone": person.lid, "isLid": True}
        response = yield from self._ask(SEND, json={**to, "message": text, "isGroup": False})
        if _missing(response):
            raise AnswerLost("the provider finds no such account, and may have sent the message all the same")
        return common.read_message_id(response)

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return common.read_number((yield from self._ask(CHECK, {"phone": naming.phone(phone, LONGEST_PHONE)})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        token = yield from self._token()
        return (yield from asking.lids(phones, lambda phone: self._lid(phone, token)))

    def _lid(self, phone: str, token: Secret) -> Flow[Identity | None]:
        return common.read_lid((yield from self._ask(LID, {"phone": phone}, token)))

    def session(self) -> Flow[Session]:
        token = yield from self._token()
        session = common.read_session((yield from self._ask(STATE, token=token)), STATES)
        return evolve(session, me=(yield from self._me(token))) if session.ready else session

    def _me(self, token: Secret) -> Flow[Identity | None]:
        told = envelope.record(envelope.read((yield from self._ask(DEVICE, token=token))))
        return identity(wajs.name_of(told.get("phoneNumber")))

    def _token(self) -> Flow[Secret]:
        params: dict[str, Wire] = {"session": self.session_name, "secret": self.secret_key}
        return asking.log_in(Request.to(LOGIN, params=params, repeatable=True), (WRONG_SECRET, *REFUSALS))

    def _ask(
        self,
        endpoint: str,
        parts: Mapping[str, str] | None = None,
        token: Secret | None = None,
        **content: Unpack[Content],
    ) -> Flow[Response]:
        """Carry a request, with a token of its own unless one is given."""
        token = token or (yield from self._token())
        params, headers = {"session": self.session_name, **(parts or {})}, {"Authorization": token.within("Bearer {}")}
        return envelope.discount_early(
            (yield Request.to(endpoint, params=params, headers=headers, **content)), REFUSALS
        )


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
