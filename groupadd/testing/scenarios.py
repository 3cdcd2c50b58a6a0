"""A scenario: what is asked of a provider, and what becomes of everyone. Written by hand at the head of a cassette.

It names people as the sandbox's town does (Ada, Ben, …). Who plays them is the cast's affair: the town itself, or real
people in a recording of the live service.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import asdict, field, frozen

from groupadd.client import Calls
from groupadd.errors import GroupAddError
from groupadd.flow import Flow
from groupadd.identity import GroupId, parse_participants, same_first
from groupadd.looking import Account, Membership, Watch, waiting
from groupadd.outcome import ParticipantOutcome
from groupadd.provider import ChecksNumbers, DescribesGroup, GroupMembershipProvider, Identity, ResolvesLids
from groupadd.sandbox import Fault
from groupadd.terms import Terms

Told: TypeAlias = str | Mapping[str, object]
Call: TypeAlias = Literal["add", "check", "members", "group_info", "join_requests", "check_number", "resolve_lids"]


@frozen
class Mishap:
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
class Staging:
    """How the sandbox differs from the small town as it stands; a live service cannot be made to.

    Attributes:
        role: Our role in the group.
        session: The state of our session.
        addressing: By which name the group addresses its people.
        both_names: Whether the roster tells a person's other name, too.
        approval: Whether members may add, and those whom they add wait for an admin's approval.
        waiting: Who waits for it already.
        dialect: Fields of the sandbox's dialect, such as WAHA's `engine`.
        mishaps: What goes wrong.
    """

    role: Literal["member", "admin"] = "admin"
    session: Literal["working", "unlinked", "failed"] = "working"
    addressing: Literal["phone", "lid"] = "phone"
    both_names: bool = True
    approval: bool = False
    waiting: tuple[str, ...] = ()
    dialect: Mapping[str, Any] = field(factory=dict[str, Any])
    mishaps: tuple[Mishap, ...] = ()


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
        staging: What the sandbox must be made to do; it cannot be recorded live otherwise.
    """

    call: Call
    outcome: Told
    people: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(factory=dict[str, Any])
    group: str | None = None
    fields: Mapping[str, str] = field(factory=dict[str, str])
    staging: Staging = Staging()


@frozen
class Cast:
    """Who plays.

    Attributes:
        fields: The provider's config fields.
        group: The group's JID.
        people: Phone numbers by name.
    """

    fields: Mapping[str, str] = field(repr=False)
    group: str = field(repr=False)
    people: Mapping[str, str] = field(repr=False)


def play(scenario: Scenario, provider: GroupMembershipProvider, cast_: Cast) -> Flow[Told]:
    """Ask what the scenario asks, and tell what became of it in the words of its `outcome`."""
    people = {name: cast_.people[name] for name in scenario.people}
    group = scenario.group or cast_.group
    account = Account(provider)
    calls = Calls(account, "", "", Terms())
    try:
        match scenario.call:
            case "add":
                outcome = yield from calls.add(group, people.values(), **scenario.options)
                return dict(zip(people, map(_outcome, outcome), strict=True))
            case "check":
                memberships = yield from calls.check(group, people.values())
                return dict(zip(people, map(_membership, memberships), strict=True))
            case "members":
                roster = yield from calls.members(group)
                roles = {member.phone: member.role or "role not told" for member in roster.members}
                whole = {"roster": "complete" if roster.complete else "incomplete"}
                return whole | {name: roles[phone] for name, phone in people.items() if phone in roles}
            case "group_info":
                settings = yield from cast("DescribesGroup", provider).group_info(GroupId.parse(group))
                return {name: value for name, value in asdict(settings).items() if value is not None}
            case "join_requests":
                watch = Watch(account, GroupId.parse(group), same_first(parse_participants(people.values())))
                found = yield from waiting(watch, watch.people)
                return {name: "waits" if id_ in found else "does not" for name, id_ in zip(people, watch.people, strict=True)}
            case "check_number":
                asked = cast("ChecksNumbers", provider)
                accounts: dict[str, str] = {}
                for name, phone in people.items():
                    accounts[name] = _account((yield from asked.check_number(phone)), phone)
                return accounts
            case "resolve_lids":
                lids = yield from cast("ResolvesLids", provider).resolve_lids(tuple(people.values()))
                return {name: "LID told" if phone in lids else "no LID" for name, phone in people.items()}
    except GroupAddError as error:
        return type(error).__name__


def _outcome(person: ParticipantOutcome) -> str:
    invite = f"invite {person.invite.state or 'offered'}" if person.invite else None
    return ", ".join(word for word in (person.status, person.reason, person.evidence, invite) if word)


def _membership(person: Membership) -> str:
    return {True: "in", False: "out", None: str(person.reason)}[person.member]


def _account(who: Identity | None, phone: str) -> str:
    if who is None:
        return "not on WhatsApp"
    return "this number" if who.phone == phone else "another name"
