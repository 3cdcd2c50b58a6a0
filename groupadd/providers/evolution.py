"""Evolution API v2, https://doc.evolution-api.com: Baileys' answers, and Baileys' failures under 400 and 404.

Sources: [S] EvolutionAPI/evolution-api 2.3.6; [R] answers of that version, run without an account; [I] answers in its
issues; [m] general knowledge, open; [?] an unmerged change. Nothing here is proven against the live service.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import evolve, frozen

from groupadd import engines, envelope
from groupadd.engines import refusals, settings
from groupadd.outcome import InviteState
from groupadd.provider import (
    INVITED,
    NO_ANSWER,
    AddReply,
    AnswerLost,
    Claim,
    Flow,
    GroupId,
    GroupInfo,
    Identity,
    Invite,
    NoAnswer,
    Participant,
    Request,
    Response,
    Roster,
    Secret,
    Session,
    SessionNotReady,
    Unsupported,
    identity,
)

__all__ = ["Evolution"]

ADD = "/group/updateParticipant/{instance}"  # [S] 201; the published specification says 200
LIST = "/group/participants/{instance}"  # [S] Baileys' live `groupMetadata`
INFO = "/group/findGroupInfos/{instance}"  # [S]
INVITE = "/group/inviteCode/{instance}"  # [S] `{inviteUrl, inviteCode}`
SEND = "/message/sendText/{instance}"  # [S] 201 `{key: {id}}` [m]
CHECK = "/chat/whatsappNumbers/{instance}"  # [S] `[{jid, exists, number}]`
STATE = "/instance/connectionState/{instance}"  # [S] `{instance: {state}}`
INSTANCES = "/instance/fetchInstances"  # [S] `[{ownerJid}]` [m]

MISSING = "missing"  # our own word for a 404: the server knows no such instance [R]
STATES: Mapping[str, bool] = {"open": True, "connecting": False, "close": False, MISSING: False}  # [S]

# [S] What the engine throws, a time-out as well as a refusal, is shown as a 400 or 404.
THROWN = re.compile(r"(?<=Error updating participants\n).*|\w*Error: .*")
NO_CLIENT = re.compile(r"of undefined \(reading '(?:group|onWhatsApp)")  # [R] WhatsApp was not asked


@frozen
class Evolution:
    """The account behind one instance of an Evolution server.

    Attributes:
        instance: The instance's name.
        api_key: The server's key, or the instance's own.
        base_url: Where the server is.
    """

    speaks_of_each: ClassVar[bool] = True

    instance: str
    api_key: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by JID: bare numbers of Brazil, Mexico and Argentina are rewritten [S]."""
        if notify is not None:
            raise Unsupported("Evolution cannot be told whether to notify; leave `notify` out")
        body = {"action": "add", "participants": [person.id for person in participants]}
        response = yield from self._ask(self._request("POST", ADD, group, json=body))
        if thrown := _thrown(response):
            return AddReply(rest=NO_ANSWER, says=thrown)
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield from self._read(self._request("GET", LIST, group))), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return settings.read_info((yield from self._read(self._request("GET", INFO, group))))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        match (yield from self._read(self._request("GET", INVITE, group))):
            case {"inviteCode": code}:
                return envelope.invite_link(code)
        raise envelope.unreadable()

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"number": person.phone or person.id, "text": text}
        match (yield from self._read(self._request("POST", SEND, json=body))):
            case {"key": {"id": str() as message}}:
                return message
        raise envelope.unreadable()

    def check_number(self, phone: str) -> Flow[Identity | None]:
        """Ask for one number, bare: the server looks for the other form of a number only so [S]."""
        match (yield from self._read(self._request("POST", CHECK, json={"numbers": [phone]}))):
            case [{"exists": False}]:
                return None
            case [{"exists": True, "jid": str() as jid}] if who := identity(jid):
                return who
        raise envelope.unreadable()

    def session(self) -> Flow[Session]:
        response = yield self._request("GET", STATE)
        state = _state(response)
        if state is None:
            envelope.read(response)
            raise envelope.unreadable()
        ready = STATES.get(state)
        return Session(ready, state, (yield from self._me()) if ready else None)

    def _me(self) -> Flow[Identity | None]:
        """Ask for our own account, whose place in the answer is not certain [m]."""
        try:
            response = yield self._request("GET", INSTANCES, query={"instanceName": self.instance})
        except NoAnswer:
            return None
        match response.json():
            case [{"ownerJid": str() as jid}] | [{"instance": {"owner": str() as jid}}] if response.ok:
                return identity(jid)
        return None

    def _read(self, request: Request) -> Flow[object]:
        """Carry a request that adds nobody, and return the JSON of its answer.

        Raises:
            ProviderError: It was refused, or the server failed.
        """
        response = yield from self._ask(request)
        if _thrown(response):
            raise AnswerLost(f"the provider failed ({response.status})")
        return envelope.read(response)

    def _ask(self, request: Request) -> Flow[Response]:
        """Carry a request. Where its answer may mean that the session is down [R], the state of that decides.

        Raises:
            ProviderError: WhatsApp refused the request, or the session is down.
        """
        response = yield request
        if thrown := _thrown(response):
            if error := refusals.refused(thrown):
                raise error
        elif response.status in {400, 404} or NO_CLIENT.search(_text(response)):
            try:
                state = _state((yield self._request("GET", STATE)))
            except NoAnswer:
                state = None
            if state is not None and STATES.get(state) is False:
                raise SessionNotReady(f"the provider's WhatsApp session is {state}: connect the instance")
        return response

    def _request(
        self,
        method: str,
        path: str,
        group: GroupId | None = None,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
    ) -> Request:
        return Request(
            method,
            path,
            params={"instance": self.instance},
            query={"groupJid": group.jid} if group else query or {},
            headers={"apikey": self.api_key},
            json=json,
            repeatable=path not in {ADD, SEND},
        )


def _state(response: Response) -> str | None:
    """Return the instance's state, None where it cannot be told."""
    if response.status == 404:
        return MISSING
    match response.json():
        case {"instance": {"state": str() as state}} if response.ok:
            return state
    return None


def _text(response: Response) -> str:
    """Return the text of an error: `{response: {message: …}}`, a text or a list of them, perhaps within a list [R]."""
    match None if response.ok else response.json():
        case {"response": {"message": [[*texts]] | [*texts]}}:
            return "\n".join(text for text in texts if isinstance(text, str))
        case {"response": {"message": str() as text}}:
            return text
    return ""


def _thrown(response: Response) -> str | None:
    """Return what the engine threw while it asked WhatsApp: what became of the request is then unknown."""
    text = _text(response)
    thrown = THROWN.search(text)
    return thrown[0] if thrown and not NO_CLIENT.search(text) else None


def _claims(data: object) -> AddReply | None:
    match data:
        case {"updateParticipants": [*rows]}:
            replies = ((row, engines.read_reply([row])) for row in rows)
            return AddReply(
                [(who, _invited(row, claim)) for row, reply in replies if reply for who, claim in reply.claims]
            )
    return engines.read_reply(data)


def _invited(row: object, claim: Claim) -> Claim:
    """Read an invitation that the server sent by itself [?], pull request 2624."""
    match row:
        case {"invite": {"sent": True}}:
            sent = evolve(claim.invite or Invite("personal"), state=InviteState.SENT)
            return evolve(claim, meaning=INVITED, invite=sent)
    return claim
