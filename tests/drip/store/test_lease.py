"""A lease is one worker's at a time, and a step of it is written as a whole or not at all."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from groupadd.drip import AuditLine
from groupadd.drip.status import status_of
from groupadd.drip.stop_rules import Stop
from groupadd.drip.store.accounts import AccountSnapshot, snapshot
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.lease import ConditionNotMet, Lease, LeaseLost
from groupadd.drip.store.people import PlannedPerson, next_up
from groupadd.drip.store.schema import accounts
from groupadd.drip.store.states import Event, State
from groupadd.settings import PaceSettings
from groupadd.wire.messages import LONGEST_RETRY_S
from tests.support.ledgers import KINDS, new_ledger
from tests.support.trial import Trial, planned
from tests.support.virtual_time import crowd, simulated


class Leased:
    """A ledger with one participant, whose account two workers want."""

    def __init__(self, trial: Trial, ledger: Ledger) -> None:
        self.trial, self.ledger, self.clock = trial, ledger, trial.simulation.clock
        self.lines: list[AuditLine] = []
        self.ours, self.other = (Lease(ledger, "main", 30.0, self.lines.append) for _ in range(2))

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        async def with_lease() -> None:
            assert await self.ours.acquire()
            await story()

        self.clock.run(with_lease())

    async def queued(self) -> PlannedPerson:
        return (await self.ours.read(next_up, "main"))[State.QUEUED]

    async def account(self) -> AccountSnapshot:
        return await self.ours.read(snapshot, PaceSettings(), "main")

    async def send(self, person: PlannedPerson, *, asked: int, holds: bool = True) -> None:
        """Make a step that sends an add, on a condition."""
        async with self.ours.step(unless_stopped=True, asked=asked) as step:
            step.require(lambda _: holds)
            step.transition(person, Event.ASKING, "next in the plan", tries=person.tries + 1)

    async def nothing_was_written(self) -> None:
        assert (await self.queued()).tries == 0
        assert (await self.account()).asked == 0
        assert self.lines == []
        assert "asking" not in [line.event for line in self.trial.audit()]


@pytest.fixture(params=KINDS)
def leased(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Leased]:
    people = crowd(1)
    trial = Trial(simulated(people), tmp_path)
    with new_ledger(request.param, tmp_path) as trial.ledger:
        trial.plan(people)
        with Ledger.open(trial.ledger, clock=trial.simulation.clock) as ledger:
            ledger.file = None  # as a server's database
            yield Leased(trial, ledger)


def test_an_account_is_worked_by_one_at_a_time(leased: Leased) -> None:
    async def story() -> None:
        ours, other = leased.ours, leased.other
        person = await leased.queued()
        assert not await other.acquire()
        leased.clock.sleep(31)
        assert await other.acquire(), "the lease is over"
        with pytest.raises(LeaseLost):
            await leased.send(person, asked=7)
        with pytest.raises(LeaseLost):
            await ours.renew()
        await leased.nothing_was_written()
        await other.release()
        assert await ours.acquire()

    leased.run(story)


def test_a_step_is_written_as_a_whole_and_announced_once_it_is_committed(leased: Leased) -> None:
    async def story() -> None:
        person = await leased.queued()
        async with leased.ours.step(asked=7) as step:
            sending = step.transition(person, Event.ASKING, "next in the plan", tries=1)
            assert leased.lines == []
            assert (await leased.account()).asked == 0
        assert (sending.state, sending.tries) == (State.SENDING, 1)
        assert (await leased.account()).asked == 7
        assert [(line.event, line.participant) for line in leased.lines] == [("asking", person.jid)]
        assert leased.ours.expires_at == leased.clock.now() + 30.0

    leased.run(story)


def test_a_step_of_an_account_that_has_stopped_is_not_written(leased: Leased) -> None:
    async def story() -> None:
        with leased.trial.open() as drip:
            drip.pause()
        with pytest.raises(LeaseLost):
            await leased.send(await leased.queued(), asked=7)
        await leased.ours.renew()
        await leased.nothing_was_written()

    leased.run(story)


def test_a_step_with_a_participant_who_stands_elsewhere_by_now_is_not_written(leased: Leased) -> None:
    async def story() -> None:
        person = await leased.queued()
        await leased.send(person, asked=1)
        with pytest.raises(LeaseLost):
            await leased.send(person, asked=2)
        assert (await leased.account()).asked == 1
        assert [line.event for line in leased.trial.audit()].count("asking") == 1

    leased.run(story)


def test_a_step_whose_condition_does_not_hold_is_not_written(leased: Leased) -> None:
    async def story() -> None:
        person = await leased.queued()
        with pytest.raises(ConditionNotMet):
            await leased.send(person, asked=7, holds=False)
        await leased.nothing_was_written()

    leased.run(story)


def test_a_step_whose_block_fails_is_not_written(leased: Leased) -> None:
    async def story() -> None:
        person = await leased.queued()
        with pytest.raises(ZeroDivisionError):
            async with leased.ours.step(asked=7) as step:
                step.transition(person, Event.ASKING, "next in the plan", tries=1 // 0)
        await leased.nothing_was_written()

    leased.run(story)


def test_a_lease_is_renewed_only_where_it_would_not_last(leased: Leased) -> None:
    async def story() -> None:
        leased.clock.sleep(20)
        assert await leased.ours.ensure(10.0) == 10.0
        assert await leased.ours.ensure(11.0) == 30.0

    leased.run(story)


def test_a_wait_without_end_is_a_week_and_a_stored_one_breaks_no_status(leased: Leased) -> None:
    async def story() -> None:
        await leased.ours.stop(Stop("rate_limited", "429", float("inf")))
        account, until = await leased.account(), leased.clock.now() + LONGEST_RETRY_S
        assert (account.next_at, account.invite_at, account.stopped) == (until, until, "rate_limited")
        async with leased.ours.step(next_at=float("inf")):
            pass

    leased.run(story)
    assert status_of(leased.ledger, PaceSettings(quiet="22:00-07:00")).accounts[0].next_at is not None


def test_a_stop_brings_nothing_forward(leased: Leased) -> None:
    async def story() -> None:
        late = leased.clock.now() + 3600.0
        async with leased.ours.step(next_at=late, invite_at=late):
            pass
        await leased.ours.stop(Stop("rate_limited", "429", 60.0))
        account = await leased.account()
        assert (account.next_at, account.invite_at) == (late, late)

    leased.run(story)


def test_who_was_overtaken_in_mid_call_changes_nothing_any_more(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1))

    def overtake(line: AuditLine) -> bool:
        if line.event == "asking":
            with Ledger.open(it.ledger, clock=it.simulation.clock) as ledger, ledger.writing() as tx:
                tx.execute(update(accounts).values(owner="another worker"))
        return False

    status = it.run(overtake)
    assert status.left == 1
    assert [line.event for line in it.audit()] == ["planned", "asking"]
