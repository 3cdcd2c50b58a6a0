"""Wawp, https://wawp.net: credentials in the JSON body, `[{"id": "…@c.us"}]`, and `{"ok": true}` for any outcome.

Sources: [D] the vendor's documentation, https://api.wawp.net/en/docs/v2/groups/{id}/participants/add and the pages
beside it. Wawp seems to run on WAHA; what the pages leave out is taken from WAHA or third-party clients [?].
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Unpack

from attrs import field, frozen

from groupadd.errors import SessionNotReady
from groupadd.model.codes import NO_ANSWER
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret, masked_url
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Endpoint, Endpoints, NumberCheck, Proof, SentMessage, Session, refuse_notify
from groupadd.readers import common, engines, envelope, roster, status_errors
from groupadd.readers.status_errors import Refusal
from groupadd.wire.messages import Content, Flow, Request, Response, Wire

__all__ = ["Wawp"]

# Ids must end in `@c.us` [D]; a LID is passed as it is, as WAHA wants it [?].
ADD = Endpoint("POST /v2/groups/{group}/participants/add", sources="D")
LIST = Endpoint("GET /v2/groups/{group}/participants", sources="D?")  # rows as WAHA's [?]
INVITE = Endpoint("GET /v2/groups/{group}/invite-code", sources="D?")  # a bare string as WAHA's [?]
SEND = Endpoint("POST /v2/send/text", sources="D")
# At most 1 a second for an instance [D]; `{numberExists, chatId}` as WAHA's [?].
CHECK = Endpoint("GET /v2/contacts/check-exists", sources="D?", gap_s=1.0)
LID = Endpoint(
    "GET /v2/lids/pn/{number}", sources="D?"
)  # `{lid, number}` [D], WAHA's `{lid, pn}` [?]; `lid` may be null
SESSION = Endpoint("POST /v2/session/info", sources="D")  # WAHA's words
OLD_SESSION = Endpoint("GET /v2/session/info", sources="D")  # on older pages, and in clients

UPSTREAM = "wawp_upstream_error"  # "retryable" [D]; a key of the body, or its code [?]
REFUSALS = (
    Refusal(404, SessionNotReady, words=r'"code":\s*"invalid_session"'),  # the phone is no longer linked [?]
    common.WAHA_SESSION_DOWN,  # [?]
)


@frozen
class Wawp:
    """The account behind one Wawp instance.

    Attributes:
        instance_id: The instance's id.
        access_token: The access token.
        credentials_in: Where the credentials go; the vendor's pages disagree. A GET uses `query` in place of `body`.
        base_url: Where the API is.
    """

    reports_each_person: ClassVar[bool] = False
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD],
        "list_participants": [LIST],
        "invite_link": [INVITE],
        "send_text": [SEND],
        "check_number": [CHECK],
        "resolve_lids": [LID],
        "session": [SESSION, OLD_SESSION],
    }

    instance_id: str
    access_token: Secret
    credentials_in: Literal["body", "query", "header"] = "body"
    base_url: str = field(default="https://api.wawp.net", converter=masked_url)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        refuse_notify("Wawp", notify=notify)
        body = {"id": group.jid, "participants": [{"id": common.chat_id(person)} for person in participants]}
        response = yield from self._ask(ADD, {"group": group.jid}, json=body)
        return _lost_upstream(response.json()) or envelope.read_add(response, engines.read_reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the list with which the vendor's page audits "who is actually in the group" [D], so it proves both."""
        return roster.read_roster((yield from self._ask(LIST, {"group": group.jid})), group, at="", proves=Proof.BOTH)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, {"group": group.jid})), at="")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        body = {"chatId": common.chat_id(person), "message": text}
        return common.read_sent_message((yield from self._ask(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        return common.read_number((yield from self._ask(CHECK, query={"phone": phone})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        return common.resolve_lids(phones, self._lid)

    def _lid(self, phone: str) -> Flow[Identity | None]:
        return common.read_lid((yield from self._ask(LID, {"number": phone})))

    def session(self) -> Flow[Session]:
        response = yield self._request(SESSION, json={}, repeatable=True)
        if response.status in {404, 405}:
            response = yield self._request(OLD_SESSION)
        return common.read_session(status_errors.raise_for_refusals(response, REFUSALS), common.WAHA_STATES)

    def _ask(
        self, endpoint: Endpoint, parts: Mapping[str, str] | None = None, **content: Unpack[Content]
    ) -> Flow[Response]:
        return status_errors.raise_for_refusals((yield self._request(endpoint, parts, **content)), REFUSALS)

    def _request(
        self, endpoint: Endpoint, parts: Mapping[str, str] | None = None, **content: Unpack[Content]
    ) -> Request:
        instance: dict[str, Wire] = {"instance_id": self.instance_id}
        token, headers = {"access_token": self.access_token}, {}
        if self.credentials_in == "header":
            token, headers = {}, {"access-token": self.access_token}
        if (json := content.get("json")) is None or self.credentials_in == "query":
            content |= {"query": {**instance, **content.get("query", {}), **token}}
        else:
            content |= {"json": {**instance, **token, **json}}
        return Request.to(endpoint, params=parts, headers=headers, **content)


def _lost_upstream(data: object) -> AddReply | None:
    """Read Wawp's upstream error: its upstream may fail after it has applied an add, under any status."""
    failed = isinstance(data, dict) and (UPSTREAM in data or UPSTREAM in data.values())
    return AddReply(rest=NO_ANSWER, says=UPSTREAM) if failed else None
