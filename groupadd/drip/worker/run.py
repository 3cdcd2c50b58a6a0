"""Running accounts: all of a ledger in one process, or one of them for a while."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from attrs import field, frozen

from groupadd.adding.invite import require_invitations
from groupadd.adding.observe import ProviderSession
from groupadd.config.load import Config
from groupadd.config.suggestions import listed
from groupadd.drip.store import accounts
from groupadd.drip.store.audit import AuditLine, OnLine
from groupadd.drip.store.database import Ledger, exclusive
from groupadd.drip.store.lease import Lease, LeaseLost
from groupadd.drip.worker.account import AccountWorker
from groupadd.errors import LedgerBusy, LedgerError
from groupadd.wire.messages import log

if TYPE_CHECKING:  # httpx is imported when a run begins
    import httpx

T = TypeVar("T")

_STAGGER_S = 0.05
_LEASE_S = 30.0  # without a sign of life for so long, another worker may acquire the account
_IDLE_S = 30.0  # a run of one account ends before a longer wait, and leaves its place to another account


def ignore_line(_: AuditLine) -> None:
    """Do nothing with a line of the audit."""


@frozen
class RunContext:
    """What all accounts of a run share.

    Attributes:
        ledger: The ledger.
        settings: The configuration.
        on_line: Called with every line of the audit once it is committed.
        stopping: Set when the run is to end: every account finishes the participant in mid-call.
        http: An HTTP client for all accounts; None for one each.
        lease_s: Seconds after which another worker may acquire an account without a sign of life; None: half as many
            again as a request may take, and 30 at the least.
    """

    ledger: Ledger
    settings: Config
    on_line: OnLine = ignore_line
    stopping: asyncio.Event = field(factory=asyncio.Event)
    http: "httpx.AsyncClient | None" = None
    lease_s: float | None = None

    @asynccontextmanager
    async def worker(self, provider: str) -> AsyncIterator[AccountWorker | None]:
        """Acquire an account for the length of the block, and yield its worker; None where another worker has it.

        Raises:
            ConfigError: The provider cannot be used.
            Unsupported: The provider cannot invite as `[add]` wants.
            LedgerError: The ledger cannot be used.
        """
        from groupadd.wire.transport import AsyncHttpTransport  # noqa: PLC0415  httpx is slow to import

        configured, add = self.settings.provider(provider), self.settings.add
        require_invitations(configured.provider, add.invite)
        lease_s = max(_LEASE_S, 1.5 * add.timeout_s) if self.lease_s is None else self.lease_s
        lease = Lease(self.ledger, provider, lease_s, self.on_line)
        if not await lease.acquire():
            yield None
            return
        transport = AsyncHttpTransport(configured.provider.base_url, add.timeout_s, self.http)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(transport.close)
            stack.push_async_callback(lease.release)
            session = ProviderSession(configured.provider)
            pace, stopping = self.settings.drip, self.stopping
            yield AccountWorker.of(lease, session, settings=add, pace=pace, transport=transport, stopping=stopping)


async def run_accounts(context: RunContext) -> None:
    """Work all accounts until no participant is to do, or every account with people to do has stopped.

    Raises:
        ConfigError: A provider cannot be used.
        Unsupported: A provider cannot do what `[add]` wants.
        LedgerBusy: Another run works on the ledger, or on every account in it.
        LedgerError: The ledger cannot be used. The next run looks up the participants in mid-call.
    """
    with exclusive(context.ledger):
        for warning in context.settings.drip.warnings:
            log.warning("%s", warning)
        providers = await context.ledger.read(accounts.with_people_to_do)
        async with AsyncExitStack() as stack:
            acquired = [await stack.enter_async_context(context.worker(provider)) for provider in providers]
            workers = [worker for worker in acquired if worker is not None]
            if providers and not workers:
                raise LedgerBusy(
                    f"other runs work on all accounts of {context.ledger.name} ({listed(providers)}), or were killed a "
                    "moment ago: a killed run's accounts are free within a minute"
                )
            gap_s = context.settings.drip.gap_s
            await _work_all(workers, stagger_s=min(_STAGGER_S, gap_s / max(len(workers), 1)))


async def _work_all(workers: Sequence[AccountWorker], *, stagger_s: float) -> None:
    """Work all accounts, one beginning after the other; an account that another worker acquires ends alone.

    Accounts that begin together stay in step, and wait for each other at every add.

    Raises:
        GroupAddError: What ended the first account; the others are cut short, and the next run looks after them.
    """

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for place, worker in enumerate(workers):
                group.create_task(_work_one(worker, place * stagger_s))

    try:
        await keep_renewing(workers, all_of_them())
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
    else:
        return
    raise first


async def _work_one(worker: AccountWorker, begins_after_s: float) -> None:
    try:
        await worker.sleep(begins_after_s)
        await worker.work()
    except LeaseLost:
        log.warning("%s: another run has acquired the account", worker.provider)


async def keep_renewing(workers: Sequence[AccountWorker], working: Awaitable[T]) -> T:
    """Renew the leases of these accounts for as long as they are worked; return what the work returns."""
    renewing = asyncio.ensure_future(_renew_for_ever([worker.lease for worker in workers]))
    try:
        return await working
    finally:
        renewing.cancel()


async def _renew_for_ever(leases: Sequence[Lease]) -> None:
    while leases:
        lease_s = leases[0].lease_s
        await leases[0].clock.sleep_async(lease_s / 6)
        for lease in leases:
            try:
                await lease.ensure(lease_s * 2 / 3)
            except (LeaseLost, LedgerError) as error:  # the worker meets it, too, before it sends anything
                log.debug("%s: the lease was not renewed: %s", lease.provider, type(error).__name__)


class AccountRun(NamedTuple):
    """How a run of one account ended.

    Attributes:
        state: `done`: no participant is to do; `more`: there is more to do from `due_at` on; `stopped`: the account has
            stopped; `busy`: another worker has it, until `due_at` if it gives no more sign of life.
        due_at: When its next action is due, in seconds since 1970 by the ledger's clock, or None.
    """

    state: Literal["done", "more", "stopped", "busy"]
    due_at: float | None = None


async def run_account(context: RunContext, provider: str, seconds: float) -> AccountRun:
    """Work one account for at most so many seconds. What is begun is finished.

    The run ends early where nothing is due for a while: in a rest, in quiet hours, after a day's share. The caller
    makes sure that a ledger that is a file has no other runner (`exclusive`).

    Raises:
        ConfigError: The provider cannot be used.
        Unsupported: The provider cannot do what `[add]` wants.
        LedgerError: The ledger cannot be used.
    """
    ledger, pace = context.ledger, context.settings.drip
    async with context.worker(provider) as worker:
        if worker is not None:
            with suppress(LeaseLost):
                due_at = await keep_renewing([worker], worker.work(ledger.now() + seconds, idle_s=_IDLE_S))
                if due_at is not None:
                    return AccountRun("more", due_at)
                account = await ledger.read(accounts.snapshot, pace, provider)
                return AccountRun("done" if account.stopped is None else "stopped")
    account = await ledger.read(accounts.snapshot, pace, provider)
    return AccountRun("busy", account.lease_until)
