"""When the next add is due: gaps, rests, days and quiet hours."""

import random
from datetime import datetime
from itertools import pairwise
from math import inf, nan
from zoneinfo import ZoneInfo

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from groupadd.config.load import load
from groupadd.drip.rate_limit import DAY_S, Answers, after_quiet, due, last_moment, next_scheduled
from groupadd.errors import ConfigError
from groupadd.settings import PaceSettings

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = PaceSettings(quiet="22:00-07:00")
START = 1_767_603_600.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


paces = st.builds(
    PaceSettings,
    adds_per_minute=st.floats(0.2, 600),
    rest_after=st.integers(1, 20),
    rest_s=st.floats(0, 600),
    jitter=st.floats(0, 1),
)
part = st.floats(0, 1)


@define
class Account:
    """An account at a pace, whose adds take effect somewhere in their calls."""

    pace: PaceSettings
    scheduled: float = 1e9
    now: float = 1e9
    answered: list[float] = field(factory=list)
    sent: list[float] = field(factory=list)
    effective: list[float] = field(factory=list)

    def add(self, takes_s: float, chance: float, effective: float) -> None:
        def ago(count: int) -> float | None:
            return self.answered[-count] if len(self.answered) >= count else None

        answers = Answers(ago(1), ago(self.pace.window_share), ago(self.pace.adds_per_day))
        sent = due(self.pace, self.scheduled, answers, chance=chance, now=self.now)
        self.now = sent + takes_s
        self.sent.append(sent)
        self.effective.append(sent + effective * takes_s)
        self.answered.append(self.now)
        asked = len(self.sent)
        self.scheduled = next_scheduled(self.pace, asked=asked, scheduled=self.scheduled, answered_at=self.now)


@given(paces, st.lists(st.tuples(st.floats(0, 30), part, part), min_size=2, max_size=60))
def test_no_sliding_minute_holds_more_than_its_share(
    pace: PaceSettings, calls: list[tuple[float, float, float]]
) -> None:
    account = Account(pace)
    for call in calls:
        account.add(*call)
    share = max(pace.adds_per_minute, 1)
    times = account.effective
    assert all(sum(0 <= other - begin < 60 - 1e-5 for other in times) <= share for begin in times)
    between = zip(account.answered, account.sent[1:], strict=False)
    assert all(sent - answered >= pace.gap_s * (1 - pace.jitter) - 1e-5 for answered, sent in between)


@given(st.lists(st.tuples(st.floats(0.05, 1), part, part), min_size=50, max_size=50))
def test_whatever_chance_brings_the_pace_is_kept_up(calls: list[tuple[float, float, float]]) -> None:
    account = Account(PaceSettings(rest_s=0, adds_per_day=1000))
    for call in calls:
        account.add(*call)
    assert 49 * 12.0 / (account.sent[-1] - account.sent[0]) >= 0.97


def test_gaps_are_shorter_and_longer_for_as_long_as_it_goes() -> None:
    chances = random.Random(7)
    account = Account(PaceSettings(rest_s=0, adds_per_day=1000))
    for _ in range(600):
        account.add(0.5, chances.random(), 0.5)
    latest = [later - earlier for earlier, later in pairwise(account.sent[300:])]
    assert 12.0 * 0.7 <= min(latest) <= 12.0 * 0.85
    assert 12.0 * 1.15 <= max(latest) <= 12.0 * 1.4


@pytest.mark.parametrize(("asked", "gap_s"), [(1, 12.18), (9, 12.18), (10, 300), (11, 12.18), (20, 300)])
def test_every_tenth_add_is_followed_by_a_rest(asked: int, gap_s: float) -> None:
    assert next_scheduled(PaceSettings(), asked=asked, scheduled=99.0, answered_at=99.0) == pytest.approx(99.0 + gap_s)


def test_who_is_late_by_more_than_a_gap_begins_anew_and_who_is_less_wins_it_back() -> None:
    assert next_scheduled(PaceSettings(), asked=1, scheduled=100.0, answered_at=111.0) == pytest.approx(112.18)
    assert next_scheduled(PaceSettings(), asked=1, scheduled=100.0, answered_at=113.0) == pytest.approx(
        113 + 12.18 - 1.8
    )


def test_a_day_holds_no_more_than_its_share() -> None:
    first = Answers(day_ago=500.0)
    assert due(PaceSettings(), 1000.0, Answers(), chance=0.0, now=0.0) == 1000.0
    assert due(PaceSettings(), 1000.0, first, chance=0.0, now=0.0) == 500.0 + DAY_S
    assert due(PaceSettings(), 2 * DAY_S, first, chance=0.0, now=0.0) == 2 * DAY_S


