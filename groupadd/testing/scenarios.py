"""A scenario: what is asked of a provider, and what becomes of everyone. Written by hand at the head of a cassette.

It names people as the sandbox's town does (Ada, Ben, …). Who plays them is the cast's affair: the town itself, or real
people in a recording of the live service.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import asdict, field, frozen

from groupadd.adding.observe import Membership, ProviderSession, RosterObserver, awaiting_approval
from groupadd.client import ClientFlows
from groupadd.errors import GroupAddError
from groupadd.model.identity import GroupId, parse_participants, same_first
from groupadd.model.outcome import ParticipantOutcome
from groupadd.provider import ChecksNumbers, DescribesGroup, GroupMembershipProvider, Identity, ResolvesLids
from groupadd.sandbox import Fault
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow

Told: TypeAlias = str | Mapping[str, object]
Call: TypeAlias = Literal["add", "check", "members", "group_info", "join_requests", "check_number", "resolve_lids"]


@frozen
class PlannedFault:
    """A fault that befalls the next requests of one route.

    Attributes:
        route: The route, such as `add`.
        fault: What befalls them.
        times: How many of them.
    """

    route: str
    fault: Fault
    times: int = 1


@frozen
class Setup:
    """How the sandbox differs from the small town as it stands; a live service cannot be made to.

    Attributes:
        role: Our role in the group.
        session: The state of our session.
        addressing: By which name the group addresses its people.
        both_names: Whether the roster tells a person's other name, too.
        approval: Whether members may add, and those whom they add wait for an admin's approval.
        waiting: Who waits for it already.
        vendor: Fields of the sandbox's vendor, such as WAHA's `engine`.
        faults: What goes wrong.
    """

    role: Literal["member", "admin"] = "admin"
    session: Literal["working", "unlinked", "failed"] = "working"
    addressing: Literal["phone", "lid"] = "phone"
    both_names: bool = True
    approval: bool = False
    waiting: tuple[str, ...] = ()
    vendor: Mapping[str, Any] = field(factory=dict[str, Any])
    faults: tuple[PlannedFault, ...] = ()


@frozen
class Scenario:
    """What is asked, and what becomes of it.

    Attributes:
        call: What is asked.
        outcome: What is told of each person by name, of the group's settings, or the error that is raised.
        people: Whom it is asked of.
        options: Further arguments of the call.
        group: The group, where it is not the cast's.
        fields: Fields of the provider that differ from the cast's.
        setup: What the sandbox must be made to do; it cannot be recorded live otherwise.
    """

    call: Call
    outcome: Told
    people: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(factory=dict[str, Any])
    group: str | None = None
    fields: Mapping[str, str] = field(factory=dict[str, str])
    setup: Setup = Setup()


@frozen
class Credentials:
    """Who plays.

    Attributes:
        fields: The provider's config fields.
        group: The group's JID.
        people: Phone numbers by name.
    """

    fields: Mapping[str, str] = field(repr=False)
    group: str = field(repr=False)
    people: Mapping[str, str] = field(repr=False)


def play(scenario: Scenario, provider: GroupMembershipProvider, cast_: Credentials) -> Flow[Told]:
    """Ask what the scenario asks, and tell what became of it in the words of its `outcome`."""
    people = {name: cast_.people[name] for name in scenario.people}
    asked = _Asked(ProviderSession(provider), scenario.group or cast_.group, people, scenario.options)
    try:
        return (yield from _CALLS[scenario.call](asked))
    except GroupAddError as error:
        return type(error).__name__


@frozen
class _Asked:
    account: ProviderSession
    group: str
    people: Mapping[str, str]
    options: Mapping[str, Any]

    @property
    def client(self) -> ClientFlows:
        return ClientFlows(self.account, "", "", AddSettings())


def _add(asked: _Asked) -> Flow[Told]:
    outcome = yield from asked.client.add(asked.group, asked.people.values(), **asked.options)
    return dict(zip(asked.people, map(_outcome, outcome), strict=True))


def _check(asked: _Asked) -> Flow[Told]:
    memberships = yield from asked.client.check(asked.group, asked.people.values())
    return dict(zip(asked.people, map(_membership, memberships), strict=True))


def _members(asked: _Asked) -> Flow[Told]:
    roster = yield from asked.client.members(asked.group)
    roles = {member.phone: member.role or "role not told" for member in roster.members}
    whole = {"roster": "complete" if roster.complete else "incomplete"}
    return whole | {name: roles[phone] for name, phone in asked.people.items() if phone in roles}


def _group_info(asked: _Asked) -> Flow[Told]:
    provider = cast("DescribesGroup", asked.account.provider)
    info = yield from provider.group_info(GroupId.parse(asked.group))
    return {name: value for name, value in asdict(info).items() if value is not None}


def _join_requests(asked: _Asked) -> Flow[Told]:
    people = parse_participants(asked.people.values())
    watch = RosterObserver(asked.account, GroupId.parse(asked.group), same_first(people))
    found = yield from awaiting_approval(watch, watch.people)
    told = ("waits" if person.id in found else "does not wait" for person in people)
    return dict(zip(asked.people, told, strict=True))


def _check_number(asked: _Asked) -> Flow[Told]:
    provider = cast("ChecksNumbers", asked.account.provider)
    found: dict[str, str] = {}
    for name, phone in asked.people.items():
        found[name] = _account((yield from provider.check_number(phone)), phone)
    return found


def _resolve_lids(asked: _Asked) -> Flow[Told]:
    provider = cast("ResolvesLids", asked.account.provider)
    lids = yield from provider.resolve_lids(tuple(asked.people.values()))
    return {name: "LID told" if phone in lids else "no LID" for name, phone in asked.people.items()}


_CALLS: Mapping[Call, Callable[[_Asked], Flow[Told]]] = {
    "add": _add,
    "check": _check,
    "members": _members,
    "group_info": _group_info,
    "join_requests": _join_requests,
    "check_number": _check_number,
    "resolve_lids": _resolve_lids,
}


def _outcome(person: ParticipantOutcome) -> str:
    invite = f"invite {person.invite.state or 'offered'}" if person.invite else None
    return ", ".join(word for word in (person.status, person.reason, person.evidence, invite) if word)


def _membership(person: Membership) -> str:
    return {True: "in", False: "out", None: str(person.reason)}[person.member]


def _account(who: Identity | None, phone: str) -> str:
    if who is None:
        return "not on WhatsApp"
    return "this number" if who.phone == phone else "another name"
