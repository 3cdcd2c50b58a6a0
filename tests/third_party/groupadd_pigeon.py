"""Pigeon Post, a vendor that does not exist: one word for each person, and a list of who is in.

All that an adapter needs is in `groupadd.provider`.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import field, frozen

from groupadd.provider import (
    ADDED,
    ALREADY_MEMBER,
    NO_ANSWER,
    PRIVACY,
    UNREADABLE,
    UNRECOGNISED,
    AddReply,
    AnswerLost,
    Claim,
    Flow,
    GroupId,
    Meaning,
    Member,
    NotAuthenticated,
    Participant,
    Request,
    RequestRefused,
    Response,
    Roster,
    Secret,
    masked_url,
)

ADD = "PUT /flocks/{group}"
LIST = "GET /flocks/{group}/birds"

WORDS: Mapping[str, Meaning] = {"landed": ADDED, "nested": ALREADY_MEMBER, "shy": PRIVACY}


@frozen
class Pigeon:
    """A loft at Pigeon Post.

    Attributes:
        loft: The loft's name.
        whistle: The secret that pigeons obey.
        base_url: Where the post office is.
        loud: Whether people hear of it unless an add says otherwise.
    """

    reports_each_person: ClassVar[bool] = True

    loft: str
    whistle: Secret
    base_url: str = field(converter=masked_url)
    loud: bool = True

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Send pigeons for these people, and read one word for each."""
        loud = self.loud if notify is None else notify
        birds = [person.phone or person.id for person in participants]
        response = yield self._request(ADD, group, {"birds": birds, "loud": loud})
        if response.status >= 500:
            return AddReply(rest=NO_ANSWER, says=str(response.status))
        _require_whistle(response)
        match response.json():
            case {"words": dict() as words}:
                return AddReply([(bird, _claim(str(word))) for bird, word in words.items()])
        return AddReply(rest=UNREADABLE)

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read who is in the flock."""
        response = yield self._request(LIST, group)
        _require_whistle(response)
        match response.json():
            case {"birds": list() as birds}:
                return Roster(tuple(Member(str(bird)) for bird in birds))
        raise AnswerLost("no list of birds came")

    def _request(self, endpoint: str, group: GroupId, json: Mapping[str, object] | None = None) -> Request:
        return Request.to(
            endpoint,
            params={"group": group.jid},
            headers={"X-Loft": self.loft, "X-Whistle": self.whistle},
            json=json,
        )


def _claim(word: str) -> Claim:
    return Claim(WORDS.get(word, UNRECOGNISED), word)


def _require_whistle(response: Response) -> None:
    if response.status == 401:
        raise NotAuthenticated("the pigeons do not obey this whistle (401)")
    if not response.ok:
        raise RequestRefused(f"the post office refused ({response.status})")
