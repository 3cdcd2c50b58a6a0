"""A dry run: the first request of an add, in the provider's own wire format, without sending it."""

import json
from collections.abc import Sequence

from attrs import frozen

from groupadd.adding.add import looks_before
from groupadd.adding.invite import require_invitations
from groupadd.config.load import ConfiguredProvider
from groupadd.model.identity import GroupId, parse_participants, same_first
from groupadd.model.json_form import to_json
from groupadd.settings import AddSettings
from groupadd.wire.messages import Request


@frozen
class PlannedRequest:
    """A request as it is shown, with masked credentials.

    Attributes:
        method: The HTTP method.
        path: The path template.
        json: The JSON body; None if the request has none.
    """

    method: str
    path: str
    json: object

    @classmethod
    def of(cls, request: Request) -> "PlannedRequest":
        """Return a request as it is shown; a `Secret` appears as its mask."""
        return cls(request.method, request.path, json.loads(json.dumps(request.json, default=str)))


@frozen
class DryRun:
    """The plan of an add.

    Attributes:
        provider: The provider's configured name.
        type: The provider's type.
        group: The group's JID.
        would_ask: The participants to add, in the caller's own spelling.
        would_skip: Participants that repeat an earlier one, in the caller's own spelling.
        request: The provider's first request; None if it sends none.
        looks_before: Whether a look at the group goes before the add.
    """

    provider: str
    type: str
    group: str
    would_ask: Sequence[str]
    would_skip: Sequence[str]
    request: PlannedRequest | None
    looks_before: bool

    def as_dict(self) -> dict[str, object]:
        """Return the plan as JSON values, keyed by attribute."""
        return to_json(self)


def dry_run(configured: ConfiguredProvider, group: str, people: Sequence[str], settings: AddSettings) -> DryRun:
    """Return the plan of an add, as far as it is known without a look at the group.

    Raises:
        InvalidGroup: The text does not name a group.
        InvalidParticipant: A participant cannot be read.
        Unsupported: The provider cannot do what the settings ask.
    """
    group_id = GroupId.parse(group)
    require_invitations(configured.provider, settings.invite)
    participants = parse_participants(people)
    first = same_first(participants)
    flow = configured.provider.add_participants(group_id, tuple(first.values()), notify=settings.notify)
    try:
        request = next(flow, None)
    finally:
        flow.close()
    return DryRun(
        provider=configured.name,
        type=configured.type,
        group=group_id.jid,
        would_ask=[participant.given for participant in first.values()],
        would_skip=[one.given for one in participants if first[one.id] is not one],
        request=None if request is None else PlannedRequest.of(request),
        looks_before=looks_before(configured.provider, settings),
    )
