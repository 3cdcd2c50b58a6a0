"""A worker of our own, on any number of machines: a Procrastinate app in the ledger's own database."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
from attrs import define, evolve
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker

from groupadd.drip.fleet.tasks import POLL_S, QUEUE, USUAL, Timing, blueprint
from groupadd.drip.store.accounts import enqueue_accounts
from groupadd.drip.store.database import POSTGRES, Ledger
from groupadd.drip.store.job_tables import apply_scripts, connection_string, job_tables
from groupadd.drip.worker.run import RunContext
from groupadd.errors import LedgerError
from groupadd.wire.messages import log

_NAMESPACE = "groupadd"
_AGAIN_S = 5.0  # after the database could not be reached
_FINISH_S = 45.0  # for the current people when a worker is to end
_NOISY_LOGGERS = ("procrastinate", "psycopg.pool")  # they log tracebacks of what we report in one line
_CONNECTIONS = 4  # Procrastinate's, beside one that listens and the ledger's own
_MIGRATIONS = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def prepare(ledger: Ledger) -> None:
    """Make Procrastinate's tables beside the ledger's, or bring them up to the version that is installed.

    Tables that were there before the ledger belong to an app of the user's, who keeps them up.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    with ledger.writing() as tx:
        ledger.lock(tx)
        found = job_tables(tx)
        if not found.exist:
            apply_scripts(tx, [SchemaManager.get_schema()], _MIGRATIONS[-1].name)
        elif found.migrated_to is not None:
            newer = [path.read_text("utf-8") for path in _MIGRATIONS if path.name > found.migrated_to]
            apply_scripts(tx, newer, _MIGRATIONS[-1].name)


async def enqueue(context: RunContext) -> Sequence[str]:
    """Queue every account with people to do, and have a worker start them at once; return their configured names.

    Raises:
        LedgerError: The ledger cannot be used, or is not prepared for workers.
    """
    _require_prepared(context.ledger)
    names = enqueue_accounts(context.ledger)
    app = _app(blueprint(lambda: context), context.ledger)
    try:
        async with app.open_async():
            with suppress(AlreadyEnqueued):
                await app.tasks[f"{_NAMESPACE}:sweep"].defer_async(timestamp=0)
    except (ConnectorException, psycopg.Error) as error:
        raise _unusable(error) from None
    return names


async def work(context: RunContext, *, accounts: int, timing: Timing = USUAL) -> None:
    """Run queued accounts until `context.stopping` is set, then finish the current people.

    Waits for a database out of reach, and sends nothing meanwhile.

    Args:
        context: What all accounts share.
        accounts: How many accounts to run at once.
        timing: How long things take.

    Raises:
        LedgerError: The ledger cannot be used at the beginning, or is not prepared for workers.
    """
    _silence()
    for warning in context.settings.drip.warnings:
        log.warning("%s", warning)
    _require_prepared(context.ledger)
    while not context.stopping.is_set():
        report_outage = _OutageReporter(asyncio.Event())
        try:
            await _work_until_outage(context, accounts, timing, report_outage)
        except (ConnectorException, psycopg.Error) as error:
            if isinstance(error.__cause__ or error, psycopg.ProgrammingError):  # no rights, no table: no wait helps
                raise _unusable(error) from None
            report_outage(error)
        if not context.stopping.is_set():
            report_outage(LedgerError("a connection was lost"))
            await _until(asyncio.sleep(_AGAIN_S), context.stopping)


async def _work_until_outage(
    context: RunContext, accounts: int, timing: Timing, report_outage: "_OutageReporter"
) -> None:
    ending = report_outage.ending
    tasks = blueprint(partial(evolve, context, stopping=ending), on_outage=report_outage, timing=timing)
    app = _app(tasks, context.ledger)
    finish_s = max(_FINISH_S, 1.5 * context.settings.add.timeout_s)
    async with app.open_async():
        worker = _Worker(ending, app, accounts, timing, finish_s)
        await _until(worker.run(), context.stopping, ending)  # type: ignore[no-untyped-call]  # is not annotated


def _app(tasks: procrastinate.Blueprint, ledger: Ledger) -> procrastinate.App:
    """Return an app with its jobs in the ledger's own database."""
    connector = procrastinate.PsycopgConnector(
        conninfo=connection_string(ledger), min_size=1, max_size=_CONNECTIONS, kwargs={**POSTGRES}
    )
    app = procrastinate.App(connector=connector)
    app.add_tasks_from(tasks, namespace=_NAMESPACE)
    return app


@define
class _OutageReporter:
    """Reports once that the database cannot be used, and ends every run of an account."""

    ending: asyncio.Event
    _has_reported: bool = False

    def __call__(self, error: Exception) -> None:
        if not self._has_reported:
            self._has_reported = True
            log.warning("the database is out of reach, and nothing is sent without it; trying again: %s", _why(error))
        self.ending.set()


class _Worker(Worker):
    """A Procrastinate worker that, when stopped, stops its running jobs after their current person."""

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


async def _until(work: Coroutine[Any, Any, None], *events: asyncio.Event) -> None:
    """Await a coroutine until it ends or one of the events is set, which cancels it."""
    task = asyncio.ensure_future(work)
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait({task, *waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (task, *waiting):
            one.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _silence() -> None:
    """Keep tracebacks of outages, which we report in one line, off standard error."""
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: log.debug("%s", context))


def _require_prepared(ledger: Ledger) -> None:
    """Check that the database has the jobs' tables.

    Raises:
        LedgerError: `groupadd drip init` has not prepared the ledger for these workers.
    """
    with ledger.reading() as tx:
        found = job_tables(tx)
    is_old = found.migrated_to is not None and found.migrated_to < _MIGRATIONS[-1].name
    if is_old or not found.exist:
        raise LedgerError(f"{ledger.name} is not prepared for these workers: `groupadd drip init` does it")


def _unusable(error: Exception) -> LedgerError:
    return LedgerError(f"Procrastinate's tables cannot be used: {_why(error)}")


def _why(error: Exception) -> str:
    cause = error if isinstance(error, LedgerError) else error.__cause__ or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__
