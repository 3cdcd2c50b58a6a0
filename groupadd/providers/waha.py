"""WAHA, https://waha.devlike.pro: one API over four engines, each with answers of its own.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import NotAllowed, RequestRefused, SessionNotReady
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret, masked_url
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Endpoint, Endpoints, GroupInfo, Session, refuse_notify
from groupadd.readers import common, engines, envelope, group_info
from groupadd.readers.envelope import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Waha"]

ADD = Endpoint("POST /api/{session}/groups/{group}/participants/add", sources="D")  # 200, once 201; the engine's answer
LIST = Endpoint("GET /api/{session}/groups/{group}/participants/v2", sources="D")  # `[{id, pn, role}]`, from a store
OLD_LIST = Endpoint("GET /api/{session}/groups/{group}/participants", sources="?")  # without v2: the engine's own rows
REFRESH = Endpoint("POST /api/{session}/groups/refresh", sources="D")  # all groups at once; "do not call often"
INFO = Endpoint("GET /api/{session}/groups/{group}", sources="D")  # the engine's own record
WAITING = Endpoint("GET /api/{session}/groups/{group}/participants/join-requests", sources="D")  # since 2026.9
INVITE = Endpoint("GET /api/{session}/groups/{group}/invite-code", sources="DS")  # a bare code [D]; of GOWS a link [S]
SEND = Endpoint("POST /api/sendText", sources="D")  # 201
CHECK = Endpoint("GET /api/contacts/check-exists", sources="D")  # `{numberExists, chatId}`
LID = Endpoint("GET /api/{session}/lids/pn/{phone}", sources="D")  # `{lid, pn}`; null where it is not known
SESSION = Endpoint("GET /api/sessions/{session}", sources="D")
VERSION = Endpoint("GET /api/version", sources="D")  # `{engine}`

REFRESHING = frozenset({"NOWEB", "GOWS", "WEBJS"})  # WEBJS reads a group anew each time [S]; WPP is unknown
REFUSALS = (
    Refusal(404, SessionNotReady, "the provider knows no session of this name", "session with name"),  # [S] of 2024
    Refusal(501, RequestRefused, "the server's engine cannot do this"),  # [D]
    common.WAHA_SESSION_DOWN,
)
NO_SUCH_ROUTE = "Cannot GET"  # in a 404 of the web framework [?]
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
        "refresh_roster": [VERSION, REFRESH],
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
        """Read the roster from the server's store, which misses some members [S]."""
        response = yield from self._ask(LIST, {"group": group.jid})
        if envelope.matches(response, 404, NO_SUCH_ROUTE):
            response = yield from self._ask(OLD_LIST, {"group": group.jid})
        return evolve(engines.read_roster(response, group, at=""), live=False)

    def refresh_roster(self, group: GroupId) -> Flow[None]:  # noqa: ARG002  the server has one store for all groups
        match envelope.read((yield from self._ask(VERSION))):
            case {"engine": str() as engine} if engine.upper() in REFRESHING:
                envelope.read((yield from self._ask(REFRESH)))
            case _:
                raise RequestRefused("the server's engine is not known to read a group anew")

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, {"group": group.jid})))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        response = yield from self._ask(WAITING, {"group": group.jid})
        return common.read_people(response, "requesterId", "requesterPn", at="")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, {"group": group.jid})), at="")

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"session": self.session_name, "chatId": common.chat_id(person), "text": text}
        return common.read_message_id((yield from self._ask(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return common.read_number((yield from self._ask(CHECK, query={"session": self.session_name, "phone": phone})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return common.resolve_lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        return common.read_lid((yield from self._ask(LID, {"phone": phone})))

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(SESSION)), common.WAHA_STATES)

    def _ask(
        self, endpoint: Endpoint, parts: Mapping[str, str] | None = None, **content: Unpack[Content]
    ) -> Flow[Response]:
        params = {"session": self.session_name, **(parts or {})}
        headers = {} if self.api_key is None else {"X-Api-Key": self.api_key}
        response = yield Request.to(endpoint, params=params, headers=headers, **content)
        _raise_if_refused(response)
        return envelope.raise_for_refusals(response, REFUSALS)


def _raise_if_refused(response: Response) -> None:
    """Raise for the engine's exception, which the server shows under 500, where it is a refusal.

    Raises:
        ProviderError: WhatsApp refused the whole request.
    """
    match response.status, response.json():
        case 500, {"exception": {"message": str() as exception}} | {"error": str() as exception}:  # the latter of 2024
            engines.raise_if_refused(exception)
