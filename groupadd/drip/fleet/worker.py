"""Workers of our own, on any number of machines: an app of Procrastinate's in the ledger's own database."""

import asyncio
import logging
import signal
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
from attrs import define
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker
from sqlalchemy import Connection, inspect, make_url, select, update

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.fleet.tasks import POLL_S, QUEUE, Timing, blueprint
from groupadd.drip.store.accounts import enqueue_accounts
from groupadd.drip.store.audit import OnLine
from groupadd.drip.store.database import POSTGRES, Ledger
from groupadd.drip.store.schema import schema
from groupadd.drip.worker.run import on_signals
from groupadd.errors import LedgerError
from groupadd.wire.messages import log

_NAMESPACE = "groupadd"
_USUAL = Timing()
_AGAIN_S = 5.0  # after the database could not be reached
_FINISH_S = 45.0  # for whoever is in hand when a worker is to end
_LOUD = ("procrastinate", "psycopg.pool")  # with tracebacks, of what we say in a line
_CONNECTIONS = 4  # of Procrastinate's, beside one that listens and the ledger's own


def _app(tasks: procrastinate.Blueprint, ledger: str) -> procrastinate.App:
    """Return an app whose jobs stand in the ledger's own database."""
    conninfo = make_url(ledger).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo, min_size=1, max_size=_CONNECTIONS, kwargs={**POSTGRES}
    )
    made = procrastinate.App(connector=connector)
    made.add_tasks_from(tasks, namespace=_NAMESPACE)
    return made


async def start_async(*, ledger: str, config: Source = None) -> Sequence[str]:
    """Order every account with people left to be worked, and have their shifts handed out at once; return their names.

    Raises:
        ConfigError: The configuration cannot be used.
        LedgerError: The ledger cannot be used, or is not prepared for workers.
    """
    with Ledger.open(ledger) as book:
        _require_prepared(book)
        names = enqueue_accounts(book)
    made = _app(blueprint(ledger=ledger, config=config), ledger)
    try:
        async with made.open_async():
            with suppress(AlreadyEnqueued):
                await made.tasks[f"{_NAMESPACE}:sweep"].defer_async(timestamp=0)
    except (ConnectorException, psycopg.Error) as error:
        raise LedgerError(f"Procrastinate's tables cannot be used: {_why(error)}") from None
    return names


def start(*, ledger: str, config: Source = None) -> Sequence[str]:
    """Order accounts to be worked, as `start_async` does."""
    return asyncio.run(start_async(ledger=ledger, config=config))


async def work_async(
    *,
    ledger: str,
    config: Source = None,
    accounts: int = 100,
    on_line: OnLine | None = None,
    stopping: asyncio.Event | None = None,
    timing: Timing = _USUAL,
) -> None:
    """Be a worker: work whatever accounts are handed to us, until `stopping` is set; then finish whoever is in hand.

    A database that cannot be reached is waited for, and nothing is sent meanwhile.

    Args:
        ledger: The ledger's URL.
        config: Where the providers, `[add]` and `[drip]` are configured, as for `groupadd.connect`.
        accounts: How many accounts to work at once.
        on_line: Called with every line of the audit once it is committed.
        stopping: Set it to end.
        timing: How long things take.

    Raises:
        ConfigError: The configuration cannot be used.
        LedgerError: The ledger cannot be used, from the beginning, or is not prepared for workers.
    """
    settings = load(config)
    for warning in settings.drip.warnings:
        log.warning("%s", warning)
    finish_s = max(_FINISH_S, 1.5 * settings.add.timeout_s)
    with Ledger.open(ledger) as book:
        _require_prepared(book)
    stopping = stopping or asyncio.Event()
    while not stopping.is_set():
        ending = asyncio.Event()
        tell_trouble = _Trouble(ending)
        tasks = blueprint(
            ledger=ledger, config=config, on_line=on_line, on_trouble=tell_trouble, stopping=ending, timing=timing
        )
        try:
            made = _app(tasks, ledger)
            async with made.open_async():
                worker = _Worker(ending, made, accounts, timing, finish_s)
                await _until(worker.run(), stopping, ending)  # type: ignore[no-untyped-call]  # is not annotated
        except (ConnectorException, psycopg.Error) as error:
            if isinstance(error.__cause__ or error, psycopg.ProgrammingError):  # no rights, no table: waiting helps not
                raise LedgerError(f"Procrastinate's tables cannot be used: {_why(error)}") from None
            tell_trouble(error)
        if not stopping.is_set():
            tell_trouble(LedgerError("a connection was lost"))
            await _until(asyncio.sleep(_AGAIN_S), stopping)


