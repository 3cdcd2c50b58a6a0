"""Evolution API v2, https://doc.evolution-api.com: Baileys' answers, and Baileys' failures under 400 and 404.

Sources: [S] EvolutionAPI/evolution-api 2.3.6; [R] answers of that version, run without an account; [m] general
knowledge, open. Nothing here is proven against the live service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import evolve, frozen

from groupadd.errors import SessionNotReady
from groupadd.model.codes import NO_ANSWER
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, GroupInfo, Session, refuse_notify
from groupadd.readers import asking, common, engines, envelope, group_info, refusals
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Evolution"]

ADD = "POST /group/updateParticipant/{instance}"  # [S] 201; the published specification says 200
LIST = "GET /group/participants/{instance}"  # [S] Baileys' live `groupMetadata`
INFO = "GET /group/findGroupInfos/{instance}"  # [S]
INVITE = "GET /group/inviteCode/{instance}"  # [S] `{inviteUrl, inviteCode}`
SEND = "POST /message/sendText/{instance}"  # [S] 201 `{key: {id}}` [m]
CHECK = "POST /chat/whatsappNumbers/{instance}"  # [S] `[{jid, exists, number}]`; looks for other forms of bare numbers
STATE = "GET /instance/connectionState/{instance}"  # [S] `{instance: {state}}`
INSTANCES = "GET /instance/fetchInstances"  # [S] `[{ownerJid}]` [m]

STATES: Mapping[str, bool] = {"open": True, "connecting": False, "close": False}  # [S]
MISSING = Session(ready=False, says="missing")  # our own word for a 404: the server knows no such instance [R]


@frozen
class Evolution:
    """The account behind one instance of an Evolution server.

    Attributes:
        instance: The instance's name.
        api_key: The server's key, or the instance's own.
        base_url: Where the server is.
    """

    reports_each_person: ClassVar[bool] = True

    instance: str
    api_key: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by JID: bare numbers of Brazil, Mexico and Argentina are rewritten [S]."""
        refuse_notify("Evolution", notify=notify)
        body = {"action": "add", "participants": [person.id for person in participants]}
        response = yield from self._ask(ADD, query={"groupJid": group.jid}, json=body)
        if thrown := refusals.thrown(response):
            return AddReply(rest=NO_ANSWER, says=thrown)
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield from self._read(LIST, query={"groupJid": group.jid})), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._read(INFO, query={"groupJid": group.jid})))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._read(INVITE, query={"groupJid": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"number": person.phone or person.id, "text": text}
        return common.read_message_id((yield from self._read(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return common.read_number((yield from self._read(CHECK, json={"numbers": [phone]}, repeatable=True)))

    def session(self) -> Flow[Session]:
        session = yield from self._state()
        return evolve(session, me=(yield from asking.perhaps(self._me()))) if session.ready else session

    def _state(self) -> Flow[Session]:
        response = yield self._request(STATE)
        return MISSING if response.status == 404 else common.read_session(response, STATES)

    def _me(self) -> Flow[Identity | None]:
        """Ask for our own account, whose place in the answer is not certain [m]."""
        response = yield self._request(INSTANCES, query={"instanceName": self.instance})
        match envelope.record(envelope.read(response)):
            case {"ownerJid": jid} | {"instance": {"owner": jid}}:
                return identity(jid)
        return None

    def _read(self, endpoint: str, **content: Unpack[Content]) -> Flow[Response]:
        """Carry a request that adds nobody: where the engine threw, its answer is lost."""
        return refusals.answered((yield from self._ask(endpoint, **content)))

    def _ask(self, endpoint: str, **content: Unpack[Content]) -> Flow[Response]:
        """Carry a request. Where its answer may mean that the session is down [R], the state of that decides."""
        response = yield self._request(endpoint, **content)
        if thrown := refusals.thrown(response):
            refusals.check(thrown)
        elif response.status in {400, 404} or refusals.has_no_client(response):
            session = yield from asking.perhaps(self._state())
            if session and session.ready is False:
                raise SessionNotReady(f"the provider's WhatsApp session is {session.says}: connect the instance")
        return response

    def _request(self, endpoint: str, **content: Unpack[Content]) -> Request:
        params, headers = {"instance": self.instance}, {"apikey": self.api_key}
        return Request.to(endpoint, params=params, headers=headers, **content)


def _claims(data: object) -> AddReply | None:
    match data:
        case {"updateParticipants": [*rows]}:
            return engines.read_reply(rows) or AddReply()
    return engines.read_reply(data)
