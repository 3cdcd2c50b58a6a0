"""Evolution API v2, https://doc.evolution-api.com: passes on Baileys' answers, and its failures under 400 and 404.

Sources, all of EvolutionAPI/evolution-api 2.3.6: [S] its source; [P] recordings of it, with a fake WhatsApp behind it;
[R] its answers without a WhatsApp account.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar, Unpack

from attrs import evolve, field, frozen

from groupadd.errors import AnswerLost, ProviderError, SessionNotReady
from groupadd.model.codes import ADDED, CONTRADICTION, INVITED, NO_ANSWER
from groupadd.model.identity import PHONE_DOMAIN, GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret, masked_url
from groupadd.model.outcome import Invite, InviteState
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
from groupadd.wire.messages import Content, Flow, NoAnswer, Request, Response

__all__ = ["Evolution"]

T = TypeVar("T")

ADD = Endpoint("POST /group/updateParticipant/{instance}", sources="PS")  # 201; the published specification says 200
LIST = Endpoint("GET /group/participants/{instance}", sources="PS")  # `{participants}`: Baileys' live `groupMetadata`
INFO = Endpoint("GET /group/findGroupInfos/{instance}", sources="PS")
INVITE = Endpoint("GET /group/inviteCode/{instance}", sources="PS")  # `{inviteUrl, inviteCode}`
SEND = Endpoint("POST /message/sendText/{instance}", sources="PS")  # 201 `{key: {id, remoteJid}}`
CHECK = Endpoint("POST /chat/whatsappNumbers/{instance}", sources="PS")  # `[{jid, exists, number}]`; see `check_number`
STATE = Endpoint("GET /instance/connectionState/{instance}", sources="PS")  # `{instance: {state}}`
INSTANCES = Endpoint("GET /instance/fetchInstances", sources="PS")  # `[{ownerJid}]`

STATES: Mapping[str, bool] = {"open": True, "connecting": False, "close": False}  # [S]
MISSING = Session(ready=False, says="missing")  # our own word: the server knows no such instance
NO_INSTANCE = r"instance.{0,100}(?:does not exist|not found)"  # in a 404 [P]
# Behind these headlines the server shows the exception of a request to WhatsApp [P].
HEADLINES = frozenset({"Error updating participants", "No participants", "Error fetching group", "No invite code"})
EXCEPTION_STATUSES = frozenset({400, 404, 500})
AN_EXCEPTION = re.compile(r"\w*Error: .*|Connection Closed|[0-9]+", re.DOTALL)  # without a headline [P]
# The server stumbles over an instance without a connected client, before anything reaches WhatsApp [R].
NO_CLIENT = re.compile(r"of undefined \(reading '(?:group|onWhatsApp)")
# The line to WhatsApp is closed, so Baileys sends nothing. A line that closes meanwhile is shown by its bare code [P].
LINE_CLOSED = re.compile(r"(?:Error: )?Connection Closed")
RATE_LIMITED = "rate-overlimit"  # WhatsApp's word for the code 429, which is all that whatsappNumbers shows [P]
# The server keeps the accounts of these countries for days, each under both forms of its number [S][P].
REMEMBERED = ("52", "54", "55")


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
        """Ask once, by JID: the server rewrites bare numbers of Brazil, Mexico and Argentina [S][P]."""
        refuse_notify("Evolution", notify=notify)
        body = {"action": "add", "participants": [person.id for person in participants]}
        response = yield self._request(ADD, query={"groupJid": group.jid}, json=body)
        if (exception := _exception(response)) is not None:
            engines.raise_if_refused(exception)
            return AddReply(rest=NO_ANSWER, says=exception)
        yield from self._raise_if_down(response)
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the roster, which the server asks of WhatsApp for each request [S]."""
        response = yield from self._read(LIST, query={"groupJid": group.jid})
        return roster.read_roster(response, group, at="participants", proves=Proof.BOTH)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._read(INFO, query={"groupJid": group.jid})))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._read(INVITE, query={"groupJid": group.jid})), at="inviteCode")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        """Send a text by JID: a bare number of some countries becomes another account's [P]."""
        return common.read_sent_message((yield from self._read(SEND, json={"number": person.id, "text": text})))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        """Check a number by JID, which the server leaves alone.

        A no means: not under this form. The account may have another one [S][P]. A yes about some countries may be
        days old, or mean the number's other form, which a message would reach, too [S][P].
        """
        numbers = [f"{phone}@{PHONE_DOMAIN}"]
        check = common.read_number((yield from self._read(CHECK, json={"numbers": numbers}, repeatable=True)))
        if phone.startswith(REMEMBERED):
            return NumberCheck(exists=None, reaches=check.account)
        return check if check.exists else NumberCheck(exists=None)

    def session(self) -> Flow[Session]:
        session = yield from self._state()
        return evolve(session, me=(yield from _or_none(self._me()))) if session.ready else session

    def _state(self) -> Flow[Session]:
        response = status_errors.raise_for_refusals((yield self._request(STATE)))
        return MISSING if status_errors.matches(response, 404, NO_INSTANCE) else common.read_session(response, STATES)

    def _me(self) -> Flow[Identity | None]:
        """Ask for our own account: `ownerJid` [P], or the `owner` of an older server [?]."""
        response = yield self._request(INSTANCES, query={"instanceName": self.instance})
        match envelope.record(envelope.read(response)):
            case {"ownerJid": jid} | {"instance": {"owner": jid}}:
                return identity(jid)
        return None

    def _read(self, endpoint: Endpoint, **content: Unpack[Content]) -> Flow[Response]:
        """Carry a request that is no add.

        Raises:
            ProviderError: WhatsApp refused the request, or an exception stands in the place of its answer.
            SessionNotReady: The session is down.
        """
        response = yield self._request(endpoint, **content)
        exception = _exception(response)
        if exception is None:
            yield from self._raise_if_down(response)
            return response
        engines.raise_if_refused(exception)
        if LINE_CLOSED.fullmatch(exception) or endpoint is not SEND:  # else the message may be on its way
            yield from self._raise_if_down(response)
        raise AnswerLost(f"the provider failed ({response.status})")

    def _raise_if_down(self, response: Response) -> Flow[None]:
        """Ask for the session's state, where an answer may mean that the session is down.

        Raises:
            WrongAddress: The answer is not the server's.
            SessionNotReady: The session is down.
        """
        if _may_mean_down(status_errors.raise_for_refusals(response)):
            session = yield from _or_none(self._state())
            if session and session.ready is False:
                raise SessionNotReady(f"the provider's WhatsApp session is {session.says}: connect the instance")

    def _request(self, endpoint: Endpoint, **content: Unpack[Content]) -> Request:
        params, headers = {"instance": self.instance}, {"apikey": self.api_key}
        return Request.to(endpoint, params=params, headers=headers, **content)


