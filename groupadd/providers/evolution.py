"""Evolution API v2, https://doc.evolution-api.com: passes on Baileys' answers, and its failures under 400 and 404.

Sources: [S] EvolutionAPI/evolution-api 2.3.6; [R] answers of that version, run without a WhatsApp account.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import AnswerLost, ProviderError, SessionNotReady
from groupadd.model.codes import ADDED, CONTRADICTION, INVITED, NO_ANSWER
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret, masked_url
from groupadd.model.outcome import Invite, InviteState
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Claim, Endpoint, Endpoints, GroupInfo, Session, refuse_notify
from groupadd.readers import common, engines, envelope, group_info
from groupadd.wire.messages import Content, Flow, NoAnswer, Request, Response

__all__ = ["Evolution"]

T = TypeVar("T")

ADD = Endpoint("POST /group/updateParticipant/{instance}", sources="S")  # 201; the published specification says 200
LIST = Endpoint("GET /group/participants/{instance}", sources="S")  # `{participants}`: Baileys' live `groupMetadata`
INFO = Endpoint("GET /group/findGroupInfos/{instance}", sources="S")
INVITE = Endpoint("GET /group/inviteCode/{instance}", sources="S")  # `{inviteUrl, inviteCode}`
SEND = Endpoint("POST /message/sendText/{instance}", sources="S?")  # 201 [S] `{key: {id}}` [?]
CHECK = Endpoint("POST /chat/whatsappNumbers/{instance}", sources="S")  # `[{jid, exists, number}]`; see `check_number`
STATE = Endpoint("GET /instance/connectionState/{instance}", sources="S")  # `{instance: {state}}`
INSTANCES = Endpoint("GET /instance/fetchInstances", sources="S?")  # `[{ownerJid}]` [?]

STATES: Mapping[str, bool] = {"open": True, "connecting": False, "close": False}  # [S]
MISSING = Session(ready=False, says="missing")  # our own word for a 404: the server knows no such instance [R]
# The server shows an exception as JavaScript writes it, and an exception of an add below a headline [R].
EXCEPTION = re.compile(r"(?<=Error updating participants\n).*|\w*Error: .*")
# The server stumbles over an instance without a connected client, before anything reaches WhatsApp [R].
NO_CLIENT = re.compile(r"of undefined \(reading '(?:group|onWhatsApp)")


@frozen
class Evolution:
    """The account behind one instance of an Evolution server.

    Attributes:
        instance: The instance's name.
        api_key: The server's key, or the instance's own.
        base_url: Where the server is.
    """

    reports_each_person: ClassVar[bool] = True
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD],
        "list_participants": [LIST],
        "group_info": [INFO],
        "invite_link": [INVITE],
        "send_text": [SEND],
        "check_number": [CHECK],
        "session": [STATE, INSTANCES],
    }

    instance: str
    api_key: Secret
    base_url: str = field(converter=masked_url)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once, by JID: the server rewrites bare numbers of Brazil, Mexico and Argentina [S]."""
        refuse_notify("Evolution", notify=notify)
        body = {"action": "add", "participants": [person.id for person in participants]}
        response = yield from self._ask(ADD, query={"groupJid": group.jid}, json=body)
        if exception := _exception(response):
            return AddReply(rest=NO_ANSWER, says=exception)
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        response = yield from self._read(LIST, query={"groupJid": group.jid})
        return engines.read_roster(response, group, at="participants")

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._read(INFO, query={"groupJid": group.jid})))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._read(INVITE, query={"groupJid": group.jid})), at="inviteCode")

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"number": person.phone or person.id, "text": text}
        return common.read_message_id((yield from self._read(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        """Check a number; the server looks for its other forms as well [S]."""
        return common.read_number((yield from self._read(CHECK, json={"numbers": [phone]}, repeatable=True)))

    def session(self) -> Flow[Session]:
        session = yield from self._state()
        return evolve(session, me=(yield from _or_none(self._me()))) if session.ready else session

    def _state(self) -> Flow[Session]:
        response = yield self._request(STATE)
        return MISSING if response.status == 404 else common.read_session(response, STATES)

    def _me(self) -> Flow[Identity | None]:
        """Ask for our own account, whose place in the answer is not certain [?]."""
        response = yield self._request(INSTANCES, query={"instanceName": self.instance})
        match envelope.record(envelope.read(response)):
            case {"ownerJid": jid} | {"instance": {"owner": jid}}:
                return identity(jid)
        return None

    def _read(self, endpoint: Endpoint, **content: Unpack[Content]) -> Flow[Response]:
        """Carry a request that is no add. An exception in place of its answer means that the answer is lost."""
        response = yield from self._ask(endpoint, **content)
        if _exception(response):
            raise AnswerLost(f"the provider failed ({response.status})")
        return response

    def _ask(self, endpoint: Endpoint, **content: Unpack[Content]) -> Flow[Response]:
        """Carry a request. Where its answer may mean that the session is down [R], ask for the session's state."""
        response = yield self._request(endpoint, **content)
        if exception := _exception(response):
            engines.raise_if_refused(exception)
        elif response.status in {400, 404} or _has_no_client(response):
            session = yield from _or_none(self._state())
            if session and session.ready is False:
                raise SessionNotReady(f"the provider's WhatsApp session is {session.says}: connect the instance")
        return response

    def _request(self, endpoint: Endpoint, **content: Unpack[Content]) -> Request:
        params, headers = {"instance": self.instance}, {"apikey": self.api_key}
        return Request.to(endpoint, params=params, headers=headers, **content)


def _claims(data: object) -> AddReply | None:
    match data:
        case {"updateParticipants": [*rows]}:
            replies = [(row, engines.read_reply([row]) or AddReply()) for row in rows]
            return AddReply([(who, _invited(row, claim)) for row, reply in replies for who, claim in reply.claims])
    return engines.read_reply(data)


def _invited(row: object, claim: Claim) -> Claim:
    """Return the claim of a row; invited, where the row says that the server sent the offered invitation by itself.

    The server's pull request 2624 does so and is not merged [?]. An added participant needs no invitation.
    """
    match row:
        case {"invite": {"sent": True}}:
            invite = evolve(claim.invite or Invite("personal"), state=InviteState.SENT)
            return evolve(claim, meaning=CONTRADICTION if claim.meaning is ADDED else INVITED, invite=invite)
    return claim


def _exception(response: Response) -> str | None:
    """Return the exception that the server shows; None without one, or where WhatsApp was not asked.

    The exception may be a time-out as well as a refusal. Then the outcome of the request is unknown.
    """
    exception = EXCEPTION.search(_message(response))
    return None if exception is None or _has_no_client(response) else exception[0]


def _has_no_client(response: Response) -> bool:
    return NO_CLIENT.search(_message(response)) is not None


def _message(response: Response) -> str:
    """Return the text of an error, "" without one: a text, a list of texts, or such a list within a list [R]."""
    match None if response.ok else response.json():
        case {"response": {"message": [[*texts]] | [*texts]}}:
            return "\n".join(text for text in texts if isinstance(text, str))
        case {"response": {"message": str() as text}}:
            return text
    return ""


def _or_none(question: Flow[T]) -> Flow[T | None]:
    """Ask once for what may stay unknown, and return None where no answer comes."""
    try:
        return (yield from question)
    except (ProviderError, NoAnswer):
        return None
