"""What the parts of an account's work share: how it asks the provider, and how a person's step is written down."""

import asyncio
from typing import TypeVar

from attrs import define, evolve, field
from sqlalchemy import update

from groupadd.adding.ask import SentRequests
from groupadd.adding.attempt import Attempt
from groupadd.adding.invite import is_invitable
from groupadd.adding.observe import ProviderSession
from groupadd.drip import pace as paces
from groupadd.drip import person as persons
from groupadd.drip.holding import Holding, Step
from groupadd.drip.person import (
    NOTHING_HEARD,
    Person,
    Stored,
    stored_after,
    stored_claim,
    stored_observation,
    stored_outcome,
)
from groupadd.drip.schema import State, people
from groupadd.drip.standing import standings
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
        holding: The account's place in the ledger.
        account: The account itself.
        terms: How people are added.
        pace: How fast.
        transport: What carries the requests.
        codes: The codes of personal invitations, by person; they are never written down.
        limited_s: For how long the provider has asked us to wait since this was last None.
        settled: Why people were not added who have got their verdict since this was last emptied; None for the others.
    """

    holding: Holding
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
        return self.holding.provider

    def now(self) -> float:
        """Return the moment, in seconds since 1970."""
        return self.holding.ledger.clock.now()

    async def drive(self, flow: Flow[T]) -> T:
        """Run a flow to its end."""
        return await drive_async(flow, self._carry, self.holding.ledger.clock)

    async def _carry(self, request: Request) -> Response:
        response = await (self.transport if request.repeatable else self._carry_in_time)(request)
        if response.status == _TOO_MANY_REQUESTS:
            self.limited_s = max(self.limited_s or 0.0, response.retry_after_s or 0.0)
        return response

    async def _carry_in_time(self, request: Request) -> Response:
        """Carry what may change something: answered or given up before anybody else may have the account.

        Raises:
            Overtaken: The account is somebody else's by now.
            NoAnswer: It was given up.
        """
        now = asyncio.get_running_loop().time()  # read first: a process that freezes here has less time left, not more
        lasts_s = self.holding.lasts(self.terms.timeout_s)
        try:
            async with asyncio.timeout_at(now + lasts_s):
                return await self.transport(request)
        except TimeoutError:
            raise NoAnswer("the hold on the account was over", maybe_sent=True) from None

    def recover(self) -> None:
        """Take up whoever was found in mid-call: they may have been asked for, or written to.

        Who may have been asked for is like one whose answer was lost at this moment, and the account waits a full gap.
        """
        ledger, now = self.holding.ledger, self.now()
        with ledger.reading() as tx:
            in_hand = persons.those(tx, self.provider, State.ASKING, State.INVITING)
            (standing,) = standings(tx, self.pace, self.provider)
        if not in_hand:
            return
        asking = [person for person in in_hand if person.state is State.ASKING]
        inviting = [person for person in in_hand if person.state is State.INVITING]
        next_at = paces.next_scheduled(self.pace, asked=standing.asked, scheduled=now, answered_at=now)
        with self.holding.step(next_at=max(standing.next_at, next_at)) as step:
            for person in asking:
                case = evolve(person.case(), claim=Claim(NO_ANSWER))
                step.note("recovered", "found in mid-call", "", person)
                self.hear(step, person, case, SentRequests(now, now))
            for person in inviting:
                outcome = person.case().outcome
                lost = Invite(outcome.invite.kind if outcome.invite else self.invites_by, InviteState.UNKNOWN)
                told = stored_outcome(evolve(outcome, invite=lost))
                step.move(person, State.DONE, "invite_unknown", "found in mid-invitation", settled_at=now, **told)

    @property
    def invites_by(self) -> str:
        """Which kind of invitation is sent."""
        return "personal" if self.terms.invite == "personal" else "link"

    def hear(self, step: Step, person: Person, case: Attempt, times: SentRequests) -> None:
        """Write down what was answered of somebody, and let looks settle what that leaves open."""
        heard: dict[str, Stored] = {
            "claim": stored_claim(case.claim),
            "sent_at": times.sent_at,
            "answered_at": times.answered_at,
        }
        meaning, says = case.claim.meaning, case.claim.says or ""
        rule = meaning.reason or meaning.status
        moments = evolve(person, sent_at=times.sent_at, answered_at=times.answered_at).course(case, self.terms).due_at
        if moments and isinstance(self.account.provider, ListsParticipants) and case.needs_looks(self.terms):
            step.move(person, State.WATCHED, "answered", rule, says, look_at=moments[0], looks=0, after=None, **heard)
        else:
            step.note("answered", rule, says, person)
            self.settle(step, person, case, "answered", **heard)

    def settle(self, step: Step, person: Person, case: Attempt, rule: str, **values: Stored) -> None:
        """Give somebody their verdict; who was proven absent after a lost answer is asked for once more instead."""
        outcome = case.outcome
        absent = outcome.status is Status.NOT_ADDED and outcome.evidence is Evidence.OBSERVED
        if absent and (person.tries == 0 or (person.tries == 1 and outcome.reason in _LOST)):
            step.move(person, State.WAITING, "to_ask_again", rule, "absent in the last two looks", **NOTHING_HEARD)
            return
        told: dict[str, Stored] = {**stored_outcome(outcome), "after": stored_after(case.after), **values}
        if person.was_invited:
            del told["invite"]
        told |= {"settled_at": self.now(), "look_at": None, "before": stored_observation(case.before)}
        to = State.TO_INVITE if self._may_invite(person, outcome, case.claim.code) else State.DONE
        said = (outcome.status, outcome.reason, outcome.evidence, outcome.provider_says)
        step.move(person, to, "settled", rule, ", ".join(filter(None, said)), **told)
        self.settled.append(outcome.reason)

    def make_twin(self, step: Step, person: Person, first: Person) -> None:
        """Let somebody share the verdict of who was planned before under the other form of the number."""
        rule = "the provider takes both forms of the number for one account"
        step.move(person, State.TWIN, "duplicate", rule, same_as=first.jid)
        same_form = (people.c.group_jid == person.group_jid, people.c.jid == person.jid)
        step.tx.execute(update(people).where(*same_form).values(same_as=first.jid))

    def _may_invite(self, person: Person, outcome: ParticipantOutcome, code: Secret | None) -> bool:
        if self.terms.invite == "never" or person.was_invited or not is_invitable(outcome):
            return False
        return self.terms.invite == "link" or code is not None or person.id in self.codes
