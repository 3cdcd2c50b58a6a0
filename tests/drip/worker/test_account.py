"""A whole drip in virtual time, held against the sandbox's truth: pace, stops, looks, restarts."""

import json
import logging
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve

from groupadd import Status
from groupadd.drip import AccountRun, AuditLine
from groupadd.drip.stop_rules import HOW_TO_GO_ON
from groupadd.sandbox import Privacy, faults
from tests.support.trial import Trial, planned
from tests.support.virtual_time import GROUP, START, crowd, simulated

CONTACTS, ABSENT = Privacy.CONTACTS_ONLY, Privacy.NOT_ON_WHATSAPP


def gaps(times: Sequence[tuple[float, str]]) -> list[float]:
    return [later - earlier for (earlier, _), (later, _) in pairwise(times)]


def most_in_a_minute(times: Sequence[tuple[float, str]]) -> int:
    return max(sum(0 <= later - begin < 60 for later, _ in times) for begin, _ in times)


@pytest.mark.parametrize("vendor", ["wasend", "wawp"])
def test_everybody_gets_a_true_verdict_and_is_asked_for_once(vendor: str, tmp_path: Path) -> None:
    privacy = {3: CONTACTS, 17: ABSENT}
    people = crowd(30, lambda n: privacy.get(n, Privacy.OPEN))
    it = planned(tmp_path, people, ["main", "backup"], vendor=vendor)
    status = it.run()
    assert (status.left, status.counts[Status.ADDED], status.counts[Status.NOT_ADDED]) == (0, 28, 2)
    assert Counter(phone for _, phone in it.simulation.adds()) == Counter(human.phone for human in people)
    assert {account.state for account in status.accounts} == {"done"}


def test_one_reading_of_the_roster_serves_everybody_who_waits(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(40, lambda n: CONTACTS if n % 9 == 4 else Privacy.OPEN), vendor="wawp")
    it.run()
    looks = sum(request.route == "list" for request in it.simulation.sandboxes["main"].requests)
    assert looks <= 1.5 * len(it.simulation.adds())


def test_an_account_keeps_the_providers_own_limits_over_all_its_reads(tmp_path: Path) -> None:
    it = planned(
        tmp_path, crowd(6), vendor="green_api", drip={"adds_per_minute": 120}, add={"look_after_s": [0.1, 0.4]}
    )
    assert it.run().counts == {Status.ADDED: 6}
    requests = it.simulation.sandboxes["main"].requests
    for route in ("list", "session"):
        at = [request.at for request in requests if request.route == route]
        assert min((later - earlier for earlier, later in pairwise(at)), default=1.0) >= 1


def test_each_account_keeps_its_gap_its_rests_and_its_day(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(120), ["main", "backup"])
    status = it.run()
    assert status.counts[Status.ADDED] == 120
    for name in ("main", "backup"):
        adds = it.simulation.adds(name)
        assert len(adds) == 60
        assert min(gaps(adds)) >= 12.0 * 0.7
        assert most_in_a_minute(adds) == 5
        assert [gap >= 300.0 for gap in gaps(adds)[:50]] == ([False] * 9 + [True]) * 5
        assert adds[50][0] - adds[0][0] >= 24 * 3600


@pytest.mark.parametrize(
    ("pace", "vendor", "allowed_s"),
    [
        ({}, "wasend", 45 * 12 + 4 * 300),
        ({}, "wawp", 45 * 12 + 4 * 300),
        ({"rest_s": 0}, "wasend", 49 * 12),
        ({"rest_s": 0, "adds_per_minute": 0.5}, "wasend", 49 * 120),
        ({"rest_s": 0, "adds_per_minute": 7.5}, "wasend", 49 * 60 / 7),
    ],
)
def test_the_pace_is_kept_up_where_nothing_fails(
    pace: dict[str, float], vendor: str, allowed_s: float, tmp_path: Path
) -> None:
    it = planned(tmp_path, crowd(50), drip=pace, vendor=vendor)
    it.run()
    adds = it.simulation.adds()
    assert allowed_s / (adds[-1][0] - adds[0][0]) >= 0.97