def _claims(data: object) -> AddReply | None:
    """Return the claims of the rows. No row at all is a request that WhatsApp did not answer within 60 s [P]."""
    match data:
        case {"updateParticipants": []}:
            return AddReply(rest=NO_ANSWER)
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
    """Return the exception that the server shows, "" for one without a text; None where WhatsApp was not asked.

    The exception may be a time-out as well as a refusal. Then the outcome of the request is unknown.
    """
    if response.status not in EXCEPTION_STATUSES or _has_no_client(response):
        return None
    match response.json():
        case {"isBoom": True, "data": 429}:  # whatsappNumbers shows the exception itself [P]
            return RATE_LIMITED
        case {"isBoom": True, "output": {"payload": {"message": str() as text}}}:
            return text
        case dict() as data if not data:
            return ""
    headline, _, text = (message := _message(response)).partition("\n")
    if headline in HEADLINES:
        return text
    return message if AN_EXCEPTION.fullmatch(message) else None


def _may_mean_down(response: Response) -> bool:
    """Return whether an answer may mean that the session is down [P][R]."""
    exception = _exception(response)
    if exception is None:
        return response.status in {400, 404} or _has_no_client(response)
    return not exception or exception.isdecimal() or LINE_CLOSED.fullmatch(exception) is not None


def _has_no_client(response: Response) -> bool:
    return NO_CLIENT.search(_message(response)) is not None


def _message(response: Response) -> str:
    """Return the text of an error, "" without one: a text, a list of texts, or such a list within a list [P]."""
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
