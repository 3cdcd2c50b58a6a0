"""GOWA, https://github.com/aldinokemal/go-whatsapp-web-multidevice: whatsmeow behind Basic auth, and a false `success`.

Sources: [S] the server, v9 of August 2026; [D] its openapi.yaml.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import RequestRefused, SessionNotReady, Unsupported
from groupadd.model.codes import ACCEPTED, NOT_MENTIONED, PRIVACY, UNRECOGNISED, Meaning, not_asked
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret, masked_url
from groupadd.model.outcome import Invite, Reason
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
from groupadd.wire.messages import Content, Flow, NoAnswer, Request, Response

__all__ = ["Gowa"]

ADD = Endpoint("POST /group/participants", sources="DS")
# `{results: {participants}}`. A row without a known phone has the LID's digits in its place (issues 619 and 624) [S].
LIST = Endpoint("GET /group/participants", sources="DS")
INFO = Endpoint("GET /group/info", sources="S")  # whatsmeow's own record
REQUESTS = Endpoint("GET /group/participant-requests", sources="DS")  # `{results}`; older servers: LIDs alone [S]
INVITE = Endpoint("GET /group/invite-link", sources="DS")  # `{results: {invite_link}}`
SEND = Endpoint("POST /send/message", sources="DS")  # a 429 is a reach-out timelock: no new chats for now [S]
CHECK = Endpoint("GET /user/check", sources="DS")  # `{is_on_whatsapp}`; false, too, where WhatsApp could not be asked
STATUS = Endpoint("GET /app/status", sources="S")  # `{is_connected, is_logged_in, device_id}`, lately `jid`

WORDS: Mapping[str, Meaning] = {  # [S]
    "success": ACCEPTED,  # also of 401, 404, 408, 409, 419, 421, and of 403 without an offered invitation
    "error": PRIVACY,  # 403 with an offered invitation, whose code is not shown
}
STRANGER = "INVALID_JID"  # 400: the server's own check of one number failed, and nothing has reached the group [S]
# That check also fails by time-out, and for numbers that are on WhatsApp (issue 170): no word of WhatsApp's.
NOT_ASKED = not_asked(Reason.NOT_ON_WHATSAPP)
REFUSALS = (  # nothing has reached WhatsApp [S]
    Refusal(401, SessionNotReady, words="AUTHENTICATION_ERROR"),  # not logged in; without the word: a wrong password
    Refusal(500, SessionNotReady, words="INVALID_WA_CLI"),
    Refusal(400, SessionNotReady, words="DEVICE_ID_REQUIRED"),
    Refusal(404, SessionNotReady, words="DEVICE_NOT_FOUND"),
    Refusal(503, SessionNotReady, words="DEVICE_MANAGER_UNAVAILABLE"),
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
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD, CHECK],
        "list_participants": [LIST],
        "group_info": [INFO],
        "join_requests": [REQUESTS],
        "invite_link": [INVITE],
        "send_text": [SEND],
        "check_number": [CHECK],
        "session": [STATUS],
    }

    base_url: str = field(converter=masked_url)
    username: str | None = None
    password: Secret | None = None
    device_id: str | None = None

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask for these participants, by bare number.

        One number that fails the server's check refuses the whole request, and the server does not say which. Then each
        number is checked, and one more request asks for those on WhatsApp.
        """
        refuse_notify("GOWA", notify=notify)
        phones = _phones(participants)
        reply = yield from self._add(group, phones)
        if reply.rest is not NOT_ASKED:
            return reply
        strangers = phones if len(phones) == 1 else (yield from self._strangers(phones))
        known = [phone for phone in phones if phone not in strangers]
        others = (yield from self._add(group, known)) if strangers and known else AddReply()
        if not strangers or others.rest is NOT_ASKED:
            raise RequestRefused("one of these numbers is not on WhatsApp, so no participant was added")
        claims = [(Identity(phone), Claim(reply.rest, reply.says)) for phone in strangers]
        return evolve(others, claims=[*claims, *others.claims])

    def _add(self, group: GroupId, phones: Sequence[str]) -> Flow[AddReply]:
        """Ask once. A reply whose rest is `NOT_ASKED` means that no participant was asked for."""
        response = yield from self._ask(ADD, json={"group_id": group.jid, "participants": phones})
        if status_errors.matches(response, 400, STRANGER):
            return AddReply(rest=NOT_ASKED, says=STRANGER)
        return envelope.read_add(response, _claims)

    def _strangers(self, phones: Sequence[str]) -> Flow[Sequence[str]]:
        """Return the numbers that are not on WhatsApp; none of them where one check gets no answer."""
        checks: dict[str, NumberCheck] = {}
        try:
            for phone in phones:
                checks[phone] = yield from self.check_number(phone)
        except NoAnswer:
            return ()
        return [phone for phone, check in checks.items() if check.exists is False]

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the roster live: each request asks WhatsApp for the group [S], so it proves both."""
        response = yield from self._ask(LIST, query={"group_id": group.jid})
        return roster.read_roster(response, group, at="results.participants", proves=Proof.BOTH)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, query={"group_id": group.jid})))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        response = yield from self._ask(REQUESTS, query={"group_id": group.jid})
        match envelope.read(response):
            case {"results": None}:  # Go's empty list [S]
                return ()
        return common.read_people(response, "jid", "phone_number", at="results")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        response = yield from self._ask(INVITE, query={"group_id": group.jid})
        return envelope.read_invite(response, at="results.invite_link")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        return common.read_sent_message((yield from self._ask(SEND, json={"phone": person.id, "message": text})))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        return common.read_number((yield from self._ask(CHECK, query={"phone": phone})))

    def session(self) -> Flow[Session]:
        match envelope.record(envelope.read((yield from self._ask(STATUS)))):
            case {"is_connected": bool() as connected, "is_logged_in": bool() as linked, **rest}:
                state = "not logged in" if not linked else "connected" if connected else "not connected"
                return Session(linked and connected, state, identity(rest.get("jid")))
        raise envelope.unreadable()

    def _ask(self, endpoint: Endpoint, **content: Unpack[Content]) -> Flow[Response]:
        headers = {} if self.password is None else {"Authorization": self.password.basic(self.username or "")}
        device = {} if self.device_id is None else {"X-Device-Id": self.device_id}
        response = yield Request.to(endpoint, headers={**headers, **device}, **content)
        _raise_if_refused(response)
        return status_errors.raise_for_refusals(response, REFUSALS)


def _phones(people: Sequence[Participant]) -> Sequence[str]:
    """Return the participants' numbers: the server would take the digits of a LID for a number [S].

    Raises:
        Unsupported: A participant is known by LID only.
    """
    phones = [person.phone for person in people if person.phone]
    if len(phones) < len(people):
        raise Unsupported("GOWA adds people by number only, not by LID")
    return phones


def _raise_if_refused(response: Response) -> None:
    """Raise for whatsmeow's exception, which the server shows under 500, where it is a refusal [S].

    Raises:
        ProviderError: WhatsApp refused the whole request.
    """
    match response.status, response.json():
        case 500, {"code": "INTERNAL_SERVER_ERROR", "message": str() as exception}:
            engines.raise_if_refused(exception)


def _claims(data: object) -> AddReply | None:
    """Read `results: [{participant, status}]`. Where it names people by LID, it may mention everybody."""
    match data:
        case {"code": "SUCCESS", "results": [*rows]}:
            pairs = [(identity(row.get("participant")), row.get("status")) for row in rows if isinstance(row, dict)]
            claims = [(person, _claim(says)) for person, says in pairs if person and isinstance(says, str)]
            return AddReply(claims, ACCEPTED if not rows or any(person.lid for person, _ in claims) else NOT_MENTIONED)
    return None


def _claim(says: str) -> Claim:
    meaning = WORDS.get(says, UNRECOGNISED)
    return Claim(meaning, says, Invite("personal") if meaning is PRIVACY else None)
