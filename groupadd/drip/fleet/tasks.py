"""The tasks of workers: Procrastinate hands out runs of one account to any number of machines.

Procrastinate's `lock` lets one run of an account go on at a time, and its heartbeats show which workers are dead. The
ledger stays the truth. A job is only a reminder that an account is queued: the sweep makes a lost one anew, and a
superfluous one finds that another worker has the account's lease.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from math import inf
from socket import gethostname
from typing import TypeAlias

import procrastinate
from attrs import frozen
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status

from groupadd.drip.stop_rules import Stop
from groupadd.drip.store.accounts import dequeue, queued_accounts, stop_account
from groupadd.drip.worker.run import RunContext, run_account
from groupadd.errors import ConfigError, LedgerError, Unsupported
from groupadd.wire.messages import log

OnOutage: TypeAlias = Callable[[LedgerError], None]

QUEUE = "groupadd"
POLL_S = 5.0  # how often a worker asks for jobs that are due
_EARLY_S = 2 * POLL_S  # a run begins this long before its first add or look is due


@frozen(kw_only=True)
class Timing:
    """How long things take among workers, in seconds.

    Attributes:
        run_s: How long a run of an account is at most; chance makes some shorter, so that they do not all end together.
        sweep_s: How often the sweep looks for queued accounts without a job.
        heartbeat_s: How often a worker gives a sign of life.
        stalled_s: How long after the last sign of life a worker's jobs go to others.
    """

    run_s: float = 300.0
    sweep_s: int = 10
    heartbeat_s: float = 10.0
    stalled_s: float = 30.0


USUAL = Timing()


def _log_outage(error: LedgerError) -> None:
    log.warning("a run of an account is over: %s", error)


def blueprint(
    make_context: Callable[[], RunContext], *, on_outage: OnOutage = _log_outage, timing: Timing = USUAL
) -> procrastinate.Blueprint:
    """Return the tasks `run_account` and `sweep`, for the app of a worker.

    Args:
        make_context: Called once, when the first task runs; the ledger's database is the one that sets the clock.
        on_outage: Called where a run ends because the ledger cannot be used.
        timing: How long things take.
    """
    tasks = procrastinate.Blueprint()
    context = cache(make_context)

    @tasks.task(name="run_account", queue=QUEUE)
    async def run(provider: str) -> None:
        try:
            begins_at = await _run(context(), provider, timing.run_s * random.uniform(0.6, 1.0))  # noqa: S311  no secret
        except LedgerError as error:
            on_outage(error)  # the sweep makes a new job
            return
        if begins_at is not None:
            leaves_it = context().ledger.now() + POLL_S if context().stopping.is_set() else 0.0
            await defer(provider, max(begins_at, leaves_it))

    async def defer(provider: str, begins_at: float) -> None:
        name, at = f"groupadd {provider}", datetime.fromtimestamp(begins_at, UTC)
        with suppress(AlreadyEnqueued):
            await run.configure(lock=name, queueing_lock=name, schedule_at=at).defer_async(provider=provider)

    @tasks.periodic(cron=f"* * * * * */{timing.sweep_s}")
    @tasks.task(name="sweep", queue=QUEUE, priority=1, queueing_lock="groupadd", pass_context=True)
    async def sweep(job: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001  Procrastinate's own
        """Give up the jobs of dead workers, and make a job for every queued account that has none."""
        jobs, ledger = job.app.job_manager, context().ledger
        lease_until = {one.provider: one.lease_until for one in queued_accounts(ledger)}
        over_at = ledger.now() - timing.stalled_s
        waiting = await jobs.list_jobs_async(task=run.name, status=Status.TODO.value)
        running = await jobs.list_jobs_async(task=run.name, status=Status.DOING.value)
        dead = {
            one.id: one for one in await jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=timing.stalled_s)
        }
        # A job whose end was not stored counts as running; no worker has its account's lease any more.
        dead |= {one.id: one for one in running if lease_until.get(_provider(one), inf) < over_at}
        for one in dead.values():
            with suppress(ConnectorException):  # it has just ended
                await jobs.finish_job(one, Status.FAILED, delete_job=True)
        at_work = {_provider(one) for one in (*waiting, *running) if one.id not in dead}
        for provider in lease_until.keys() - at_work:
            await defer(provider, ledger.now())

    return tasks


async def _run(context: RunContext, provider: str, seconds: float) -> float | None:
    """Run an account for a while; return when the next run is to begin, None where there is to be none.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    ledger = context.ledger
    try:
        ended = await run_account(context, provider, seconds)
    except (ConfigError, Unsupported) as error:
        why = f"{error} (on {gethostname()})"
        log.warning("%s: %s", provider, why)
        with ledger.writing() as tx:
            stop_account(ledger, tx, provider, Stop("config", why))
        return None
    if ended.state == "done":
        dequeue(ledger, provider)
    if ended.due_at is None:
        return None
    return ended.due_at if ended.state == "busy" else ended.due_at - _EARLY_S


def _provider(job: Job) -> str:
    return str(job.task_kwargs["provider"])
