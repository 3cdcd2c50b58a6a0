"""The ledger: a database in which every person of a plan is a row, and every step a line of the audit.

SQLite for one machine, PostgreSQL for many; the code is the same.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from attrs import define, field, frozen
from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from groupadd.drip import schema
from groupadd.drip.clocks import DatabaseClock, FileClock
from groupadd.errors import GroupAddError
from groupadd.model.masking import repr_masked, scrubbed
from groupadd.wire.driver import Clock

DEFAULT = "sqlite:///groupadd-drip.db"
_BUSY_S = 30.0  # how long a writer waits for another one
REST_S = 2.0  # for so long a server out of reach is not asked again: each account's try would hold up all others
POSTGRES: dict[str, object] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # a network that is cut says nothing: give up on it, too
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    # Whoever freezes in mid-transaction is cut off, so that nobody waits for what they hold.
    "options": "-c idle_in_transaction_session_timeout=10000 -c lock_timeout=20000",
}


class LedgerError(GroupAddError):
    """The ledger cannot be used: it is missing, read-only, full, out of reach, or a newer groupadd's."""


class LedgerBusy(LedgerError):
    """Somebody else works on the ledger, or on this account of it."""


@frozen
class AuditLine:
    """One line of the audit: something that happened, in the transaction that made it so.

    Attributes:
        at: When, in UTC.
        provider: The account, by its configured name; None for what concerns no account.
        group: The group's JID, or None.
        participant: The person's canonical JID, or None.
        event: What happened, such as `asking`, `answered`, `settled`, `stopped`.
        rule: The rule by which it happened.
        detail: What the provider said, or what was seen.
    """

    at: datetime
    provider: str | None
    group: str | None = field(repr=repr_masked)
    participant: str | None = field(repr=repr_masked)
    event: str
    rule: str
    detail: str = field(repr=False)

    def as_dict(self) -> dict[str, str | None]:
        """Return the line as JSON values; the time is ISO 8601."""
        return {
            "at": self.at.isoformat(),
            "provider": self.provider,
            "group": self.group,
            "participant": self.participant,
            "event": self.event,
            "rule": self.rule,
            "detail": self.detail,
        }