@define
class _Trouble:
    """Says once that the database cannot be used, and has every shift end."""

    ending: asyncio.Event
    _said: bool = False

    def __call__(self, error: Exception) -> None:
        if not self._said:
            self._said = True
            log.warning("the database is out of reach, and nothing is sent without it; trying again: %s", _why(error))
        self.ending.set()


class _Worker(Worker):
    """Procrastinate's worker; whatever ends it ends its shifts, which finish whoever is in hand."""

    def __init__(
        self, ending: asyncio.Event, app: procrastinate.App, accounts: int, timing: Timing, finish_s: float
    ) -> None:
        super().__init__(
            app,
            queues=[QUEUE],
            name=QUEUE,
            concurrency=accounts,
            delete_jobs="successful",
            fetch_job_polling_interval=POLL_S,
            update_heartbeat_interval=timing.heartbeat_s,
            stalled_worker_timeout=timing.stalled_s,
            shutdown_graceful_timeout=finish_s,
            install_signal_handlers=False,
        )
        self._ending = ending

    def stop(self) -> None:
        self._ending.set()
        super().stop()  # type: ignore[no-untyped-call]  # is not annotated


async def _until(doing: Coroutine[Any, Any, None], *events: asyncio.Event) -> None:
    """Do something until it ends, or is told to by any of these events."""
    task = asyncio.ensure_future(doing)
    told = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait({task, *told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (task, *told):
            one.cancel()
    with suppress(asyncio.CancelledError):
        await task


def work(
    *,
    ledger: str,
    config: Source = None,
    accounts: int = 100,
    on_line: OnLine | None = None,
    timing: Timing = _USUAL,
) -> None:
    """Be a worker until SIGTERM or Ctrl-C; arguments and errors as for `work_async`.

    Either finishes whoever is in hand; a second one ends at once, which is safe, too.
    """

    async def until_signalled() -> None:
        stopping = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: log.debug("%s", context))
        with on_signals(stopping.set, signal.SIGINT, signal.SIGTERM):
            await work_async(
                ledger=ledger, config=config, accounts=accounts, on_line=on_line, stopping=stopping, timing=timing
            )

    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(until_signalled())


def _why(error: Exception) -> str:
    cause = error if isinstance(error, LedgerError) else error.__cause__ or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


def init(*, ledger: str) -> None:
    """Make the tables of a ledger and Procrastinate's beside them, or bring both up to the versions installed.

    Procrastinate's that were there before ours belong to somebody else's app, who keeps them up.

    Raises:
        LedgerError: The ledger is no server's, or cannot be used.
    """
    with Ledger.open(ledger) as book:
        if not book.is_shared:
            raise LedgerError("workers share a ledger on a PostgreSQL server: postgresql+psycopg://…")
        book.make()
        with book.writing() as tx:
            book.lock(tx)
            _prepare(tx)


def _prepare(tx: Connection) -> None:
    applied = tx.scalar(select(schema.c.engine))
    if not _is_prepared(tx):
        scripts = [SchemaManager.get_schema()]
    elif applied is None:
        return
    else:
        scripts = [path.read_text("utf-8") for path in _MIGRATIONS if path.name > applied]
    for script in scripts:
        tx.exec_driver_sql(script, execution_options={"no_parameters": True})
    tx.execute(update(schema).values(engine=_MIGRATIONS[-1].name))


_MIGRATIONS = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _is_prepared(tx: Connection) -> bool:
    return inspect(tx).has_table("procrastinate_jobs")


def _require_prepared(book: Ledger) -> None:
    with book.reading() as tx:
        applied = tx.scalar(select(schema.c.engine))
        is_old = applied is not None and applied < _MIGRATIONS[-1].name
        if book.file is not None or is_old or not _is_prepared(tx):
            raise LedgerError(f"{book.name} is not prepared for these workers: `groupadd drip init` does it")
