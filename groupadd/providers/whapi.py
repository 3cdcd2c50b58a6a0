"""Whapi.Cloud, https://whapi.cloud: a Bearer token, and people sorted into `processed` and `failed`, without a reason.

Sources: [D] the vendor's OpenAPI description, as SDKs generated from it have it; [V] the vendor's own MCP server;
[H] its help desk; [C] third-party clients; [m] general knowledge, open; [?] not confirmed. Nothing here is proven
against the live service.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from attrs import frozen

from groupadd import engines, envelope
from groupadd.engines import settings
from groupadd.provider import (
    ACCEPTED,
    ALREADY_MEMBER,
    NOT_MENTIONED,
    UNRECOGNISED,
    AddReply,
    Claim,
    Flow,
    GroupId,
    GroupInfo,
    Identity,
    Meaning,
    Participant,
    Request,
    Response,
    Roster,
    Secret,
    Session,
    Unsupported,
    identity,
)

__all__ = ["Whapi"]

ADD = "/groups/{group}/participants"  # [D]
GROUP = "/groups/{group}"  # [D] `{size, participants: [{id, rank}]}`; whether it is live is not told [?]
INVITE = "/groups/{group}/invite"  # [D] `{invite_code}`
WAITING = "/groups/{group}/applications"  # [D] `{applications: [{chat_id}]}`
SEND = "/messages/text"  # [D]; `{message: {id}}` [C]
CHECK = "/contacts"  # [D] POST `{contacts: [{input, status, wa_id}]}`
LID = "/contacts/lids/{contact}"  # [V]; `{lid}` [C]
HEALTH = "/health"  # [D] `{status: {code, text}, user}`

LISTS: Mapping[str, Meaning] = {
    "processed": ACCEPTED,  # may hold members, and people who wait for approval
    "failed": UNRECOGNISED,  # [D] no reason; what it may hold is not told
}
STATES: Mapping[str, bool] = {"AUTH": True, "QR": False, "LAUNCH": False, "INIT": False}  # [C]; INIT [m]
DOWN = re.compile(rb"channel (?:authorization|not authorized)", re.IGNORECASE)  # [D][H]; the second form [C]
SOMEBODY = re.compile(rb"\bparticipant\b", re.IGNORECASE)  # [D] in a 404's text: who is missing may be a person


@frozen
class Whapi:
    """The account behind one Whapi channel.

    Attributes:
        token: The channel's token, sent as a Bearer token.
        base_url: Where the API is.
    """

    speaks_of_each: ClassVar[bool] = False

    token: Secret
    base_url: str = "https://gate.whapi.cloud"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by bare number; a LID is passed as it is [?]. The vendor has no `notify`.

        A 409 says that "the specified participant" is a member, a 404 that "group or participant" is not there [D]: of
        several people neither says who, nor what became of the others.
        """
        if notify is not None:
            raise Unsupported("Whapi cannot be told whether to notify; leave `notify` out")
        body = {"participants": [person.phone or person.id for person in participants]}
        response = yield from self._ask("POST", ADD, group.jid, json=body)
        if response.status == 409 and len(participants) == 1:
            return AddReply([(participants[0].id, Claim(ALREADY_MEMBER, "409"))])
        if response.status == 409 or (response.status == 404 and SOMEBODY.search(response.body)):
            return AddReply(rest=NOT_MENTIONED, says=str(response.status))
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        data = envelope.read((yield from self._ask("GET", GROUP, group.jid)))
        return engines.read_roster(data, group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        """Tell size and kind; who may add, and the approval of members, are not in the answer [D]."""
        return settings.read_info(envelope.read((yield from self._ask("GET", GROUP, group.jid))))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        match envelope.read((yield from self._ask("GET", WAITING, group.jid))):
            case {"applications": list() as rows}:
                return [who for row in rows if isinstance(row, dict) and (who := identity(row.get("chat_id")))]
        raise envelope.unreadable()

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        match envelope.read((yield from self._ask("GET", INVITE, group.jid))):
            case {"invite_code": code}:
                return envelope.invite_link(code)
        raise envelope.unreadable()

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"to": person.phone or person.id, "body": text}
        match envelope.read((yield from self._ask("POST", SEND, json=body))):
            case {"message": {"id": str() as message}} | {"id": str() as message}:
                return message
            case {"sent": True}:  # [C]
                return None
        raise envelope.unreadable()

    def check_number(self, phone: str) -> Flow[Identity | None]:
        body = {"blocking": "wait", "force_check": True, "contacts": [f"+{phone}"]}
        match envelope.read((yield from self._ask("POST", CHECK, json=body, repeatable=True))):
            case {"contacts": [{"status": "invalid"}]}:
                return None
            case {"contacts": [{"status": "valid", "wa_id": name}]} if who := identity(name):
                return who
        raise envelope.unreadable()

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Ask for the LID of each number; one that the vendor does not know is a 404 [m]."""
        lids: dict[str, str] = {}
        for phone in phones:
            response = yield from self._ask("GET", LID, contact=f"{phone}@s.whatsapp.net")
            if response.status == 404:
                continue
            match envelope.read(response):
                case {"lid": str() as name} if (who := identity(name)) and who.lid:
                    lids[phone] = who.lid
        return lids

    def session(self) -> Flow[Session]:
        match envelope.read((yield from self._ask("GET", HEALTH))):
            case {"status": {"text": str() as state}, **record}:
                user = record.get("user")
                return Session(STATES.get(state), state, identity(user.get("id")) if isinstance(user, dict) else None)
        raise envelope.unreadable()

    def _ask(
        self,
        method: str,
        path: str,
        group: str = "",
        *,
        contact: str = "",
        json: Mapping[str, object] | None = None,
        repeatable: bool = False,
    ) -> Flow[Response]:
        """Carry a request.

        Raises:
            SessionNotReady: The channel is down: a 401, as for a wrong token, which its words alone tell apart.
        """
        response = yield Request(
            method,
            path,
            params={"group": group, "contact": contact},
            headers={"Authorization": self.token.within("Bearer {}")},
            json=json,
            repeatable=repeatable or method == "GET",
        )
        if response.status == 401 and DOWN.search(response.body):
            raise envelope.session_down(response)
        return response


def _claims(data: object) -> AddReply | None:
    if not isinstance(data, dict) or not data.keys() & LISTS.keys():
        return None
    claims = [claim for word, meaning in LISTS.items() for claim in _said(data.get(word), Claim(meaning, word))]
    return AddReply(claims) if claims or envelope.accepts(data) else None


def _said(names: object, claim: Claim) -> Iterator[tuple[str, Claim]]:
    return ((name, claim) for name in names if isinstance(name, str)) if isinstance(names, list) else iter(())
