"""A ledger that cannot be used says so in clear words, and nothing is lost."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, update
from sqlalchemy.pool import Pool

from groupadd import Status, drip
from groupadd.drip.store.database import POSTGRES, Ledger, exclusive
from groupadd.drip.store.schema import VERSION, accounts
from tests.support.ledgers import KINDS, new_ledger
from tests.support.trial import Trial, planned
from tests.support.virtual_time import crowd, simulated

HOLDS_THE_LOCK = """
import sys, time
from groupadd.drip.store.database import Ledger, exclusive
with exclusive(Ledger.open(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_ledger_that_is_not_there_is_not_made_by_looking_at_it(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with drip.open(f"sqlite:///{path}") as opened, pytest.raises(drip.LedgerError, match="there is no ledger"):
        opened.pause()
    assert not path.exists()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", "sqlite:////"])
def test_a_url_that_cannot_be_a_ledger_is_refused(url: str) -> None:
    with pytest.raises(drip.LedgerError):
        Ledger.open(url).check()


@pytest.mark.parametrize(
    "place",
    [
        "u:s3cret@127.0.0.1:port/x",
        "u:an@s3cret@127.0.0.1/x",
        "u:s3cret@127.0.0.1:1/x",
        "u@127.0.0.1:1/x?password=s3cret",
    ],
)
def test_no_word_about_a_url_tells_its_password(place: str) -> None:
    with pytest.raises(drip.LedgerError) as caught:
        Ledger.open(f"postgresql+psycopg://{place}").check()
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("phone\n+12005550100\n" * 100)
    with pytest.raises(drip.LedgerError, match="not a database"):
        Ledger.open(f"sqlite:///{path}").check()


def test_a_newer_groupadds_ledger_is_left_alone(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1))
    with closing(sqlite3.connect(tmp_path / "drip.db")) as database, database:
        database.execute("UPDATE drip_schema SET version = ?", [VERSION + 1])
    with pytest.raises(drip.LedgerError, match="newer groupadd"):
        it.run()


def test_a_read_only_ledger_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1))
    it.ledger = f"sqlite:///file:{tmp_path / 'drip.db'}?mode=ro&uri=true"
    with pytest.raises(drip.LedgerError, match="readonly"):
        it.run()
    assert it.simulation.adds() == []


def test_a_full_disk_ends_the_run_and_loses_no_person(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(60), drip={"adds_per_day": 100, "rest_s": 0.0})

    def let_it_grow_no_more(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # the least that is allowed is what it has now

    event.listen(Pool, "checkout", let_it_grow_no_more)
    try:
        with pytest.raises(drip.LedgerError, match="full"):
            it.run()
    finally:
        event.remove(Pool, "checkout", let_it_grow_no_more)
    assert 0 < len(it.simulation.adds()) < 60
    assert it.run().counts == {Status.ADDED: 60}
    assert len(it.simulation.adds()) == 60


def test_a_second_runner_on_a_file_is_refused(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1))
    with Ledger.open(it.ledger) as ledger, exclusive(ledger), pytest.raises(drip.LedgerBusy, match="another"):
        it.run()
    assert it.run().left == 0


def test_the_lock_of_a_killed_runner_is_free(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'drip.db'}") as ledger:
        ledger.make()
        command = [sys.executable, "-c", HOLDS_THE_LOCK, ledger.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            with pytest.raises(drip.LedgerBusy), exclusive(ledger):
                pass
            child.kill()
        with exclusive(ledger):
            pass


@pytest.mark.postgres
def test_who_freezes_in_mid_transaction_is_cut_off_and_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POSTGRES, "options", "-c idle_in_transaction_session_timeout=300")
    people = crowd(1)
    it = Trial(simulated(people), tmp_path)
    with new_ledger("postgresql", tmp_path) as it.ledger:
        it.plan(people)

        def freeze() -> None:
            with Ledger.open(it.ledger) as ledger, ledger.writing() as tx:
                tx.execute(update(accounts).values(asked=7))
                with it.open() as other:
                    other.pause()  # waits for the row, which is free when the server cuts the first one off

        with pytest.raises(drip.LedgerError, match="idle-in-transaction"):
            freeze()
        with it.open() as other:
            (account,) = other.status().accounts
        assert account.state == "stopped"


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_plan_on_either_database(kind: str, tmp_path: Path) -> None:
    people = crowd(12)
    it = Trial(simulated(people, ["main", "backup"], vendor="wawp"), tmp_path)
    with new_ledger(kind, tmp_path) as it.ledger:
        it.plan(people)
        assert it.run().counts == {Status.ADDED: 12}
        assert [line.event for line in it.audit()].count("asking") == 12
        with it.open() as opened:
            assert opened.forget(f"+{people[0].phone}") == 1
        assert len(it.statuses()) == 11
        assert people[0].phone not in str([line.participant for line in it.audit()])
