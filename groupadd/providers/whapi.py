"""Whapi.Cloud, https://whapi.cloud: a Bearer token, and people sorted into `processed` and `failed`, without a reason.

Sources: [D] the vendor's OpenAPI description, as SDKs generated from it have it, and its support pages; [S] the
vendor's own MCP server.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from attrs import field, frozen

from groupadd.errors import SessionNotReady
from groupadd.model.codes import ACCEPTED, ALREADY_MEMBER, NOT_MENTIONED, REFUSED, Meaning
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret, masked_url
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
from groupadd.readers import common, envelope, group_info, roster, status_errors
from groupadd.readers.status_errors import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Whapi"]

ADD = Endpoint("POST /groups/{group}/participants", sources="D")
GROUP = Endpoint("GET /groups/{group}", sources="D?")  # `{size, participants: [{id, rank}]}`
INVITE = Endpoint("GET /groups/{group}/invite", sources="D")  # `{invite_code}`
WAITING = Endpoint("GET /groups/{group}/applications", sources="D")  # `{applications: [{chat_id}]}`
SEND = Endpoint("POST /messages/text", sources="D?")  # `{message: {id}}` or `{sent}` [?]
CHECK = Endpoint("POST /contacts", sources="D")  # `{contacts: [{input, status, wa_id}]}`
LID = Endpoint("GET /contacts/lids/{contact}", sources="S?")  # `{lid}` [?]
HEALTH = Endpoint("GET /health", sources="D")  # `{status: {code, text}, user}`

LISTS: Mapping[str, Meaning] = {
    "processed": ACCEPTED,  # may hold members, and people who wait for approval
    "failed": REFUSED,  # without a reason; its possible contents are not documented [D]
}
STATES: Mapping[str, bool] = {"AUTH": True, "QR": False, "LAUNCH": False, "INIT": False}  # [?]
# A 401, as for a wrong token; only the words differ. The first wording [D], the second [?].
REFUSALS = (Refusal(401, SessionNotReady, words="channel (?:authorization|not authorized)"),)
MISSING_PARTICIPANT = r"\bparticipant\b"  # in the text of a 404, which may be about a participant or the group [D]


@frozen
class Whapi:
    """The account behind one Whapi channel.

    Attributes:
        token: The channel's token, sent as a Bearer token.
        base_url: Where the API is.
    """

    reports_each_person: ClassVar[bool] = False
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD],
        "list_participants": [GROUP],
        "group_info": [GROUP],
        "join_requests": [WAITING],
        "invite_link": [INVITE],
        "send_text": [SEND],
        "check_number": [CHECK],
        "resolve_lids": [LID],
        "session": [HEALTH],
    }

    token: Secret
    base_url: str = field(default="https://gate.whapi.cloud", converter=masked_url)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once, by bare number; a LID is passed as it is [?].

        A 409 says that "the specified participant" is a member, a 404 that "group or participant" is missing [D]. With
        several participants neither names one, nor tells the outcome of the others.
        """
        refuse_notify("Whapi", notify=notify)
        body = {"participants": [person.phone or person.id for person in participants]}
        response = yield from self._ask(ADD, group.jid, json=body)
        if response.status == 409 and len(participants) == 1:
            return AddReply([(participants[0].id, Claim(ALREADY_MEMBER, "409"))])
        if response.status == 409 or status_errors.matches(response, 404, MISSING_PARTICIPANT):
            return AddReply(rest=NOT_MENTIONED, says=str(response.status))
        return envelope.read_add(response, _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the group's record live [?], so it proves both; its `size` shows where rows are missing."""
        return roster.read_roster((yield from self._ask(GROUP, group.jid)), group, at="participants", proves=Proof.BOTH)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(GROUP, group.jid)))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        return common.read_people((yield from self._ask(WAITING, group.jid)), "chat_id", at="applications")

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, group.jid)), at="invite_code")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        body = {"to": person.phone or person.id, "body": text}
        return common.read_sent_message((yield from self._ask(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        body = {"blocking": "wait", "force_check": True, "contacts": [f"+{phone}"]}
        return common.read_number((yield from self._ask(CHECK, json=body, repeatable=True)))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return common.resolve_lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        response = yield from self._ask(LID, contact=f"{phone}@s.whatsapp.net")
        return None if response.status == 404 else common.read_lid(response)  # 404: not known [?]

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(HEALTH)), STATES)

    def _ask(
        self, endpoint: Endpoint, group: str = "", contact: str = "", **content: Unpack[Content]
    ) -> Flow[Response]:
        params, headers = {"group": group, "contact": contact}, {"Authorization": self.token.within("Bearer {}")}
        response = yield Request.to(endpoint, params=params, headers=headers, **content)
        return status_errors.raise_for_refusals(response, REFUSALS)


def _claims(data: object) -> AddReply | None:
    if not isinstance(data, dict) or not data.keys() & LISTS.keys():
        return None
    claims: list[tuple[str, Claim]] = []
    for word, meaning in LISTS.items():
        names, claim = data.get(word), Claim(meaning, word)
        if isinstance(names, list):
            claims += [(name, claim) for name in names if isinstance(name, str)]
    return AddReply(claims) if claims or envelope.accepts(data) else None
