"""The steps of an account's work: ask, invite, recover. Each writes its intent, sends its request, records the answer.

The intent is committed before the request leaves. A crash in between leaves the participant in mid-call, and the next
worker takes them up by `recover`.
"""

from functools import partial

from attrs import define, evolve

from groupadd.adding.add import looks_before
from groupadd.adding.ask import SentRequests, ask
from groupadd.adding.attempt import Attempt
from groupadd.adding.invite import invite
from groupadd.adding.names import same_account
from groupadd.adding.observe import ProviderSession
from groupadd.drip import rate_limit
from groupadd.drip.stop_rules import Stop
from groupadd.drip.store import accounts, people
from groupadd.drip.store.accounts import AccountSnapshot
from groupadd.drip.store.lease import ConditionNotMet, Lease
from groupadd.drip.store.people import PlannedPerson
from groupadd.drip.store.states import Event, State
from groupadd.drip.worker.polling import RosterPoller
from groupadd.drip.worker.recording import Recorder, verdict_changes
from groupadd.drip.worker.sending import RequestSender
from groupadd.errors import GroupAddError, LedgerError, ProviderError, RequestRefused
from groupadd.model.codes import NO_ANSWER, UNRECOGNISED, Meaning
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite, InviteState, ParticipantOutcome, Reason
from groupadd.provider import Claim
from groupadd.settings import AddSettings, PaceSettings

_INVITE_EVENTS = {
    InviteState.SENT: Event.INVITED,
    InviteState.FAILED: Event.INVITE_FAILED,
    InviteState.UNKNOWN: Event.INVITE_UNKNOWN,
}


