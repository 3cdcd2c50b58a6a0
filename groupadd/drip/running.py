"""Running a plan: every account at its own pace, all of them in one process."""

import asyncio
import secrets
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from attrs import field, frozen
from sqlalchemy import select

from groupadd.config import Config, load
from groupadd.document import Source
from groupadd.drip.desk import Desk
from groupadd.drip.holding import Holding, Overtaken, Tell
from groupadd.drip.ledger import DEFAULT, AuditLine, Ledger, LedgerBusy
from groupadd.drip.lock import only_runner
from groupadd.drip.schema import State, people
from groupadd.drip.status import DripStatus, status_of
from groupadd.drip.working import Worker
from groupadd.errors import Interrupted
from groupadd.flow import Clock, log
from groupadd.inviting import require_invitations
from groupadd.looking import Account
from groupadd.plugins import listed

if TYPE_CHECKING:  # httpx is imported when a run begins
    import httpx

T = TypeVar("T")

_STAGGER_S = 0.05

LEASE_S = 30.0  # after so long without a sign of life, another machine may take an account over


class Shift(NamedTuple):
    """How a shift ended.

    Attributes:
        state: `done`: nobody is left; `more`: there is more to do from `due_at` on; `stopped`: the account has stopped;
            `busy`: somebody else works it.
        due_at: When its next thing is due, in seconds since 1970, or None.
    """

    state: Literal["done", "more", "stopped", "busy"]
    due_at: float | None = None


@frozen
class _Run:
    """What all accounts of a run share."""

    book: Ledger
    settings: Config
    tell: Tell
    stopping: asyncio.Event
    http: "httpx.AsyncClient | None"
    lease_s: float
    owner: str = field(factory=lambda: secrets.token_hex(8))

    @asynccontextmanager
    async def worker(self, name: str) -> AsyncIterator[Worker | None]:
        """Take an account for the length of the block; None where somebody else has it."""
        from groupadd.transport import AsyncHttpTransport  # noqa: PLC0415  httpx is slow to import

        chosen = self.settings.choose(name)
        require_invitations(chosen.provider, self.settings.add.invite)
        holding = Holding(self.book, name, self.owner, self.lease_s, self.tell)
        if not holding.take():
            yield None
            return
        transport = AsyncHttpTransport(chosen.provider.base_url, self.settings.add.timeout_s, self.http)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(transport.close)
            stack.callback(holding.let_go)
            terms, pace = self.settings.add, self.settings.drip
            yield Worker(Desk(holding, Account(chosen.provider), terms, pace, transport), self.stopping)


async def run_async(
    *,
    ledger: str = DEFAULT,
    config: Source = None,
    on_line: Tell | None = None,
    stopping: asyncio.Event | None = None,
    http: "httpx.AsyncClient | None" = None,
    clock: Clock | None = None,
    lease_s: float = LEASE_S,
) -> DripStatus:
    """Carry out what the ledger holds, until nobody is left or every account with people left has stopped.

    Args:
        ledger: The ledger's URL.
        config: Where the providers, `[add]` and `[drip]` are configured, as for `groupadd.connect`.
        on_line: Called with every line of the audit once it is committed.
        stopping: Set it to end the run: every account finishes the person in hand.
        http: An `httpx.AsyncClient` of your own; you close it.
        clock: Time itself, in seconds since 1970, for tests.
        lease_s: Seconds after which another machine may take over an account that gives no sign of life.

    Raises:
        ConfigError: The configuration cannot be used.
        Unsupported: A provider cannot do what `[add]` wants.
        LedgerBusy: Another run works on the ledger, or on every account of it.
        LedgerError: The ledger cannot be used. Whoever is in hand is looked up by the next run.
    """
    settings = load(config)
    with Ledger.open(ledger, clock=clock) as book, _alone(book):
        for warning in settings.drip.boldness:
            log.warning("%s", warning)
        run = _Run(book, settings, on_line or _tell_nobody, stopping or asyncio.Event(), http, lease_s)
        names = _with_people_left(book)
        async with AsyncExitStack() as stack:
            taken = [await stack.enter_async_context(run.worker(name)) for name in names]
            workers = [worker for worker in taken if worker is not None]
            if names and not workers:
                raise LedgerBusy(
                    f"other runs work on all accounts of {book.name} ({listed(names)}), or were killed; "
                    f"a killed one's accounts are free after {lease_s:.0f} s"
                )
            await _all_at_work(workers, stagger_s=min(_STAGGER_S, settings.drip.gap_s / max(len(workers), 1)))
        return status_of(book, settings.drip)


