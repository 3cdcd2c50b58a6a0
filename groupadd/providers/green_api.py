"""GREEN-API, https://green-api.com: the token in the path, one person a call, and a `false` of three meanings.

Sources: [D] the vendor's documentation, https://green-api.com/en/docs/api/groups/AddGroupParticipant and its
neighbours; [S] the vendor's SDK 0.0.55 (PyPI `whatsapp-api-client-python`); [?] not confirmed. Nothing here is proven
against the live service.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import evolve, frozen

from groupadd import engines, envelope
from groupadd.codes import INVALID_PARTICIPANT
from groupadd.engines import settings
from groupadd.provider import (
    ACCEPTED,
    UNRECOGNISED,
    AddReply,
    Flow,
    GroupId,
    GroupInfo,
    Identity,
    Meaning,
    NotAllowed,
    NotAuthenticated,
    Participant,
    RateLimited,
    Request,
    Response,
    Roster,
    Secret,
    Session,
    Unsupported,
    identity,
)

__all__ = ["GreenApi"]

METHOD = "/waInstance{instance}/%s/{token}"  # [D][S]; POST wherever there is a body
ADD = METHOD % "addGroupParticipant"  # [D][S] 10 a second
GROUP = METHOD % "getGroupData"  # [D][S] 1 a second: what comes too early is a 429, which looks wait out
SEND = METHOD % "sendMessage"  # [D][S]
CHECK = METHOD % "checkWhatsapp"  # [D][S] 10 a second, counted by plan; `chatId` of old was `phoneNumber`
ACCOUNT = METHOD % "getWaSettings"  # [D][S] `{stateInstance, phone}`

WORDS: Mapping[bool, Meaning] = {
    True: ACCEPTED,  # [D] "flag"; of people who are not added as well (green-api/issues 214)
    False: UNRECOGNISED,  # [D] we are no admin, or they are not in our phone book, or they are members already
}
STATES: Mapping[str, bool] = {"authorized": True, "notAuthorized": False, "blocked": False, "starting": False}  # [D]

QUOTA_USED_UP = 466  # [D] `QUOTE_EXCEEDED`
# What a 400 is about, by its text, which may be JSON or not.
SESSION_DOWN = re.compile(rb"instance (?:account|is|in)\b.*(?:not authorized|starting)", re.IGNORECASE)  # [D][S]
BAD_NAME = re.compile(rb"participantChatId|bad phone number", re.IGNORECASE)  # [D] of checkWhatsapp, else [?]


@frozen
class GreenApi:
    """The account behind one GREEN-API instance.

    Attributes:
        id_instance: The instance's id.
        api_token: The instance's token.
        base_url: Where the API is, which differs per instance.
    """

    speaks_of_each: ClassVar[bool] = False

    id_instance: str
    api_token: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask for each of these people once, one after the other. The vendor has no `notify`."""
        if notify is not None:
            raise Unsupported("GREEN-API cannot be told whether to notify; leave `notify` out")
        return (yield from envelope.one_by_one(participants, lambda person: self._add(group, person)))

    def _add(self, group: GroupId, person: Participant) -> Flow[AddReply]:
        body = {"groupId": group.jid, "participantChatId": _chat_id(person)}
        response = _believed((yield self._post(ADD, body)))
        if response.status == 400 and BAD_NAME.search(response.body):
            return AddReply(rest=INVALID_PARTICIPANT, says="400")
        return envelope.read_add(response, _claim)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        record = yield from self._read(GROUP, groupId=group.jid)
        return engines.read_roster(record, group)

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        record = yield from self._read(GROUP, groupId=group.jid)
        may = record.get("allowParticipantsAddMembers")
        return evolve(settings.read_info(record), members_may_add=may if isinstance(may, bool) else None)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        record = yield from self._read(GROUP, groupId=group.jid)
        if record.get("groupInviteLink") == "":  # [D]
            raise NotAllowed("the provider shows the invite link to admins only")
        return envelope.invite_link(record.get("groupInviteLink"))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        response = yield self._post(SEND, {"chatId": _chat_id(person), "message": text})
        match envelope.read(_believed(response)):
            case {"idMessage": str() as message}:
                return message
        raise envelope.unreadable()

    def check_number(self, phone: str) -> Flow[Identity | None]:
        match (yield from self._read(CHECK, chatId=f"{phone}@c.us")):
            case {"existsWhatsapp": bool() as known, **record}:
                return (identity(record.get("chatId")) or Identity(phone)) if known else None
        raise envelope.unreadable()

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Check each number, which tells its LID; older answers do not [D]."""
        lids: dict[str, str] = {}
        for phone in phones:
            who = yield from self.check_number(phone)
            if who and who.lid:
                lids[phone] = who.lid
        return lids

    def session(self) -> Flow[Session]:
        """Read the state; `sleepMode` and `yellowCard` do not tell whether adding works [D]."""
        response = yield Request("GET", ACCOUNT, params=self._params, repeatable=True)
        match envelope.read(_believed(response)):
            case {"stateInstance": str() as state, **record}:
                return Session(STATES.get(state), state, identity(record.get("phone"), record.get("deviceId")))
        raise envelope.unreadable()

    def _read(self, path: str, **body: str) -> Flow[Mapping[str, object]]:
        match envelope.read(_believed((yield self._post(path, body, repeatable=True)))):
            case dict() as record:
                return record
        raise envelope.unreadable()

    def _post(self, path: str, body: Mapping[str, object], *, repeatable: bool = False) -> Request:
        return Request("POST", path, params=self._params, json=body, repeatable=repeatable)

    @property
    def _params(self) -> Mapping[str, str | Secret]:
        return {"instance": self.id_instance, "token": self.api_token}


def _chat_id(person: Participant) -> str:
    """Numbers end in `@c.us` [D]; a LID is passed as it is [D] of checkWhatsapp, else [?]."""
    return f"{person.phone}@c.us" if person.phone else person.id


def _believed(response: Response) -> Response:
    """Return an answer whose status says what is meant.

    Raises:
        ProviderError: It says another thing here: the session is down (400), the instance is wrong (403), or the plan's
            quota is used up (466).
    """
    match response.status:
        case 400 if SESSION_DOWN.search(response.body):
            raise envelope.session_down(response)
        case 403:  # [S]
            raise NotAuthenticated("the provider knows no such instance (403)")
        case status if status == QUOTA_USED_UP:
            raise RateLimited("the plan's quota is used up (466)")
    return response


def _claim(data: object) -> AddReply | None:
    """Read `{addParticipant, reason}`; `reason` is told by the vendor's other messengers only [D]."""
    match data:
        case {"addParticipant": bool() as added, **record}:
            reason = record.get("reason")
            return AddReply(rest=WORDS[added], says=reason if isinstance(reason, str) else str(added).lower())
    return None