@define
class AccountSteps:
    """The steps of one account.

    Attributes:
        lease: The lease of the account.
        session: The provider and its account.
        sender: Sends the requests.
        poller: Reads the rosters.
        recorder: Records answers and verdicts.
        settings: How adds are carried out.
        pace: How fast.
    """

    lease: Lease
    session: ProviderSession
    sender: RequestSender
    poller: RosterPoller
    recorder: Recorder
    settings: AddSettings
    pace: PaceSettings

    async def ask(self, person: PlannedPerson, account: AccountSnapshot) -> None:
        """Send the add for one participant, after a look where one is due before it.

        A participant who is in the group already, or who is another row's duplicate, costs no add.

        Raises:
            LeaseLost: Another worker has the account, or the account has stopped.
            LedgerError: The ledger cannot be used. The add may have been sent; `recover` takes the participant up.
            GroupAddError: The add was surely not sent, and the participant is queued again.
        """
        if await self._shares_a_verdict(person):
            return
        attempt = person.attempt(self.settings)
        if looks_before(self.session.provider, self.settings):
            attempt.before = await self.poller.look_before(person)
        if attempt.before is not None and attempt.before.member:
            async with self.lease.step() as step:
                self.recorder.record_verdict(step, person, attempt, "seen before the add")
        else:
            await self._send_add(person, attempt, account)

    async def _shares_a_verdict(self, person: PlannedPerson) -> bool:
        """Record a participant as a duplicate, if the provider takes an earlier row's number for the same account."""
        other = await self.lease.read(people.other_form, person)
        if other is None or other.id > person.id or not await self._are_one(person, other):
            return False
        async with self.lease.step() as step:
            step.share_verdict(person, other, "the provider takes both forms of the number for one account")
        return True

    async def _are_one(self, person: PlannedPerson, other: PlannedPerson) -> bool | None:
        """Return whether the provider takes two forms of a number for one account; None where it does not tell."""
        asking = same_account(self.session.provider, other.phone or "", person.phone or "")
        return await self.sender.drive(asking)

    async def _send_add(self, person: PlannedPerson, attempt: Attempt, account: AccountSnapshot) -> None:
        now, asked = self.lease.now(), account.asked + 1
        next_at = partial(rate_limit.next_scheduled, self.pace, asked=asked, scheduled=account.next_at)
        rule = "again, after proof of absence" if person.tries else "next in the plan"
        async with self.lease.step(unless_stopped=True, asked=asked, next_at=next_at(answered_at=now)) as step:
            sending = step.transition(
                person, Event.ASKING, rule, tries=person.tries + 1, sent_at=now, before=attempt.before
            )
        sent = await self._ask_provider(sending, attempt)
        async with self.lease.step(next_at=next_at(answered_at=sent.answered_at)) as step:
            self.recorder.record_answer(step, sending, attempt, sent)
        if attempt.claim.code is not None:
            self.recorder.invite_codes[person.id] = attempt.claim.code
        if attempt.claim.meaning.reason is Reason.RATE_LIMITED:
            await self.lease.stop(Stop("rate_limited", "the provider says of a person that we ask too often"))

    async def _ask_provider(self, person: PlannedPerson, attempt: Attempt) -> SentRequests:
        """Send the add, and record its claim in the attempt; return when the add was sent and answered."""
        now = self.lease.now()
        asking = ask(self.poller.observer_of(person), {person.jid: attempt}, self.settings)
        try:
            return await self.sender.drive(asking)
        except LedgerError:
            raise  # the participant stays in mid-call, and is looked up
        except GroupAddError as error:
            meaning = _meaning_of(error)
            if meaning is None:
                await self._queue_again(person, error)
                raise
            attempt.claim = Claim(meaning, str(error))
            return SentRequests(now, self.lease.now())

    async def _queue_again(self, person: PlannedPerson, error: GroupAddError) -> None:
        async with self.lease.step() as step:
            step.transition(person, Event.NOT_ASKED, type(error).__name__, str(error), tries=person.tries - 1)

    async def invite(self, person: PlannedPerson) -> None:
        """Send one participant an invitation. No look can find a message, so none is ever sent again.

        Raises:
            LeaseLost: Another worker has the account, or the account has stopped.
            LedgerError: The ledger cannot be used. The message may have been sent; `recover` takes the participant up.
            GroupAddError: Something keeps the provider from answering; no message was sent.
        """
        code = self.recorder.invite_codes.pop(person.id, None)
        if self.settings.invite == "never" or (self.settings.invite == "personal" and code is None):
            await self._leave_uninvited(person, "no invitation at hand")
            return
        other = await self.lease.read(people.other_form, person)
        are_two = other is None or await self._are_one(person, other) is False
        invite_at = self.lease.now() + self.pace.gap_s
        try:
            async with self.lease.step(unless_stopped=True, invite_at=invite_at) as step:
                if not are_two:
                    step.require(partial(people.no_other_form_invited, person=person))
                inviting = step.transition(person, Event.INVITING, self._kind)
        except ConditionNotMet:
            await self._leave_uninvited(person, "the other form of the number may be the same person's")
            return
        outcome = await self._send_invitation(person, code)
        state = outcome.invite.state if outcome.invite else None
        async with self.lease.step() as step:
            event = _INVITE_EVENTS[state or InviteState.FAILED]
            step.transition(inviting, event, self._kind, **verdict_changes(outcome, self.lease.now()))

    async def _leave_uninvited(self, person: PlannedPerson, rule: str) -> None:
        async with self.lease.step() as step:
            step.transition(person, Event.NOT_INVITED, rule)

    async def _send_invitation(self, person: PlannedPerson, code: Secret | None) -> ParticipantOutcome:
        inviting = invite(
            self.poller.observer_of(person),
            {person.jid: person.attempt(self.settings).outcome},
            settings=self.settings,
            codes={} if code is None else {person.jid: code},
        )
        return (await self.sender.drive(inviting))[person.jid]

    @property
    def _kind(self) -> str:
        return "personal" if self.settings.invite == "personal" else "link"

    async def recover(self) -> None:
        """Take up the participants who were in mid-call when a worker ended.

        An add that may have been sent counts as one whose answer was lost at this moment; the account waits a full gap.
        An invitation that may have been sent stays unknown.

        Raises:
            LeaseLost: Another worker has the account.
            LedgerError: The ledger cannot be used.
        """
        provider, now = self.lease.provider, self.lease.now()
        in_mid_call = await self.lease.read(people.in_state, provider, State.SENDING, State.INVITING)
        if not in_mid_call:
            return
        account = await self.lease.read(accounts.snapshot, self.pace, provider)
        next_at = rate_limit.next_scheduled(self.pace, asked=account.asked, scheduled=now, answered_at=now)
        async with self.lease.step(next_at=max(account.next_at, next_at)) as step:
            for person in in_mid_call:
                attempt = person.attempt(self.settings)
                if person.state is State.SENDING:
                    step.note("recovered", "found in mid-call", person=person)
                    lost = evolve(attempt, claim=Claim(NO_ANSWER))
                    self.recorder.record_answer(step, person, lost, SentRequests(now, now))
                else:
                    offer = attempt.outcome.invite or Invite(self._kind)
                    outcome = evolve(attempt.outcome, invite=Invite(offer.kind, InviteState.UNKNOWN))
                    changes = verdict_changes(outcome, now)
                    step.transition(person, Event.INVITE_UNKNOWN, "found in mid-invitation", **changes)


def _meaning_of(error: GroupAddError) -> Meaning | None:
    """Return what a refusal of the whole request means for its one participant; None: the add was surely not sent."""
    if isinstance(error, RequestRefused):
        return UNRECOGNISED
    return NO_ANSWER if isinstance(error, ProviderError) and error.maybe_applied else None
