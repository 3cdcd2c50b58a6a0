"""A worker of a fleet: `python -m tests.support.fleet_worker '{…}'`. `groupadd drip work` with a timing of our own."""

import asyncio
import json
import signal
import sys
from typing import Any

from groupadd.config.load import load
from groupadd.drip.fleet.tasks import Timing
from groupadd.drip.fleet.worker import work
from groupadd.drip.store.database import Ledger
from groupadd.drip.worker.run import RunContext, ignore_line
from groupadd.wire.interrupt import on_signals


async def main(
    ledger: str, config: dict[str, Any] | str, accounts: int, timing: dict[str, Any], lease_s: float | None = None
) -> None:
    stopping = asyncio.Event()
    context = RunContext(Ledger.open(ledger), load(config), ignore_line, stopping, lease_s=lease_s)
    with on_signals(stopping.set, signal.SIGINT, signal.SIGTERM):
        await work(context, accounts=accounts, timing=Timing(**timing))


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
