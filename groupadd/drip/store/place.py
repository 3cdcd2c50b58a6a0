"""Where a ledger is: its SQLAlchemy URL, read and checked."""

from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from attrs import evolve, field, frozen
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from groupadd.errors import LedgerError
from groupadd.files import make_private, why

LOCK = ".lock"
_ENDINGS = ("-wal", "-shm", "-journal", LOCK)  # of the files beside a ledger: SQLite's own, and the runner's lock
_SHOWN_OPTIONS = frozenset(  # of a URL; any other may hold a password
    {"application_name", "cache", "connect_timeout", "host", "mode", "port", "sslmode", "timeout", "uri", "user", "vfs"}
)
_IN_MEMORY = frozenset({"", ":memory:"})


@frozen
class Place:
    """Where a ledger is.

    Attributes:
        url: Its URL.
        file: The file that it is; None for a server's database.
    """

    url: URL = field(repr=False)
    file: str | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL.

        Raises:
            LedgerError: The URL cannot be used.
        """
        place = _parsed(url)
        backend = place.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            raise LedgerError("a ledger is kept by SQLite (sqlite:///file.db) or PostgreSQL (postgresql+psycopg://…)")
        return cls(place, _file(place) if backend == "sqlite" else None)

    @property
    def name(self) -> str:
        """The URL for people: without a password, and without options that may hold one."""
        hidden = {option: "***" for option in self.url.query if option.lower() not in _SHOWN_OPTIONS}
        return self.url.update_query_dict(hidden).render_as_string()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that a ledger on this machine consists of, whether or not they are there."""
        return () if self.file is None else (self.file, *(f"{self.file}{ending}" for ending in _ENDINGS))

    @property
    def unchanging(self) -> "Place":
        """The same file, to be read while no process changes it."""
        file = quote(str(Path(self.file or "").absolute()))
        return evolve(self, url=make_url(f"sqlite:///file:{file}?mode=ro&immutable=1&uri=true"))

    def make_file(self) -> None:
        """Make the file of a ledger that is one, for its owner alone. SQLite makes the files beside it alike.

        Raises:
            LedgerError: The file cannot be made.
        """
        if self.file is not None:
            make_file(self.file)


def make_file(path: str) -> None:
    """Make an empty file for its owner alone, where there is none.

    Raises:
        LedgerError: The file cannot be made.
    """
    try:
        make_private(path)
    except OSError as error:
        raise LedgerError(f"{path} cannot be made: {why(error)}") from None


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


def _file(place: URL) -> str:
    """Return SQLite's file. One that is named by a URI has its path in front of its options (sqlite.org/uri.html).

    Raises:
        LedgerError: The database is in memory, or in a temporary file: the next command would find no plan.
    """
    file = place.database or ""
    if file.startswith("file:"):
        path = file.removeprefix("file:")
        file = unquote(path if not path.startswith("//") else f"/{path[2:].partition('/')[2]}")
    if file in _IN_MEMORY or place.query.get("mode") == "memory" or place.query.get("vfs") == "memdb":
        raise LedgerError("a ledger in memory ends with the command: name a file, such as sqlite:///groupadd-drip.db")
    return file
