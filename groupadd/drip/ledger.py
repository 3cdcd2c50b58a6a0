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
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from groupadd.drip import schema
from groupadd.errors import GroupAddError
from groupadd.flow import Clock, SystemClock
from groupadd.secret import repr_masked, scrubbed

DEFAULT = "sqlite:///groupadd-drip.db"
_BUSY_S = 30.0  # how long a writer waits for another one


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


class LedgerClock(SystemClock):
    """The ledger's time, in seconds since 1970: this machine's for SQLite, the database's for PostgreSQL."""

    def __init__(self, ahead_s: float = 0.0) -> None:
        self.ahead_s = ahead_s

    def now(self) -> float:
        """Return the moment."""
        return time.time() + self.ahead_s


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
        try:
            place = make_url(url)
            engine = create_engine(place, hide_parameters=True, **_arguments(place, make=make))
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise LedgerError(f"the ledger's URL cannot be used: {scrubbed(str(error))}") from None
        if _is_sqlite(place):
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)
        ledger = cls(place.render_as_string(), _file(place), clock or LedgerClock(), engine)
        ledger._prepare(make=make)
        if clock is None and not _is_sqlite(place):
            ledger.clock = LedgerClock(ledger._database_time() - time.time())
        return ledger

    def _prepare(self, *, make: bool) -> None:
        with self.reading() as tx:
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
                schema.metadata.create_all(tx)
                if tx.scalar(select(schema.schema.c.version)) is None:
                    tx.execute(insert(schema.schema).values(version=schema.VERSION))

    def _database_time(self) -> float:
        with self.reading() as tx:
            return float(tx.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)

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
        try:
            yield
        except SQLAlchemyError as error:
            raise LedgerError(f"the ledger {self.name} cannot be used: {_why(error)}") from None

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
        tx.execute(
            insert(schema.audit).values(
                at=at,
                provider=provider,
                group_jid=group,
                participant=participant,
                event=event,
                rule=rule,
                detail=detail,
            )
        )
        return AuditLine(datetime.fromtimestamp(at, UTC), provider, group, participant, event, rule, detail)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
        return {"connect_args": {"connect_timeout": 10}, "pool_pre_ping": True}
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


def _why(error: SQLAlchemyError) -> str:
    """Return in one line what the database says, without anybody's number."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return scrubbed(said.splitlines()[0]) if said else type(error).__name__
