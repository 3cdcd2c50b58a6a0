"""The conformance kit: what holds for every adapter, as tests to inherit.

    class TestPigeon(Conformance):
        candidates = (Candidate(Pigeon("roof", Secret("tweet-tweet-0123"), "https://pigeon.example"), post_office),)

Which tests there are follows from the abilities that the provider has. With Hypothesis installed, answers of any JSON are
tried besides those that are written down.
"""

import asyncio
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from json import dumps
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar

import attrs
import pytest
from attrs import Factory, define, evolve, field, frozen

from groupadd.client import Calls
from groupadd.codes import PARTICIPANT_CODES, Meaning
from groupadd.errors import GroupAddError, Unsupported
from groupadd.flow import Flow, NoAnswer, Request, Response, drive, drive_async
from groupadd.identity import GroupId, parse_participants
from groupadd.looking import Account
from groupadd.outcome import AddOutcome, Status
from groupadd.provider import (
    AddReply,
    ChecksNumbers,
    DescribesGroup,
    GroupMembershipProvider,
    KnowsSession,
    ListsJoinRequests,
    ListsParticipants,
    RefreshesRoster,
    ResolvesLids,
    SendsPersonalInvites,
    SendsText,
    SharesInviteLink,
)
from groupadd.sandbox import Answer, VirtualClock, World, small_town
from groupadd.sandbox.service import Handle
from groupadd.sandbox.town import GROUP
from groupadd.secret import Secret
from groupadd.terms import Invitation, Terms
from groupadd.testing.cassettes import Cassette
from groupadd.testing.hard_answers import HARD_ANSWERS, Twist, saying, unchanged
from groupadd.testing.listening import Ear, listening
from groupadd.testing.stages import town_people
from groupadd.transport import HttpTransport, in_process

T = TypeVar("T")
Call: TypeAlias = Callable[[Any], Flow[object]]

PHONES = tuple(town_people().values())
_SHORTEST_SECRET = 12  # shorter ones may be met by chance
_INVITE_CODE = small_town(VirtualClock()).groups[GROUP].invite_code
_TIMEOUT_S = 30.0


def _silent(_world: World) -> Handle:
    return lambda *_: Answer()



def _type(candidate: "Candidate") -> str:
    return type(candidate.provider).__name__.lower()


@frozen
class Candidate:
    """A provider that is to be tested.

    Attributes:
        provider: The provider. Its secrets are looked for wherever nothing may leak: make them of 12 characters or more.
        service: What plays the vendor, given a small town to play it in: a sandbox that speaks your dialect, or any function
            of method, raw path, header fields and body. Left out: nobody answers, and flows are tried up to there.
        cassettes: The folder of its cassettes, named for its type.
        unproven: The words of its table that neither a cassette nor the service shows.
        name: What to call it in the tests' names.
    """

    provider: GroupMembershipProvider
    service: Callable[[World], Handle] = _silent
    cassettes: Path | None = field(default=None, kw_only=True)
    unproven: Collection[object] = field(default=(), kw_only=True)
    name: str = field(default=Factory(_type, takes_self=True), kw_only=True)


def _whole_add(provider: GroupMembershipProvider) -> Flow[AddOutcome]:
    """Do all that an add may come to: looks before and after, and an invitation for whom it makes sense."""
    how: Invitation = "never"
    if isinstance(provider, SendsPersonalInvites):
        how = "personal"
    elif isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText):
        how = "link"
    return Calls(Account(provider), "", "", Terms(verify="always", invite=how)).add(GROUP, PHONES)


_GROUP = GroupId.parse(GROUP)
_PEOPLE = parse_participants(PHONES)
_SOMEBODY = _PEOPLE[0]
_EXPIRES = datetime(2026, 1, 8, tzinfo=UTC)
_CALLS: Mapping[type, Call] = {
    GroupMembershipProvider: lambda provider: provider.add_participants(_GROUP, _PEOPLE, notify=None),
    ListsParticipants: lambda provider: provider.list_participants(_GROUP),
    RefreshesRoster: lambda provider: provider.refresh_roster(_GROUP),
    DescribesGroup: lambda provider: provider.group_info(_GROUP),
    ListsJoinRequests: lambda provider: provider.join_requests(_GROUP),
    SharesInviteLink: lambda provider: provider.invite_link(_GROUP),
    SendsText: lambda provider: provider.send_text(_SOMEBODY, Secret(f"Join us: {_INVITE_CODE}")),
    SendsPersonalInvites: lambda provider: provider.send_personal_invite(
        _GROUP, _SOMEBODY, code=Secret(_INVITE_CODE), expires_at=_EXPIRES
    ),
    ChecksNumbers: lambda provider: provider.check_number(_SOMEBODY.phone),
    ResolvesLids: lambda provider: provider.resolve_lids(PHONES),
    KnowsSession: lambda provider: provider.session(),
}
    _whole: _whole_add,
}


@define
class Line:
    """A line to the candidate's service, on which requests of one kind get a hard answer.

    Attributes:
        asked: The requests that were carried, in order.
        answers: What was answered, in order.
    """

    candidate: Candidate
    turn: str | None = None
    twist: Twist = unchanged
    asked: list[Request] = field(factory=list[Request], init=False)
    answers: list[bytes] = field(factory=list[bytes], init=False)
    _clock: VirtualClock = field(factory=VirtualClock, init=False)

    def run(self, call: Call, *, is_async: bool = False) -> object:
        """Carry out a call over this line, blocking or by asyncio."""
        service = self.candidate.service(small_town(self._clock))

        def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
            answer = service(method, target, headers, body)
            twisted = self.twist(answer) if str(self.asked[-1]) == self.turn else answer
            self.answers.append(twisted.body)
            return twisted

        with in_process(handle, self._clock) as http:
            transport = HttpTransport(self.candidate.provider.base_url, _TIMEOUT_S, http)

            def carry(request: Request) -> Response:
                self.asked.append(request)
                return transport(request)

            async def carry_async(request: Request) -> Response:
                await asyncio.sleep(0)
                return carry(request)

            flow = call(self.candidate.provider)
            if is_async:
                return asyncio.run(drive_async(flow, carry_async, self._clock))
            return drive(flow, carry, self._clock)

    def told(self, call: Call, *, is_async: bool = False) -> object:
        """Return what a call returns, or the type and the text of what keeps it from that.

        Anything but an error of ours, or a lost answer, is raised.
        """
        try:
            return _timeless(self.run(call, is_async=is_async))
        except (GroupAddError, NoAnswer) as error:
            return type(error), str(error)
