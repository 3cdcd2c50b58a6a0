"""The lock of a ledger that is a file: one process runs it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from groupadd.drip.store.place import LOCK, make_file
from groupadd.errors import LedgerBusy, LedgerError


@contextmanager
def only_runner(ledger_file: str | None) -> Iterator[None]:
    """Hold an exclusive lock that ends with its process, however the process ends.

    It is SQLite's own lock on a file beside the ledger: it works wherever the ledger itself does, on Windows too.
    """
    if ledger_file is None:
        yield
        return
    path = f"{ledger_file}{LOCK}"
    make_file(path)
    try:
        connection = sqlite3.connect(path, timeout=0.0, isolation_level=None)
    except sqlite3.Error as error:
        raise LedgerError(f"{path} cannot be made: {error}") from None
    with closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise LedgerError(f"{path} cannot be locked: {error}") from None
            raise LedgerBusy(f"another `groupadd drip run` works on {ledger_file}: let it, or end it first") from None
        yield
