"""`Drip` and `AsyncDrip`: an open ledger with its settings and its clock. Every verb of `groupadd drip` is a method."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from groupadd.config.sources import ConfigSource
from groupadd.drip.status import DripStatus
from groupadd.drip.store.audit import OnLine
from groupadd.drip.verbs import LedgerVerbs
from groupadd.drip.worker.run import AccountRun
from groupadd.errors import Interrupted
from groupadd.wire.driver import Clock
from groupadd.wire.interrupt import on_signals

if TYPE_CHECKING:  # slow to import, and not always installed
    import httpx
    import procrastinate

T = TypeVar("T")


class Drip(LedgerVerbs):
    """A plan of many people, carried out over days: an open ledger, with its settings and its clock.

    Opening connects to nothing and makes no file; the first verb does. A drip may be used from several threads.

    Args:
        ledger: A SQLAlchemy URL of SQLite or PostgreSQL; None: `sqlite:///groupadd-drip.db` in the current folder.
        config: Where providers, `[add]` and `[drip]` are configured, as for `groupadd.connect`. Read once, when a verb
            first needs it.
        clock: The time, in seconds since 1970; left out: this machine's for a file, else the server's.
        lease_s: Seconds after which another machine may take over an account that gives no sign of life; left out:
            1.5 times `timeout_s`, and 30 at the least.

    Raises:
        LedgerError: The URL cannot be used.
    """

    def run(self, *, on_line: OnLine | None = None) -> DripStatus:
        """Add the planned people, each account at its own pace, until none are to do or every account has stopped.

        Ctrl-C ends the run when every account has finished its current person. A second Ctrl-C ends it at once. That is
        as safe as a crash: the next run looks up the people who were in mid-call before it asks for them again.

        Args:
            on_line: Called with every line of the audit, once it is committed.

        Raises:
            ConfigError: The configuration cannot be used.
            Unsupported: A provider cannot do what `[add]` wants.
            LedgerBusy: Another run works on the ledger, or on every account of it.
            LedgerError: The ledger cannot be used.
            Interrupted: Ctrl-C came; its `.outcome` is the `DripStatus`.
            RuntimeError: An event loop runs in this thread: use `AsyncDrip`.
        """
        status, is_interrupted = _block("run", partial(self._run, on_line), signal.SIGINT)
        if is_interrupted:
            raise Interrupted(status)
        return status

    def watch(self, *, on_line: OnLine | None = None) -> DripStatus:
        """Watch workers on other machines until no queued account has people to do. Sends nothing.

        Waits for a ledger out of reach. Ctrl-C ends the watching; the workers go on.

        Args:
            on_line: Called with every line of the audit from now on, once it is committed.

        Raises:
            ConfigError: The configuration cannot be used.
            LedgerError: The ledger cannot be used at the beginning.
            Interrupted: Ctrl-C came; its `.outcome` is the `DripStatus`.
            RuntimeError: An event loop runs in this thread: use `AsyncDrip`.
        """
        try:
            return _block("watch", lambda _: self._watch(on_line))[0]
        except KeyboardInterrupt:
            raise Interrupted(self.status()) from None

    def run_account(self, provider: str, *, seconds: float, on_line: OnLine | None = None) -> AccountRun:
        """Run one account for a while, for engines that spread accounts over machines.

        What is begun is finished. The run ends early where nothing is due for half a minute: in a rest, in quiet
        hours, when the day's share is used up.

        Args:
            provider: The account, by its configured name.
            seconds: For how long at the most.
            on_line: Called with every line of the audit, once it is committed.

        Returns:
            How the run ended, and when to run the account again.

        Raises:
            ConfigError: The configuration cannot be used.
            Unsupported: The provider cannot do what `[add]` wants.
            LedgerBusy: Another run works on a ledger that is a file.
            LedgerError: The ledger cannot be used.
            RuntimeError: An event loop runs in this thread: use `AsyncDrip`.
        """
        return _block("run_account", partial(self._run_account, provider, seconds, on_line))[0]

    def enqueue_accounts(self) -> Sequence[str]:
        """Queue every account with people to do for the workers of a shared ledger; return their configured names.

        Raises:
            LedgerError: The ledger cannot be used, or is not prepared for workers.
            RuntimeError: An event loop runs in this thread: use `AsyncDrip`.
        """
        return _block("enqueue_accounts", lambda _: self._enqueue_accounts())[0]

    def work(self, *, accounts: int = 100, on_line: OnLine | None = None) -> None:
        """Be a worker of a shared ledger: run queued accounts until SIGTERM or Ctrl-C, then finish the current people.

        A second signal ends the worker at once, which is as safe as a crash. The worker waits for a database out of
        reach, and sends nothing meanwhile.

        Args:
            accounts: How many accounts to run at once.
            on_line: Called with every line of the audit, once it is committed.

        Raises:
            ConfigError: The configuration cannot be used.
            LedgerError: The ledger cannot be used at the beginning, or is not prepared for workers.
            RuntimeError: An event loop runs in this thread: start a process for the worker.
        """
        _block("work", partial(self._work, accounts, on_line), signal.SIGINT, signal.SIGTERM)

    def close(self) -> None:
        """Close the connections to the ledger."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncDrip(LedgerVerbs):
    """`Drip` for asyncio: the verbs that take long are coroutines, which run in the caller's event loop.

    The other verbs are short calls of a database and block: `await asyncio.to_thread(drip.plan, "people.csv")` leaves
    the loop free.

    Args:
        ledger: As for `Drip`.
        config: As for `Drip`.
        clock: As for `Drip`.
        lease_s: As for `Drip`.
        http: An `httpx.AsyncClient` of your own for all accounts; you close it.

    Raises:
        LedgerError: The URL cannot be used.
    """

    def __init__(
        self,
        ledger: str | None = None,
        config: ConfigSource = None,
        *,
        clock: Clock | None = None,
        lease_s: float | None = None,
        http: "httpx.AsyncClient | None" = None,
    ) -> None:
        super().__init__(ledger, config, clock=clock, lease_s=lease_s)
        self._http = http

    async def run(self, *, on_line: OnLine | None = None, stopping: asyncio.Event | None = None) -> DripStatus:
        """Add the planned people, as `Drip.run` does.

        A cancelled run ends at once; the next one looks up the people who were in mid-call.

        Args:
            on_line: Called with every line of the audit, once it is committed.
            stopping: Set it to end the run when every account has finished its current person.

        Raises:
            ConfigError: The configuration cannot be used.
            Unsupported: A provider cannot do what `[add]` wants.
            LedgerBusy: Another run works on the ledger, or on every account of it.
            LedgerError: The ledger cannot be used.
        """
        return await self._run(on_line, stopping)

    async def watch(self, *, on_line: OnLine | None = None) -> DripStatus:
        """Watch workers on other machines, as `Drip.watch` does, until the call is cancelled at the latest.

        Raises:
            ConfigError: The configuration cannot be used.
            LedgerError: The ledger cannot be used at the beginning.
        """
        return await self._watch(on_line)

    async def run_account(
        self,
        provider: str,
        *,
        seconds: float,
        on_line: OnLine | None = None,
        stopping: asyncio.Event | None = None,
    ) -> AccountRun:
        """Run one account for a while; as `Drip.run_account`, with `stopping` as for `run`."""
        return await self._run_account(provider, seconds, on_line, stopping)

    async def enqueue_accounts(self) -> Sequence[str]:
        """Queue every account with people to do for the workers; value and errors as for `Drip.enqueue_accounts`."""
        return await self._enqueue_accounts()

    def tasks(
        self, *, on_line: OnLine | None = None, stopping: asyncio.Event | None = None
    ) -> "procrastinate.Blueprint":
        """Return the tasks of a worker, `run_account` and `sweep`, for a Procrastinate app of your own.

        Nothing is opened before the first task runs.

        Args:
            on_line: Called with every line of the audit, once it is committed.
            stopping: Set it to end the tasks when every account has finished its current person.
        """
        from groupadd.drip.fleet.tasks import blueprint  # noqa: PLC0415  needs the extra `procrastinate`

        return blueprint(lambda: self._context(on_line, stopping))

    async def close(self) -> None:
        """Close the connections to the ledger."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def open(ledger: str | None = None, config: ConfigSource = None) -> Drip:  # noqa: A001  read as `groupadd.drip.open`
    """Return a drip; arguments and errors as for `Drip`."""
    return Drip(ledger, config)


def open_async(
    ledger: str | None = None, config: ConfigSource = None, *, http: "httpx.AsyncClient | None" = None
) -> AsyncDrip:
    """Return a drip for asyncio; arguments and errors as for `AsyncDrip`."""
    return AsyncDrip(ledger, config, http=http)


def _block(
    verb: str, work: Callable[[asyncio.Event], Coroutine[Any, Any, T]], *signals: signal.Signals
) -> tuple[T, bool]:
    """Run a verb to its end in an event loop of its own. A signal sets the verb's event.

    Returns:
        The verb's value, and whether a signal came.

    Raises:
        RuntimeError: An event loop runs in this thread.
    """

    async def until_signalled() -> tuple[T, bool]:
        stopping = asyncio.Event()
        with on_signals(stopping.set, *signals):
            return await work(stopping), stopping.is_set()

    _require_no_loop(verb)
    return asyncio.run(until_signalled())


def _require_no_loop(verb: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"Drip.{verb}() blocks, and an event loop runs in this thread: "
        f"`async with groupadd.drip.open_async(…) as drip:`, then `await drip.{verb}(…)`"
    )
