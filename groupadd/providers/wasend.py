"""Wasend, https://wasend.dev: ids in the path, a Bearer key, `{success, data: {added, failed}}`.

Sources: [D] the vendor's documentation, https://wasend.dev/docs/groups/add-participants and its neighbours; [S] the
vendor's SDK 1.3.3 (PyPI `wasend`, which throws the answer of an add away). Nothing here is proven against the live
service.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Unpack

from attrs import frozen

from groupadd.model.codes import (
    ADDED,
    ALREADY_MEMBER,
    CONTRADICTION,
    NOT_ON_WHATSAPP,
    UNRECOGNISED,
    Meaning,
    meaning_of,
)
from groupadd.model.identity import GroupId, Identity, Participant
from groupadd.model.masking import Secret
from groupadd.model.roster import Roster
from groupadd.provider import AddReply, Claim, Session
from groupadd.readers import common, engines, envelope, waha
from groupadd.wire.messages import Content, Flow, Request

__all__ = ["Wasend"]

ADD = "POST /{session}/groups/{group}/participants/add"  # [D][S]
LIST = "GET /{session}/groups/{group}/participants"  # [D][S]; [D] wraps the rows, [S] has them bare
INVITE = "GET /{session}/groups/{group}/invite-code"  # [D] `{success, inviteCode}`, [S] a bare string
SEND = "POST /sendText"  # [D][S]
CHECK = "GET /contacts/check-exists"  # [S]; wants the number without a plus
SESSION = "GET /sessions/{session}"  # [D][S]; words as WAHA's

WORDS: Mapping[str, Meaning] = {  # [D] "e.g.": not a closed list
    "SUCCESS": ADDED,
    "ALREADY_IN_GROUP": ALREADY_MEMBER,
    "NOT_FOUND": NOT_ON_WHATSAPP,
}


@frozen
class Wasend:
    """The account behind one Wasend session.

    Attributes:
        session_id: The session's id.
        api_key: The API key, sent as a Bearer token.
        base_url: Where the API is.
    """

    reports_each_person: ClassVar[bool] = True

    session_id: str
    api_key: Secret
    base_url: str = "https://api.wasend.dev"

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people, by `+` number or JID; `notify` left out means the vendor's default, true [D]."""
        body = {"participants": [_name(person) for person in participants]}
        told = {} if notify is None else {"notify": notify}
        return envelope.read_add((yield self._request(ADD, group, json={**body, **told})), _claims)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        return engines.read_roster((yield self._request(LIST, group)), group)

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        return envelope.read_invite((yield self._request(INVITE, group)))

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        body = {"session": self.session_id, "to": _name(person), "text": text}
        return common.read_message_id((yield self._request(SEND, json=body)))

    def check_number(self, phone: str) -> Flow[Identity | None]:
        query = {"session": self.session_id, "phone": phone}
        return common.read_number((yield self._request(CHECK, query=query)))

    def session(self) -> Flow[Session]:
        return common.read_session((yield self._request(SESSION)), waha.STATES)

    def _request(self, endpoint: str, group: GroupId | None = None, **content: Unpack[Content]) -> Request:
        params = {"session": self.session_id, "group": group.jid if group else ""}
        headers = {"Authorization": self.api_key.within("Bearer {}")}
        return Request.to(endpoint, params=params, headers=headers, **content)


def _name(person: Participant) -> str:
    return f"+{person.phone}" if person.phone else person.id


def _claims(data: object) -> AddReply | None:
    """Read `{added: […], failed: […]}`, under `data` [D] or bare; any engine's own rows are read too."""
    inner = data.get("data", data) if isinstance(data, dict) else data
    if isinstance(inner, dict) and inner.keys() & {"added", "failed"}:
        added, failed = inner.get("added") or [], inner.get("failed") or []
        if not (added or failed) and envelope.accepts(data) is False:
            return None
        if isinstance(added, list) and isinstance(failed, list):
            return AddReply([*_said(added, ADDED), *_said(failed, UNRECOGNISED)])
    return engines.read_reply(inner)


def _said(rows: Iterable[object], wordless: Meaning) -> Iterator[tuple[str, Claim]]:
    """Read the rows of one list; `wordless` is what standing in it alone says of a person."""
    for row in rows:
        name, says = (row.get("id"), row.get("reason")) if isinstance(row, dict) else (row, None)
        if isinstance(row, dict) and len(row) > 2:  # more than [D] says: an error beside it is a word, too
            says = row.get("error") or row.get("code") or row.get("status") or says
        if isinstance(name, str):
            yield name, Claim(wordless) if says is None else _claim(str(says), wordless)


@lru_cache
def _claim(says: str, wordless: Meaning) -> Claim:
    """The list and the word must agree: who stands under `failed` with SUCCESS is not known to be in."""
    meaning = WORDS.get(says.upper()) or meaning_of(says)
    agree = meaning in {UNRECOGNISED, ALREADY_MEMBER} or (meaning is ADDED) is (wordless is ADDED)
    return Claim(meaning if agree else CONTRADICTION, says)
