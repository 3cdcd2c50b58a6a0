"""Procrastinate hands account shifts to workers on any number of machines; the ledger stays the truth.

Its `lock` lets one shift of an account run at a time, its heartbeats tell which workers are dead. A job is a mere
reminder that an account is ordered: one that is lost is made anew by the sweep, one too many finds the account held.

Whoever runs Procrastinate already adds the tasks to their own app:

    app.add_tasks_from(groupadd.drip.fleet.tasks.blueprint(ledger=…), namespace="groupadd")
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from math import inf
from socket import gethostname

import procrastinate
from attrs import define, frozen
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.stop_rules import Stop
from groupadd.drip.store.accounts import dequeue, queued_accounts, stop_account
from groupadd.drip.store.audit import OnLine
from groupadd.drip.store.database import Ledger
from groupadd.drip.worker.run import RunContext, ignore_line, run_account
from groupadd.errors import ConfigError, LedgerError, Unsupported
from groupadd.wire.messages import log

QUEUE = "groupadd"

POLL_S = 5.0  # how often a worker asks for jobs that are due
_EARLY_S = 2 * POLL_S  # shifts begin so much before their first thing is due


@frozen(kw_only=True)
class Timing:
    """How long things take among workers, in seconds.

    Attributes:
        shift_s: How long a shift is at the most; chance makes some shorter, so that they do not all end together.
        sweep_s: How often orders without a job are looked for.
        heartbeat_s: How often a worker gives a sign of life.
        stalled_s: After how long without one its jobs are given to others.
        lease_s: After how long without one an account is free; None as for `groupadd.drip.run_async`.
    """

    shift_s: float = 300.0
    sweep_s: int = 10
    heartbeat_s: float = 10.0
    stalled_s: float = 30.0
    lease_s: float | None = None


@define(slots=False)
class _Crew:
    """What all shifts in this process share, opened when the first one begins."""

    ledger: str
    config: Source
    tell: OnLine
    stopping: asyncio.Event
    timing: Timing

    @cached_property
    def run(self) -> RunContext:
        settings, book = load(self.config), Ledger.open(self.ledger)
        return RunContext(book, settings, self.tell, self.stopping, lease_s=self.timing.lease_s)


def blueprint(
    *,
    ledger: str,
    config: Source = None,
    on_line: OnLine | None = None,
    on_trouble: Callable[[LedgerError], None] | None = None,
    stopping: asyncio.Event | None = None,
    timing: Timing = Timing(),
) -> procrastinate.Blueprint:
    """Return the tasks `shift` and `sweep`, for an app of your own. Nothing is opened before the first one runs.

    Args:
        ledger: The ledger's URL; its database is the one that tells the time.
        config: Where the providers, `[add]` and `[drip]` are configured, as for `groupadd.connect`.
        on_line: Called with every line of the audit once it is committed.
        on_trouble: Called where a shift ends because the ledger cannot be used; left out: it is logged.
        stopping: Set it to end the shifts: every account finishes the person in hand.
        timing: How long things take.
    """
    tasks = procrastinate.Blueprint()
    crew = _Crew(ledger, config, on_line or ignore_line, stopping or asyncio.Event(), timing)

    @tasks.task(name="shift", queue=QUEUE)
    async def shift(provider: str) -> None:
        try:
            begins_at = await _worked(crew.run, provider, timing.shift_s * random.uniform(0.6, 1.0))  # noqa: S311  no secret
        except LedgerError as error:
            (on_trouble or _logged)(error)  # the sweep makes a new one
            return
        if begins_at is not None:
            leaves_it = crew.run.ledger.clock.now() + POLL_S if crew.stopping.is_set() else 0.0
            await defer(provider, max(begins_at, leaves_it))

    async def defer(provider: str, begins_at: float) -> None:
        name, at = f"groupadd {provider}", datetime.fromtimestamp(begins_at, UTC)
        with suppress(AlreadyEnqueued):
            await shift.configure(lock=name, queueing_lock=name, schedule_at=at).defer_async(provider=provider)

    @tasks.periodic(cron=f"* * * * * */{timing.sweep_s}")
    @tasks.task(name="sweep", queue=QUEUE, priority=1, queueing_lock="groupadd", pass_context=True)
    async def sweep(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001  Procrastinate's own
        """Give up the jobs of workers that are dead, and make one for every order that has none."""
        jobs, book = context.app.job_manager, crew.run.ledger
        lease_until = {one.provider: one.lease_until for one in queued_accounts(book)}
        over_at = book.clock.now() - timing.stalled_s
        waiting = await jobs.list_jobs_async(task=shift.name, status=Status.TODO.value)
        running = await jobs.list_jobs_async(task=shift.name, status=Status.DOING.value)
        dead = {
            job.id: job for job in await jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=timing.stalled_s)
        }
        # A shift whose end could not be written down runs for ever, and nobody holds its account any more.
        dead |= {job.id: job for job in running if lease_until.get(_provider(job), inf) < over_at}
        for job in dead.values():
            with suppress(ConnectorException):  # it has just ended
                await jobs.finish_job(job, Status.FAILED, delete_job=True)
        at_work = {_provider(job) for job in (*waiting, *running) if job.id not in dead}
        for provider in lease_until.keys() - at_work:
            await defer(provider, book.clock.now())

    return tasks


async def _worked(run: RunContext, provider: str, seconds: float) -> float | None:
    """Work a shift; return when the next one is to begin, None where there is to be none.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    try:
        told = await run_account(run, provider, seconds)
    except (ConfigError, Unsupported) as error:
        why = f"{error} (on {gethostname()})"
        log.warning("%s: %s", provider, why)
        with run.ledger.writing() as tx:
            stop_account(run.ledger, tx, provider, Stop("config", why))
        return None
    if told.state == "done":
        dequeue(run.ledger, provider)
    if told.due_at is None:
        return None
    return told.due_at if told.state == "busy" else told.due_at - _EARLY_S


def _logged(error: LedgerError) -> None:
    log.warning("a shift is over: %s", error)


def _provider(job: Job) -> str:
    return str(job.task_kwargs["provider"])
