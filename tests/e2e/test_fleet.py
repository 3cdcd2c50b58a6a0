"""Workers on one ledger are killed, frozen, cut off from the database: no person is lost, or added twice unseen."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from groupadd.drip import Drip, LedgerError
from groupadd.drip.store import database
from groupadd.drip.store.database import Ledger
from groupadd.sandbox import config_toml
from tests.support.fleet import Fleet
from tests.support.ledgers import POSTGRES, new_ledger

pytestmark = pytest.mark.postgres
QUICK = {"run_s": 3.0, "sweep_s": 1, "heartbeat_s": 0.3, "stalled_s": 1.5}
LEASE_S = 1.5
ACCOUNTS, EACH = 6, 10


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with (
        new_ledger("postgresql", tmp_path) as ledger,
        Fleet.of(
            ledger,
            ACCOUNTS,
            EACH,
            adds_per_minute=200.0,
            jitter=0.0,
            timing=QUICK,
            lease_s=LEASE_S,
            timeout_s=1.0,
        ) as it,
    ):
        yield it


@contextmanager
def no_database(ledger: str) -> Iterator[None]:
    """Cut everybody off from the database, as a server does that is restarted."""
    assert POSTGRES
    name = make_url(ledger).database
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as server:
        server.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        server.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
        )
        yield
        server.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    engine.dispose()


def test_workers_that_die_freeze_or_lose_the_database_lose_no_person_and_ask_for_none_twice(fleet: Fleet) -> None:
    fleet.start("one", "two", "three")
    fleet.enqueue()
    fleet.wait_for(lambda: fleet.adds() >= 6, "the beginning")
    fleet.workers["one"].kill()
    frozen = fleet.freeze_in_mid_call("two")
    assert frozen.wait(30)
    time.sleep(4 * LEASE_S)
    fleet.workers["two"].send_signal(signal.SIGCONT)
    before = fleet.adds()
    fleet.wait_for(lambda: fleet.adds() > before, "an add after the freeze")
    with no_database(fleet.ledger):
        time.sleep(1.0)
        during = fleet.adds()
        time.sleep(2.0)
        assert fleet.adds() == during, "something was sent without the database"
    fleet.wait_for(lambda: not fleet.left(), "the end")
    found = fleet.holds()
    assert found.total() - found["again"] == ACCOUNTS * EACH
    for name in ("two", "three"):
        fleet.workers[name].send_signal(signal.SIGTERM)
    assert [fleet.workers[name].wait(30) for name in ("two", "three")] == [0, 0]


def test_no_add_is_sent_before_accounts_are_queued_and_paused_accounts_wait_for_resume(fleet: Fleet) -> None:
    fleet.start("one")
    time.sleep(3.0)
    assert fleet.adds() == 0
    fleet.enqueue()
    fleet.wait_for(lambda: fleet.adds() > 0, "the first add")
    with fleet.open() as drip:
        drip.pause()
    fleet.wait_for(lambda: {one.state for one in fleet.status().accounts} == {"stopped"}, "the pause")
    time.sleep(1.5)
    before = fleet.adds()
    time.sleep(2.0)
    assert fleet.adds() == before
    with fleet.open() as drip:
        drip.resume()
    fleet.wait_for(lambda: not fleet.left(), "the end")
    fleet.holds()


def test_a_server_out_of_reach_is_left_alone_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "REST_S", 3600.0)
    with new_ledger("postgresql", tmp_path) as url, Ledger.open(url) as ledger:
        ledger.make()
        with no_database(url), pytest.raises(LedgerError, match="accepting"), ledger.reading() as tx:
            tx.execute(text("SELECT 1"))
        with pytest.raises(LedgerError, match="accepting"), ledger.reading():
            pytest.fail("every account would try, and hold up all others")


def test_preparing_twice_changes_nothing_and_workers_want_it_done(tmp_path: Path) -> None:
    config = {"providers": {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}}
    with new_ledger("postgresql", tmp_path) as url, Drip(url, config) as drip:
        with Ledger.open(url) as ledger:
            ledger.make()
        with pytest.raises(LedgerError, match="drip init"):
            drip.work()
        for _ in range(2):
            drip.init()
            assert drip.enqueue_accounts() == []


def test_workers_want_a_ledger_that_can_be_shared(tmp_path: Path) -> None:
    config = {"providers": {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}}
    with Drip(f"sqlite:///{tmp_path / 'drip.db'}", config) as drip:
        drip.init()
        for verb in (drip.work, drip.enqueue_accounts):
            with pytest.raises(LedgerError, match="PostgreSQL"):
                verb()


def test_the_command_line_prepares_orders_works_and_watches(fleet: Fleet, tmp_path: Path) -> None:
    config = tmp_path / "groupadd.toml"
    written = fleet.config("one")
    tables = {"add": written["add"], "drip": written["drip"]}
    rest = "".join(f"[{name}]\n{_toml(table)}\n" for name, table in tables.items())
    config.write_text(f"{config_toml(written['providers'])}\n{rest}")

    def groupadd(*words: str) -> list[str]:
        return [sys.executable, "-m", "groupadd", "drip", *words, "--ledger", fleet.ledger]

    def ended(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(groupadd(*words), check=False, capture_output=True, text=True, timeout=90)

    assert "is ready" in ended("init").stdout
    worker = subprocess.Popen(groupadd("work", "--config", str(config)), stderr=subprocess.PIPE, text=True)
    seen = ended("run", "--config", str(config))
    worker.send_signal(signal.SIGTERM)
    _, stderr = worker.communicate(timeout=60)
    found = fleet.holds()
    assert (worker.returncode, fleet.left()) == (0, 0)
    assert seen.returncode == (1 if found["not_added"] else 0)
    assert "Queued 6 accounts" in seen.stderr
    assert "added" in seen.stderr, "what happens is shown while it does"
    assert "added" in stderr
    assert "Traceback" not in stderr + seen.stderr


def _toml(table: Mapping[str, object]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
