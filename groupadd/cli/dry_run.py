"""A dry run: what an add would ask, in the provider's own words, without sending anything."""

import json
from collections.abc import Sequence
from typing import TypedDict

from attrs import frozen

from groupadd.adding.add import looks_before
from groupadd.adding.invite import require_invitations
from groupadd.config.load import ConfiguredProvider
from groupadd.model.identity import GroupId, parse_participants, same_first
from groupadd.settings import AddSettings
from groupadd.wire.messages import Request


class RequestJSON(TypedDict):
    """A request in JSON, its credentials masked."""

    method: str
    path: str
    json: object


class DryRunJSON(TypedDict):
    """The JSON of a dry run (contract 5)."""

    provider: str
    type: str
    group: str
    would_ask: list[str]
    would_skip: list[str]
    request: RequestJSON | None


@frozen
class DryRun:
    """What an add would ask.

    Attributes:
        provider: The provider's configured name.
        type: Its type.
        group: The group's JID.
        would_ask: The caller's spellings of the people who would be asked for.
        would_skip: Those of people who stand earlier in the list.
        request: The first request that the provider would make, or None where it makes none.
        looks_before: Whether a look at the group would go before it.
    """

    provider: str
    type: str
    group: str
    would_ask: Sequence[str]
    would_skip: Sequence[str]
    request: Request | None
    looks_before: bool

    @property
    def body(self) -> object:
        """The JSON body of the request, its credentials masked."""
        return json.loads(json.dumps(self.request and self.request.json, default=str))  # a Secret's text is a mask

    def as_dict(self) -> DryRunJSON:
        """Return the dry run as JSON values."""
        return {
            "provider": self.provider,
            "type": self.type,
            "group": self.group,
            "would_ask": list(self.would_ask),
            "would_skip": list(self.would_skip),
            "request": None
            if self.request is None
            else {"method": self.request.method, "path": self.request.path, "json": self.body},
        }


def dry_run(chosen: ConfiguredProvider, group: str, people: Sequence[str], terms: AddSettings) -> DryRun:
    """Return what an add would ask, as far as that is known without a look at the group.

    Raises:
        InvalidGroup: The text does not name a group.
        InvalidParticipant: Somebody cannot be parsed.
        Unsupported: The provider cannot do what is asked.
    """
    where = GroupId.parse(group)
    require_invitations(chosen.provider, terms.invite)
    participants = parse_participants(people)
    first = same_first(participants)
    flow = chosen.provider.add_participants(where, tuple(first.values()), notify=terms.notify)
    try:
        request = next(flow, None)
    finally:
        flow.close()
    repeated = [person.given for person in participants if first[person.id] is not person]
    return DryRun(
        chosen.name,
        chosen.type,
        where.jid,
        [one.given for one in first.values()],
        repeated,
        request,
        looks_before(chosen.provider, terms),
    )
