"""Wawp, https://wawp.net: credentials in the JSON body, `[{"id": "…@c.us"}]`, and `{"ok": true}` whatever came of it.

Sources: [D] the vendor's documentation, https://api.wawp.net/en/docs/v2/groups/{id}/participants/add and its
neighbours; [W] WAHA, which Wawp seems to run on; [C] third-party clients. Nothing here is proven against the live
service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Unpack

from attrs import frozen

from groupadd.model.codes import NO_ANSWER
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Session, refuse_notify
from groupadd.readers import asking, common, engines, envelope, naming, waha
from groupadd.wire.messages import Content, Flow, Request, Wire

__all__ = ["Wawp"]

# Ids must end in `@c.us` [D]; a LID is passed as it is [W].
ADD = "POST /v2/groups/{group}/participants/add"  # [D]
LIST = "GET /v2/groups/{group}/participants"  # [D]; rows as [W]
INVITE = "GET /v2/groups/{group}/invite-code"  # [D]; body as [W]: a bare string
SEND = "POST /v2/send/text"  # [D]
CHECK = "GET /v2/contacts/check-exists"  # [D]; body as [W]: `{numberExists, chatId}`
LID = "GET /v2/lids/pn/{number}"  # [D] `{lid, number}`, [W] `{lid, pn}`; `lid` may be null [D]
SESSION = "POST /v2/session/info"  # [D]; words as WAHA's
OLD_SESSION = "GET /v2/session/info"  # [D] of older pages, and in clients

UPSTREAM = "wawp_upstream_error"  # [D] "retryable"; [C] as a key of the body, or as its code


@frozen
class Wawp:
    """The account behind one Wawp instance.

    Attributes:
        instance_id: The instance's id.
        access_token: The access token.
        credentials_in: Where they go: the vendor's pages disagree. GET requests cannot use `body` and use `query`.
        base_url: Where the API is.
    """

    reports_each_person: ClassVar[bool] = False

    instance_id: str
    access_token: Secret
    credentials_in: Literal["body", "query", "header"] = "body"
    base_url: str = "https://api.wawp.net"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        refuse_notify("Wawp", notify=notify)
        body = {"id": group.jid, "participants": [{"id": naming.chat_id(person)} for person in participants]}
        response = yield self._request(ADD, {"group": group.jid}, json=body)
        return _lost_upstream(response.json()) or envelope.read_add(response, engines.read_reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield self._request(LIST, {"group": group.jid})), group)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield self._request(INVITE, {"group": group.jid})))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"chatId": naming.chat_id(person), "message": text}
        return common.read_message_id((yield self._request(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return common.read_number((yield self._request(CHECK, query={"phone": phone})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return asking.lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        return common.read_lid((yield self._request(LID, {"number": phone})))

    def session(self) -> Flow[Session]:
        response = yield self._request(SESSION, json={}, repeatable=True)
        if response.status in {404, 405}:
            response = yield self._request(OLD_SESSION)
        return common.read_session(response, waha.STATES)

    def _request(self, endpoint: str, parts: Mapping[str, str] | None = None, **content: Unpack[Content]) -> Request:
        named: dict[str, Wire] = {"instance_id": self.instance_id}
        token, headers = {"access_token": self.access_token}, {}
        if self.credentials_in == "header":
            token, headers = {}, {"access-token": self.access_token}
        if (json := content.get("json")) is None or self.credentials_in == "query":
            content |= {"query": {**named, **content.get("query", {}), **token}}
        else:
            content |= {"json": {**named, **token, **json}}
        return Request.to(endpoint, params=parts, headers=headers, **content)


def _lost_upstream(data: object) -> AddReply | None:
    """Wawp's upstream may fail after it has applied an add, whatever the status says."""
    failed = isinstance(data, dict) and (UPSTREAM in data or UPSTREAM in data.values())
    return AddReply(rest=NO_ANSWER, says=UPSTREAM) if failed else None
