"""The ledger as a database: opening it, its transactions, its clock, and the lock of a file.

SQLite for one machine, PostgreSQL for many; the code is the same.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeAlias, TypeVar

from attrs import define, field
from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from groupadd.drip.store import migrations, schema
from groupadd.drip.store.clocks import DatabaseClock, FileClock
from groupadd.errors import LedgerBusy, LedgerError
from groupadd.model.masking import scrubbed
from groupadd.wire.driver import Clock

P = ParamSpec("P")
T = TypeVar("T")

Transaction: TypeAlias = Connection

DEFAULT_URL = "sqlite:///groupadd-drip.db"
_BUSY_S = 30.0  # how long a writer waits for another one
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


@define
class Ledger:
    """A ledger: one engine and one clock for as long as it is open.

    Attributes:
        name: Its URL, without a password.
        url: Its URL.
        file: The file that it is, or None for a server's database.
        clock: Its time, in seconds since 1970.
    """

    name: str
    url: str = field(repr=False)
    file: str | None
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
        place = _parsed(url)
        try:
            engine = create_engine(place, hide_parameters=True, **_arguments(place))
        except (ArgumentError, NoSuchModuleError) as error:
            raise LedgerError(f"the ledger's URL cannot be used: {scrubbed(str(error))}") from None
        except ImportError as error:
            missing = f"{error.name} is not installed: pip install 'groupadd[procrastinate]' brings psycopg"
            raise LedgerError(f"the ledger's URL cannot be used: {missing}") from None
        if _is_sqlite(place):
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)
        ours = FileClock() if _is_sqlite(place) else DatabaseClock()
        return cls(_without_password(place), url, _file(place), clock or ours, engine)

    @property
    def is_shared(self) -> bool:
        """Whether the ledger is on a server, where workers on many machines can share it."""
        return self.file is None

    def now(self) -> float:
        """Return the moment, in seconds since 1970."""
        return self.clock.now()

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
        with _only_runner(self.file), self._transaction() as tx:
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
            with self._engine.connect() if reads else self._engine.begin() as tx:
                if reads:
                    tx.execution_options(groupadd_reads=True)
                yield tx
        except SQLAlchemyError as error:
            why = f"the ledger {self.name} cannot be used: {_why(error)}"
            if self.is_shared and _has_no_connection(error):
                self._out_of_reach, self._again_at = why, time.monotonic() + REST_S
            raise LedgerError(why) from None

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
    with _only_runner(ledger.file):
        yield


@contextmanager
def _only_runner(ledger_file: str | None) -> Iterator[None]:
    """Hold an exclusive lock that ends with its process, however the process ends.

    It is SQLite's own lock on a file beside the ledger: it works wherever the ledger itself does, on Windows too.
    """
    if ledger_file is None:
        yield
        return
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


def is_shared(url: str) -> bool:
    """Return whether a ledger is on a server, where workers on many machines can share it."""
    return not _is_sqlite(_parsed(url))


def _version(tx: Transaction) -> int | None:
    has_tables = inspect(tx).has_table(schema.schema.name)
    return tx.scalar(select(schema.schema.c.version)) if has_tables else None


def _parsed(url: str) -> URL:
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerError(
            "the ledger's URL cannot be used: it must be such as postgresql+psycopg://user@host/name"
        ) from None
    if "@" in (place.host or ""):
        raise LedgerError("the ledger's URL cannot be used: an @ in a password is written as %40") from None
    return place


def _without_password(place: URL) -> str:
    hidden = {name: "***" for name in place.query if "pass" in name.lower()}
    return place.update_query_dict(hidden).render_as_string()


def _is_sqlite(place: URL) -> bool:
    return place.get_backend_name() == "sqlite"


def _file(place: URL) -> str | None:
    """Return the ledger's file; one that is named by a URI has its path in front of its query."""
    return (place.database or "").removeprefix("file:") if _is_sqlite(place) else None


def _arguments(place: URL) -> Mapping[str, Any]:
    if _is_sqlite(place):
        return {"connect_args": {"timeout": _BUSY_S}}
    if place.get_backend_name() == "postgresql":
        return {"connect_args": POSTGRES, "pool_pre_ping": True}
    raise LedgerError("a ledger is kept by SQLite (sqlite:///file.db) or PostgreSQL (postgresql+psycopg://…)")


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    """Take transactions into our own hands; a power cut loses no committed step."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_begin(connection: Connection) -> None:
    """Begin as a writer at once: SQLite may refuse a reader that becomes a writer half-way, without having waited."""
    reads = connection.get_execution_options().get("groupadd_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _has_no_connection(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError) and (error.connection_invalidated or error.statement is None)


def _why(error: SQLAlchemyError) -> str:
    """Return in one line what the database reports, without a phone number."""
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    first = lines[0] if lines else type(error).__name__
    holds_no_row = isinstance(error, OperationalError)  # about a connection, a lock, a disk; addresses may be in it
    return first if holds_no_row else scrubbed(first)
