"""A ledger that another program has written in: every verb works, or says that a value cannot be read."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from groupadd import GroupAddError
from groupadd.drip import Drip
from groupadd.drip.store.schema import metadata
from groupadd.sandbox import Privacy
from tests.support.trial import Trial, planned
from tests.support.virtual_time import crowd, simulated

COLUMNS = [(table.name, column.name) for table in metadata.sorted_tables for column in table.columns]
VALUES: list[object] = ["no word", b"\xff\x00", 9e307, -(2**62), "[]", '{"v": 1, "value": [[7]]}', "\x1b]0;title\x07"]
VERBS: Mapping[str, Callable[[Drip, Path], object]] = {
    "status": lambda drip, _: drip.status(),
    "audit": lambda drip, _: [*drip.audit()],
    "export": lambda drip, _: drip.export(StringIO()),
    "report": lambda drip, folder: drip.report(folder / "page.html"),
    "plan": lambda drip, _: drip.plan([{"phone": "+12025550199"}], group="120363000000000042@g.us"),
    "pause": lambda drip, _: drip.pause(),
    "resume": lambda drip, _: drip.resume(),
    "retry": lambda drip, _: drip.retry("privacy"),
    "forget": lambda drip, _: drip.forget("+12005550100"),
}


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk() -> Iterator[None]:
    def trust(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Pool, "checkout", trust)
    yield
    event.remove(Pool, "checkout", trust)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger with people in several states."""
    folder = tmp_path_factory.mktemp("whole")
    trial = planned(folder, crowd(4, lambda n: Privacy.CONTACTS_ONLY if n == 1 else Privacy.OPEN))
    trial.run(until=lambda line: line.event == "settled" and line.participant != "12005550100@s.whatsapp.net")
    return folder / "drip.db"


def tamper(ledger: Path, table: str, column: str, value: object) -> None:
    with suppress(sqlite3.IntegrityError), sqlite3.connect(ledger) as database:  # SQLite checks the type of an id
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(f'UPDATE OR IGNORE {table} SET "{column}" = ?', [value])
    database.close()


def try_verb(call: Callable[[], object]) -> None:
    """Call a verb, which works or raises an error of ours."""
    with suppress(GroupAddError):
        call()


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_value_that_another_program_wrote_is_no_fault_of_ours(
    table: str, column: str, whole: Path, tmp_path: Path
) -> None:
    trial = Trial(simulated(crowd(4)), tmp_path)
    for value in VALUES:
        shutil.copy(whole, tmp_path / "drip.db")
        tamper(tmp_path / "drip.db", table, column, value)
        with trial.open() as drip:
            for verb in VERBS.values():
                try_verb(partial(verb, drip, tmp_path))
        shutil.copy(whole, tmp_path / "drip.db")
        tamper(tmp_path / "drip.db", table, column, value)
        try_verb(lambda: trial.run_cut_off_after(300))
