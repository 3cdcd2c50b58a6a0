"""The tasks, over Procrastinate's own in-memory connector: queued accounts become jobs, and a lost job is made anew."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import procrastinate
import pytest
from procrastinate.testing import InMemoryConnector

from groupadd import Status
from groupadd.config.sources import ConfigSource
from groupadd.drip import AsyncDrip, DripStatus
from groupadd.drip.store.accounts import enqueue_accounts, queued_accounts
from groupadd.drip.store.database import Ledger
from tests.support.crashing import Scene, people, scene, served

HUMANS = people(4)
AppOf: TypeAlias = Callable[..., procrastinate.App]


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Scene]:
    fresh = scene(f"sqlite:///{tmp_path / 'drip.db'}", "wasend")
    fresh.world.add_people(*HUMANS)
    with served(fresh):
        fresh.plan(HUMANS)
        yield fresh


@pytest.fixture
def app_of(it: Scene) -> Iterator[AppOf]:
    """Yield a function that returns an app with the tasks of a drip, and close the drips."""
    drips: list[AsyncDrip] = []

    def make(config: ConfigSource = None, stopping: asyncio.Event | None = None) -> procrastinate.App:
        drips.append(AsyncDrip(it.ledger, config or it.config))
        app = procrastinate.App(connector=InMemoryConnector())
        app.add_tasks_from(drips[-1].tasks(stopping=stopping), namespace="mine")
        return app

    yield make
    for drip in drips:
        asyncio.run(drip.close())


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


def enqueue(it: Scene) -> list[str]:
    with Ledger.open(it.ledger) as ledger:
        return list(enqueue_accounts(ledger))


def queued(it: Scene) -> list[str]:
    with Ledger.open(it.ledger) as ledger:
        return [one.provider for one in queued_accounts(ledger)]


def status(it: Scene) -> DripStatus:
    with it.open() as drip:
        return drip.status()


def test_a_queued_account_is_handed_out_and_run_to_its_end(it: Scene, app_of: AppOf) -> None:
    app = app_of()
    assert enqueue(it) == ["main"]
    sweep(app)
    stands = status(it)
    assert (stands.left, stands.counts) == (0, {Status.ADDED: 4})
    assert jobs(app) == [("mine:sweep", "succeeded"), ("mine:run_account", "succeeded")]
    assert queued(it) == []


def test_only_queued_accounts_are_run_and_one_without_people_to_do_leaves_the_queue(it: Scene, app_of: AppOf) -> None:
    app = app_of()
    sweep(app)
    assert not it.world.journal
    enqueue(it)
    sweep(app)
    more = people(6)
    it.world.add_people(*more[4:])
    it.plan(more)
    before = len(it.world.journal)
    sweep(app)
    assert len(it.world.journal) == before, "people who are planned later wait until the account is queued again"


def test_a_job_whose_end_was_never_written_down_is_given_up_and_handed_out_anew(it: Scene, app_of: AppOf) -> None:
    app = app_of()
    enqueue(it)

    async def lose_one() -> None:
        async with app.open_async():
            worker = await app.job_manager.register_worker()
            await app.tasks["mine:run_account"].configure(lock="groupadd main").defer_async(provider="main")
            assert await app.job_manager.fetch_job(queues=None, worker_id=worker)

    asyncio.run(lose_one())
    sweep(app)
    assert status(it).left == 0


def test_an_account_that_a_worker_does_not_know_is_stopped_with_the_reason(it: Scene, app_of: AppOf) -> None:
    config = {**it.config, "providers": {"other": it.config["providers"]["main"]}}
    app = app_of(config=config)
    enqueue(it)
    sweep(app, times=2)
    (account,) = status(it).accounts
    assert (account.state, it.world.journal) == ("stopped", [])
    assert "no such provider" in (account.why or "")
    assert account.how_to_go_on is not None
    assert [name for name, _ in jobs(app)] == ["mine:sweep", "mine:run_account", "mine:sweep"]


def test_jobs_of_a_worker_that_is_to_end_are_handed_back_without_an_add(it: Scene, app_of: AppOf) -> None:
    stopping = asyncio.Event()
    stopping.set()
    app = app_of(stopping=stopping)
    enqueue(it)
    sweep(app)
    assert not it.world.journal
    assert queued(it) == ["main"]
