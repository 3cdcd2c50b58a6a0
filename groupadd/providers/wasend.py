"""Wasend, https://wasend.dev: ids in the path, a Bearer key, `{success, data: {added, failed}}`.

Sources: [D] the vendor's documentation, https://wasend.dev/docs/groups/add-participants and the pages beside it; [S]
the vendor's SDK 1.3.3 (PyPI `wasend`, which ignores the answer to an add). Wasend seems to run on WAHA [?].
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Unpack

from attrs import field, frozen

from groupadd.model.codes import (
    ADDED,
    ALREADY_MEMBER,
    CONTRADICTION,
    NOT_ON_WHATSAPP,
    REFUSED,
    UNRECOGNISED,
    Meaning,
    meaning_of,
)
from groupadd.model.identity import GroupId, Participant
from groupadd.model.masking import Secret, masked_url
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Claim, Endpoint, Endpoints, NumberCheck, Proof, SentMessage, Session
from groupadd.readers import common, engines, envelope, roster, status_errors
from groupadd.wire.messages import Content, Flow, Request, Response

__all__ = ["Wasend"]

ADD = Endpoint("POST /{session}/groups/{group}/participants/add", sources="DS")
LIST = Endpoint("GET /{session}/groups/{group}/participants", sources="DS")  # `{participants}` [D], bare rows [S]
INVITE = Endpoint("GET /{session}/groups/{group}/invite-code", sources="DS")  # `{inviteCode}` [D], a bare string [S]
SEND = Endpoint("POST /sendText", sources="DS")
CHECK = Endpoint("GET /contacts/check-exists", sources="S")  # wants the number without a plus
SESSION = Endpoint("GET /sessions/{session}", sources="DS")  # WAHA's words

WORDS: Mapping[str, Meaning] = {  # "e.g." [D]: not a closed list
    "SUCCESS": ADDED,
    "ALREADY_IN_GROUP": ALREADY_MEMBER,
    "NOT_FOUND": NOT_ON_WHATSAPP,
}
REFUSALS = (common.WAHA_SESSION_DOWN,)  # [?]


@frozen
class Wasend:
    """The account behind one Wasend session.

    Attributes:
        session_id: The session's id.
        api_key: The API key, sent as a Bearer token.
        base_url: Where the API is.
    """

    reports_each_person: ClassVar[bool] = True
    endpoints: ClassVar[Endpoints] = {
        "add_participants": [ADD],
        "list_participants": [LIST],
        "invite_link": [INVITE],
        "send_text": [SEND],
        "check_number": [CHECK],
        "session": [SESSION],
    }

    session_id: str
    api_key: Secret
    base_url: str = field(default="https://api.wasend.dev", converter=masked_url)

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once, by number with a plus, or JID. Without `notify` the vendor notifies [D]."""
        body: dict[str, object] = {"participants": [_name(person) for person in participants]}
        if notify is not None:
            body["notify"] = notify
        return envelope.read_add((yield from self._ask(ADD, group, json=body)), _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the list that the vendor's pages present as the way to verify an add [D], so it proves both."""
        return roster.read_roster((yield from self._ask(LIST, group)), group, at="participants", proves=Proof.BOTH)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield from self._ask(INVITE, group)), at="inviteCode")

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        body = {"session": self.session_id, "to": _name(person), "text": text}
        return common.read_sent_message((yield from self._ask(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        query = {"session": self.session_id, "phone": phone}
        return common.read_number((yield from self._ask(CHECK, query=query)))

    def session(self) -> Flow[Session]:
        return common.read_session((yield from self._ask(SESSION)), common.WAHA_STATES)

    def _ask(self, endpoint: Endpoint, group: GroupId | None = None, **content: Unpack[Content]) -> Flow[Response]:
        params = {"session": self.session_id, "group": group.jid if group else ""}
        headers = {"Authorization": self.api_key.within("Bearer {}")}
        response = yield Request.to(endpoint, params=params, headers=headers, **content)
        return status_errors.raise_for_refusals(response, REFUSALS)


def _name(person: Participant) -> str:
    return f"+{person.phone}" if person.phone else person.id


def _claims(data: object) -> AddReply | None:
    """Read `{added: […], failed: […]}`, under `data` [D] or bare; else any engine's own rows."""
    inner = data.get("data", data) if isinstance(data, dict) else data
    if isinstance(inner, dict) and inner.keys() & {"added", "failed"}:
        added, failed = inner.get("added") or [], inner.get("failed") or []
        if not (added or failed) and envelope.accepts(data) is False:
            return None
        if isinstance(added, list) and isinstance(failed, list):
            return AddReply([*_claims_in(added, ADDED), *_claims_in(failed, REFUSED)])
    return engines.read_reply(inner)


def _claims_in(rows: Iterable[object], wordless: Meaning) -> Iterator[tuple[str, Claim]]:
    """Read the rows of one list; `wordless` is the meaning of a row without a word."""
    for row in rows:
        name, says = (row.get("id"), row.get("reason")) if isinstance(row, dict) else (row, None)
        if isinstance(row, dict) and len(row) > 2:  # more than [D] shows: an error beside the reason is a word, too
            says = row.get("error") or row.get("code") or row.get("status") or says
        if isinstance(name, str):
            yield name, Claim(wordless) if says is None else _claim(str(says), wordless)


@lru_cache
def _claim(says: str, wordless: Meaning) -> Claim:
    """Return a word's claim; a word that disagrees with its list, as SUCCESS under `failed`, is a contradiction."""
    meaning = WORDS.get(says.upper()) or meaning_of(says)
    agree = meaning in {UNRECOGNISED, ALREADY_MEMBER} or (meaning is ADDED) is (wordless is ADDED)
    return Claim(meaning if agree else CONTRADICTION, says)
