"""The tasks, over Procrastinate's own in-memory connector: orders become shifts, and lost ones are made anew."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import procrastinate
import pytest
from procrastinate.testing import InMemoryConnector

from groupadd import Status, drip
from groupadd.drip.fleet import tasks as engine
from groupadd.drip.store.accounts import enqueue_accounts, queued_accounts
from groupadd.drip.store.database import Ledger
from tests.drip.crashing import Scene, people, scene, served

HUMANS = people(4)


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Scene]:
    told = scene(f"sqlite:///{tmp_path / 'drip.db'}", "wasend")
    told.world.add_people(*HUMANS)
    with served(told):
        told.plan(HUMANS)
        yield told


def app_of(it: Scene, **options: Any) -> procrastinate.App:
    app = procrastinate.App(connector=InMemoryConnector())
    options = {"config": it.config} | options
    app.add_tasks_from(engine.blueprint(ledger=it.ledger, **options), namespace="mine")
    return app


def jobs(app: procrastinate.App) -> list[tuple[str, str]]:
    assert isinstance(app.connector, InMemoryConnector)
    return [(job["task_name"], job["status"]) for job in app.connector.jobs.values()]


def sweep(app: procrastinate.App, times: int = 1) -> None:
    """Run a sweep, and whatever it hands out."""

    async def swept() -> None:
        async with app.open_async():
            for _ in range(times):
                await app.tasks["mine:sweep"].defer_async(timestamp=0)
                await app.run_worker_async(wait=False, listen_notify=False, install_signal_handlers=False)

    asyncio.run(swept())


def ordered(it: Scene) -> list[str]:
    with Ledger.open(it.ledger) as book:
        return [one.provider for one in queued_accounts(book)]


def test_what_is_ordered_is_handed_out_and_worked_to_its_end(it: Scene) -> None:
    app = app_of(it)
    with Ledger.open(it.ledger) as book:
        assert enqueue_accounts(book) == ["main"]
    sweep(app)
    told = drip.status(ledger=it.ledger, config=it.config)
    assert (told.left, told.counts) == (0, {Status.ADDED: 4})
    assert jobs(app) == [("mine:sweep", "succeeded"), ("mine:shift", "succeeded")]
    assert ordered(it) == []


def test_nothing_is_begun_that_is_not_ordered_and_an_order_ends_with_its_people(it: Scene) -> None:
    app = app_of(it)
    sweep(app)
    assert not it.world.journal
    with Ledger.open(it.ledger) as book:
        enqueue_accounts(book)
    sweep(app)
    more = people(6)
    it.world.add_people(*more[4:])
    it.plan(more)
    before = len(it.world.journal)
    sweep(app)
    assert len(it.world.journal) == before, "who was planned later waits for an order of their own"


def test_a_shift_whose_end_was_never_written_down_is_given_up_and_handed_out_anew(it: Scene) -> None:
    app = app_of(it)
    with Ledger.open(it.ledger) as book:
        enqueue_accounts(book)
        assert isinstance(app.connector, InMemoryConnector)

    async def lose_one() -> None:
        async with app.open_async():
            worker = await app.job_manager.register_worker()
            await app.tasks["mine:shift"].configure(lock="groupadd main").defer_async(provider="main")
            assert await app.job_manager.fetch_job(queues=None, worker_id=worker)

    asyncio.run(lose_one())
    sweep(app)
    assert drip.status(ledger=it.ledger, config=it.config).left == 0


def test_an_account_that_a_worker_does_not_know_is_stopped_with_the_reason(it: Scene) -> None:
    config = {**it.config, "providers": {"other": it.config["providers"]["main"]}}
    app = app_of(it, config=config)
    with Ledger.open(it.ledger) as book:
        enqueue_accounts(book)
    sweep(app, times=2)
    (account,) = drip.status(ledger=it.ledger, config=it.config).accounts
    assert (account.state, it.world.journal) == ("stopped", [])
    assert "no such provider" in (account.why or "")
    assert account.how_to_go_on is not None
    assert [name for name, _ in jobs(app)] == ["mine:sweep", "mine:shift", "mine:sweep"]


def test_shifts_of_a_worker_that_is_to_end_are_handed_back_without_an_add(it: Scene) -> None:
    stopping = asyncio.Event()
    stopping.set()
    app = app_of(it, stopping=stopping)
    with Ledger.open(it.ledger) as book:
        enqueue_accounts(book)
    sweep(app)
    assert not it.world.journal
    assert ordered(it) == ["main"]
