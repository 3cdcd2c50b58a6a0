"""A clock that is set back or forward holds no account up, loosens no pace, and makes no verdict wrong."""

from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest

from groupadd import Status
from groupadd.drip import AuditLine
from groupadd.drip.store.clocks import DatabaseClock, FileClock
from groupadd.sandbox import faults
from tests.support.trial import Trial, planned
from tests.support.virtual_time import LoopClock, crowd

T = TypeVar("T")
HOUR_S = 3600.0
YEAR_S = 365 * 24 * HOUR_S
GAP_S, WINDOW_S = 12.0, 60.0
AT_ONCE = {"rest_s": 0.0, "adds_per_day": 1000}


class Wall(LoopClock):
    """A machine's clock, which may be wrong; the loop and the world go by the true time."""

    def __init__(self, true: LoopClock) -> None:
        super().__init__()
        self.true, self.moved_s = true, 0.0

    def now(self) -> float:
        return self.true.now() + self.moved_s

    def sleep(self, seconds: float) -> None:
        self.true.sleep(seconds)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.true.run(coroutine)


def on_a_wall(it: Trial) -> Wall:
    it.simulation.clock = wall = Wall(it.simulation.clock)
    return wall


def gaps(it: Trial) -> list[float]:
    return [later - earlier for (earlier, _), (later, _) in pairwise(it.simulation.adds())]


@pytest.mark.parametrize("ahead_s", [10.0, 3 * HOUR_S, 10 * YEAR_S, -3 * HOUR_S, -YEAR_S])
@pytest.mark.parametrize("vendor", ["wasend", "wawp"])
def test_a_clock_that_is_set_between_two_runs_holds_no_account_up(ahead_s: float, vendor: str, tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(14), vendor=vendor, drip=AT_ONCE)
    wall = on_a_wall(it)
    wall.moved_s = ahead_s
    it.run(until=lambda _: len(it.simulation.adds()) == 7)
    wall.moved_s = 0.0
    status = it.run()
    assert (status.left, status.counts[Status.ADDED]) == (0, 14)
    assert max(gaps(it)) <= WINDOW_S + GAP_S
    assert max(line.at.timestamp() for line in it.audit()) <= wall.now() + 1


@pytest.mark.parametrize("by_s", [3 * HOUR_S, -3 * HOUR_S, 10 * YEAR_S, -10 * YEAR_S])
@pytest.mark.parametrize("vendor", ["wasend", "wawp"])
def test_a_clock_that_is_set_in_mid_run_holds_no_account_up(by_s: float, vendor: str, tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(14), ["main", "backup"], vendor=vendor, drip=AT_ONCE)
    wall = on_a_wall(it)

    def move_once(_: AuditLine) -> bool:
        if len(it.simulation.adds()) == 7:
            wall.moved_s = by_s
        return False

    status = it.run(until=move_once)
    assert (status.left, status.counts[Status.ADDED]) == (0, 14)
    for account in ("main", "backup"):
        times = [at for at, _ in it.simulation.adds(account)]
        assert max(later - earlier for earlier, later in pairwise(times)) <= WINDOW_S + GAP_S
        assert min(later - earlier for earlier, later in pairwise(times)) >= GAP_S * 0.7 - 1 or by_s > 0


def test_failures_and_the_rests_after_them_are_no_longer_than_without_a_step(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(2), drip=AT_ONCE)
    wall = on_a_wall(it)
    it.simulation.sandboxes["main"].faults.plan(faults.REFUSED, on="add", times=2)

    def move_once(line: AuditLine) -> bool:
        if line.event == "not_asked":
            wall.moved_s = -3 * HOUR_S
        return False

    began = it.simulation.clock.now()
    assert it.run(until=move_once).left == 0
    assert it.simulation.adds()[0][0] - began <= 10 * WINDOW_S


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_a_lost_add_that_takes_effect_late_is_waited_for_however_the_clock_is_set(by_s: float, tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1), drip=AT_ONCE, add={"late_after_s": 60})
    wall = on_a_wall(it)
    it.simulation.sandboxes["main"].faults.plan(faults.applied_late(40), on="add")

    def move_once(line: AuditLine) -> bool:
        if line.event == "answered":
            wall.moved_s = by_s
        return False

    status = it.run(until=move_once)
    assert status.counts[Status.NOT_ADDED] == 0
    assert (status.counts[Status.ADDED], len(it.simulation.adds())) == (1, 1)


def test_what_was_set_right_stands_in_the_audit(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(3), drip=AT_ONCE)
    wall = on_a_wall(it)
    wall.moved_s = HOUR_S
    it.run(until=lambda _: bool(it.simulation.adds()))
    wall.moved_s = 0.0
    it.run()
    (line,) = [one for one in it.audit() if one.event == "clock_set_back"]
    assert 3500 < float(line.detail.removesuffix(" s")) <= 3600


def test_the_machines_clock_tells_by_how_much_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1e9]
    monkeypatch.setattr("groupadd.drip.store.clocks.time.time", lambda: moment[0])
    monkeypatch.setattr("groupadd.drip.store.clocks._since_boot", lambda: 50.0)
    clock = FileClock()
    assert clock.moved_s == 0.0
    moment[0] -= HOUR_S
    assert clock.moved_s == -HOUR_S
    monkeypatch.setattr("groupadd.drip.store.clocks._since_boot", lambda: 50.0 + HOUR_S)
    assert clock.moved_s == -2 * HOUR_S


def test_a_databases_clock_tells_by_how_much_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groupadd.drip.store.clocks._since_boot", lambda: 50.0)
    clock = DatabaseClock()
    assert clock.moved_s == 0.0
    clock.set(1e9)
    assert clock.moved_s == 0.0
    clock.set(1e9 + HOUR_S)
    assert clock.moved_s == HOUR_S
