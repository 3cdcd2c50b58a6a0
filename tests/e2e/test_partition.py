"""Two hosts in network namespaces, of which one is cut off from the database, and not from the providers."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from attrs import frozen
from sqlalchemy import make_url

from tests.support.fleet import Fleet, Host
from tests.support.ledgers import new_ledger
from tests.support.servers import forwarding

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.network,
    pytest.mark.skipif(
        "GROUPADD_TEST_NAMESPACES" not in os.environ,
        reason="GROUPADD_TEST_NAMESPACES does not allow us to make network namespaces, as root, for a minute",
    ),
]
QUICK = {"run_s": 3.0, "sweep_s": 1, "heartbeat_s": 0.5, "stalled_s": 2.0}
LEASE_S = 2.0
ACCOUNTS, EACH = 4, 60
WHY = "the database is out of reach, and nothing is sent without it"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@frozen
class Link:
    """A network of two: this host, and one in a namespace."""

    namespace: str
    number: int

    @property
    def here(self) -> str:
        return f"10.213.{self.number}.1"

    def lay(self) -> None:
        near, far = f"ga{self.number}", f"gb{self.number}"
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.namespace)
        ip("addr", "add", f"{self.here}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", self.namespace, "addr", "add", f"10.213.{self.number}.2/30", "dev", far)
        ip("-n", self.namespace, "link", "set", far, "up")

    def cut(self) -> None:
        ip("link", "set", f"ga{self.number}", "down")

    def mend(self) -> None:
        ip("link", "set", f"ga{self.number}", "up")


@contextmanager
def host(name: str, number: int, fleet: Fleet) -> Iterator[tuple[Host, Link]]:
    """Yield a host of its own, and its line to the database; it has another one to the providers."""
    ledger, providers = make_url(fleet.ledger), urlsplit(fleet.url)
    assert ledger.port
    assert providers.port
    ip("netns", "add", name)
    try:
        database, web = Link(name, number), Link(name, number + 1)
        for line in (database, web):
            line.lay()
        with (
            forwarding(database.here, ledger.port) as ledger_port,
            forwarding(web.here, providers.port) as web_port,
        ):
            there = ledger.set(host=database.here, port=ledger_port).render_as_string(hide_password=False)
            yield Host(["ip", "netns", "exec", name], there, f"http://{web.here}:{web_port}"), database
    finally:
        ip("netns", "del", name)


def test_who_is_cut_off_from_the_database_stops_sending_says_why_and_goes_on_later(tmp_path: Path) -> None:
    asked: Counter[str] = Counter()
    with ExitStack() as stack:
        ledger = stack.enter_context(new_ledger("postgresql", tmp_path))
        fleet = Fleet.of(ledger, ACCOUNTS, EACH, adds_per_minute=120.0, timing=QUICK, lease_s=LEASE_S, timeout_s=1.0)
        fleet.on_add = lambda worker: asked.update([worker])
        stack.enter_context(fleet)
        says = stack.enter_context((stderr := tmp_path / "says").open("wb"))
        one, line = stack.enter_context(host("groupadd-one", 1, fleet))
        two, _ = stack.enter_context(host("groupadd-two", 3, fleet))
        fleet.start("one", host=one, says=says)
        fleet.start("two", host=two)
        fleet.enqueue()
        fleet.wait_for(lambda: asked["one"] >= 4, "adds by the first host")
        line.cut()
        time.sleep(LEASE_S + 0.5)
        before = asked.copy()
        fleet.wait_for(lambda: WHY in stderr.read_text(), "the reason on stderr")
        fleet.wait_for(lambda: asked["two"] >= before["two"] + 10, "adds by the second host")
        assert asked["one"] == before["one"], "something was sent without a hold"
        line.mend()
        fleet.wait_for(lambda: asked["one"] > before["one"], "that the first host goes on")
        fleet.wait_for(lambda: not fleet.left(), "the end")
        found = fleet.holds()
    assert found.total() - found["again"] == ACCOUNTS * EACH