@define
class Ledger:
    """An open ledger.

    Attributes:
        name: Its URL, without a password.
        file: The file that it is, or None for a server's database.
        clock: Its time.
    """

    name: str
    file: str | None
    clock: Clock
    _engine: Engine = field(repr=False)
    _out_of_reach: str | None = field(default=None, init=False)
    _again_at: float = field(default=0.0, init=False)

    @classmethod
    def open(cls, url: str = DEFAULT, *, make: bool = False, clock: Clock | None = None) -> Self:
        """Open a ledger.

        Args:
            url: A SQLAlchemy URL of SQLite or PostgreSQL.
            make: Make it where there is none.
            clock: Time itself, in seconds since 1970, for tests.

        Raises:
            LedgerError: There is none, or it cannot be used.
        """
        place = _parsed(url)
        try:
            engine = create_engine(place, hide_parameters=True, **_arguments(place, make=make))
        except (ArgumentError, NoSuchModuleError) as error:
            raise LedgerError(f"the ledger's URL cannot be used: {scrubbed(str(error))}") from None
        except ImportError as error:
            missing = f"{error.name} is not installed: pip install 'groupadd[procrastinate]' brings psycopg"
            raise LedgerError(f"the ledger's URL cannot be used: {missing}") from None
        if _is_sqlite(place):
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)
        ours = FileClock() if _is_sqlite(place) else DatabaseClock()
        ledger = cls(_shown(place), _file(place), clock or ours, engine)
        ledger._prepare(make=make)
        return ledger

    def _prepare(self, *, make: bool) -> None:
        with self.reading() as tx:
            self.set_clock(tx)
            found = inspect(tx).has_table(schema.schema.name)
            version = tx.scalar(select(schema.schema.c.version)) if found else None
        if version is not None and version > schema.VERSION:
            raise LedgerError(
                f"{self.name} was made by a newer groupadd (schema {version}; this one knows {schema.VERSION}): "
                "update groupadd"
            )
        if version is None and not make:
            raise LedgerError(f"{self.name} holds no plan: `groupadd drip plan` makes one")
        if version is None:
            with self.writing() as tx:
                self.lock(tx)
                schema.metadata.create_all(tx)
                if tx.scalar(select(schema.schema.c.version)) is None:
                    tx.execute(insert(schema.schema).values(version=schema.VERSION))

    def lock(self, tx: Connection) -> None:
        """Hold that nobody else makes tables at the same time; a file has one writer anyway."""
        if self.file is None:
            tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('groupadd'))"))

    def set_clock(self, tx: Connection) -> None:
        """Set the clock by the database's, where that is the ledger's."""
        if isinstance(self.clock, DatabaseClock):
            self.clock.set(float(tx.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that writes; it is committed at the end of the block, or not at all.

        Raises:
            LedgerError: The database refuses.
        """
        with self._told(), self._engine.begin() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a transaction that only reads.

        Raises:
            LedgerError: The database refuses.
        """
        with self._told(), self._engine.connect() as tx:
            tx.execution_options(groupadd_reads=True)
            yield tx

    @contextmanager
    def _told(self) -> Iterator[None]:
        if self._out_of_reach is not None and time.monotonic() < self._again_at:
            raise LedgerError(self._out_of_reach)
        try:
            yield
        except SQLAlchemyError as error:
            told = f"the ledger {self.name} cannot be used: {_why(error)}"
            if self.file is None and _has_no_connection(error):
                self._out_of_reach, self._again_at = told, time.monotonic() + REST_S
            raise LedgerError(told) from None

    def note(
        self,
        tx: Connection,
        event: str,
        rule: str,
        detail: str = "",
        *,
        provider: str | None = None,
        group: str | None = None,
        participant: str | None = None,
    ) -> AuditLine:
        """Write a line of the audit, in the transaction of what it tells of."""
        at = self.clock.now()
        about = {"provider": provider, "group_jid": group, "participant": participant}
        tx.execute(_NOTE, {"at": at, **about, "event": event, "rule": rule, "detail": detail})
        return AuditLine(datetime.fromtimestamp(at, UTC), provider, group, participant, event, rule, detail)

    def lines(self, tx: Connection, *, after: int = 0) -> Iterator[tuple[int, AuditLine]]:
        """Yield the lines of the audit and their numbers, in order.

        Args:
            tx: The transaction.
            after: The number after which to begin.
        """
        of = schema.audit.c
        columns = (of.id, of.at, of.provider, of.group_jid, of.participant, of.event, of.rule, of.detail)
        query = select(*columns).where(of.id > after).order_by(of.id).execution_options(yield_per=1000)
        for number, at, *told in tx.execute(query):
            yield number, AuditLine(datetime.fromtimestamp(at, UTC), *told)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_NOTE = insert(schema.audit)


def is_shared(url: str) -> bool:
    """Return whether a ledger is on a server, where workers on many machines can share it."""
    return _parsed(url).get_backend_name() == "postgresql"


def _parsed(url: str) -> URL:
    """Parse a ledger's URL.

    Raises:
        LedgerError: It is none.
    """
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerError(
            "the ledger's URL cannot be used: it must be such as postgresql+psycopg://user@host/name"
        ) from None
    if "@" in (place.host or ""):
        raise LedgerError("the ledger's URL cannot be used: an @ in a password is written as %40") from None
    return place


def _shown(place: URL) -> str:
    """Return a URL without a password, wherever that stands."""
    hidden = {name: "***" for name in place.query if "pass" in name.lower()}
    return place.update_query_dict(hidden).render_as_string()


def _is_sqlite(place: URL) -> bool:
    return place.get_backend_name() == "sqlite"


def _file(place: URL) -> str | None:
    """Return the file that a ledger is; one that is named by a URI has its path in front of its query."""
    return (place.database or "").removeprefix("file:") if _is_sqlite(place) else None


def _arguments(place: URL, *, make: bool) -> Mapping[str, Any]:
    if _is_sqlite(place):
        if not make and not Path(_file(place) or "").exists():
            raise LedgerError(f"there is no ledger at {place.database}: `groupadd drip plan` makes one")
        return {"connect_args": {"timeout": _BUSY_S}}
    if place.get_backend_name() == "postgresql":
        return {"connect_args": POSTGRES, "pool_pre_ping": True}
    raise LedgerError("a ledger is kept by SQLite (sqlite:///file.db) or PostgreSQL (postgresql+psycopg://…)")


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    """Take transactions into our own hands, and let no committed step be lost when the power goes."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_begin(connection: Connection) -> None:
    """Begin as a writer at once: one who becomes a writer half-way may be refused without having waited."""
    reads = connection.get_execution_options().get("groupadd_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _has_no_connection(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError) and (error.connection_invalidated or error.statement is None)


def _why(error: SQLAlchemyError) -> str:
    """Return in one line what the database says, without anybody's number."""
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    said = lines[0] if lines else type(error).__name__
    holds_no_row = isinstance(error, OperationalError)  # is of a connection, a lock, a disk; addresses may stand in it
    return said if holds_no_row else scrubbed(said)
