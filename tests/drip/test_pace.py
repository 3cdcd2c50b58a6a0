"""When the next add is due: gaps, rests, days and quiet hours."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd.config import load
from groupadd.drip.pace import DAY_S, after_quiet, allowed_from, last_moment, next_moment
from groupadd.errors import ConfigError
from groupadd.terms import Pace

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Pace(quiet="22:00-07:00")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


paces = st.builds(
    Pace,
    adds_per_minute=st.floats(0.2, 600),
    rest_after=st.integers(1, 20),
    rest_s=st.floats(0, 600),
    jitter=st.floats(0, 2),
)


@given(paces, st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1)), min_size=2, max_size=60))
def test_no_sliding_minute_holds_more_than_its_share(pace: Pace, calls: list[tuple[float, float]]) -> None:
    due, sent = 0.0, []
    for asked, (takes_s, chance) in enumerate(calls, start=1):
        sent.append(due)
        due = next_moment(pace, asked=asked, answered_at=due + takes_s, chance=chance)
    assert all(later - earlier >= pace.gap_s - 1e-9 for earlier, later in pairwise(sent))
    share = max(pace.adds_per_minute, 1)
    assert all(sum(0 <= other - begin < 60 - 1e-6 for other in sent) <= share for begin in sent)


@pytest.mark.parametrize(("asked", "gap_s"), [(1, 12), (9, 12), (10, 300), (11, 12), (20, 300)])
def test_every_tenth_add_is_followed_by_a_rest(asked: int, gap_s: float) -> None:
    assert next_moment(Pace(), asked=asked, answered_at=100.0, chance=0.0) == 100.0 + gap_s


def test_a_day_holds_no_more_than_its_share() -> None:
    assert allowed_from(Pace(), 1000.0, None) == 1000.0
    assert allowed_from(Pace(), 1000.0, 500.0) == 500.0 + DAY_S
    assert allowed_from(Pace(), 2 * DAY_S, 500.0) == 2 * DAY_S


@pytest.mark.parametrize(
    ("pace", "moment", "allowed"),
    [
        (NIGHT, "2026-01-05 21:59", "2026-01-05 21:59"),
        (NIGHT, "2026-01-05 22:00", "2026-01-06 07:00"),
        (NIGHT, "2026-01-06 06:59", "2026-01-06 07:00"),
        (NIGHT, "2026-01-06 07:00", "2026-01-06 07:00"),
        (NIGHT, "2026-03-28 23:00", "2026-03-29 07:00"),  # the night in which an hour is missing
        (NIGHT, "2026-10-24 23:00", "2026-10-25 07:00"),  # and the one that has it twice
        (Pace(quiet="12:00-14:00"), "2026-01-05 13:00", "2026-01-05 14:00"),
        (Pace(quiet="12:00-14:00"), "2026-01-05 14:00", "2026-01-05 14:00"),
        (Pace(), "2026-01-05 23:00", "2026-01-05 23:00"),
    ],
)
def test_quiet_hours_are_local_and_end_on_time(pace: Pace, moment: str, allowed: str) -> None:
    assert after_quiet(pace, at(moment), BERLIN) == at(allowed)


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(1, 12), (10, 120), (11, 120 + 300 + 12), (51, DAY_S + 12)],
)
def test_a_forecast_counts_gaps_rests_and_days(left: int, seconds: float) -> None:
    pace = Pace(jitter=0.0)
    told = last_moment(pace, left=left, asked=0, next_at=0.0)
    assert told == pytest.approx(seconds, abs=301)


def test_only_what_is_bolder_than_the_default_is_warned_of() -> None:
    assert Pace().boldness == ()
    assert Pace(adds_per_minute=4, adds_per_day=10, rest_s=600).boldness == ()
    (warning,) = Pace(adds_per_minute=10).boldness
    assert "adds_per_minute is 10, and 5 by default" in warning


def test_a_config_tells_every_fault_of_its_pace_at_once() -> None:
    providers = {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}
    wrong = {"adds_per_minute": 0, "quiet": "10 to 7", "rest_after": 0, "adds_per_dya": 5}
    with pytest.raises(ConfigError) as caught:
        load({"providers": providers, "drip": wrong}, environ={})
    for told in ("drip.adds_per_minute", "drip.quiet", "drip.rest_after", "drip.adds_per_dya: unknown key"):
        assert told in str(caught.value)


def test_a_config_without_a_pace_has_the_cautious_one() -> None:
    providers = {"main": {"type": "wasend", "session_id": "s", "api_key": "k"}}
    assert load({"providers": providers}, environ={}).drip == Pace()
    assert load({"providers": providers, "drip": {"quiet": "22:00-07:00"}}, environ={}).drip == NIGHT
