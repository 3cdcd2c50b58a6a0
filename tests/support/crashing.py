"""A world that survives the runs which die over it, and what must hold of it afterwards."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import define, field

from groupadd.drip import Drip
from groupadd.sandbox import Group, Privacy, Sandbox, SandboxPerson, World
from groupadd.sandbox.messages import ServerResponse
from groupadd.sandbox.server import SandboxServer
from groupadd.settings import PaceSettings
from groupadd.wire.driver import SystemClock

GROUP = "120363000000000042@g.us"
ROOT = Path(__file__).parents[2]
GAP_S = 0.02
SETTINGS: Mapping[str, object] = {
    "add": {"look_after_s": [0.02, 0.06], "late_after_s": 0.3, "timeout_s": 5.0},
    "drip": {"adds_per_minute": 60 / GAP_S, "rest_after": 1000, "adds_per_day": 100_000},
}


@define
class Scene:
    """Some people to add, a server that may kill the run that sends it a request, and the truth.

    Attributes:
        sandbox: What the provider's server does.
        ledger: The ledger's URL.
        invite: How people are invited.
        kill_on: The route on which the server kills the run, after the request has taken effect.
        left: How many such requests there are until it does.
        child: The run.
    """

    sandbox: Sandbox
    ledger: str
    invite: str
    url: str = ""
    kill_on: str | None = None
    left: int = 0
    child: "subprocess.Popen[str] | None" = None
    config: dict[str, Any] = field(factory=dict)

    @property
    def world(self) -> World:
        return self.sandbox.vendor.world

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        before = len(self.sandbox.requests)
        answer = self.sandbox.handle(method, target, headers, body)
        routes = {request.route for request in self.sandbox.requests[before:]}
        if self.kill_on in routes and self.child is not None:
            self.left -= 1
            if not self.left:
                self.child.send_signal(signal.SIGKILL)
        return answer

    def run(self, point: str | None = None, times: int = 1) -> int:
        """Run until it ends or is killed; return its exit code."""
        orders = {"ledger": self.ledger, "config": self.config, "point": point, "times": times, "lease_s": 0.6}
        command = [sys.executable, "-m", "tests.support.run_and_die", json.dumps(orders)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, cwd=ROOT, env=environ, text=True, stdout=subprocess.DEVNULL) as self.child:
            return self.child.wait(timeout=60)

    def open(self) -> Drip:
        return Drip(self.ledger, self.config)

    def plan(self, people: list[SandboxPerson]) -> None:
        rows = [{"phone": f"+{human.phone}"} for human in people]
        with self.open() as drip:
            drip.plan(rows, group=GROUP)


def scene(ledger: str, vendor: str, *, invite: str = "never") -> Scene:
    world = World(SystemClock())
    account = world.open_account(SandboxPerson("19995550190", "177099999999990", "We"))
    world.create_group(Group(GROUP), admins=[account.person])
    return Scene(Sandbox.for_vendor(vendor, world, account), ledger, invite)


def served(scene: Scene) -> SandboxServer:
    """Return a server for the scene, whose config leads there."""
    server = SandboxServer(scene.handle)
    add = {**dict(SETTINGS["add"]), "invite": scene.invite}  # type: ignore[call-overload]  # a table
    scene.config = {"providers": {"main": scene.sandbox.config(server.url)}, "add": add, "drip": SETTINGS["drip"]}
    return server


def people(count: int) -> list[SandboxPerson]:
    """Return people; every ninth lets no account add them."""
    return [
        SandboxPerson(
            f"1{200 + n // 100}55501{n % 100:02d}",
            f"1770{n:011d}",
            privacy=Privacy.CONTACTS_ONLY if n % 9 == 4 else Privacy.OPEN,
        )
        for n in range(count)
    ]


def holds(scene: Scene, humans: list[SandboxPerson]) -> Counter[str]:
    """Hold the ledger against the truth; return how many have which status, and what came of the crashes."""
    rows = StringIO()
    with scene.open() as drip:
        drip.export(rows)
        intents = Counter(line.participant for line in drip.audit() if line.event == "asking")
    exported = [line.split(",") for line in rows.getvalue().splitlines()[1:]]
    assert [row[0] for row in exported] == [f"+{human.phone}" for human in humans], "a person is lost"
    status = {human.phone: row[1] for human, row in zip(humans, exported, strict=True)}
    for phone, word in status.items():
        inside = scene.world.is_member(GROUP, phone)
        assert word in ({"added", "already_member"} if inside else {"not_added", "invited"}), (word, inside)
    adds = [entry for entry in scene.world.journal if entry.kind == "add"]
    looks = [seen.at for seen in scene.sandbox.requests if seen.route == "list"]
    again = 0
    for human in humans:
        asked = [entry.at for entry in adds if entry.to == human.phone]
        assert len(asked) <= 2
        assert asked or intents[f"{human.phone}@s.whatsapp.net"] == 2, "given up without two requests that were lost"
        for first, second in pairwise(asked):
            again += 1
            assert sum(first < at < second for at in looks) >= 2, "asked for twice without two looks between"
    invitations = Counter(entry.to for entry in scene.world.journal if entry.kind == "invitation")
    assert all(count == 1 for count in invitations.values()), "a person was invited twice"
    gaps = [second.at - first.at for first, second in pairwise(adds)]
    assert min(gaps) >= GAP_S * (1 - PaceSettings().jitter), "faster than the pace"
    return Counter(status.values()) + Counter(again=again, invitations=len(invitations))
