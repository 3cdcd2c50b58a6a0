"""Kill runs at random moments and compare the ledger with the truth: `python -m tests.e2e.random_kills --kills 200`.

A provider that speaks of each person and one that only accepts, in turn. The ledger is a file; with `--postgres`, a
database of the server that `GROUPADD_TEST_POSTGRES` names.
"""

import argparse
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.support.crashing import Scene, holds, people, scene, served
from tests.support.ledgers import new_ledger

PEOPLE = 40


def killed_after(it: Scene, seconds: float) -> bool:
    """Run, and kill it so many seconds after its first request; return whether it was killed in time."""
    requests = len(it.sandbox.requests)

    def kill() -> None:
        while len(it.sandbox.requests) == requests and not over.is_set():
            time.sleep(0.005)
        if not over.wait(seconds) and it.child is not None:
            it.child.send_signal(signal.SIGKILL)

    over = threading.Event()
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    ended = it.run()
    over.set()
    killer.join()
    return ended == -signal.SIGKILL


def campaign(kind: str, vendor: str, kills: int) -> Counter[str]:
    """Run one plan, killed so many times at most, to its end."""
    invite = "link" if vendor == "wasend" else "never"
    humans = people(PEOPLE)
    with tempfile.TemporaryDirectory() as folder, new_ledger(kind, Path(folder)) as ledger:
        it = scene(ledger, vendor, invite=invite)
        it.world.add_people(*humans)
        with served(it):
            it.plan(humans)
            done = sum(killed_after(it, random.uniform(0.0, 0.8)) for _ in range(kills))
            stops = through(it)
            return holds(it, humans) + Counter(kills=done, stops=stops)


def through(it: Scene) -> int:
    """Run to the end; return how often a rule stopped the account: kills may bring refused people close together."""
    stops = 0
    assert it.run() == 0
    with it.open() as drip:
        while drip.status().has_stopped:
            stops += 1
            drip.resume()
            assert it.run() == 0
    return stops


def main() -> None:
    """Kill as often as is asked for, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    total: Counter[str] = Counter()
    while total["kills"] < asked.kills:
        vendor = ("wasend", "wawp")[total["plans"] % 2]
        total += campaign("postgresql" if asked.postgres else "sqlite", vendor, 5) + Counter(plans=1, people=PEOPLE)
        print(dict(total), flush=True)


if __name__ == "__main__":
    main()
