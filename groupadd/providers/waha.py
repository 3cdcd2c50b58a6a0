"""WAHA, https://waha.devlike.pro: one API over four engines, each with answers of its own.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues; [P]
recordings of WAHA 2024.10.8 with NOWEB, with a fake WhatsApp behind it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import field, frozen

from groupadd.errors import NotAllowed, RequestRefused, SessionNotReady, Unsupported
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret, masked_url
from groupadd.model.roster import Roster
from groupadd.provider import (
    AddReply,
    Endpoint,
    Endpoints,
    GroupInfo,
    NumberCheck,
    Proof,
    RosterProof,
    SentMessage,
    Session,
    refuse_notify,
)
from groupadd.readers import common, engines, envelope, group_info, roster, status_errors
from groupadd.readers.status_errors import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Waha"]

ADD = Endpoint(
    "POST /api/{session}/groups/{group}/participants/add", sources="PD"
)  # 200, once 201; the engine's answer
LIST = Endpoint("GET /api/{session}/groups/{group}/participants/v2", sources="D")  # `[{id, pn, role}]`, from a store
OLD_LIST = Endpoint("GET /api/{session}/groups/{group}/participants", sources="P")  # without v2: the engine's own rows
REFRESH = Endpoint("POST /api/{session}/groups/refresh", sources="D")  # all groups at once; "do not call often"
INFO = Endpoint("GET /api/{session}/groups/{group}", sources="PD")  # the engine's own record
WAITING = Endpoint("GET /api/{session}/groups/{group}/participants/join-requests", sources="D")  # since 2026.9
INVITE = Endpoint("GET /api/{session}/groups/{group}/invite-code", sources="PDS")  # a bare code [D]; of GOWS a link [S]
SEND = Endpoint("POST /api/sendText", sources="PD")  # 201
CHECK = Endpoint("GET /api/contacts/check-exists", sources="PD")  # `{numberExists, chatId}`
LID = Endpoint("GET /api/{session}/lids/pn/{phone}", sources="D")  # `{lid, pn}`; null where it is not known
SESSION = Endpoint("GET /api/sessions/{session}", sources="PD")
VERSION = Endpoint("GET /api/version", sources="PD")  # `{engine}`

# What an engine's list proves. NOWEB and GOWS keep a store, which events change; a refresh reads all groups anew [S].
# WEBJS lists people who have left, even after a refresh (waha issue 2067) [I]. WPP shows the page's own model, as WEBJS
# does, and its refresh reads nothing anew [S].
FROM_STORE = RosterProof(cached=Proof.PRESENCE, refreshed=Proof.BOTH)
PROOFS: Mapping[str, RosterProof] = {
    "NOWEB": FROM_STORE,
    "GOWS": FROM_STORE,
    "WEBJS": RosterProof(cached=Proof.NOTHING, refreshed=Proof.ABSENCE),
    "WPP": RosterProof(cached=Proof.NOTHING),
}
UNKNOWN_ENGINE = RosterProof(cached=Proof.NOTHING)

REFUSALS = (
    Refusal(404, SessionNotReady, "the provider knows no session of this name", "session (with name|not found)"),  # [P]
    Refusal(
        422, SessionNotReady, "the provider knows no session of this name", "support only 'default' session"
    ),  # [P]
    Refusal(501, RequestRefused, "the server's engine cannot do this"),  # [D]
    common.WAHA_SESSION_DOWN,
)
NO_SUCH_ROUTE = r"Cannot (GET|POST) /api/"  # in a 404: the server is older than the route [P]
REFUSED_BY_WEBJS = b"AddParticipantsError"  # whatsapp-web.js answers with bare text instead of its object [S]


@frozen
class Waha:
    """The account behind one session of a WAHA server.

    Attributes:
        session_name: The session's name.
        base_url: Where the server is.
        api_key: The server's key, where it wants one.
    """

    reports_each_person: ClassVar[bool] = True
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD],
        "list_participants": [LIST, OLD_LIST],
        "roster_proof": [VERSION],
        "refresh_roster": [REFRESH],
        "group_info": [INFO],
        "join_requests": [WAITING],
        "invite_link": [INVITE],
        "send_text": [SEND],
        "check_number": [CHECK],
        "resolve_lids": [LID],
        "session": [SESSION],
    }

    session_name: str = field(alias="session")
    base_url: str = field(converter=masked_url)
    api_key: Secret | None = None

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once, by chat id: one plus sign before a number refuses the whole request [I]."""
        refuse_notify("WAHA", notify=notify)
        body = {"participants": [{"id": common.chat_id(person)} for person in participants]}
        response = yield from self._ask(ADD, {"group": group.jid}, json=body)
        if response.ok and response.body.lstrip(b' "').startswith(REFUSED_BY_WEBJS):
            raise NotAllowed("whatsapp-web.js refuses to add: our account is no admin there, or the group is empty")
        return envelope.read_add(response, engines.read_reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the server's list, which proves what the engine's list proves; see `roster_proof`."""
        response = yield from self._ask(LIST, {"group": group.jid})
        if status_errors.matches(response, 404, NO_SUCH_ROUTE):
            response = yield from self._ask(OLD_LIST, {"group": group.jid})
        return roster.read_roster(response, group, at="", proves=Proof.NOTHING)

    def roster_proof(self) -> Flow[RosterProof]:
        """Ask for the engine, which the server's list depends on."""
        match envelope.record(envelope.read((yield from self._ask(VERSION)))):
            case {"engine": str() as engine}:
                return PROOFS.get(engine.upper(), UNKNOWN_ENGINE)
        return UNKNOWN_ENGINE

    def refresh_roster(self, group: GroupId) -> Flow[None]:  # noqa: ARG002  the server has one store for all groups
        envelope.read((yield from self._ask_newer(REFRESH)))

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, {"group": group.jid})))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        response = yield from self._ask_newer(WAITING, {"group": group.jid})
        return common.read_people(response, "requesterId", "requesterPn", at="")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, {"group": group.jid})), at="")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        body = {"session": self.session_name, "chatId": common.chat_id(person), "text": text}
        return common.read_sent_message((yield from self._ask(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        return common.read_number((yield from self._ask(CHECK, query={"session": self.session_name, "phone": phone})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return common.resolve_lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        return common.read_lid((yield from self._ask_newer(LID, {"phone": phone})))

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(SESSION)), common.WAHA_STATES)

    def _ask_newer(self, endpoint: Endpoint, parts: Mapping[str, str] | None = None) -> Flow[Response]:
        """Carry a request to a route that an old server lacks.

        Raises:
            Unsupported: The server lacks the route.
            ProviderError: The provider refused the request.
        """
        response = yield from self._ask(endpoint, parts)
        if status_errors.matches(response, 404, NO_SUCH_ROUTE):
            raise Unsupported(f"the WAHA server is too old: it has no {endpoint}")
        return response

    def _ask(
        self, endpoint: Endpoint, parts: Mapping[str, str] | None = None, **content: Unpack[Content]
    ) -> Flow[Response]:
        params = {"session": self.session_name, **(parts or {})}
        headers = {} if self.api_key is None else {"X-Api-Key": self.api_key}
        response = yield Request.to(endpoint, params=params, headers=headers, **content)
        _raise_if_refused(response)
        return status_errors.raise_for_refusals(response, REFUSALS)


def _raise_if_refused(response: Response) -> None:
    """Raise for the engine's exception, which the server shows under 500, where it is a refusal.

    Raises:
        ProviderError: WhatsApp refused the whole request.
    """
    match response.status, response.json():
        case 500, {"exception": {"message": str() as exception}} | {"error": str() as exception}:  # the latter of 2024
            engines.raise_if_refused(exception)
