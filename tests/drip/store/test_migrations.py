"""A ledger of an older schema, in the middle of a plan, goes on and ends with true verdicts."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from groupadd.drip.store import migrations
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.migrations import to_2
from groupadd.drip.store.schema import VERSION
from groupadd.errors import LedgerBusy, LedgerError
from groupadd.sandbox import Privacy
from tests.support.ledgers import KINDS, new_ledger
from tests.support.trial import Trial
from tests.support.virtual_time import GROUP, crowd, simulated

SCRIPT = (Path(__file__).parent / "version_1.sql").read_text("utf-8")
REFUSE = {1, 4, 7, 8}
IN_THE_GROUP = {0, 2, 3, 5, 6, 9}
PEOPLE = crowd(14, lambda n: Privacy.CONTACTS_ONLY if n in REFUSE else Privacy.OPEN)
ROWS = {0: 0, 1: 1, 2: 2, 4: 3, 6: 4, 7: 5, 8: 6, 9: 7, 10: 8, 11: 9, 12: 10, 13: 11, 14: 12, 15: 13}  # of the people


def write_version_1(url: str) -> None:
    """Make a ledger of schema 1 at a URL."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(file_of(url))) as connection:
            connection.executescript(SCRIPT.replace("SERIAL", "INTEGER").replace("DOUBLE PRECISION", "DOUBLE"))
        return
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.exec_driver_sql(SCRIPT)
        for table in ("drip_people", "drip_sheets", "drip_audit"):
            tx.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
    engine.dispose()


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


@pytest.fixture(params=KINDS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trial]:
    """Yield a ledger of schema 1, and the world that it is about."""
    scene = simulated(PEOPLE, ["main", "backup"], vendor="wawp", add={"invite": "link"}, drip={"jitter": 0.0})
    for n in IN_THE_GROUP:
        scene.world.join(GROUP, PEOPLE[n].phone)
    scene.clock.sleep(70.0)
    trial = Trial(scene, tmp_path)
    with new_ledger(request.param, tmp_path) as trial.ledger:
        write_version_1(trial.ledger)
        yield trial


def migrate(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.make(migrate=True)


def test_a_plan_of_schema_1_goes_on_and_ends_with_true_verdicts(old: Trial) -> None:
    migrate(old.ledger)
    assert old.run().left == 0
    statuses = old.statuses()
    for row, n in ROWS.items():
        is_in = old.simulation.world.is_member(GROUP, PEOPLE[n].phone)
        assert is_in == (n not in REFUSE)
        assert statuses[row].split(",")[1] == ("added" if is_in else "not_added" if n == 8 else "invited"), n
    assert statuses[3] == "Ann again,added,duplicate,observed"
    assert statuses[5].startswith("Bad,,'12 34' has 4 digits")
    assert Counter(phone for _, phone in old.simulation.adds()) == Counter(PEOPLE[n].phone for n in (10, 11, 12, 13))
    assert Counter(old.simulation.invitations()) == Counter(PEOPLE[n].phone for n in (4, 7)), "8 may have an invitation"


def test_what_is_planned_after_a_migration_is_added_too(old: Trial) -> None:
    migrate(old.ledger)
    later = crowd(15)[14:]
    old.simulation.world.add_people(*later)
    assert old.plan([*PEOPLE[:2], *later]).people == 1
    assert old.run().left == 0
    assert old.statuses()[-1].startswith(",added")


def test_a_migrated_ledger_has_the_tables_of_a_new_one(old: Trial, tmp_path: Path) -> None:
    migrate(old.ledger)
    kind = "sqlite" if old.ledger.startswith("sqlite") else "postgresql"
    (tmp_path / "new").mkdir()
    with new_ledger(kind, tmp_path / "new") as new:
        migrate(new)
        assert tables(old.ledger) == tables(new)


def tables(url: str) -> object:
    """Return every table with its columns and indexes."""
    engine = create_engine(url)
    found = inspect(engine)
    described = {
        table: (
            {one["name"]: (str(one["type"]), one["nullable"]) for one in found.get_columns(table)},
            {one["name"]: (one["column_names"], one["unique"], condition(one)) for one in found.get_indexes(table)},
        )
        for table in found.get_table_names()
    }
    engine.dispose()
    return described


def condition(index: Mapping[str, Any]) -> list[str]:
    """Return what restricts an index to some rows."""
    options = [value for key, value in index.items() if key.endswith("_options")]
    return [str(value) for one in options for key, value in one.items() if key.endswith("_where")]


def test_a_migrated_ledger_is_left_as_it_is(old: Trial) -> None:
    migrate(old.ledger)
    rows = old.exported()
    migrate(old.ledger)
    assert old.exported() == rows
    assert len(rows) == 16


def test_a_migration_that_fails_changes_nothing(old: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(tx: Transaction) -> None:
        to_2.migrate(tx)
        raise LedgerError("the disk is full")

    monkeypatch.setattr(migrations, "SCRIPTS", {2: fail})
    with pytest.raises(LedgerError, match="the disk is full"):
        migrate(old.ledger)
    monkeypatch.undo()
    migrate(old.ledger)
    assert old.run().left == 0


@pytest.mark.parametrize("old", ["sqlite"], indirect=True)
def test_a_file_is_migrated_when_it_is_opened(old: Trial) -> None:
    with old.open() as drip:
        assert drip.status().people == 14
    assert version_of(old) == VERSION


@pytest.mark.postgres
@pytest.mark.parametrize("old", ["postgresql"], indirect=True)
def test_a_servers_ledger_is_migrated_by_init_alone(old: Trial) -> None:
    with old.open() as drip, pytest.raises(LedgerError, match="`groupadd drip init` brings it up to date"):
        drip.status()
    with old.open() as drip:
        drip.init()
        assert drip.status().people == 14


@pytest.mark.parametrize("old", ["sqlite"], indirect=True)
def test_a_file_is_not_migrated_under_a_run_of_an_older_groupadd(old: Trial) -> None:
    with closing(sqlite3.connect(f"{file_of(old.ledger)}.lock", isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        with old.open() as drip, pytest.raises(LedgerBusy, match="another `groupadd drip run`"):
            drip.status()
        assert version_of(old) == 1
    assert old.run().left == 0


def version_of(old: Trial) -> int:
    with closing(sqlite3.connect(file_of(old.ledger))) as database:
        (version,) = database.execute("SELECT version FROM drip_schema").fetchone()
        return int(version)
