"""GREEN-API, https://green-api.com: the token in the path, one participant a request, and a `false` of three meanings.

Sources: [D] the vendor's documentation, https://green-api.com/en/docs/api/groups/AddGroupParticipant and the pages
beside it; [S] the vendor's SDK 0.0.55 (PyPI `whatsapp-api-client-python`).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import field, frozen

from groupadd.errors import NotAllowed, NotAuthenticated, RateLimited, SessionNotReady
from groupadd.model.codes import ACCEPTED, REFUSED, Meaning, not_asked
from groupadd.model.identity import GroupId, Participant
from groupadd.model.masking import Secret, masked_url
from groupadd.model.outcome import Reason
from groupadd.model.roster import Roster
from groupadd.provider import (
    AddReply,
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
from groupadd.readers.one_by_one import add_one_by_one
from groupadd.readers.status_errors import Refusal
from groupadd.wire.messages import Flow, Request, Response, Wire

__all__ = ["GreenApi"]

# Numbers end in `@c.us` [D]; a LID is passed as it is: [D] of checkWhatsapp, else [?].
# The gaps: https://green-api.com/en/docs/api/ratelimiter/ has the requests a second of each method; more are a 429 [D].
ADD = Endpoint("POST /waInstance{instance}/addGroupParticipant/{token}", sources="DS", gap_s=0.1)
GROUP = Endpoint("POST /waInstance{instance}/getGroupData/{token}", sources="DS", gap_s=1.0)
SEND = Endpoint("POST /waInstance{instance}/sendMessage/{token}", sources="DS", gap_s=0.02)
CHECK = Endpoint("POST /waInstance{instance}/checkWhatsapp/{token}", sources="DS", gap_s=0.1)
# `{stateInstance, phone}`
ACCOUNT = Endpoint("GET /waInstance{instance}/getWaSettings/{token}", sources="DS", gap_s=1.0)

WORDS: Mapping[bool, Meaning] = {
    True: ACCEPTED,  # "flag" [D]; also of participants who are not added (green-api/issues 214) [I]
    False: REFUSED,  # our account is no admin, or the number is not in its phone book, or a member's [D]
}
# [D]; `sleepMode` and `yellowCard` do not tell whether adding works.
STATES: Mapping[str, bool] = {"authorized": True, "notAuthorized": False, "blocked": False, "starting": False}
REFUSALS = (
    Refusal(400, SessionNotReady, words=r"instance (?:account|is|in)\b.{0,200}(?:not authorized|starting)"),  # [D][S]
    Refusal(403, NotAuthenticated, "the provider knows no such instance"),  # [S]
    Refusal(466, RateLimited, "the plan's quota is used up"),  # `QUOTE_EXCEEDED` [D]
)
BAD_NAME = "participantChatId|bad phone number"  # [D] of checkWhatsapp, else [?]


@frozen
class GreenApi:
    """The account behind one GREEN-API instance.

    Attributes:
        id_instance: The instance's id.
        api_token: The instance's token.
        base_url: Where the API is, which differs per instance.
    """

    reports_each_person: ClassVar[bool] = False
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD],
        "list_participants": [GROUP],
        "group_info": [GROUP],
        "invite_link": [GROUP],
        "send_text": [SEND],
        "check_number": [CHECK],
        "resolve_lids": [CHECK],
        "session": [ACCOUNT],
    }

    id_instance: str
    api_token: Secret
    base_url: str = field(converter=masked_url)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        refuse_notify("GREEN-API", notify=notify)
        return (yield from add_one_by_one(participants, lambda person: self._add(group, person)))

    def _add(self, group: GroupId, person: Participant) -> Flow[AddReply]:
        response = yield from self._ask(ADD, groupId=group.jid, participantChatId=common.chat_id(person))
        if status_errors.matches(response, 400, BAD_NAME):
            return AddReply(rest=not_asked(Reason.INVALID_PARTICIPANT), says="400")
        return envelope.read_add(response, _reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read "the group chat's data" [D]: the vendor's one list of members, with its size, so it proves both."""
        return roster.read_roster(
            (yield from self._ask(GROUP, groupId=group.jid)), group, at="participants", proves=Proof.BOTH
        )

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return group_info.read_info((yield from self._ask(GROUP, groupId=group.jid)))

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        response = yield from self._ask(GROUP, groupId=group.jid)
        match response.json():
            case {"groupInviteLink": ""}:  # [D]
                raise NotAllowed("the provider shows the invite link to admins only")
        return envelope.read_invite(response, at="groupInviteLink")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        return common.read_sent_message((yield from self._ask(SEND, chatId=common.chat_id(person), message=text)))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        """Check a number by `chatId`; the page's older form has `phoneNumber` [D]."""
        return common.read_number((yield from self._ask(CHECK, chatId=f"{phone}@c.us")))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Check each number: the answer tells its LID. Older answers do not [D]."""
        return common.resolve_lids(phones, self.check_number)

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(ACCOUNT)), STATES)

    def _ask(self, endpoint: Endpoint, **body: str | Secret) -> Flow[Response]:
        params: dict[str, Wire] = {"instance": self.id_instance, "token": self.api_token}
        request = Request.to(endpoint, params=params, json=body or None, repeatable=endpoint not in {ADD, SEND})
        return status_errors.raise_for_refusals((yield request), REFUSALS)


def _reply(data: object) -> AddReply | None:
    """Read `{addParticipant, reason}`; only the vendor's other messengers tell a `reason` [D]."""
    match data:
        case {"addParticipant": bool() as added, **rest}:
            reason = rest.get("reason")
            return AddReply(rest=WORDS[added], says=reason if isinstance(reason, str) else str(added).lower())
    return None
