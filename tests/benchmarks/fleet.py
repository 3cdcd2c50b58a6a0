"""What a fleet costs: 1,000 accounts over 4 workers at 5 adds a minute each, on one machine with database and sandbox.

    .ci/postgres python -m tests.benchmarks.fleet

Prints how much of the allowed pace is lost (goal: at most 1 %), measured at the sandbox, which answers at once; the
memory of the workers (goal: under 250 MB each); and what they ask of the database. Without jitter, which costs 1.5 % by
design (see docs/why.md).
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import NullPool, create_engine, make_url, text

from groupadd.drip import open_async
from groupadd.sandbox import Group, Sandbox, SandboxPerson, World, config_toml, mount
from groupadd.wire.driver import SystemClock
from tests.support.ledgers import POSTGRES, new_ledger

ROOT = Path(__file__).parents[2]
ADDS_PER_MINUTE = 5.0


def phone(number: int) -> str:
    """Return one of many numbers reserved for fiction: 555-01xx, with made-up area codes."""
    return f"1{2000 + number // 100}55501{number % 100:02d}"


def worlds_of(accounts: int, each: int) -> tuple[dict[str, Sandbox], list[World], list[dict[str, str]]]:
    """Return a world for each account, with people to be planned for it."""
    sandboxes, worlds, rows = {}, [], []
    for n in range(accounts):
        world, name, group = World(SystemClock()), f"a{n}", f"12036300000{n:07d}@g.us"
        us = world.open_account(SandboxPerson(phone(700_000 + n), f"1770{n:011d}"))
        people = [SandboxPerson(phone(n * each + k), f"1880{n * each + k:011d}") for k in range(each)]
        world.add_people(*people)
        world.create_group(Group(group), admins=[us.person])
        sandboxes[name] = Sandbox.for_vendor("wasend", world, us)
        worlds.append(world)
        rows += [{"phone": one.phone, "group": group, "provider": name} for one in people]
    return sandboxes, worlds, rows


async def serving(sandboxes: Mapping[str, Sandbox]) -> asyncio.Server:
    """Serve them with as little work as HTTP/1.1 takes: a thread for each connection would cost too much."""
    handle = mount(sandboxes)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            line, *fields = head.decode("latin-1").split("\r\n")
            method, target, _ = line.split(" ", 2)
            headers = dict(field.split(": ", 1) for field in fields if field)
            body = await reader.readexactly(int(headers.get("Content-Length", "0")))
            answer = handle(method, target, headers, body)
            writer.write(
                f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.body)}\r\n\r\n".encode() + answer.body
            )
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def statements(ledger: str) -> int:
    """Return how many statements the server has carried out in a database."""
    assert POSTGRES
    counted = "SELECT sum(calls) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid WHERE datname = :name"
    with create_engine(POSTGRES, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as server:
        server.execute(text("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))
        return int(server.scalar(text(counted), {"name": make_url(ledger).database}) or 0)


async def running(ledger: str, folder: Path, asked: argparse.Namespace) -> None:
    """Run everything, and print figures."""
    sandboxes, worlds, rows = worlds_of(asked.accounts, asked.each)
    server = await serving(sandboxes)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    config = folder / "groupadd.toml"
    pace = f"[drip]\nadds_per_minute = {ADDS_PER_MINUTE}\nrest_after = 1000\njitter = 0.0\nadds_per_day = 1000\n"
    config.write_text(config_toml({name: one.config(f"{url}/{name}") for name, one in sandboxes.items()}) + pace)
    drip = open_async(ledger, str(config))
    drip.init()
    drip.plan(rows)
    orders = {"ledger": ledger, "config": str(config), "accounts": asked.accounts // asked.workers + 10, "timing": {}}
    command = [sys.executable, "-m", "tests.support.fleet_worker", json.dumps(orders)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    fleet = [subprocess.Popen(command, cwd=ROOT, env=environ) for _ in range(asked.workers)]
    before, began = statements(ledger), time.monotonic()
    await drip.enqueue_accounts()
    await drip.close()
    people = asked.accounts * asked.each
    while sum(len(world.journal) for world in worlds) < people:
        await asyncio.sleep(1.0)
    took_s, calls = time.monotonic() - began, statements(ledger) - before
    peaks = [_peak_mb(worker.pid) for worker in fleet]
    for worker in fleet:
        worker.terminate()
    ended = [worker.wait(60) for worker in fleet]
    server.close()
    allowed_s = (asked.each - 1) * 60.0 / ADDS_PER_MINUTE
    lost = [1 - allowed_s / (world.journal[-1].at - world.journal[0].at) for world in worlds]
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{asked.accounts} accounts, {asked.each} adds each, {asked.workers} workers that ended {ended}: {took_s:.0f} s"
    )
    print(f"pace lost: {sum(lost) / len(lost):.2%} on average, {max(lost):.2%} at the most")
    print(f"memory of a worker: {max(peaks):.0f} MB at the most")
    print(f"statements: {calls / people:.1f} an add, {calls / took_s / asked.accounts:.2f} a second for each account")
    print(f"CPU: {cpu.ru_utime + cpu.ru_stime:.0f} s of workers, {ours.ru_utime + ours.ru_stime:.0f} s of the sandbox")


def _peak_mb(pid: int) -> float:
    peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--each", type=int, default=15)
    parser.add_argument("--workers", type=int, default=4)
    with TemporaryDirectory() as folder, new_ledger("postgresql", Path(folder)) as ledger:
        asyncio.run(running(ledger, Path(folder), parser.parse_args()))


if __name__ == "__main__":
    main()
