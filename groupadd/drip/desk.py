"""What the parts of an account's work share: how it asks the provider, and how a person's step is written down."""

import asyncio
from typing import TypeVar, Unpack

from attrs import define, evolve, field

from groupadd.adding.ask import SentRequests
from groupadd.adding.attempt import Attempt, LookSchedule
from groupadd.adding.invite import is_invitable
from groupadd.adding.observe import ProviderSession
from groupadd.drip import rate_limit
from groupadd.drip.store import accounts, people
from groupadd.drip.store.lease import Lease, Step
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.states import Event, State
from groupadd.drip.store.transition import NOT_SENT, PersonChanges
from groupadd.model.codes import NO_ANSWER
from groupadd.model.masking import Secret
from groupadd.model.outcome import Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import Claim, ListsParticipants
from groupadd.settings import AddSettings, PaceSettings
from groupadd.wire.driver import drive_async
from groupadd.wire.messages import AsyncTransport, Flow, NoAnswer, Request, Response

T = TypeVar("T")

_LOST = frozenset({Reason.NO_ANSWER, Reason.UNREADABLE_ANSWER})
_TOO_MANY_REQUESTS = 429


@define
class Desk:
    """One account's place of work.

    Attributes:
        lease: The lease of the account.
        account: The account itself.
        terms: How people are added.
        pace: How fast.
        transport: What carries the requests.
        codes: The codes of personal invitations, by person; they are never written down.
        limited_s: For how long the provider has asked us to wait since this was last None.
        settled: Why people were not added who have got their verdict since this was last emptied; None for the others.
    """

    lease: Lease
    account: ProviderSession
    terms: AddSettings
    pace: PaceSettings
    transport: AsyncTransport
    codes: dict[int, Secret] = field(factory=dict[int, Secret])
    limited_s: float | None = None
    settled: list[Reason | None] = field(factory=list[Reason | None])

    @property
    def provider(self) -> str:
        """The account's configured name."""
        return self.lease.provider

    def now(self) -> float:
        """Return the moment, in seconds since 1970."""
        return self.lease.ledger.now()

    async def drive(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        return await drive_async(flow, self._carry, self.lease.ledger.clock)

    async def _carry(self, request: Request) -> Response:
        response = await (self.transport if request.repeatable else self._carry_in_time)(request)
        if response.status == _TOO_MANY_REQUESTS:
            self.limited_s = max(self.limited_s or 0.0, response.retry_after_s or 0.0)
        return response

    async def _carry_in_time(self, request: Request) -> Response:
        """Carry what may change something: answered or given up before anybody else may have the account.

        Raises:
            LeaseLost: The account is somebody else's by now.
            NoAnswer: It was given up.
        """
        now = asyncio.get_running_loop().time()  # read first: a process that freezes here has less time left, not more
        lasts_s = await self.lease.ensure(self.terms.timeout_s)
        try:
            async with asyncio.timeout_at(now + lasts_s):
                return await self.transport(request)
        except TimeoutError:
            raise NoAnswer("the hold on the account was over", maybe_sent=True) from None

    async def recover(self) -> None:
        """Take up whoever was found in mid-call: they may have been asked for, or written to.

        Who may have been asked for is like one whose answer was lost at this moment, and the account waits a full gap.
        """
        ledger, now = self.lease.ledger, self.now()
        in_hand = await ledger.read(people.in_state, self.provider, State.SENDING, State.INVITING)
        if not in_hand:
            return
        standing = await ledger.read(accounts.snapshot, self.pace, self.provider)
        asking = [person for person in in_hand if person.state is State.SENDING]
        inviting = [person for person in in_hand if person.state is State.INVITING]
        next_at = rate_limit.next_scheduled(self.pace, asked=standing.asked, scheduled=now, answered_at=now)
        async with self.lease.step(next_at=max(standing.next_at, next_at)) as step:
            for person in asking:
                case = evolve(person.attempt(), claim=Claim(NO_ANSWER))
                step.note("recovered", "found in mid-call", "", person)
                self.hear(step, person, case, SentRequests(now, now))
            for person in inviting:
                outcome = person.attempt().outcome
                lost = Invite(outcome.invite.kind if outcome.invite else self.invites_by, InviteState.UNKNOWN)
                told = verdict_of(evolve(outcome, invite=lost), now)
                step.transition(person, Event.INVITE_UNKNOWN, "found in mid-invitation", **told)

    @property
    def invites_by(self) -> str:
        """Which kind of invitation is sent."""
        return "personal" if self.terms.invite == "personal" else "link"

    def hear(self, step: Step, person: PlannedPerson, case: Attempt, times: SentRequests) -> None:
        """Write down what was answered of somebody, and let looks settle what that leaves open."""
        heard: PersonChanges = {"claim": case.claim, "sent_at": times.sent_at, "answered_at": times.answered_at}
        meaning, says = case.claim.meaning, case.claim.says or ""
        rule = (meaning.reason or meaning.status).value
        moments = LookSchedule.after(times.sent_at, times.answered_at, self.terms, lost=case.was_lost).due_at
        if moments and isinstance(self.account.provider, ListsParticipants) and case.needs_looks(self.terms):
            heard |= {"look_at": moments[0], "looks": 0, "after": None}
            step.transition(person, Event.ANSWERED, rule, says, **heard)
        else:
            step.note(Event.ANSWERED.word, rule, says, person)
            self.settle(step, person, case, "answered", **heard)

    def settle(
        self, step: Step, person: PlannedPerson, case: Attempt, rule: str, **values: Unpack[PersonChanges]
    ) -> None:
        """Give somebody their verdict; who was proven absent after a lost answer is asked for once more instead."""
        outcome = case.outcome
        absent = outcome.status is Status.NOT_ADDED and outcome.evidence is Evidence.OBSERVED
        if absent and (person.tries == 0 or (person.tries == 1 and outcome.reason in _LOST)):
            step.transition(person, Event.TO_ASK_AGAIN, rule, "absent in the last two looks", **NOT_SENT)
            return
        told: PersonChanges = {**verdict_of(outcome, self.now()), "after": case.after, **values}
        if person.was_invited:
            del told["invite"]
        told |= {"look_at": None, "before": case.before}
        may_invite = self._may_invite(person, outcome, case.claim.code)
        event = Event.SETTLED_INVITABLE if may_invite else Event.SETTLED
        said = (outcome.status, outcome.reason, outcome.evidence, outcome.provider_says)
        step.transition(person, event, rule, ", ".join(filter(None, said)), **told)
        self.settled.append(outcome.reason)

    def _may_invite(self, person: PlannedPerson, outcome: ParticipantOutcome, code: Secret | None) -> bool:
        if self.terms.invite == "never" or person.was_invited or not is_invitable(outcome):
            return False
        return self.terms.invite == "link" or code is not None or person.id in self.codes


def verdict_of(outcome: ParticipantOutcome, settled_at: float) -> PersonChanges:
    """Return what a verdict changes of a participant."""
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "evidence": outcome.evidence,
        "says": outcome.provider_says,
        "invite": outcome.invite,
        "settled_at": settled_at,
    }