@pytest.mark.parametrize("stored", [inf, nan, 1e300])
def test_a_stored_moment_that_is_no_date_is_a_distant_one(stored: float) -> None:
    assert due(NIGHT, stored, Answers(), chance=0.5, now=START) <= START + 367 * DAY_S


@pytest.mark.parametrize(
    ("pace", "moment", "allowed"),
    [
        (NIGHT, "2026-01-05 21:59", "2026-01-05 21:59"),
        (NIGHT, "2026-01-05 22:00", "2026-01-06 07:00"),
        (NIGHT, "2026-01-06 06:59", "2026-01-06 07:00"),
        (NIGHT, "2026-01-06 07:00", "2026-01-06 07:00"),
        (NIGHT, "2026-03-28 23:00", "2026-03-29 07:00"),  # the night in which an hour is missing
        (NIGHT, "2026-10-24 23:00", "2026-10-25 07:00"),  # and the one that has it twice
        (PaceSettings(quiet="12:00-14:00"), "2026-01-05 13:00", "2026-01-05 14:00"),
        (PaceSettings(quiet="12:00-14:00"), "2026-01-05 14:00", "2026-01-05 14:00"),
        (PaceSettings(), "2026-01-05 23:00", "2026-01-05 23:00"),
    ],
)
def test_quiet_hours_are_local_and_end_on_time(pace: PaceSettings, moment: str, allowed: str) -> None:
    assert after_quiet(pace, at(moment), BERLIN) == at(allowed)


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(1, 12), (10, 120), (11, 120 + 300 + 12), (51, DAY_S + 12)],
)
def test_a_forecast_counts_gaps_rests_and_days(left: int, seconds: float) -> None:
    pace = PaceSettings(jitter=0.0)
    ends_at = last_moment(pace, remaining=left, asked=0, next_at=0.0)
    assert ends_at == pytest.approx(seconds, abs=301)


def test_only_what_is_bolder_than_the_default_is_warned_of() -> None:
    assert PaceSettings().warnings == ()
    assert PaceSettings(adds_per_minute=4, adds_per_day=10, rest_s=600).warnings == ()
    (warning,) = PaceSettings(adds_per_minute=10).warnings
    assert "adds_per_minute is 10, and 5 by default" in warning


def test_a_config_tells_every_fault_of_its_pace_at_once() -> None:
    providers = {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}
    wrong = {"adds_per_minute": 0, "quiet": "10 to 7", "rest_after": 0, "adds_per_dya": 5, "jitter": 1.5}
    with pytest.raises(ConfigError) as caught:
        load({"providers": providers, "drip": wrong}, environ={})
    keys = ("drip.adds_per_minute", "drip.quiet", "drip.rest_after", "drip.adds_per_dya: unknown key", "drip.jitter")
    for key in keys:
        assert key in str(caught.value)


@pytest.mark.parametrize("pace", [0, -1, 1e-300, 1e9, inf, nan])
def test_a_pace_that_cannot_be_kept_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match=r"adds_per_minute must be from 1/1440 \(one a day\) to 100,000"):
        PaceSettings(adds_per_minute=pace)


def test_a_config_without_a_pace_has_the_cautious_one() -> None:
    providers = {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}
    assert load({"providers": providers}, environ={}).drip == PaceSettings()
    assert load({"providers": providers, "drip": {"quiet": "22:00-07:00"}}, environ={}).drip == NIGHT


@pytest.mark.parametrize("moment", ["2026-03-28 23:00", "2026-03-29 01:30", "2026-03-29 03:29", "2026-10-25 02:10"])
@pytest.mark.parametrize("quiet", ["02:30-02:29", "22:00-02:30", "01:00-03:00", "22:00-07:00", "02:00-02:01"])
def test_no_add_is_due_in_quiet_hours_where_summer_time_begins_or_ends(moment: str, quiet: str) -> None:
    pace = PaceSettings(quiet=quiet)
    begin, end = quiet.split("-")
    for minutes in range(180):
        due_at = after_quiet(pace, at(moment) + 60 * minutes, BERLIN)
        time = datetime.fromtimestamp(due_at, BERLIN).strftime("%H:%M")
        assert not (begin <= time < end if begin < end else time >= begin or time < end), time
        assert due_at - (at(moment) + 60 * minutes) <= 2 * DAY_S


@pytest.mark.parametrize("answered", [1e300, 1e12, inf])
def test_an_answer_in_the_far_future_is_no_date_and_no_crash(answered: float) -> None:
    answers = Answers(answered, answered, answered)
    assert START < due(NIGHT, START, answers, chance=0.5, now=START, zone=BERLIN) <= START + 367 * DAY_S
