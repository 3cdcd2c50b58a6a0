"""Running a plan: every account at its own pace, all of them in one process."""

import asyncio
import signal
from typing import TYPE_CHECKING

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.status import DripStatus, status_of
from groupadd.drip.store.audit import OnLine
from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.drip.worker.run import RunContext, ignore_line, on_signals, run_accounts
from groupadd.errors import Interrupted
from groupadd.wire.driver import Clock

if TYPE_CHECKING:  # httpx is imported when a run begins
    import httpx


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
    with Ledger.open(ledger, clock=clock) as book:
        run = RunContext(book, settings, on_line or ignore_line, stopping or asyncio.Event(), http, lease_s)
        await run_accounts(run)
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
