"""Wawp, https://wawp.net: credentials in the JSON body, `[{"id": "…@c.us"}]`, and `{"ok": true}` whatever came of it.

Sources: [D] the vendor's documentation, https://api.wawp.net/en/docs/v2/groups/{id}/participants/add and its
neighbours; [W] WAHA, which Wawp seems to run on; [C] third-party clients. Nothing here is proven against the live
service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from attrs import frozen

from groupadd import engines, envelope
from groupadd.engines import waha
from groupadd.provider import (
    NO_ANSWER,
    AddReply,
    Flow,
    GroupId,
    Identity,
    Participant,
    Request,
    Roster,
    Secret,
    Session,
    Unsupported,
    Wire,
    identity,
)

__all__ = ["Wawp"]

ADD = "/v2/groups/{group}/participants/add"  # [D]
LIST = "/v2/groups/{group}/participants"  # [D]; rows as [W]
INVITE = "/v2/groups/{group}/invite-code"  # [D]; body as [W]: a bare string
SEND = "/v2/send/text"  # [D]
CHECK = "/v2/contacts/check-exists"  # [D]; body as [W]: `{numberExists, chatId}`
LID = "/v2/lids/pn/{number}"  # [D] `{lid, number}`, [W] `{lid, pn}`
SESSION = "/v2/session/info"  # [D] POST; older pages and clients GET

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

    speaks_of_each: ClassVar[bool] = False

    instance_id: str
    access_token: Secret
    credentials_in: Literal["body", "query", "header"] = "body"
    base_url: str = "https://api.wawp.net"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people. The vendor has no `notify`."""
        if notify is not None:
            raise Unsupported("Wawp cannot be told whether to notify; leave `notify` out")
        body = {"id": group.jid, "participants": [{"id": _chat_id(person)} for person in participants]}
        response = yield self._post(ADD, body, group=group.jid)
        return _lost_upstream(response.json()) or envelope.read_add(response, engines.read_reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        response = yield self._get(LIST, group=group.jid)
        return engines.read_roster(envelope.read(response), group)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield self._get(INVITE, group=group.jid)))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        return waha.read_message_id((yield self._post(SEND, {"chatId": _chat_id(person), "message": text})))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        return waha.read_number((yield self._get(CHECK, query={"phone": phone})))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Ask for the LID of each number; `lid` may be null [D]."""
        lids: dict[str, str] = {}
        for phone in phones:
            match envelope.read((yield self._get(LID, number=phone))):
                case {"lid": str() as name} if (who := identity(name)) and who.lid:
                    lids[phone] = who.lid
        return lids

    def session(self) -> Flow[Session]:
        response = yield self._post(SESSION, {}, repeatable=True)
        if response.status in {404, 405}:
            response = yield self._get(SESSION)
        return waha.read_session(response)

    def _post(self, path: str, body: Mapping[str, object], *, repeatable: bool = False, **params: str) -> Request:
        both: dict[str, Wire] = {"instance_id": self.instance_id, "access_token": self.access_token}
        match self.credentials_in:
            case "body":
                return Request("POST", path, params=params, json={**both, **body}, repeatable=repeatable)
            case "query":
                return Request("POST", path, params=params, query=both, json=body, repeatable=repeatable)
            case "header":
                body = {"instance_id": self.instance_id, **body}
                return Request("POST", path, params=params, headers=self._header, json=body, repeatable=repeatable)

    def _get(self, path: str, *, query: Mapping[str, str] | None = None, **params: str) -> Request:
        named: dict[str, Wire] = {"instance_id": self.instance_id, **(query or {})}
        if self.credentials_in == "header":
            return Request("GET", path, params=params, query=named, headers=self._header, repeatable=True)
        return Request("GET", path, params=params, query={**named, "access_token": self.access_token}, repeatable=True)

    @property
    def _header(self) -> Mapping[str, Secret]:
        return {"access-token": self.access_token}


def _chat_id(person: Participant) -> str:
    """Ids must end in `@c.us` [D]; a LID is passed as it is [W]."""
    return f"{person.phone}@c.us" if person.phone else person.id


def _lost_upstream(data: object) -> AddReply | None:
    """Wawp's upstream may fail after it has applied an add, whatever the status says."""
    failed = isinstance(data, dict) and (UPSTREAM in data or UPSTREAM in data.values())
    return AddReply(rest=NO_ANSWER, says=UPSTREAM) if failed else None
