"""One runner on a ledger that is a file: an exclusive lock that ends with its process, however that ends.

SQLite's own lock on a file beside the ledger: it works wherever the ledger itself does, on Windows too.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from groupadd.drip.ledger import LedgerBusy, LedgerError


@contextmanager
def only_runner(ledger_file: str) -> Iterator[None]:
    """Hold the lock of a ledger for the length of the block.

    Args:
        ledger_file: The ledger's own file.

    Raises:
        LedgerBusy: Another process holds it.
        LedgerError: The lock's file cannot be made.
    """
    path = f"{ledger_file}.lock"
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
