"""WAHA, https://waha.devlike.pro: one interface over four engines, each with answers of its own.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues; [m]
general knowledge, open. Nothing here is proven against the live service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import NotAllowed, RequestRefused, SessionNotReady
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, GroupInfo, Session, refuse_notify
from groupadd.readers import asking, common, engines, envelope, group_info, naming, refusals, waha
from groupadd.readers.envelope import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Waha"]

ADD = "POST /api/{session}/groups/{group}/participants/add"  # [D] 200, of old 201; the body is the engine's
LIST = "GET /api/{session}/groups/{group}/participants/v2"  # [D] `[{id, pn, role}]`, from a store
OLD_LIST = "GET /api/{session}/groups/{group}/participants"  # [m] the engine's own rows; where there is no v2
REFRESH = "POST /api/{session}/groups/refresh"  # [D] all groups at once; "do not call often"
INFO = "GET /api/{session}/groups/{group}"  # [D] the engine's own record
WAITING = "GET /api/{session}/groups/{group}/participants/join-requests"  # [D] 2026.9
INVITE = "GET /api/{session}/groups/{group}/invite-code"  # [D] a bare code; GOWS a link [S]
SEND = "POST /api/sendText"  # [D] 201
CHECK = "GET /api/contacts/check-exists"  # [D] `{numberExists, chatId}`
LID = "GET /api/{session}/lids/pn/{phone}"  # [D] `{lid, pn}`; null where it is not known
SESSION = "GET /api/sessions/{session}"  # [D]
VERSION = "GET /api/version"  # [D] `{engine}`

REFRESHING = frozenset({"NOWEB", "GOWS", "WEBJS"})  # [S] WEBJS reads a group anew each time; of WPP nothing is known
REFUSALS = (
    Refusal(404, SessionNotReady, "the provider knows no session of this name", "session with name"),  # [S] 2024
    Refusal(501, RequestRefused, "the server's engine cannot do this"),  # [D]
)
NO_SUCH_ROUTE = "Cannot GET"  # [m] a 404 of the framework
REFUSED_BY_WEBJS = b"AddParticipantsError"  # [S] whatsapp-web.js: a bare text in place of its object


@frozen
class Waha:
    """The account behind one session of a WAHA server.

    Attributes:
        session_name: The session's name.
        base_url: Where the server is.
        api_key: The server's key, where it wants one.
    """

    reports_each_person: ClassVar[bool] = True

    session_name: str = field(alias="session")
    base_url: str
    api_key: Secret | None = None

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        refuse_notify("WAHA", notify=notify)
        body = {
            "participants": [{"id": naming.chat_id(person)} for person in participants]
        }  # a plus sinks them all [I]
        response = yield from self._ask(ADD, {"group": group.jid}, json=body)
        if response.ok and response.body.lstrip(b' "').startswith(REFUSED_BY_WEBJS):
            raise NotAllowed("whatsapp-web.js refuses to add: our account is no admin there, or the group is empty")
        return envelope.read_add(response, engines.read_reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        response = yield from self._ask(LIST, {"group": group.jid})
        if envelope.matches(response, 404, NO_SUCH_ROUTE):
            response = yield from self._ask(OLD_LIST, {"group": group.jid})
        return evolve(engines.read_roster(response, group), live=False)  # the store misses some [S]

    def refresh_roster(self, group: GroupId) -> Flow[None]:  # noqa: ARG002  the server has one store for all groups
        match envelope.read((yield from self._ask(VERSION))):
            case {"engine": str() as engine} if engine.upper() in REFRESHING:
                envelope.read((yield from self._ask(REFRESH)))
            case _:
                raise RequestRefused("the server's engine is not known to read a group anew")

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(INFO, {"group": group.jid})))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        return common.read_people((yield from self._ask(WAITING, {"group": group.jid})), "requesterId", "requesterPn")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, {"group": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"session": self.session_name, "chatId": naming.chat_id(person), "text": text}
        return common.read_message_id((yield from self._ask(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return common.read_number((yield from self._ask(CHECK, query={"session": self.session_name, "phone": phone})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return asking.lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        return common.read_lid((yield from self._ask(LID, {"phone": phone})))

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(SESSION)), waha.STATES)

    def _ask(self, endpoint: str, parts: Mapping[str, str] | None = None, **content: Unpack[Content]) -> Flow[Response]:
        params = {"session": self.session_name, **(parts or {})}
        headers = {} if self.api_key is None else {"X-Api-Key": self.api_key}
        response = yield Request.to(endpoint, params=params, headers=headers, **content)
        return envelope.discount_early(refusals.raise_if_refused(response), REFUSALS)
