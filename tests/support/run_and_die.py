"""A run in a process of its own that kills itself at a chosen point: `python -m tests.support.run_and_die '{…}'`.

The points are seams of the program: its database, its HTTP client, its audit lines. Where only the provider knows the
moment (`after send`, mid-look, mid-invitation), the server kills the process: see tests/e2e/test_crashes.py.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import httpx
from sqlalchemy import Engine, event

from groupadd.drip import AsyncDrip, AuditLine, LedgerBusy

WAIT_S = 0.2


class Bomb:
    """Kills this process when its point is reached for the n-th time; ignores every other point."""

    def __init__(self, point: str | None, times: int) -> None:
        self.point, self.left = point, times

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


def listen_to_database(bomb: Bomb) -> None:
    """Tell of an intent that is written, and not yet committed."""
    written: list[bool] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def on_statement(*args: Any) -> None:
        if "INSERT INTO drip_audit" in args[2] and "asking" in str(args[3]):
            written.append(True)

    @event.listens_for(Engine, "commit")
    def on_commit(_: object) -> None:
        if written:
            written.clear()
            bomb("before intent")


async def run(ledger: str, config: dict[str, Any], point: str | None, times: int, lease_s: float) -> None:
    bomb = Bomb(point, times)
    listen_to_database(bomb)

    async def on_response(response: httpx.Response) -> None:
        if response.request.url.path.endswith("/participants/add"):
            await response.aread()
            bomb("after answer")

    def on_line(line: AuditLine) -> None:
        if line.event == "asking":
            bomb("after intent")
        if line.event in {"answered", "settled"}:
            bomb("after record")

    async with (
        httpx.AsyncClient(event_hooks={"response": [on_response]}) as http,
        AsyncDrip(ledger, config, lease_s=lease_s, http=http) as drip,
    ):
        while True:
            try:
                status = await drip.run(on_line=on_line)
            except LedgerBusy:
                await asyncio.sleep(WAIT_S)  # the killed one's lease is not over yet
            else:
                break
    print(json.dumps(status.as_dict()))


if __name__ == "__main__":
    asyncio.run(run(**json.loads(sys.argv[1])))
