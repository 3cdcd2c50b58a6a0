"""A scenario: an operation on a provider and its expected outcome. It stands at the head of a cassette.

Scenarios name people as the sandbox's example world does (Ada, Ben, …). `Credentials` says which account, group and
people a run uses: those of the example world, or real ones for a recording of the live service.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import asdict, field, frozen

from groupadd.adding.observe import Membership, ProviderSession, RosterObserver, awaiting_approval
from groupadd.client import ClientFlows
from groupadd.errors import GroupAddError
from groupadd.model.identity import GroupId, parse_participants, same_first
from groupadd.model.outcome import ParticipantOutcome
from groupadd.provider import ChecksNumbers, DescribesGroup, GroupMembershipProvider, NumberCheck, ResolvesLids
from groupadd.sandbox import Fault
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow

ScenarioOutcome: TypeAlias = str | Mapping[str, object]
CallName: TypeAlias = Literal["add", "check", "members", "group_info", "join_requests", "check_number", "resolve_lids"]


@frozen
class PlannedFault:
    """A fault of the next requests to one route.

    Attributes:
        route: The route, such as `add`.
        fault: The fault.
        times: The number of requests with the fault.
    """

    route: str
    fault: Fault
    times: int = 1


@frozen
class Setup:
    """How the sandbox differs from the plain example world. A live service cannot be set up like this.

    Attributes:
        role: Our role in the group.
        session: The state of our session.
        addressing: The kind of name that roster rows are keyed by.
        both_names: Whether roster rows show phone and LID.
        approval: Whether plain members may add people, and these people wait for an admin's approval.
        waiting: The people who wait for approval already.
        vendor: Fields of the sandbox's vendor, such as WAHA's `engine`.
        faults: The planned faults.
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
    """An operation and its expected outcome.

    Attributes:
        call: The operation.
        outcome: The expected outcome: one text for each person by name, the group's settings by name, or the name of
            the error.
        people: The names of the participants.
        options: Further arguments of the operation.
        group: The group's JID; None: the group of the credentials.
        fields: Fields of the provider that differ from the credentials.
        setup: The sandbox's setup. A scenario with a setup cannot be recorded live.
    """

    call: CallName
    outcome: ScenarioOutcome
    people: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(factory=dict[str, Any])
    group: str | None = None
    fields: Mapping[str, str] = field(factory=dict[str, str])
    setup: Setup = Setup()


@frozen
class Credentials:
    """The account, the group and the people of a run.

    Attributes:
        fields: The provider's config fields.
        group: The group's JID.
        people: Phone numbers by name.
    """

    fields: Mapping[str, str] = field(repr=False)
    group: str = field(repr=False)
    people: Mapping[str, str] = field(repr=False)


def run_scenario(
    scenario: Scenario, provider: GroupMembershipProvider, credentials: Credentials
) -> Flow[ScenarioOutcome]:
    """Carry out a scenario's operation; return its outcome in the form of `Scenario.outcome`."""
    people = {name: credentials.people[name] for name in scenario.people}
    run = _Run(ProviderSession(provider), scenario.group or credentials.group, people, scenario.options)
    try:
        return (yield from _CALLS[scenario.call](run))
    except GroupAddError as error:
        return type(error).__name__


@frozen
class _Run:
    session: ProviderSession
    group: str
    people: Mapping[str, str]
    options: Mapping[str, Any]

    @property
    def client(self) -> ClientFlows:
        return ClientFlows(self.session, "", "", AddSettings())


def _add(run: _Run) -> Flow[ScenarioOutcome]:
    outcome = yield from run.client.add(run.group, run.people.values(), **run.options)
    return dict(zip(run.people, map(_outcome, outcome), strict=True))


def _check(run: _Run) -> Flow[ScenarioOutcome]:
    memberships = yield from run.client.check(run.group, run.people.values())
    return dict(zip(run.people, map(_membership, memberships), strict=True))


def _members(run: _Run) -> Flow[ScenarioOutcome]:
    roster = yield from run.client.members(run.group)
    roles = {member.phone: member.role or "role unknown" for member in roster.members}
    whole = {"roster": "complete" if roster.complete else "incomplete"}
    return whole | {name: roles[phone] for name, phone in run.people.items() if phone in roles}


def _group_info(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("DescribesGroup", run.session.provider)
    info = yield from provider.group_info(GroupId.parse(run.group))
    return {name: value for name, value in asdict(info).items() if value is not None}


def _join_requests(run: _Run) -> Flow[ScenarioOutcome]:
    people = parse_participants(run.people.values())
    observer = RosterObserver.of(run.session, GroupId.parse(run.group), same_first(people))
    found = yield from awaiting_approval(observer, observer.names.people)
    texts = ("waits" if person.id in found else "does not wait" for person in people)
    return dict(zip(run.people, texts, strict=True))


def _check_number(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("ChecksNumbers", run.session.provider)
    texts: dict[str, str] = {}
    for name, phone in run.people.items():
        texts[name] = _checked((yield from provider.check_number(phone)), phone)
    return texts


def _resolve_lids(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("ResolvesLids", run.session.provider)
    lids = yield from provider.resolve_lids(tuple(run.people.values()))
    return {name: "has a LID" if phone in lids else "no LID" for name, phone in run.people.items()}


_CALLS: Mapping[CallName, Callable[[_Run], Flow[ScenarioOutcome]]] = {
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


def _checked(check: NumberCheck, phone: str) -> str:
    if not check.exists:
        return "unknown" if check.exists is None else "not on WhatsApp"
    if check.account is None:
        return "on WhatsApp"
    return "this number" if check.account.phone == phone else "another name"
