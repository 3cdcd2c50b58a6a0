"""Watching from outside how workers carry a plan out: everything is read from the ledger."""

import asyncio

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.status import DripStatus, status, status_of
from groupadd.drip.store import audit
from groupadd.drip.store.accounts import queued_accounts
from groupadd.drip.store.audit import OnLine
from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.drip.worker.run import ignore_line
from groupadd.errors import Interrupted, LedgerError
from groupadd.wire.messages import log

_EVERY_S = 1.0
_AGAIN_S = 5.0  # after the ledger could not be read


def watch(*, ledger: str = DEFAULT_URL, config: Source = None, on_line: OnLine | None = None) -> DripStatus:
    """Watch until everything that is ordered is done or has stopped; arguments and errors as for `watch_async`.

    Raises:
        Interrupted: Ctrl-C came; its `.outcome` is the `DripStatus`. Workers go on.
    """
    try:
        return asyncio.run(watch_async(ledger=ledger, config=config, on_line=on_line))
    except KeyboardInterrupt:
        raise Interrupted(status(ledger=ledger, config=config)) from None


async def watch_async(*, ledger: str = DEFAULT_URL, config: Source = None, on_line: OnLine | None = None) -> DripStatus:
    """Watch until everything that is ordered is done or has stopped. A ledger that is out of reach is waited for.

    Args:
        ledger: The ledger's URL.
        config: Where the pace is configured, as for `groupadd.connect`.
        on_line: Called with every line of the audit from now on, once it is committed.

    Raises:
        ConfigError: The configuration cannot be used.
        LedgerError: The ledger cannot be used, from the beginning.
    """
    pace, tell = load(config).drip, on_line or ignore_line
    with Ledger.open(ledger) as book:
        with book.reading() as tx:
            told = audit.last_number(tx)
        while True:
            wait_s = _EVERY_S
            try:
                is_over = not queued_accounts(book)
                with book.reading() as tx:
                    for one in audit.lines(tx, after=told):
                        tell(one.line)
                        told = one.number
                if is_over:
                    return status_of(book, pace)
            except LedgerError as error:
                log.warning("%s; trying again", error)
                wait_s = _AGAIN_S
            await asyncio.sleep(wait_s)
