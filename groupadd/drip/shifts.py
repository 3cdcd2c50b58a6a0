"""Account shifts: the unit that an engine hands out where many machines share a plan."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.holding import Overtaken, Tell
from groupadd.drip.ledger import DEFAULT, Ledger
from groupadd.drip.running import Run, alone, kept, tell_nobody
from groupadd.drip.standing import Standing, standings
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
    ledger: str = DEFAULT,
    config: Source = None,
    on_line: Tell | None = None,
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
    with Ledger.open(ledger, clock=clock) as book, alone(book):
        run = Run(book, settings, on_line or tell_nobody, stopping or asyncio.Event(), http, lease_s)
        return await worked(run, provider, seconds)


async def worked(run: Run, provider: str, seconds: float) -> Shift:
    """Work one account of a run for a while; arguments and errors as for `shift`."""
    book = run.book

    def standing() -> Standing:
        with book.reading() as tx:
            return standings(tx, run.settings.drip, provider)[0]

    async with run.worker(provider) as worker:
        if worker is not None:
            with suppress(Overtaken):
                due_at = await kept([worker], worker.work(book.clock.now() + seconds, idle_s=_IDLE_S))
                if due_at is not None:
                    return Shift("more", due_at)
                return Shift("done" if standing().stopped is None else "stopped")
    return Shift("busy", standing().lease_until)
