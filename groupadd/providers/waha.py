"""WAHA, https://waha.devlike.pro: one interface over four engines, each with answers of its own.

Sources: [D] the vendor's documentation and its OpenAPI 2026.7; [S] devlikeapro/waha; [I] answers in its issues; [m]
general knowledge, open. Nothing here is proven against the live service.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import evolve, field, frozen

from groupadd import engines, envelope
from groupadd.engines import refusals, settings, waha
from groupadd.provider import (
    AddReply,
    Flow,
    GroupId,
    GroupInfo,
    Identity,
    NotAllowed,
    Participant,
    ProviderError,
    Request,
    RequestRefused,
    Response,
    Roster,
    Secret,
    Session,
    SessionNotReady,
    Unsupported,
    identity,
)

__all__ = ["Waha"]

ADD = "/api/{session}/groups/{group}/participants/add"  # [D] 200, older builds 201; the body is the engine's
LIST = "/api/{session}/groups/{group}/participants/v2"  # [D] `[{id, pn, role}]`, from a store
OLD_LIST = "/api/{session}/groups/{group}/participants"  # [m] the engine's own rows; where there is no v2
REFRESH = "/api/{session}/groups/refresh"  # [D]; "do not call often"
INFO = "/api/{session}/groups/{group}"  # [D] the engine's own record
WAITING = "/api/{session}/groups/{group}/participants/join-requests"  # [D] 2026.9
INVITE = "/api/{session}/groups/{group}/invite-code"  # [D] a bare code; GOWS a link [S]
SEND = "/api/sendText"  # [D] 201
CHECK = "/api/contacts/check-exists"  # [D] `{numberExists, chatId}`
LID = "/api/{session}/lids/pn/{phone}"  # [D] `{lid, pn}`; null where it is not known
SESSION = "/api/sessions/{session}"  # [D]
VERSION = "/api/version"  # [D] `{engine}`

REFRESHING = frozenset({"NOWEB", "GOWS", "WEBJS"})  # [S] WEBJS reads a group anew each time; of WPP nothing is known
NO_SUCH_SESSION = "session with name"  # [S] 2024: a 404 "We didn't find a session with name …"
NO_SUCH_ROUTE = "Cannot GET"  # [m] a 404 of the framework
REFUSED_BY_WEBJS = "AddParticipantsError"  # [S] whatsapp-web.js: a bare text in place of its object
SEND_REFUSED = "server returned error"  # [D] GOWS, as in `2 UNKNOWN: server returned error 463`


@frozen
class Waha:
    """The account behind one session of a WAHA server.

    Attributes:
        session_name: The session's name.
        base_url: Where the server is.
        api_key: The server's key, where it wants one.
    """

    speaks_of_each: ClassVar[bool] = True

    session_name: str = field(alias="session")
    base_url: str
    api_key: Secret | None = None

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, without a plus, which sinks the whole request [I]. The vendor has no `notify`."""
        if notify is not None:
            raise Unsupported("WAHA cannot be told whether to notify; leave `notify` out")
        body = {"participants": [{"id": _chat_id(person)} for person in participants]}
        response = yield from self._ask("POST", ADD, json=body, group=group.jid)
        return envelope.read_add(response, engines.read_reply)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the roster from the server's store, which events keep up to date, and which misses some [S]."""
        response = yield from self._ask("GET", LIST, group=group.jid)
        if _says(response, 404, NO_SUCH_ROUTE):
            response = yield from self._ask("GET", OLD_LIST, group=group.jid)
        return evolve(engines.read_roster(envelope.read(response), group), live=False)

    def refresh_roster(self, group: GroupId) -> Flow[None]:  # noqa: ARG002  the server has one store for all groups
        """Have the store filled anew, with all groups at once.

        Raises:
            ProviderError: It was refused, or says yes without doing anything.
        """
        match envelope.read((yield from self._ask("GET", VERSION))):
            case {"engine": str() as engine} if engine.upper() in REFRESHING:
                envelope.read((yield from self._ask("POST", REFRESH)))
            case _:
                raise RequestRefused("the server's engine is not known to read a group anew")

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        return settings.read_info(envelope.read((yield from self._ask("GET", INFO, group=group.jid))))

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        rows = envelope.rows(envelope.read((yield from self._ask("GET", WAITING, group=group.jid))))
        people = (identity(row.get("requesterId"), row.get("requesterPn")) for row in rows if isinstance(row, dict))
        return [who for who in people if who]

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask("GET", INVITE, group=group.jid)))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"session": self.session_name, "chatId": _chat_id(person), "text": text}
        return waha.read_message_id((yield from self._ask("POST", SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        query = {"session": self.session_name, "phone": phone}
        return waha.read_number((yield from self._ask("GET", CHECK, query=query)))

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        lids: dict[str, str] = {}
        for phone in phones:
            match envelope.read((yield from self._ask("GET", LID, phone=phone))):
                case {"lid": str() as name} if (who := identity(name)) and who.lid:
                    lids[phone] = who.lid
        return lids

    def session(self) -> Flow[Session]:
        return waha.read_session((yield from self._ask("GET", SESSION)))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        **params: str,
    ) -> Flow[Response]:
        """Carry a request.

        Raises:
            ProviderError: It was refused in a way that its status does not tell.
        """
        response = yield Request(
            method,
            path,
            params={"session": self.session_name, **params},
            query=query or {},
            headers={} if self.api_key is None else {"X-Api-Key": self.api_key},
            json=json,
            repeatable=method == "GET",
        )
        if error := _refusal(response):
            raise error
        return response


def _chat_id(person: Participant) -> str:
    return f"{person.phone}@c.us" if person.phone else person.id


def _says(response: Response, status: int, words: str) -> bool:
    return response.status == status and words.encode() in response.body


def _refusal(response: Response) -> ProviderError | None:
    """Return what an answer says against the whole request, where it is not its status that says so."""
    if _says(response, 404, NO_SUCH_SESSION):
        return SessionNotReady("the provider knows no session of this name")
    if response.status == 501:
        return RequestRefused("the server's engine cannot do this (501)")
    if response.ok and response.body.lstrip(b' "').startswith(REFUSED_BY_WEBJS.encode()):
        return NotAllowed("whatsapp-web.js refuses to add: our account is no admin there, or the group is empty")
    text = _thrown(response)
    if SEND_REFUSED in text:
        return RequestRefused("WhatsApp refused the message (500)")
    return refusals.refused(text)


def _thrown(response: Response) -> str:
    """Return what the engine threw: `{exception: {message}}` under 500 [I], `error` in older builds [S]."""
    match response.json() if response.status == 500 else None:
        case {"exception": {"message": str() as text}} | {"error": str() as text}:
            return text
    return ""
