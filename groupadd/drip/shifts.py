"""Account shifts: the unit that an engine hands out where many machines share a plan."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.running import Run, kept, tell_nobody
from groupadd.drip.store import accounts
from groupadd.drip.store.accounts import AccountSnapshot
from groupadd.drip.store.audit import OnLine
from groupadd.drip.store.database import DEFAULT_URL, Ledger, exclusive
from groupadd.drip.store.lease import LeaseLost
from groupadd.wire.driver import Clock

if TYPE_CHECKING:  # httpx is imported when a shift begins
    import httpx

_IDLE_S = 30.0  # a shift that would wait for longer ends, and leaves its place to another account


class Shift(NamedTuple):
    """How a shift ended.

    Attributes:
        state: `done`: nobody is left; `more`: there is more to do from `due_at` on; `stopped`: the account has stopped;
            `busy`: somebody else works it, until `due_at` if they give no more sign of life.
        due_at: When its next thing is due, in seconds since 1970 by the ledger's clock, or None.
    """

    state: Literal["done", "more", "stopped", "busy"]
    due_at: float | None = None


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
) -> Shift:
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
        run = Run(book, settings, on_line or tell_nobody, stopping or asyncio.Event(), http, lease_s)
        return await worked(run, provider, seconds)


async def worked(run: Run, provider: str, seconds: float) -> Shift:
    """Work one account of a run for a while; arguments and errors as for `shift`."""
    book = run.book

    async def account() -> AccountSnapshot:
        return await book.read(accounts.snapshot, run.settings.drip, provider)

    async with run.worker(provider) as worker:
        if worker is not None:
            with suppress(LeaseLost):
                due_at = await kept([worker], worker.work(book.clock.now() + seconds, idle_s=_IDLE_S))
                if due_at is not None:
                    return Shift("more", due_at)
                return Shift("done" if (await account()).stopped is None else "stopped")
    return Shift("busy", (await account()).lease_until)
