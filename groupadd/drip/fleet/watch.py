"""Watching workers on other machines: everything is read from the ledger."""

import asyncio

from groupadd.drip.status import DripStatus, status_of
from groupadd.drip.store.accounts import queued_accounts
from groupadd.drip.store.audit import OnLine, last_number, lines
from groupadd.drip.store.database import Ledger
from groupadd.errors import LedgerError
from groupadd.settings import PaceSettings
from groupadd.wire.messages import log

_EVERY_S = 1.0
_AGAIN_S = 5.0  # after the ledger could not be read


async def watch(ledger: Ledger, pace: PaceSettings, on_line: OnLine) -> DripStatus:
    """Watch until no queued account has people to do. Wait for a ledger out of reach.

    Args:
        ledger: The ledger.
        pace: The pace of every account.
        on_line: Called with every line of the audit from now on, once it is committed.

    Raises:
        LedgerError: The ledger cannot be used at the beginning.
    """
    with ledger.reading() as tx:
        seen = last_number(tx)
    while True:
        wait_s = _EVERY_S
        try:
            is_over = not queued_accounts(ledger)
            with ledger.reading() as tx:
                for numbered in lines(tx, after=seen):
                    on_line(numbered.line)
                    seen = numbered.number
            if is_over:
                return status_of(ledger, pace)
        except LedgerError as error:
            log.warning("%s; trying again", error)
            wait_s = _AGAIN_S
        await asyncio.sleep(wait_s)
