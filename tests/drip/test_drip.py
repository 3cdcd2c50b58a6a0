"""The object: what it opens, and when; how it waits; what it refuses."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

import groupadd.drip
from groupadd import ConfigError
from groupadd.cli.drip.progress import Progress
from groupadd.cli.output import Output
from groupadd.config.load import load
from groupadd.drip import AsyncDrip, Drip, LedgerBusy, LedgerError
from groupadd.drip.store.accounts import enqueue_accounts
from groupadd.drip.store.database import Ledger, exclusive
from tests.support.trial import planned
from tests.support.virtual_time import GROUP, crowd

CONFIG: Mapping[str, object] = {"providers": {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}}
ROWS = [{"phone": "+12025550100"}]

BLOCKING: list[Callable[[Drip], object]] = [
    lambda drip: drip.run(),
    lambda drip: drip.watch(),
    lambda drip: drip.run_account("main", seconds=1),
    lambda drip: drip.enqueue_accounts(),
    lambda drip: drip.work(),
]


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'drip.db'}"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every engine that is made, and with every config that is read."""
    happened: list[str] = []

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **options: object) -> object:
            happened.append(name)
            return function(*args, **options)

        return call

    monkeypatch.setattr("groupadd.drip.store.database.create_engine", counting("engine", create_engine))
    monkeypatch.setattr("groupadd.drip.verbs.load", counting("config", load))
    return happened


def test_opening_makes_no_file_and_reads_no_config(tmp_path: Path) -> None:
    with groupadd.drip.open(url(tmp_path), tmp_path / "none.toml") as drip:
        assert drip.ledger == url(tmp_path)
        assert [*tmp_path.iterdir()] == []


def test_a_url_that_cannot_be_a_ledger_is_refused_at_once() -> None:
    for open_it in (groupadd.drip.open, groupadd.drip.open_async):
        with pytest.raises(LedgerError, match="URL cannot be used"):
            open_it("nonsense")


def test_one_engine_and_one_config_serve_a_drip_for_its_life(tmp_path: Path, counted: list[str]) -> None:
    with Drip(url(tmp_path), CONFIG) as drip:
        drip.plan(ROWS, group=GROUP)
        drip.pause()
        drip.resume()
        drip.status()
        progress = Progress(Output(), drip)
        for line in drip.audit():
            progress.on_line(line)
        drip.report(tmp_path / "page.html")
        drip.export(StringIO())
    assert sorted(counted) == ["config", "engine"]


def test_threads_share_a_drip_from_its_first_verb_on(tmp_path: Path, counted: list[str]) -> None:
    with Drip(url(tmp_path), CONFIG) as drip:
        drip.plan(ROWS, group=GROUP)
    counted.clear()
    with Drip(url(tmp_path), CONFIG) as drip, ThreadPoolExecutor(8) as pool:
        stands = [one.result() for one in [pool.submit(drip.status) for _ in range(32)]]
    assert {one.people for one in stands} == {1}
    assert counted.count("engine") == 1


def test_verbs_that_need_no_config_work_without_one(tmp_path: Path) -> None:
    with Drip(url(tmp_path), CONFIG) as drip:
        drip.plan(ROWS, group=GROUP)
    with Drip(url(tmp_path), tmp_path / "none.toml") as drip:
        drip.pause()
        drip.resume()
        drip.export(StringIO())
        assert drip.forget("+12025550100") == 1
        assert [line.event for line in drip.audit()] == ["planned", "stopped", "resumed", "forgotten"]
        with pytest.raises(ConfigError, match="no such file"):
            drip.status()


@pytest.mark.parametrize("call", BLOCKING)
def test_a_blocking_verb_in_an_event_loop_says_what_to_await(call: Callable[[Drip], object], tmp_path: Path) -> None:
    async def in_a_loop(drip: Drip) -> None:
        with pytest.raises(RuntimeError, match=r"Drip\.\w+\(\) blocks.*open_async.*await"):
            call(drip)

    with Drip(url(tmp_path), CONFIG) as drip:
        drip.plan(ROWS, group=GROUP)
        asyncio.run(in_a_loop(drip))


def test_a_closed_drip_opens_no_connection_again(tmp_path: Path) -> None:
    drip = Drip(url(tmp_path), CONFIG)
    drip.close()
    with pytest.raises(LedgerError, match="closed"):
        drip.plan(ROWS, group=GROUP)
    assert [*tmp_path.iterdir()] == []


def test_a_run_in_the_callers_event_loop_leaves_it_free(tmp_path: Path) -> None:
    trial = planned(tmp_path, crowd(3))
    seen: list[int] = []

    async def ask_while_it_runs(drip: AsyncDrip) -> None:
        while drip.status().left:
            seen.append(drip.status().left)
            await asyncio.sleep(5)

    async def both() -> None:
        async with trial.opened() as drip:
            await asyncio.gather(drip.run(), ask_while_it_runs(drip))

    trial.simulation.clock.run(both())
    assert {*seen} == {1, 2, 3}


def test_a_ledger_that_is_a_file_has_one_run_of_an_account(tmp_path: Path) -> None:
    planned(tmp_path, crowd(1))
    with Drip(url(tmp_path), CONFIG) as drip, Ledger.open(url(tmp_path)) as ledger, exclusive(ledger):
        for call in BLOCKING[:1] + BLOCKING[2:3]:
            with pytest.raises(LedgerBusy, match="another"):
                call(drip)


def test_watching_reports_each_new_line_and_ends_when_no_account_is_queued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupadd.drip.fleet.watch._EVERY_S", 0.01)
    shown: list[str] = []

    async def watched() -> None:
        async with groupadd.drip.open_async(url(tmp_path), CONFIG) as drip:
            watching = asyncio.create_task(drip.watch(on_line=lambda line: shown.append(line.event)))
            await asyncio.sleep(0)  # until it has read which lines were there before
            drip.pause()
            assert (await watching).left == 1

    with Drip(url(tmp_path), CONFIG) as drip, Ledger.open(url(tmp_path)) as ledger:
        drip.plan(ROWS, group=GROUP)
        assert drip.watch().left == 1
        enqueue_accounts(ledger)
    asyncio.run(watched())
    assert shown == ["stopped"]