def test_no_minute_holds_more_than_its_share_whenever_runs_are_cut_off(tmp_path: Path) -> None:
    people = crowd(60)
    it = planned(tmp_path, people, drip={"rest_s": 0.0, "adds_per_day": 1000})
    it.simulation.delay_s = 3.0  # so that many are cut off in mid-call
    chances = random.Random(5)
    while it.run_cut_off_after(chances.uniform(0.1, 40)):
        pass
    assert most_in_a_minute(it.simulation.adds()) == 5
    assert min(gaps(it.simulation.adds())) >= 12.0 * 0.7


def test_a_stopped_run_goes_on_at_its_pace(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(12))
    while it.run(until=lambda line: line.event == "settled").left:
        pass
    assert len(it.simulation.adds()) == 12
    assert min(gaps(it.simulation.adds())) >= 12.0 * 0.7
    assert max(gaps(it.simulation.adds())) >= 300.0, "the rest is forgotten"


def test_no_person_is_added_or_invited_in_quiet_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    quiet = {"quiet": "09:01-11:00", "rest_s": 0.0}
    it = planned(
        tmp_path, crowd(12, lambda n: CONTACTS if n == 4 else Privacy.OPEN), drip=quiet, add={"invite": "link"}
    )
    it.run()
    times = [entry.at - START for entry in it.simulation.world.journal]
    assert not [at for at in times if 60 <= at < 7200]
    assert [at for at in times if at >= 7200]


def stopped(it: Trial) -> tuple[str, str]:
    (account,) = it.run().accounts
    assert account.state == "stopped"
    assert account.why is not None
    rule = [line.rule for line in it.lines if line.event == "stopped"][-1]
    assert account.how_to_go_on == HOW_TO_GO_ON[rule]
    return rule, account.why


def test_three_refusals_among_ten_stop_the_account_and_resume_forgets_them(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(12, lambda n: CONTACTS if n in {1, 3, 6} else Privacy.OPEN))
    rule, why = stopped(it)
    assert (rule, len(it.simulation.adds())) == ("refusals", 7)
    assert "3 of the last 7" in why
    assert it.run().left == 5, "it must not go on by itself"
    it.resume()
    assert it.run().left == 0


def test_a_rate_limit_stops_the_account_until_it_is_over_and_loses_no_person(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(4))
    it.simulation.sandboxes["main"].faults.plan(faults.rate_limited(3600), on="add")
    rule, _ = stopped(it)
    assert rule == "rate_limited"
    assert it.simulation.adds() == []
    it.resume()
    assert it.run().counts == {Status.ADDED: 4}
    assert it.simulation.adds()[0][0] >= START + 3600


def test_a_session_that_goes_down_stops_the_account(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(4))
    it.simulation.sandboxes["main"].vendor.account.session = "failed"
    assert stopped(it)[0] == "session_down"
    it.simulation.sandboxes["main"].vendor.account.session = "working"
    it.resume()
    assert it.run().counts == {Status.ADDED: 4}


def test_two_unknown_in_a_row_stop_the_account(tmp_path: Path) -> None:
    people = crowd(6)
    it = planned(tmp_path, people, vendor="wawp", add={"look_after_s": [2]}, drip={"jitter": 0.0})
    for human in people:
        it.simulation.world.add_people(evolve(human, privacy=CONTACTS))
    assert stopped(it)[0] == "unknowns"
    assert len(it.simulation.adds()) <= 3


def test_a_provider_out_of_reach_is_waited_for_and_then_stops_the_account(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(3))
    it.simulation.sandboxes["main"].faults.plan(faults.REFUSED, on="add", times=2)
    assert it.run().counts == {Status.ADDED: 3}
    it = planned(tmp_path / "..", crowd(3))
    it.simulation.sandboxes["main"].faults.plan(faults.REFUSED, on="add", times=None)
    assert stopped(it)[0] == "unreachable"


FIREWALL = faults.Fault(status=403, takes_effect_after_s=None, body=b"<!doctype html><title>Blocked</title>")


def test_a_firewall_in_front_of_the_provider_stops_the_account_and_settles_no_person(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(3))
    it.simulation.sandboxes["main"].faults.plan(FIREWALL, on="add")
    rule, why = stopped(it)
    assert (rule, "a firewall or proxy refuses us" in why) == ("wrong_address", True)
    assert it.simulation.adds() == []
    it.resume()
    assert it.run().counts == {Status.ADDED: 3}


