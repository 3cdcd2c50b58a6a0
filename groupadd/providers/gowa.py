"""GOWA, https://github.com/aldinokemal/go-whatsapp-web-multidevice: whatsmeow behind Basic auth, and a false `success`.

It says `success` of everyone but of whom a personal invitation could be sent: that person was accepted, no more.

Sources: [S] the server's source, v9 of August 2026; [O] its openapi.yaml. Nothing here is proven against the live
service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import frozen

from groupadd import engines, envelope
from groupadd.engines import refusals, settings
from groupadd.provider import (
    ACCEPTED,
    NOT_MENTIONED,
    NOT_ON_WHATSAPP,
    PRIVACY,
    UNRECOGNISED,
    AddReply,
    Claim,
    Flow,
    GroupId,
    GroupInfo,
    Identity,
    Invite,
    Meaning,
    NoAnswer,
    Participant,
    Request,
    RequestRefused,
    Response,
    Roster,
    Secret,
    Session,
    Unsupported,
    identity,
)

__all__ = ["Gowa"]

ADD = LIST = "/group/participants"  # [S][O] a live query each
INFO = "/group/info"  # [S] whatsmeow's own record
REQUESTS = "/group/participant-requests"  # [S][O]
INVITE = "/group/invite-link"  # [S][O]
SEND = "/send/message"  # [S][O]
CHECK = "/user/check"  # [S][O] `{is_on_whatsapp}`; false, too, where WhatsApp could not be asked
STATUS = "/app/status"  # [S] `{is_connected, is_logged_in, device_id}`, lately `jid`

WORDS: Mapping[str, Meaning] = {  # [S]
    "success": ACCEPTED,  # also of 401, 404, 408, 409, 419, 421, and of 403 without an offer
    "error": PRIVACY,  # 403 with an offer, whose code is not told
}
OFFERS = "error"
STRANGER = "INVALID_JID"  # [S] 400: somebody is not on WhatsApp; nobody was asked for
SESSION_DOWN = frozenset(
    {  # [S] all of them before anything reaches WhatsApp
        "AUTHENTICATION_ERROR",  # 401: not logged in. A wrong password is a 401, too, in plain text
        "INVALID_WA_CLI",  # 500
        "DEVICE_ID_REQUIRED",  # 400
        "DEVICE_NOT_FOUND",  # 404
        "DEVICE_MANAGER_UNAVAILABLE",  # 503
    }
)
FAILED = "INTERNAL_SERVER_ERROR"  # [S] 500: whatever else went wrong, in whatsmeow's words


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
        """Ask for these people, by bare number. The vendor has no `notify`, and takes a LID's digits for a number.

        Where one is not on WhatsApp it refuses all of them, and nothing has reached the group [S]. Then it is asked who
        that is, and the others are asked for.
        """
        if notify is not None:
            raise Unsupported("GOWA cannot be told whether to notify; leave `notify` out")
        phones = [person.phone for person in participants if person.phone]
        if len(phones) < len(participants):
            raise Unsupported("GOWA adds people by number only, not by LID")
        response = yield self._post(ADD, {"group_id": group.jid, "participants": phones})
        if not _is_refused_for_a_stranger(response):
            return envelope.read_add(_believed(response), _claims)
        strangers = phones if len(phones) == 1 else (yield from self._strangers(phones))
        known = [phone for phone in phones if phone not in strangers]
        reply = AddReply()
        if known:
            response = yield self._post(ADD, {"group_id": group.jid, "participants": known})
            reply = envelope.read_add(_believed(response), _claims)
        refused = [(Identity(phone), Claim(NOT_ON_WHATSAPP, STRANGER)) for phone in strangers]
        return AddReply([*refused, *reply.claims], reply.rest, reply.says)

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
        return engines.read_roster((yield from self._read(LIST, group_id=group.jid)), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        match (yield from self._read(INFO, group_id=group.jid)):
            case {"results": {"JID": _} as record}:
                return settings.read_info(record)
        raise envelope.unreadable()

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        """Read who waits; older servers tell LIDs without numbers [S]."""
        match (yield from self._read(REQUESTS, group_id=group.jid)):
            case {"results": list() | None as rows}:
                return tuple(who for row in rows or () if (who := _who_waits(row)))
        raise envelope.unreadable()

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        match (yield from self._read(INVITE, group_id=group.jid)):
            case {"results": {"invite_link": link}}:
                return envelope.invite_link(link)
        raise envelope.unreadable()

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        """Send once. A reach-out timelock is a 429: WhatsApp lets our account start no new chats for now [S]."""
        response = yield self._post(SEND, {"phone": person.id, "message": text})
        match envelope.read(_believed(response)):
            case {"results": {"message_id": str() as message}}:
                return message
            case {"code": "SUCCESS"}:
                return None
        raise envelope.unreadable()

    def check_number(self, phone: str) -> Flow[Identity | None]:
        match (yield from self._read(CHECK, phone=phone)):
            case {"results": {"is_on_whatsapp": bool() as known}}:
                return Identity(phone) if known else None
        raise envelope.unreadable()

    def session(self) -> Flow[Session]:
        match (yield from self._read(STATUS)):
            case {"results": {"is_connected": bool() as connected, "is_logged_in": bool() as linked, **record}}:
                state = "not logged in" if not linked else "connected" if connected else "not connected"
                return Session(linked and connected, state, identity(record.get("jid")))
        raise envelope.unreadable()

    def _read(self, path: str, **query: str) -> Flow[object]:
        response = yield Request("GET", path, query=query, headers=self._headers, repeatable=True)
        return envelope.read(_believed(response))

    def _post(self, path: str, body: Mapping[str, object]) -> Request:
        return Request("POST", path, headers=self._headers, json=body)

    @property
    def _headers(self) -> Mapping[str, str | Secret]:
        user = {} if self.password is None else {"Authorization": self.password.basic(self.username or "")}
        return user if self.device_id is None else {**user, "X-Device-Id": self.device_id}


def _is_refused_for_a_stranger(response: Response) -> bool:
    match response.json():
        case {"code": code}:
            return response.status == 400 and code == STRANGER
    return False


def _believed(response: Response) -> Response:
    """Return an answer whose status says what is meant.

    Raises:
        ProviderError: Its words say another thing: the session is down, or WhatsApp refused what comes as a 500.
    """
    match response.json():
        case {"code": str() as code} if code in SESSION_DOWN:
            raise envelope.session_down(response)
        case {"code": code, "message": str() as text} if code == FAILED and (error := refusals.refused(text)):
            raise error
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


def _who_waits(row: object) -> Identity | None:
    return identity(row.get("jid"), row.get("phone_number")) if isinstance(row, dict) else None
