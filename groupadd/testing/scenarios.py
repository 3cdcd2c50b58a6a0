"""A scenario: an operation on a provider and its expected outcome. It stands at the head of a cassette.

Scenarios name people as the sandbox's example world does (Ada, Ben, …). `Credentials` says which account, group and
people a run uses: those of the example world, or real ones for a recording of the live service.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import asdict, field, frozen

from groupadd.adding.observe import Membership, ProviderSession, RosterObserver, awaiting_approval
from groupadd.adding.preflight import Prospect
from groupadd.client import ClientFlows
from groupadd.errors import GroupAddError
from groupadd.model.identity import GroupId, Identity, parse_participants, same_first
from groupadd.model.masking import Secret
from groupadd.model.outcome import ParticipantOutcome
from groupadd.provider import (
    ChecksNumbers,
    DescribesGroup,
    GroupMembershipProvider,
    KnowsSession,
    ListsJoinRequests,
    NumberCheck,
    RefreshesRoster,
    ResolvesLids,
    SendsText,
    SharesInviteLink,
)
from groupadd.sandbox import Fault
from groupadd.settings import AddSettings
from groupadd.wire.messages import Flow, NoAnswer

ScenarioOutcome: TypeAlias = str | Mapping[str, object]
CallName: TypeAlias = Literal[
    "add",
    "check",
    "preflight",
    "members",
    "group_info",
    "join_requests",
    "invite_link",
    "send_text",
    "check_number",
    "resolve_lids",
    "refresh_roster",
    "session",
    "nothing",
]


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
        call: The operation; `nothing`: groupadd sends none of the recorded requests.
        outcome: The expected outcome: one text for each person by name, the group's settings by name, or the name of
            the error.
        people: The names of the participants, or numbers and JIDs of other people.
        options: Further arguments of the operation.
        group: The group's JID; None: the group of the credentials.
        fields: Fields of the provider that differ from the credentials.
        setup: The sandbox's setup. A scenario with a setup cannot be recorded live.
        members: The participants who are in the group afterwards; None where the recording does not tell.
        unanswered: The requests that the recording does not answer; see `Replay`.
        unasked: The recorded requests that groupadd does not send; see `Replay`.
    """

    call: CallName
    outcome: ScenarioOutcome
    people: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(factory=dict[str, Any])
    group: str | None = None
    fields: Mapping[str, str] = field(factory=dict[str, str])
    setup: Setup = Setup()
    members: tuple[str, ...] | None = None
    unanswered: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


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
    people = {name: credentials.people.get(name, name) for name in scenario.people}
    run = _Run(ProviderSession(provider), scenario.group or credentials.group, people, scenario.options)
    try:
        return (yield from _CALLS[scenario.call](run))
    except (GroupAddError, NoAnswer) as error:
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


def _preflight(run: _Run) -> Flow[ScenarioOutcome]:
    found = yield from run.client.preflight(run.group, run.people.values())
    settings = {
        "in_group": found.in_group,
        "may_add": found.may_add,
        "needs_approval": found.needs_approval,
        "places_left": found.places_left,
        "provable": found.provable,
    }
    people = zip(run.people, map(_prospect, found.participants), strict=True)
    return {**{name: value for name, value in settings.items() if value is not None}, **dict(people)}


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
    if not run.people:
        provider = cast("ListsJoinRequests", run.session.provider)
        return {"waiting": len((yield from provider.join_requests(GroupId.parse(run.group))))}
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


def _invite_link(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("SharesInviteLink", run.session.provider)
    yield from provider.invite_link(GroupId.parse(run.group))
    return "a link"


def _send_text(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("SendsText", run.session.provider)
    texts: dict[str, str] = {}
    for name, person in zip(run.people, parse_participants(run.people.values()), strict=True):
        sent = yield from provider.send_text(person, Secret("hello"))
        is_theirs = sent.recipient == Identity(person.phone, person.lid)
        texts[name] = (
            "sent" if is_theirs else "sent, recipient unknown" if sent.recipient is None else "sent to another"
        )
    return texts


def _refresh_roster(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("RefreshesRoster", run.session.provider)
    yield from provider.refresh_roster(GroupId.parse(run.group))
    return "refreshed"


def _session(run: _Run) -> Flow[ScenarioOutcome]:
    provider = cast("KnowsSession", run.session.provider)
    session = yield from provider.session()
    return {"ready": session.ready, "says": session.says, "our account": "known" if session.me else "unknown"}


def _nothing(_run: _Run) -> Flow[ScenarioOutcome]:
    yield from ()
    return "groupadd sends no such request"


_CALLS: Mapping[CallName, Callable[[_Run], Flow[ScenarioOutcome]]] = {
    "add": _add,
    "check": _check,
    "preflight": _preflight,
    "members": _members,
    "group_info": _group_info,
    "join_requests": _join_requests,
    "invite_link": _invite_link,
    "send_text": _send_text,
    "check_number": _check_number,
    "resolve_lids": _resolve_lids,
    "refresh_roster": _refresh_roster,
    "session": _session,
    "nothing": _nothing,
}


def _outcome(person: ParticipantOutcome) -> str:
    invite = f"invite {person.invite.state or 'offered'}" if person.invite else None
    return ", ".join(word for word in (person.status, person.reason, person.evidence, invite) if word)


def _membership(person: Membership) -> str:
    return {True: "in", False: "out", None: str(person.reason)}[person.member]


def _prospect(person: Prospect) -> str:
    in_group = {True: "in", False: "out", None: "unknown"}[person.member]
    return in_group if person.on_whatsapp is None else f"{in_group}, {_ON_WHATSAPP[person.on_whatsapp]}"


_ON_WHATSAPP: Mapping[bool, str] = {True: "on WhatsApp", False: "not on WhatsApp"}


def _checked(check: NumberCheck, phone: str) -> str:
    if not check.exists:
        return "unknown" if check.exists is None else "not on WhatsApp"
    if check.account is None:
        return "on WhatsApp"
    return "this number" if check.account.phone == phone else "another name"
