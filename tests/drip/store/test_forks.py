"""A process that was forked opens connections of its own; no two processes use one."""

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import Pool

from groupadd.drip import Drip
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.forks import FORKS
from tests.support.ledgers import KINDS, new_ledger
from tests.support.trial import Trial
from tests.support.virtual_time import crowd, simulated

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no process forks there"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),  # from Python 3.12 on, for any fork
]


@pytest.fixture(params=KINDS)
def drip(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drip]:
    """Return a drip that has been used: it has open connections."""
    trial = Trial(simulated(crowd(4)), tmp_path)
    with new_ledger(request.param, tmp_path) as trial.ledger, trial.open() as opened:
        opened.plan([{"phone": f"+{person.phone}"} for person in crowd(4)], group="120363000000000042@g.us")
        opened.status()
        yield opened


@pytest.fixture
def connected() -> Iterator[list[int]]:
    """Return a list that grows with the process of every connection that is opened."""
    processes: list[int] = []

    def note(*_: object) -> None:
        processes.append(os.getpid())

    event.listen(Pool, "connect", note)
    yield processes
    event.remove(Pool, "connect", note)


def in_child(work: Callable[[], None]) -> int:
    """Start a forked process; return its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  whatever it is, the child must not go on with the tests
        traceback.print_exc()
    os._exit(code)


def succeeded(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_forked_process_and_its_parent_have_connections_of_their_own(drip: Drip, connected: list[int]) -> None:
    def use() -> None:
        assert drip.status().people == 4
        assert connected == [os.getpid()]

    assert succeeded(in_child(use))
    assert drip.status().people == 4
    assert connected == [os.getpid()]


def test_processes_that_write_at_once_lose_nothing(drip: Drip) -> None:
    def work() -> None:
        for _ in range(20):
            drip.pause()
            drip.resume()

    children = [in_child(work) for _ in range(3)]
    work()
    assert [succeeded(child) for child in children] == [True] * 3
    events = [line.event for line in drip.audit()]
    assert events[0] == "planned"
    assert events.count("stopped") == events.count("resumed") > 0


def _count(drip: Drip, results: "multiprocessing.SimpleQueue[int]") -> None:
    results.put(drip.status().people)


def test_a_process_of_multiprocessing_is_one_too(drip: Drip, connected: list[int]) -> None:
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    processes = [context.Process(target=_count, args=(drip, results)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [results.get() for _ in processes] == [4, 4, 4]
    for process in processes:
        process.join()
    assert drip.status().people == 4
    assert connected == [os.getpid()]


def test_a_fork_waits_for_a_transaction_of_another_thread(drip: Drip) -> None:
    inside, order = threading.Event(), list[str]()
    ledger = Ledger.open(drip._store.url)

    def hold() -> None:
        with ledger.writing() as tx:
            tx.execute(text("UPDATE drip_accounts SET asked = 7"))
            inside.set()
            while not FORKS._changed._waiters:  # type: ignore[attr-defined]  # until the fork waits
                pass
            order.append("committed")

    def use() -> None:
        assert order == ["committed"]
        drip.pause()

    holding = threading.Thread(target=hold)
    holding.start()
    inside.wait()
    child = in_child(use)
    holding.join()
    ledger.close()
    assert succeeded(child)
    assert [line.event for line in drip.audit()] == ["planned", "stopped"]


def test_a_process_that_forks_within_a_transaction_does_not_wait_for_itself(drip: Drip) -> None:
    with Ledger.open(drip._store.url) as ledger, ledger.reading() as tx:
        assert succeeded(in_child(lambda: None))
        assert tx.scalar(text("SELECT count(*) FROM drip_people")) == 4
