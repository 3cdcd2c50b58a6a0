"""Workers that are killed, frozen and cut off from their database, held against the truth.

    .ci/postgres python -m tests.support.fleet

adds 2,000 people by 20 accounts over 4 workers at 60 a minute, with the timing that users have. One worker is killed
for good, one is frozen in mid-call till others have taken its accounts over and then woken; the server is restarted.
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Self

from attrs import define, evolve, field, frozen

from groupadd.drip import Drip, DripStatus
from groupadd.sandbox import Group, Privacy, Sandbox, SandboxPerson, World, mount
from groupadd.sandbox.messages import ServerResponse
from groupadd.sandbox.server import SandboxServer
from groupadd.wire.driver import SystemClock
from tests.support.ledgers import new_ledger

ROOT = Path(__file__).parents[2]
PATIENCE_S = 600.0


@frozen
class Host:
    """Where a worker lives, and how it reaches others from there.

    Attributes:
        enter: The words before its command.
        ledger: The ledger's URL; None for the fleet's own.
        url: Where the providers are; None likewise.
    """

    enter: Sequence[str] = ()
    ledger: str | None = None
    url: str | None = None


@define
class Fleet:
    """Some accounts with people to add, a server that knows which worker asks, and the workers.

    Attributes:
        ledger: The ledger's URL.
        world: The truth.
        sandboxes: What the accounts speak to, by configured name.
        adds_per_minute: The pace of every account.
        timing: The fields of `Timing` that differ from those of users.
        lease_s: Seconds after which an account without a sign of life is free; None as for users.
        jitter: How much chance is in it.
        timeout_s: How long workers wait for an answer.
        delay_s: How long every answer takes.
        on_add: Called with a worker's name when it asks for an add, before that is carried out.
        url: Where the server is.
        workers: The workers, by name.
    """

    ledger: str
    world: World
    sandboxes: Mapping[str, Sandbox]
    adds_per_minute: float
    timing: Mapping[str, float]
    lease_s: float | None = None
    jitter: float = 0.3
    timeout_s: float = 5.0
    delay_s: float = 0.05
    on_add: Callable[[str], None] | None = None
    url: str = "http://127.0.0.1"
    workers: dict[str, "subprocess.Popen[bytes]"] = field(factory=dict)
    _open: ExitStack = field(factory=ExitStack)

    @classmethod
    def of(cls, ledger: str, accounts: int, each: int, **options: Any) -> Self:
        """Return a fleet that has planned `each` people for every account."""
        world = World(SystemClock())
        sandboxes: dict[str, Sandbox] = {}
        for n in range(accounts):
            ours = world.open_account(SandboxPerson(f"1999555{n:04d}", f"1770999{n:08d}", f"We {n}"))
            group = (
                world.create_group(Group(f"12036300000{n // 4:07d}@g.us"), admins=[ours.person]) if n % 4 == 0 else None
            )
            if group is None:
                world.groups[f"12036300000{n // 4:07d}@g.us"].set_role(ours.person.phone, "admin", world.now)
            sandboxes[f"a{n}"] = Sandbox.for_vendor(("wasend", "wawp")[n % 2], world, ours)
        it = cls(ledger, world, sandboxes, **options)
        rows = []
        for n, name in enumerate(sandboxes):
            people = [_human(n * each + k) for k in range(each)]
            world.add_people(*people)
            rows += [
                {"phone": f"+{one.phone}", "group": f"12036300000{n // 4:07d}@g.us", "provider": name} for one in people
            ]
        with it.open() as drip:
            drip.init()
            drip.plan(rows)
        return it

    def config(self, worker: str, url: str | None = None) -> dict[str, Any]:
        providers = {name: one.config(f"{url or self.url}/{worker}/{name}") for name, one in self.sandboxes.items()}
        pace = {"adds_per_minute": self.adds_per_minute, "rest_s": 0.0, "adds_per_day": 10_000, "jitter": self.jitter}
        add = {"look_after_s": [0.5, 2.0], "late_after_s": 5.0, "timeout_s": self.timeout_s}
        return {"providers": providers, "add": add, "drip": pace}

    def __enter__(self) -> Self:
        self.url = self._open.enter_context(SandboxServer(self._handle)).url
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()
        self._open.close()

    def _handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        worker, _, rest = target.removeprefix("/").partition("/")
        if self.on_add is not None and target.endswith("/participants/add"):
            self.on_add(worker)
        response = mount(self.sandboxes)(method, f"/{rest}", headers, body)
        return evolve(response, delay_s=response.delay_s + self.delay_s)

    def start(self, *names: str, host: Host = Host(), says: IO[bytes] | None = None) -> None:
        """Start workers on a host; what they say goes to a file, or to everybody."""
        for name in names:
            orders = {
                "ledger": host.ledger or self.ledger,
                "config": self.config(name, host.url),
                "accounts": len(self.sandboxes) // 2,  # two workers can do it all
                "timing": dict(self.timing),
                "lease_s": self.lease_s,
            }
            command = [*host.enter, sys.executable, "-m", "tests.support.fleet_worker", json.dumps(orders)]
            environ = {**os.environ, "PYTHONPATH": str(ROOT)}
            self.workers[name] = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=says)

    def enqueue(self) -> None:
        """Queue all accounts."""
        with self.open() as drip:
            drip.enqueue_accounts()

    def adds(self) -> int:
        return sum(entry.kind == "add" for entry in self.world.journal)

    def wait_for(self, done: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        until = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < until, f"{what} did not come to pass: {self.left()} left"
            time.sleep(0.05)

    def open(self) -> Drip:
        return Drip(self.ledger, self.config("none"))

    def status(self) -> DripStatus:
        with self.open() as drip:
            return drip.status()

    def left(self) -> int:
        return self.status().left

    def freeze_in_mid_call(self, name: str) -> threading.Event:
        """Freeze a worker while its next add is under way; set when that is so."""
        frozen = threading.Event()

        def on_add(worker: str) -> None:
            if worker == name and not frozen.is_set():
                self.workers[name].send_signal(signal.SIGSTOP)
                frozen.set()

        self.on_add = on_add
        return frozen

    def holds(self) -> Counter[str]:
        """Hold the ledger against the truth; return how many have which status, and what came of it all."""
        rows = StringIO()
        with self.open() as drip:
            drip.export(rows)
        exported = [line.split(",") for line in rows.getvalue().splitlines()[1:]]
        found: Counter[str] = Counter()
        asked: dict[str, list[tuple[float, str]]] = {}
        for entry in self.world.journal:
            if entry.kind == "add":
                asked.setdefault(entry.to, []).append((entry.at, entry.by))
        for phone, group, account, status, *_ in exported:
            inside = self.world.is_member(group, phone[1:])
            assert status in ({"added", "already_member"} if inside else {"not_added"}), (status, inside)
            found[status] += 1
            times = asked[phone[1:]]
            looks = [request.at for request in self.sandboxes[account].requests if request.route == "list"]
            for (first, _), (second, _) in pairwise(times):
                found["again"] += 1
                assert sum(first < at < second for at in looks) >= 2, "asked for twice without two looks between"
        assert found.total() - found["again"] == len(exported)
        self._keeps_its_pace()
        return found

    def _keeps_its_pace(self) -> None:
        for times in self.by_account().values():
            most = max(bisect_left(times, begin + 60.0) - n for n, begin in enumerate(times))
            assert most <= self.adds_per_minute, f"{most} adds in a minute"
            least = min((later - earlier for earlier, later in pairwise(times)), default=60.0)
            assert least >= 60.0 / self.adds_per_minute * (1 - self.jitter), f"{least:.3f} s between two adds"

    def by_account(self) -> Mapping[str, Sequence[float]]:
        """Return when each account sent an add."""
        times: dict[str, list[float]] = {}
        for entry in self.world.journal:
            if entry.kind == "add":
                times.setdefault(entry.by, []).append(entry.at)
        return times

    def longest_wait_s(self) -> float:
        """Return the longest time that any account with people to do sent no add."""
        return max(later - earlier for times in self.by_account().values() for earlier, later in pairwise(times))


def _human(n: int) -> SandboxPerson:
    privacy = Privacy.CONTACTS_ONLY if n % 37 == 5 else Privacy.OPEN
    return SandboxPerson(f"1{200 + n // 100}55501{n % 100:02d}", f"1770{n:011d}", privacy=privacy)


def main() -> None:
    """Run the whole thing, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--each", type=int, default=100)
    asked = parser.parse_args()
    restart = shlex.split(os.environ["GROUPADD_TEST_POSTGRES_RESTART"])
    with TemporaryDirectory() as folder, new_ledger("postgresql", Path(folder)) as ledger:
        people = asked.accounts * asked.each
        began = time.monotonic()

        def say(what: str) -> None:
            print(f"{time.monotonic() - began:6.1f} s  {it.adds():5} adds  {what}", flush=True)

        with Fleet.of(ledger, asked.accounts, asked.each, adds_per_minute=60.0, timing={}) as it:
            it.start("one", "two", "three", "four")
            it.enqueue()
            it.wait_for(lambda: it.adds() >= people // 10, "a tenth")
            it.workers["one"].kill()
            say("one is killed for good")
            it.wait_for(lambda: it.adds() >= people // 4, "a quarter")
            frozen = it.freeze_in_mid_call("two")
            assert frozen.wait(60)
            say("two is frozen in mid-call")
            time.sleep(75)
            it.workers["two"].send_signal(signal.SIGCONT)
            say("two is woken")
            it.wait_for(lambda: it.adds() >= people * 6 // 10, "six tenths")
            subprocess.run(restart, check=True, stdout=subprocess.DEVNULL)
            say("the server was restarted")
            it.wait_for(lambda: not it.left(), "the end")
            say("all people are done")
            it.workers["three"].send_signal(signal.SIGTERM)
            say(f"three ended with {it.workers['three'].wait(60)} on SIGTERM")
            print(dict(it.holds()), f"longest wait of any account: {it.longest_wait_s():.1f} s")


if __name__ == "__main__":
    main()
