"""Account shifts: the unit that an engine hands out where many machines share a plan."""

import asyncio
from typing import TYPE_CHECKING

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.store.audit import OnLine
from groupadd.drip.store.database import DEFAULT_URL, Ledger, exclusive
from groupadd.drip.worker.run import AccountRun, RunContext, ignore_line, run_account
from groupadd.wire.driver import Clock

if TYPE_CHECKING:  # httpx is imported when a shift begins
    import httpx


async def shift(
    provider: str,
    *,
    seconds: float,
    ledger: str = DEFAULT_URL,
    config: Source = None,
    on_line: OnLine | None = None,
    stopping: asyncio.Event | None = None,
    http: "httpx.AsyncClient | None" = None,
    clock: Clock | None = None,
    lease_s: float | None = None,
) -> AccountRun:
    """Work the account `provider` for at most `seconds`, for engines that spread accounts over machines.

    What is begun is finished. It ends early where nothing is due for a while: in a rest, in quiet hours, when a day's
    share is used up. The other arguments are those of `run_async`.

    Raises:
        ConfigError: The configuration cannot be used.
        Unsupported: The provider cannot do what `[add]` wants.
        LedgerError: The ledger cannot be used.
    """
    settings = load(config)
    with Ledger.open(ledger, clock=clock) as book, exclusive(book):
        run = RunContext(book, settings, on_line or ignore_line, stopping or asyncio.Event(), http, lease_s)
        return await run_account(run, provider, seconds)
