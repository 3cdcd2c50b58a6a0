"""What a drip costs: a plan of 100,000 people, and 200 accounts in one process.

    python tests/benchmarks/drip.py

Prints CPU seconds and peak memory of the plan (goals: under 10 s and 200 MB), and how much of the allowed pace 200
accounts in one async process lose on a real clock (goal: at most 2 %), measured at the sandbox, which answers at once.
"""

import asyncio
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from groupadd.drip import AsyncDrip, Drip
from groupadd.sandbox import Group, Sandbox, SandboxPerson, World, mount
from groupadd.wire.driver import SystemClock

GROUP = "120363000000000042@g.us"
PEOPLE = 100_000
ACCOUNTS, EACH, ADDS_PER_MINUTE = 200, 6, 5.0


def phone(number: int) -> str:
    """Return one of a hundred thousand numbers reserved for fiction: 555-01xx, with made-up area codes for many."""
    return f"1{2000 + number // 100}55501{number % 100:02d}"


def planning(folder: Path) -> None:
    """Plan a hundred thousand people."""
    source = folder / "people.csv"
    source.write_text("name,phone\n" + "".join(f"P{n},+{phone(n)}\n" for n in range(PEOPLE)))
    config = {"providers": {"one": {"type": "wasend", "session_id": "s", "api_key": "k"}}}
    began = time.process_time()
    with Drip(f"sqlite:///{folder}/plan.db", config) as drip:
        made = drip.plan(source, group=GROUP, providers=["one"])
    cpu_s = time.process_time() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"plan of {made.people:,} people: {cpu_s:.1f} s of CPU, {peak_mb:.0f} MB at the most")


def most_in_a_minute(times: Sequence[float]) -> int:
    """Return how many of these moments any 60 seconds hold at most."""
    return max(sum(0 <= later - begin < 60 for later in times) for begin in times)


def running(folder: Path) -> None:
    """Run 200 accounts at once, and count at the sandbox."""
    sandboxes: dict[str, Sandbox] = {}
    worlds: list[World] = []
    for account in range(ACCOUNTS):
        world = World(SystemClock())
        us = world.open_account(SandboxPerson(phone(90_000 + account), f"1770{account:011d}"))
        world.add_people(
            *(SandboxPerson(phone(account * EACH + n), f"1880{account * EACH + n:011d}") for n in range(EACH))
        )
        world.create_group(Group(f"12036300000{account:07d}@g.us"), admins=[us.person])
        sandboxes[f"a{account}"] = Sandbox.for_vendor("wasend", world, us)
        worlds.append(world)
    pace = {"adds_per_minute": ADDS_PER_MINUTE, "rest_after": 1000, "adds_per_day": 1000}
    providers = {name: one.config(f"http://sandbox.example/{name}") for name, one in sandboxes.items()}
    config = {"providers": providers, "drip": pace}
    rows = [
        {"phone": phone(account * EACH + n), "group": f"12036300000{account:07d}@g.us", "provider": f"a{account}"}
        for account in range(ACCOUNTS)
        for n in range(EACH)
    ]
    ledger = f"sqlite:///{folder}/run.db"
    with Drip(ledger, config) as drip:
        drip.plan(rows)
    handle = mount(sandboxes)

    def answer(request: httpx.Request) -> httpx.Response:
        answer = handle(request.method, request.url.raw_path.decode(), dict(request.headers), request.content)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    async def run() -> None:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
            AsyncDrip(ledger, config, http=http) as drip,
        ):
            await drip.run()

    began = time.process_time()
    asyncio.run(run())
    cpu_s = time.process_time() - began
    allowed_s = (EACH - 1) * 60.0 / ADDS_PER_MINUTE
    took_s = [world.journal[-1].at - world.journal[0].at for world in worlds]
    lost = 1 - allowed_s * len(took_s) / sum(took_s)
    most = max(most_in_a_minute([entry.at for entry in world.journal]) for world in worlds)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{ACCOUNTS} accounts, {EACH} adds each at {ADDS_PER_MINUTE:g} a minute: "
        f"{cpu_s:.1f} s of CPU in {max(took_s):.0f} s"
    )
    print(f"pace lost: {lost:.1%}; any minute of an account holds {most} at the most; {peak_mb:.0f} MB at the most")


def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        planning(Path(folder))
        running(Path(folder))


if __name__ == "__main__":
    main()
