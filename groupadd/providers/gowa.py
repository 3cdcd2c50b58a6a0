"""GOWA, https://github.com/aldinokemal/go-whatsapp-web-multidevice: whatsmeow behind Basic auth, and a false `success`.

Sources: [S] the server's source, v9 of August 2026; [O] its openapi.yaml. Nothing here is proven against the live
service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import evolve, frozen

from groupadd import engines, envelope
from groupadd.codes import ACCEPTED, NOT_MENTIONED, NOT_ON_WHATSAPP, PRIVACY, UNRECOGNISED, Meaning
from groupadd.engines import answers, refusals, settings
from groupadd.errors import RequestRefused, Unsupported
from groupadd.flow import Content, Flow, NoAnswer, Request, Response
from groupadd.identity import GroupId, Identity, Participant, identity
from groupadd.outcome import Invite
from groupadd.provider import AddReply, Claim, GroupInfo, Session, refuse_notify
from groupadd.roster import Roster
from groupadd.secret import Secret

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
OFFERS = "error"
STRANGER = "INVALID_JID"  # [S] 400: somebody is not on WhatsApp; nobody was asked for
SESSION_DOWN = (  # [S] all of them before anything reaches WhatsApp
    "AUTHENTICATION_ERROR",  # 401: not logged in. A wrong password is a 401, too, in plain text
    "INVALID_WA_CLI",  # 500
    "DEVICE_ID_REQUIRED",  # 400
    "DEVICE_NOT_FOUND",  # 404
    "DEVICE_MANAGER_UNAVAILABLE",  # 503
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

    speaks_of_each: ClassVar[bool] = False

    base_url: str
    username: str | None = None
    password: Secret | None = None
    device_id: str | None = None

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask for these people, by bare number: it would take a LID's digits for one.

        Where one is not on WhatsApp it refuses all of them, and nothing has reached the group [S]. Then it is asked who
        that is, and the others are asked for.
        """
        refuse_notify("GOWA", notify=notify)
        phones = [person.phone for person in participants if person.phone]
        if len(phones) < len(participants):
            raise Unsupported("GOWA adds people by number only, not by LID")
        response = yield from self._ask(ADD, json={"group_id": group.jid, "participants": phones})
        if not envelope.says(response, 400, STRANGER):
            return envelope.read_add(response, _claims)
        strangers = phones if len(phones) == 1 else (yield from self._strangers(phones))
        reply = AddReply([(Identity(phone), Claim(NOT_ON_WHATSAPP, STRANGER)) for phone in strangers])
        known = [phone for phone in phones if phone not in strangers]
        if not known:
            return reply
        response = yield from self._ask(ADD, json={"group_id": group.jid, "participants": known})
        others = envelope.read_add(response, _claims)
        return evolve(others, claims=[*reply.claims, *others.claims])

    def _strangers(self, phones: Sequence[str]) -> Flow[Sequence[str]]:
        """Return which of these numbers are not on WhatsApp.

        Raises:
            RequestRefused: It cannot be told.
        """
        known: dict[str, Identity | None] = {}
        try:
            for phone in phones:
                known[phone] = yield from self.check_number(phone)
        except NoAnswer:
            known.clear()
        if all(known.values()):
            raise RequestRefused("one of these numbers is not on WhatsApp, so that nobody was added (400)")
        return [phone for phone, who in known.items() if who is None]

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield from self._ask(LIST, query={"group_id": group.jid})), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return settings.read_info((yield from self._ask(INFO, query={"group_id": group.jid})))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        response = yield from self._ask(REQUESTS, query={"group_id": group.jid})
        match envelope.read(response):
            case {"results": None}:  # Go's empty list
                return ()
        return answers.read_people(response, "jid", "phone_number")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, query={"group_id": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        return answers.read_message_id((yield from self._ask(SEND, json={"phone": person.id, "message": text})))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return answers.read_number((yield from self._ask(CHECK, query={"phone": phone})), asked=phone)

    def session(self) -> Flow[Session]:
        match envelope.record(envelope.read((yield from self._ask(STATUS)))):
            case {"is_connected": bool() as connected, "is_logged_in": bool() as linked, **told}:
                state = "not logged in" if not linked else "connected" if connected else "not connected"
                return Session(linked and connected, state, identity(told.get("jid")))
        raise envelope.unreadable()

    def _ask(self, endpoint: str, **content: Unpack[Content]) -> Flow[Response]:
        headers = {} if self.password is None else {"Authorization": self.password.basic(self.username or "")}
        device = {} if self.device_id is None else {"X-Device-Id": self.device_id}
        response = yield Request.to(endpoint, headers={**headers, **device}, **content)
        match response.json():
            case {"code": code} if code in SESSION_DOWN:
                raise envelope.session_down(response)
        if response.status == 500:
            refusals.check(refusals.thrown(response))
        return response


def _claims(data: object) -> AddReply | None:
    """Read `results: [{participant, status}]`. Where it names people by LID, nobody is known to be passed over."""
    match data:
        case {"code": "SUCCESS", "results": [*rows]}:
            claims = [claim for row in rows if (claim := _claim(row))]
            silent = any(who.lid for who, _ in claims) or not rows
            return AddReply(claims, ACCEPTED if silent else NOT_MENTIONED)
    return None


def _claim(row: object) -> tuple[Identity, Claim] | None:
    match row:
        case {"participant": name, "status": str() as says} if who := identity(name):
            return who, Claim(WORDS.get(says, UNRECOGNISED), says, Invite("personal") if says == OFFERS else None)
    return None