async def shift(
    provider: str,
    *,
    seconds: float,
    ledger: str = DEFAULT,
    config: Source = None,
    on_line: Tell | None = None,
    stopping: asyncio.Event | None = None,
    http: "httpx.AsyncClient | None" = None,
    clock: Clock | None = None,
    lease_s: float = LEASE_S,
) -> Shift:
    """Work the account `provider` for at most `seconds`, for engines that spread accounts over machines.

    What is begun is finished. The other arguments are those of `run_async`.

    Raises:
        ConfigError: The configuration cannot be used.
        Unsupported: The provider cannot do what `[add]` wants.
        LedgerError: The ledger cannot be used.
    """
    settings = load(config)
    with Ledger.open(ledger, clock=clock) as book, _alone(book):
        run = _Run(book, settings, on_line or _tell_nobody, stopping or asyncio.Event(), http, lease_s)
        async with run.worker(provider) as worker:
            if worker is None:
                return Shift("busy")
            due_at = await _kept([worker], worker.work(book.clock.now() + seconds))
        account = next(one for one in status_of(book, settings.drip).accounts if one.provider == provider)
        if account.state in {"done", "stopped"}:
            return Shift("done" if account.state == "done" else "stopped")
        return Shift("more", due_at)


def run(
    *,
    ledger: str = DEFAULT,
    config: Source = None,
    on_line: Tell | None = None,
) -> DripStatus:
    """Carry out what the ledger holds; arguments and errors as for `run_async`.

    Ctrl-C ends it when every account has finished the person in hand; a second one ends it at once, which is safe, too.

    Raises:
        Interrupted: Ctrl-C came; its `.outcome` is the `DripStatus`.
    """

    async def until_interrupted() -> tuple[DripStatus, bool]:
        stopping = asyncio.Event()
        with _on_interrupt(stopping.set):
            told = await run_async(ledger=ledger, config=config, on_line=on_line, stopping=stopping)
        return told, stopping.is_set()

    told, cut = asyncio.run(until_interrupted())
    if cut:
        raise Interrupted(told)
    return told


def _tell_nobody(_: AuditLine) -> None:
    """Take a line for granted."""


@contextmanager
def _alone(book: Ledger) -> Iterator[None]:
    """Hold that nobody else runs a ledger that is a file."""
    with only_runner(book.file) if book.file else nullcontext():
        yield


def _with_people_left(book: Ledger) -> Sequence[str]:
    over = [State.DONE.value, State.TWIN.value, State.UNUSABLE.value]
    with book.reading() as tx:
        left = select(people.c.provider).where(people.c.state.notin_(over)).distinct().order_by(people.c.provider)
        return tx.scalars(left).all()


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
        except Overtaken:
            log.warning("%s: another run has taken the account over", worker.desk.provider)

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for place, worker in enumerate(workers):
                group.create_task(work(worker, place * stagger_s))

    try:
        await _kept(workers, all_of_them())
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
    else:
        return
    raise first


async def _kept(workers: Sequence[Worker], working: Awaitable[T]) -> T:
    """Renew the hold on these accounts for as long as they are worked."""

    async def renew() -> None:
        while True:
            holding = workers[0].desk.holding
            await holding.ledger.clock.sleep_async(holding.lease_s / 3)
            for worker in workers:
                with suppress(Overtaken):  # the worker finds out by itself before it sends anything
                    worker.desk.holding.renew()

    renewing = asyncio.ensure_future(renew() if workers else asyncio.sleep(0))
    try:
        return await working
    finally:
        renewing.cancel()


@contextmanager
def _on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C stop a run in the main thread; the next one is an ordinary one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def on_signal(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(stop)

    signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
