"""A drip over a world in virtual time: what the tests of runs and plans begin with."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from groupadd.drip import AsyncDrip, AuditLine, Drip, DripStatus, Plan
from groupadd.sandbox import SandboxPerson
from tests.support.virtual_time import GROUP, Simulation, simulated


class Trial:
    """A drip over a world in virtual time; every call opens the ledger anew, as commands do."""

    def __init__(self, simulation: Simulation, folder: Path) -> None:
        self.simulation, self.ledger = simulation, f"sqlite:///{folder / 'drip.db'}"
        self.lines: list[AuditLine] = []

    def open(self) -> Drip:
        return Drip(self.ledger, self.simulation.config, clock=self.simulation.clock)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AsyncDrip]:
        """Open the ledger for the event loop of a run, which reaches the sandbox."""
        async with (
            self.simulation.http() as http,
            AsyncDrip(
                self.ledger, self.simulation.config, clock=self.simulation.clock, lease_s=24 * 3600, http=http
            ) as drip,
        ):
            yield drip

    def plan(self, people: Sequence[SandboxPerson], **options: Any) -> Plan:
        rows = [{"phone": f"+{human.phone}"} for human in people]
        with self.open() as drip:
            return drip.plan(rows, **{"group": GROUP, "providers": list(self.simulation.sandboxes)} | options)

    async def running(self, until: Callable[[AuditLine], bool] = lambda _: False) -> DripStatus:
        stopping = asyncio.Event()

        def on_line(line: AuditLine) -> None:
            self.lines.append(line)
            if until(line):
                stopping.set()

        async with self.opened() as drip:
            return await drip.run(on_line=on_line, stopping=stopping)

    def run(self, until: Callable[[AuditLine], bool] = lambda _: False) -> DripStatus:
        return self.simulation.clock.run(self.running(until))

    def run_cut_off_after(self, seconds: float) -> bool:
        """Run, and return whether that was cut off in the midst of whatever it did."""
        try:
            self.simulation.clock.run(asyncio.wait_for(self.running(), seconds))
        except TimeoutError:
            return True
        return False

    def resume(self) -> None:
        with self.open() as drip:
            drip.resume()

    def retry(self, reason: str) -> int:
        with self.open() as drip:
            return drip.retry(reason)

    def audit(self) -> list[AuditLine]:
        with self.open() as drip:
            return list(drip.audit())

    def exported(self) -> list[str]:
        rows = StringIO()
        with self.open() as drip:
            drip.export(rows)
        return rows.getvalue().splitlines()[1:]

    def statuses(self) -> list[str]:
        return [line.split(",", 1)[1].rsplit(",", 1)[0] for line in self.exported()]


def planned(
    folder: Path, people: Sequence[SandboxPerson], accounts: Sequence[str] = ("main",), **options: Any
) -> Trial:
    """Return a trial whose ledger has a plan for these people."""
    trial = Trial(simulated(people, accounts, **options), folder)
    trial.plan(people)
    return trial
