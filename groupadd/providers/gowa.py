"""GOWA, https://github.com/aldinokemal/go-whatsapp-web-multidevice: whatsmeow behind Basic auth, and a false `success`.

Sources: [S] the server, v9 of August 2026; [O] its openapi.yaml. Nothing here is proven against the live service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import frozen

from groupadd.errors import SessionNotReady
from groupadd.model.codes import ACCEPTED, NOT_MENTIONED, NOT_ON_WHATSAPP, PRIVACY, UNRECOGNISED, Meaning
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Claim, GroupInfo, Session, refuse_notify
from groupadd.readers import asking, common, engines, envelope, group_info, naming, refusals
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Gowa"]

ADD = "POST /group/participants"  # [S][O] a live query
LIST = "GET /group/participants"  # [S][O] a live query
INFO = "GET /group/info"  # [S] whatsmeow's own record
REQUESTS = "GET /group/participant-requests"  # [S][O]; older servers tell LIDs without numbers [S]
INVITE = "GET /group/invite-link"  # [S][O]
SEND = "POST /send/message"  # [S][O]; a 429 is a reach-out timelock: no new chats for now [S]
CHECK = "GET /user/check"  # [S][O] `{is_on_whatsapp}`; false, too, where WhatsApp could not be asked
STATUS = "GET /app/status"  # [S] `{is_connected, is_logged_in, device_id}`, lately `jid`

WORDS: Mapping[str, Meaning] = {  # [S]
    "success": ACCEPTED,  # also of 401, 404, 408, 409, 419, 421, and of 403 without an offer
    "error": PRIVACY,  # 403 with an offer, whose code is not told
}
STRANGER = "INVALID_JID"  # [S] 400: somebody is not on WhatsApp; nothing has reached the group
REFUSALS = (  # [S] nothing has reached WhatsApp
    envelope.Refusal(401, SessionNotReady, words="AUTHENTICATION_ERROR"),  # not logged in; without it: a wrong password
    envelope.Refusal(500, SessionNotReady, words="INVALID_WA_CLI"),
    envelope.Refusal(400, SessionNotReady, words="DEVICE_ID_REQUIRED"),
    envelope.Refusal(404, SessionNotReady, words="DEVICE_NOT_FOUND"),
    envelope.Refusal(503, SessionNotReady, words="DEVICE_MANAGER_UNAVAILABLE"),
)


@frozen
class Gowa:
    """The account behind one device of a GOWA server.

    Attributes:
        base_url: Where the server is.
        username: The user, where the server wants one.
        password: The user's password.
        device_id: The device; None for the server's default one.
    """

    reports_each_person: ClassVar[bool] = False

    base_url: str
    username: str | None = None
    password: Secret | None = None
    device_id: str | None = None

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask for these people, by bare number: it would take a LID's digits for one."""
        refuse_notify("GOWA", notify=notify)
        phones = naming.phones(participants, "GOWA")
        return (yield from asking.without_strangers(phones, lambda some: self._add(group, some), self.check_number))

    def _add(self, group: GroupId, phones: Sequence[str]) -> Flow[AddReply]:
        response = yield from self._ask(ADD, json={"group_id": group.jid, "participants": phones})
        if envelope.matches(response, 400, STRANGER):
            return AddReply(rest=NOT_ON_WHATSAPP, says=STRANGER)
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield from self._ask(LIST, query={"group_id": group.jid})), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, query={"group_id": group.jid})))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        response = yield from self._ask(REQUESTS, query={"group_id": group.jid})
        return common.read_people(response, "jid", "phone_number")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, query={"group_id": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        return common.read_message_id((yield from self._ask(SEND, json={"phone": person.id, "message": text})))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return common.read_number((yield from self._ask(CHECK, query={"phone": phone})), asked=phone)

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(STATUS)))

    def _ask(self, endpoint: str, **content: Unpack[Content]) -> Flow[Response]:
        headers = {} if self.password is None else {"Authorization": self.password.basic(self.username or "")}
        device = {} if self.device_id is None else {"X-Device-Id": self.device_id}
        response = yield Request.to(endpoint, headers={**headers, **device}, **content)
        return envelope.discount_early(refusals.raise_if_refused(response), REFUSALS)


def _claims(data: object) -> AddReply | None:
    """Read `results: [{participant, status}]`. Where it names people by LID, nobody is known to be passed over."""
    match data:
        case {"code": "SUCCESS", "results": [*rows]}:
            told = [(identity(row.get("participant")), row.get("status")) for row in rows if isinstance(row, dict)]
            claims = [(who, _claim(says)) for who, says in told if who and isinstance(says, str)]
            return AddReply(claims, ACCEPTED if not rows or any(who.lid for who, _ in claims) else NOT_MENTIONED)
    return None


def _claim(says: str) -> Claim:
    meaning = WORDS.get(says, UNRECOGNISED)
    return Claim(meaning, says, Invite("personal") if meaning is PRIVACY else None)
