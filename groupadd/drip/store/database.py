"""The ledger as a database: opening it, its transactions, its clock, and the lock of a file.

SQLite for one machine, PostgreSQL for many; the code is the same.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeAlias, TypeVar

from attrs import define, field
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, insert, inspect, select, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from groupadd.drip.store import migrations, schema
from groupadd.drip.store.clocks import DatabaseClock, FileClock, Settable
from groupadd.drip.store.codec import UnusableValue, json_value
from groupadd.drip.store.forks import FORKS
from groupadd.drip.store.lock import only_runner
from groupadd.drip.store.place import Place
from groupadd.errors import LedgerError
from groupadd.model.masking import scrubbed
from groupadd.wire.driver import Clock
from groupadd.wire.messages import log

P = ParamSpec("P")
T = TypeVar("T")

Transaction: TypeAlias = Connection

DEFAULT_URL = "sqlite:///groupadd-drip.db"
_BUSY_S = 30.0  # how long a writer waits for another one
_READER_MS = 2000  # how long a reader is waited for that keeps deleted rows in the file
_REFUSED = (ValueError, OverflowError)  # how drivers refuse a value
REST_S = 2.0  # how long a server out of reach is not tried again: each account's try would delay all others
POSTGRES: dict[str, object] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # a network that is cut reports nothing: give up on it, too
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    # The server cuts off a process that freezes in mid-transaction, so that its locks delay no other.
    "options": "-c idle_in_transaction_session_timeout=10000 -c lock_timeout=20000",
}


@define(eq=False)
class Ledger:
    """A ledger: one engine and one clock for as long as it is open. A forked process opens connections of its own.

    Attributes:
        url: Its URL.
        place: Where it is.
        clock: Its time, in seconds since 1970.
    """

    url: str = field(repr=False)
    place: Place
    clock: Clock
    _engine: Engine = field(repr=False)
    _is_checked: bool = field(default=False, init=False)
    _checking: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _out_of_reach: str | None = field(default=None, init=False)
    _again_at: float = field(default=0.0, init=False)

    @classmethod
    def open(cls, url: str = DEFAULT_URL, *, clock: Clock | None = None) -> Self:
        """Return the ledger at a URL. Nothing is connected to, and no file is made, before the first transaction.

        Args:
            url: A SQLAlchemy URL of SQLite or PostgreSQL.
            clock: The time, in seconds since 1970; left out: this machine's for a file, else the server's.

        Raises:
            LedgerError: The URL cannot be used.
        """
        place = Place.parse(url)
        ours = DatabaseClock() if place.file is None else FileClock()
        ledger = cls(url, place, clock or ours, _engine(place))
        FORKS.holders.add(ledger)
        return ledger

    @property
    def name(self) -> str:
        """Its URL, without a password."""
        return self.place.name

    @property
    def file(self) -> str | None:
        """The file that it is, or None for a server's database."""
        return self.place.file

    @property
    def files(self) -> Sequence[str]:
        """The files that a ledger on this machine consists of, whether or not they are there."""
        return self.place.files

    @property
    def is_shared(self) -> bool:
        """Whether the ledger is on a server, where workers on many machines can share it."""
        return self.file is None

    def now(self) -> float:
        """Return the moment, in seconds since 1970."""
        return self.clock.now()

    @property
    def clock_moved_s(self) -> float:
        """By how many seconds the clock was set forward since the ledger was opened; below 0: back."""
        return self.clock.moved_s if isinstance(self.clock, Settable) else 0.0

    def make(self, *, migrate: bool = False) -> None:
        """Make the tables where there are none. An older ledger that is a file is brought up to date.

        Args:
            migrate: Bring a server's older ledger up to date, too. Workers of an older groupadd cannot use it any more.

        Raises:
            LedgerBusy: Another run works on an older ledger that is a file.
            LedgerError: The ledger cannot be used.
        """
        with self._checking:
            self._prepare(make=True, migrate=migrate)

    def check(self) -> None:
        """Make sure, once, that there are tables of our version. An older ledger that is a file is brought up to date.

        Raises:
            LedgerBusy: Another run works on an older ledger that is a file.
            LedgerError: There is no ledger, or it cannot be used.
        """
        if self._is_checked:
            return
        with self._checking:
            if not self._is_checked:
                self._prepare(make=False)

    def _prepare(self, *, make: bool, migrate: bool = False) -> None:
        if self.file is not None and not make and not Path(self.file).exists():
            raise LedgerError(f"there is no ledger at {self.file}: `groupadd drip plan` makes one")
        if make:
            self.place.make_file()
        with self._transaction(reads=True) as tx:
            self.sync_clock(tx)
            version = _version(tx)
        if version is None:
            if not make:
                raise LedgerError(f"{self.name} holds no plan: `groupadd drip plan` makes one")
            self._create()
        elif version > schema.VERSION:
            known = f"schema {version}; this one knows {schema.VERSION}"
            raise LedgerError(f"a newer groupadd made {self.name} ({known}): update groupadd")
        elif version < schema.VERSION:
            if self.is_shared and not migrate:
                raise LedgerError(f"an older groupadd made {self.name}: `groupadd drip init` brings it up to date")
            self._migrate()
        self._is_checked = True

    def _create(self) -> None:
        with self._transaction() as tx:
            self.lock(tx)
            schema.metadata.create_all(tx)
            if _version(tx) is None:
                tx.execute(insert(schema.schema).values(version=schema.VERSION))

    def _migrate(self) -> None:
        with only_runner(self.file), self._transaction() as tx:
            self.lock(tx)
            migrations.migrate(tx, since=_version(tx) or 0)

    def lock(self, tx: Transaction) -> None:
        """Wait until no other transaction makes tables; a file has one writer anyway."""
        if self.is_shared:
            tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('groupadd'))"))

    def sync_clock(self, tx: Transaction) -> None:
        """Set the clock by the database's, where that is the ledger's."""
        if isinstance(self.clock, DatabaseClock):
            self.clock.set(float(tx.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0))

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Begin a transaction that writes; the end of the block commits it, an exception rolls it back.

        Raises:
            LedgerError: The database refuses, or holds no ledger of ours.
        """
        self.check()
        with self._transaction() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Begin a transaction that only reads.

        Raises:
            LedgerError: The database refuses, or holds no ledger of ours.
        """
        self.check()
        with self._transaction(reads=True) as tx:
            yield tx

    async def read(self, query: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query in a transaction that only reads, and return its value.

        Raises:
            LedgerError: The database refuses.
        """
        with self.reading() as tx:
            return query(tx, *args, **kwargs)

    async def write(self, change: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change in a transaction of its own, and return its value once it is committed.

        Raises:
            LedgerError: The database refuses.
        """
        with self.writing() as tx:
            return change(tx, *args, **kwargs)

    @contextmanager
    def _transaction(self, *, reads: bool = False) -> Iterator[Transaction]:
        if self._out_of_reach is not None and time.monotonic() < self._again_at:
            raise LedgerError(self._out_of_reach)
        try:
            with FORKS.excluded(), self._connected() as connection:
                if reads:
                    connection.execution_options(groupadd_reads=True)
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            why = f"the ledger {self.name} cannot be used: {_why(error)}"
            if self.is_shared and _has_no_connection(error):
                self._out_of_reach, self._again_at = why, time.monotonic() + REST_S
            raise (UnusableValue if isinstance(error, DataError) else LedgerError)(why) from None

    def _connected(self) -> Connection:
        try:
            return self._engine.connect()
        except OperationalError as error:
            if not _is_at_rest_in_read_only_folder(self.place, error):
                raise
            self._engine = _engine(self.place.unchanging)
            return self._engine.connect()
        except (OSError, TypeError, ValueError) as error:  # an option of the URL, or a folder that was deleted
            raise LedgerError(f"the ledger {self.name} cannot be used: {scrubbed(str(error))}") from None

    def erase_deleted(self) -> None:
        """Rewrite a ledger that is a file, so that nothing of what was deleted stays in it or beside it.

        Raises:
            LedgerError: The file cannot be rewritten.
        """
        if self.file is None:
            return
        try:
            with FORKS.excluded(), closing(self._engine.raw_connection()) as connection:
                connection.detach()  # it is closed at the end
                cursor = connection.cursor()
                cursor.execute("VACUUM")
                cursor.execute(f"PRAGMA busy_timeout = {_READER_MS}")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                ((is_read, *_),) = cursor.fetchall()
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise LedgerError(f"deleted, but {self.file} still holds it, and cannot be rewritten: {error}") from None
        if is_read:
            log.warning(
                "a program that reads %s keeps what was deleted in it: when it has ended, forget again", self.file
            )

    def before_fork(self) -> None:
        """Close every idle connection; one of a transaction under way stays, and stays in the pool."""
        self._engine.pool.dispose()

    def after_fork(self) -> None:
        """Forget, in the new process, every connection and lock of the old one."""
        self._engine.dispose(close=False)
        self._checking, self._out_of_reach = threading.Lock(), None

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def exclusive(ledger: Ledger) -> Iterator[None]:
    """Be the only runner of a ledger that is a file, for the length of the block. A server's leases do without.

    Raises:
        LedgerBusy: Another process runs the ledger.
        LedgerError: There is no ledger, or the lock's file cannot be made.
    """
    ledger.check()  # no lock beside a file that is not there
    with only_runner(ledger.file):
        yield


def _version(tx: Transaction) -> int | None:
    has_tables = inspect(tx).has_table(schema.schema.name)
    return tx.scalar(select(schema.schema.c.version)) if has_tables else None


def _engine(place: Place) -> Engine:
    """Return an engine for a place.

    Raises:
        LedgerError: The URL cannot be used.
    """
    try:
        engine = create_engine(place.url, hide_parameters=True, json_deserializer=json_value, **_arguments(place))
    except (ArgumentError, NoSuchModuleError, OSError, TypeError, ValueError) as error:
        raise LedgerError(f"the ledger's URL cannot be used: {scrubbed(str(error))}") from None
    except ImportError as error:
        missing = f"{error.name} is not installed: pip install 'groupadd[procrastinate]' brings psycopg"
        raise LedgerError(f"the ledger's URL cannot be used: {missing}") from None
    event.listen(engine, "handle_error", _on_error)
    if place.file is not None:
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    return engine


def _arguments(place: Place) -> Mapping[str, Any]:
    if place.file is not None:
        return {"connect_args": {"timeout": _BUSY_S}}
    return {"connect_args": POSTGRES, "pool_pre_ping": True}


def _on_error(context: ExceptionContext) -> Exception | None:
    """Return what to raise for a value that the driver refuses before the database sees it; None for other errors."""
    error = context.original_exception
    return UnusableValue(f"a value cannot be stored ({type(error).__name__})") if isinstance(error, _REFUSED) else None


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    """Take transactions into our own hands; a power cut loses no committed step."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # most builds of SQLite leave what is deleted in the file


def _on_begin(connection: Connection) -> None:
    """Begin as a writer at once: SQLite may refuse a reader that becomes a writer half-way, without having waited."""
    reads = connection.get_execution_options().get("groupadd_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _is_at_rest_in_read_only_folder(place: Place, error: OperationalError) -> bool:
    """Return whether a ledger can be read all the same: SQLite would write beside it, and no process uses it."""
    is_read_only = getattr(error.orig, "sqlite_errorname", None) == "SQLITE_READONLY_DIRECTORY"
    return is_read_only and not any(Path(beside).exists() for beside in place.files[1:])


def _has_no_connection(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError) and (error.connection_invalidated or error.statement is None)


def _why(error: SQLAlchemyError) -> str:
    """Return in one line what the database reports, without a phone number."""
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    first = lines[0] if lines else type(error).__name__
    holds_no_row = isinstance(error, OperationalError)  # about a connection, a lock, a disk; addresses may be in it
    return first if holds_no_row else scrubbed(first)
