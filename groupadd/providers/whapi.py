"""Whapi.Cloud, https://whapi.cloud: a Bearer token, and people sorted into `processed` and `failed`, without a reason.

Sources: [D] the vendor's OpenAPI description, as SDKs generated from it have it; [V] the vendor's own MCP server;
[H] its help desk; [C] third-party clients; [m] general knowledge, open; [?] not confirmed. Nothing here is proven
against the live service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import frozen

from groupadd.errors import SessionNotReady
from groupadd.model.codes import ACCEPTED, ALREADY_MEMBER, NOT_MENTIONED, UNRECOGNISED, Meaning
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Claim, GroupInfo, Session, refuse_notify
from groupadd.readers import asking, common, engines, envelope, group_info
from groupadd.readers.envelope import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Whapi"]

ADD = "POST /groups/{group}/participants"  # [D]
GROUP = "GET /groups/{group}"  # [D] `{size, participants: [{id, rank}]}`, no settings; live or not is not told [?]
INVITE = "GET /groups/{group}/invite"  # [D] `{invite_code}`
WAITING = "GET /groups/{group}/applications"  # [D] `{applications: [{chat_id}]}`
SEND = "POST /messages/text"  # [D]; `{message: {id}}` or `{sent}` [C]
CHECK = "POST /contacts"  # [D] `{contacts: [{input, status, wa_id}]}`
LID = "GET /contacts/lids/{contact}"  # [V]; `{lid}` [C]
HEALTH = "GET /health"  # [D] `{status: {code, text}, user}`

LISTS: Mapping[str, Meaning] = {
    "processed": ACCEPTED,  # may hold members, and people who wait for approval
    "failed": UNRECOGNISED,  # [D] no reason; what it may hold is not told
}
STATES: Mapping[str, bool] = {"AUTH": True, "QR": False, "LAUNCH": False, "INIT": False}  # [C]; INIT [m]
# A 401, as for a wrong token, which its words alone tell apart.
REFUSALS = (Refusal(401, SessionNotReady, words="channel (?:authorization|not authorized)"),)  # [D][H]; the second [C]
SOMEBODY = r"\bparticipant\b"  # [D] in a 404's text: who is missing may be a person


@frozen
class Whapi:
    """The account behind one Whapi channel.

    Attributes:
        token: The channel's token, sent as a Bearer token.
        base_url: Where the API is.
    """

    reports_each_person: ClassVar[bool] = False

    token: Secret
    base_url: str = "https://gate.whapi.cloud"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by bare number; a LID is passed as it is [?].

        A 409 says that "the specified participant" is a member, a 404 that "group or participant" is not there [D]: of
        several people neither says who, nor what became of the others.
        """
        refuse_notify("Whapi", notify=notify)
        body = {"participants": [person.phone or person.id for person in participants]}
        response = yield from self._ask(ADD, group.jid, json=body)
        if response.status == 409 and len(participants) == 1:
            return AddReply([(participants[0].id, Claim(ALREADY_MEMBER, "409"))])
        if response.status == 409 or envelope.matches(response, 404, SOMEBODY):
            return AddReply(rest=NOT_MENTIONED, says=str(response.status))
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield from self._ask(GROUP, group.jid)), group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(GROUP, group.jid)))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        return common.read_people((yield from self._ask(WAITING, group.jid)), "chat_id")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, group.jid)))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        return common.read_message_id(
            (yield from self._ask(SEND, json={"to": person.phone or person.id, "body": text}))
        )

    def check_number(self, phone: str) -> Flow[Identity | None]:
        body = {"blocking": "wait", "force_check": True, "contacts": [f"+{phone}"]}
        return common.read_number((yield from self._ask(CHECK, json=body, repeatable=True)))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return asking.lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        response = yield from self._ask(LID, contact=f"{phone}@s.whatsapp.net")
        return None if response.status == 404 else common.read_lid(response)  # 404: not known [m]

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(HEALTH)), STATES)

    def _ask(self, endpoint: str, group: str = "", contact: str = "", **content: Unpack[Content]) -> Flow[Response]:
        params, headers = {"group": group, "contact": contact}, {"Authorization": self.token.within("Bearer {}")}
        return envelope.discount_early(
            (yield Request.to(endpoint, params=params, headers=headers, **content)), REFUSALS
        )


def _claims(data: object) -> AddReply | None:
    if not isinstance(data, dict) or not data.keys() & LISTS.keys():
        return None
    claims: list[tuple[str, Claim]] = []
    for word, meaning in LISTS.items():
        names, claim = data.get(word), Claim(meaning, word)
        if isinstance(names, list):
            claims += [(name, claim) for name in names if isinstance(name, str)]
    return AddReply(claims) if claims or envelope.accepts(data) else None
