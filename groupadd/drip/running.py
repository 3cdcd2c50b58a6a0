"""Running a plan: every account at its own pace, all of them in one process."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from attrs import field, frozen

from groupadd.adding.invite import require_invitations
from groupadd.adding.observe import ProviderSession
from groupadd.config.load import Config, load
from groupadd.config.sources import Source
from groupadd.config.suggestions import listed
from groupadd.drip.desk import Desk
from groupadd.drip.status import DripStatus, status_of
from groupadd.drip.store import accounts
from groupadd.drip.store.audit import AuditLine, OnLine
from groupadd.drip.store.database import DEFAULT_URL, Ledger, exclusive
from groupadd.drip.store.lease import Lease, LeaseLost
from groupadd.drip.working import Worker
from groupadd.errors import Interrupted, LedgerBusy, LedgerError
from groupadd.wire.driver import Clock
from groupadd.wire.messages import log

if TYPE_CHECKING:  # httpx is imported when a run begins
    import httpx

T = TypeVar("T")

_STAGGER_S = 0.05
_LEASE_S = 30.0  # without a sign of life for so long, an account may be taken over by another machine


@frozen
class Run:
    """What all accounts of a run share.

    Attributes:
        book: The ledger.
        settings: The configuration.
        tell: Who is told of every line.
        stopping: Set when the run is to end.
        http: An HTTP client for all accounts; None for one each.
        lease_s: Seconds after which another machine may take an account that gives no sign of life; None for what
            outlasts every request, kept up in between.
    """

    book: Ledger
    settings: Config
    tell: OnLine
    stopping: asyncio.Event = field(factory=asyncio.Event)
    http: "httpx.AsyncClient | None" = None
    lease_s: float | None = None

    @asynccontextmanager
    async def worker(self, name: str) -> AsyncIterator[Worker | None]:
        """Take an account for the length of the block; None where somebody else has it."""
        from groupadd.wire.transport import AsyncHttpTransport  # noqa: PLC0415  httpx is slow to import

        chosen, terms = self.settings.provider(name), self.settings.add
        require_invitations(chosen.provider, terms.invite)
        lease_s = max(_LEASE_S, 1.5 * terms.timeout_s) if self.lease_s is None else self.lease_s
        lease = Lease(self.book, name, lease_s, self.tell)
        if not await lease.acquire():
            yield None
            return
        transport = AsyncHttpTransport(chosen.provider.base_url, terms.timeout_s, self.http)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(transport.close)
            stack.push_async_callback(lease.release)
            desk = Desk(lease, ProviderSession(chosen.provider), terms, self.settings.drip, transport)
            yield Worker(desk, self.stopping)


async def run_async(
    *,
    ledger: str = DEFAULT_URL,
    config: Source = None,
    on_line: OnLine | None = None,
    stopping: asyncio.Event | None = None,
    http: "httpx.AsyncClient | None" = None,
    clock: Clock | None = None,
    lease_s: float | None = None,
) -> DripStatus:
    """Carry out what the ledger holds, until nobody is left or every account with people left has stopped.

    Args:
        ledger: The ledger's URL.
        config: Where the providers, `[add]` and `[drip]` are configured, as for `groupadd.connect`.
        on_line: Called with every line of the audit once it is committed.
        stopping: Set it to end the run: every account finishes the person in hand.
        http: An `httpx.AsyncClient` of your own; you close it.
        clock: Time itself, in seconds since 1970, for tests.
        lease_s: Seconds after which another machine may take over an account that gives no sign of life; left out: half
            as many again as a request may take, and 30 at the least.

    Raises:
        ConfigError: The configuration cannot be used.
        Unsupported: A provider cannot do what `[add]` wants.
        LedgerBusy: Another run works on the ledger, or on every account of it.
        LedgerError: The ledger cannot be used. Whoever is in hand is looked up by the next run.
    """
    settings = load(config)
    with Ledger.open(ledger, clock=clock) as book, exclusive(book):
        for warning in settings.drip.warnings:
            log.warning("%s", warning)
        run = Run(book, settings, on_line or tell_nobody, stopping or asyncio.Event(), http, lease_s)
        names = await book.read(accounts.with_people_to_do)
        async with AsyncExitStack() as stack:
            taken = [await stack.enter_async_context(run.worker(name)) for name in names]
            workers = [worker for worker in taken if worker is not None]
            if names and not workers:
                raise LedgerBusy(
                    f"other runs work on all accounts of {book.name} ({listed(names)}), or were killed a moment ago: "
                    "a killed one's accounts are free within a minute"
                )
            await _all_at_work(workers, stagger_s=min(_STAGGER_S, settings.drip.gap_s / max(len(workers), 1)))
        return status_of(book, settings.drip)


def run(
    *,
    ledger: str = DEFAULT_URL,
    config: Source = None,
    on_line: OnLine | None = None,
) -> DripStatus:
    """Carry out what the ledger holds; arguments and errors as for `run_async`.

    Ctrl-C ends it when every account has finished the person in hand; a second one ends it at once, which is safe, too.

    Raises:
        Interrupted: Ctrl-C came; its `.outcome` is the `DripStatus`.
    """

    async def until_interrupted() -> tuple[DripStatus, bool]:
        stopping = asyncio.Event()
        with on_signals(stopping.set, signal.SIGINT):
            told = await run_async(ledger=ledger, config=config, on_line=on_line, stopping=stopping)
        return told, stopping.is_set()

    told, cut = asyncio.run(until_interrupted())
    if cut:
        raise Interrupted(told)
    return told


def tell_nobody(_: AuditLine) -> None:
    """Take a line for granted."""


async def _all_at_work(workers: Sequence[Worker], *, stagger_s: float) -> None:
    """Let all accounts work, one after the other beginning; one that somebody else takes over ends alone.

    Accounts that began together would stay in step, and wait for each other at every add.

    Raises:
        GroupAddError: What ended the first of them; the others are cut short, and looked after by the next run.
    """

    async def work(worker: Worker, begins_after_s: float) -> None:
        try:
            await worker.sleep(begins_after_s)
            await worker.work()
        except LeaseLost:
            log.warning("%s: another run has taken the account over", worker.desk.provider)

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for place, worker in enumerate(workers):
                group.create_task(work(worker, place * stagger_s))

    try:
        await kept(workers, all_of_them())
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
    else:
        return
    raise first


async def kept(workers: Sequence[Worker], working: Awaitable[T]) -> T:
    """Renew the hold on these accounts for as long as they are worked."""

    async def renew() -> None:
        while True:
            lease = workers[0].desk.lease
            await lease.ledger.clock.sleep_async(lease.lease_s / 6)
            for worker in workers:
                try:
                    await worker.desk.lease.ensure(lease.lease_s * 2 / 3)
                except (LeaseLost, LedgerError) as error:  # the worker meets it, too, before it sends anything
                    log.debug("%s: the hold was not kept: %s", worker.desk.provider, type(error).__name__)

    renewing = asyncio.ensure_future(renew() if workers else asyncio.sleep(0))
    try:
        return await working
    finally:
        renewing.cancel()


@contextmanager
def on_signals(stop: Callable[[], None], *signals: signal.Signals) -> Iterator[None]:
    """Let the first of these signals stop a run in the main thread; the next one has its usual effect."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in signals}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def on_signal(*_: object) -> None:
        restore()
        loop.call_soon_threadsafe(stop)

    for one in signals:
        signal.signal(one, on_signal)
    try:
        yield
    finally:
        restore()