TEXT = "failed to get privacy token for participant 9@lid: database is locked (5) (SQLITE_BUSY)"
BUSY = faults.Fault(
    status=500,
    takes_effect_after_s=None,
    body=json.dumps({"code": "INTERNAL_SERVER_ERROR", "message": TEXT}).encode(),
)


def test_a_busy_database_refuses_no_person_and_stops_no_account(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(6), vendor="gowa")
    it.simulation.sandboxes["main"].faults.plan(BUSY, on="add", times=3)
    status = it.run()
    assert status.counts == {Status.ADDED: 6}
    assert {account.state for account in status.accounts} == {"done"}
    assert len(it.simulation.adds()) == 6


@pytest.mark.parametrize("fault", [faults.LOST_AFTER, faults.applied_late(45), faults.HTML, faults.GATEWAY_AFTER])
def test_a_lost_answer_is_settled_by_looks_alone(fault: faults.Fault, tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(2))
    it.simulation.sandboxes["main"].faults.plan(fault, on="add")
    assert it.run().counts == {Status.ADDED: 2}
    assert len(it.simulation.adds()) == 2


def test_an_add_that_was_lost_on_its_way_is_sent_once_more_after_proof(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1))
    it.simulation.sandboxes["main"].faults.plan(faults.LOST_BEFORE, on="add", times=1)
    assert it.run().counts == {Status.ADDED: 1}
    requests = [
        request.route for request in it.simulation.sandboxes["main"].requests if request.route in {"add", "list"}
    ]
    assert requests.count("add") == 2
    first, second = (index for index, route in enumerate(requests) if route == "add")
    assert second - first - 1 >= 2


def test_no_add_is_sent_a_third_time(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1))
    it.simulation.sandboxes["main"].faults.plan(faults.LOST_BEFORE, on="add", times=None)
    assert it.run().counts == {Status.NOT_ADDED: 1}
    assert sum(request.route == "add" for request in it.simulation.sandboxes["main"].requests) == 2


def test_who_is_refused_gets_one_invitation(tmp_path: Path) -> None:
    people = crowd(4, lambda n: CONTACTS if n == 1 else Privacy.OPEN)
    it = planned(tmp_path, people, add={"invite": "link"})
    assert it.run().counts == {Status.ADDED: 3, Status.INVITED: 1}
    assert it.simulation.invitations() == [people[1].phone]


def test_who_has_joined_meanwhile_is_not_asked_for(tmp_path: Path) -> None:
    people = crowd(3)
    it = planned(tmp_path, people, vendor="wawp")
    it.simulation.world.join(GROUP, people[2].phone)
    assert it.run().counts == {Status.ADDED: 2, Status.ALREADY_MEMBER: 1}
    assert [phone for _, phone in it.simulation.adds()] == [people[0].phone, people[1].phone]


def test_a_group_that_our_account_is_not_in_stops_the_account_with_why(tmp_path: Path) -> None:
    people = crowd(2)
    it = Trial(simulated(people), tmp_path)
    it.plan(people, group="120363000000000099@g.us")
    assert stopped(it)[0] == "not_allowed"
    assert it.run().left == 2


def test_a_pause_holds_until_it_is_resumed(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(5))

    def pause(line: AuditLine) -> bool:
        if line.event == "settled" and len(it.simulation.adds()) == 2:
            with it.open() as drip:
                drip.pause("main")
        return False

    (account,) = it.run(pause).accounts
    assert (account.state, account.done, account.left) == ("stopped", 2, 3)
    it.resume()
    assert it.run().left == 0


def test_a_bold_pace_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    it = planned(tmp_path, crowd(1), drip={"adds_per_minute": 20})
    with caplog.at_level(logging.WARNING, "groupadd"):
        it.run()
    assert "adds_per_minute is 20" in caplog.text


def test_a_run_of_one_account_ends_on_time_and_says_when_the_next_is_due(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(12))

    async def work() -> AccountRun:
        async with it.opened() as drip:
            return await drip.run_account("main", seconds=200)

    first = it.simulation.clock.run(work())
    assert first.state == "more"
    assert first.due_at is not None
    assert first.due_at - it.simulation.adds()[-1][0] >= 300
    it.simulation.clock.sleep(first.due_at - it.simulation.clock.now())
    assert it.simulation.clock.run(work()) == AccountRun("done")
