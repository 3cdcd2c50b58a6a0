"""When the next add is due. Pure: moments in seconds since 1970 go in and come out.

Every add has a moment in a schedule, and leaves some random seconds after it. So gaps vary both ways, and an add that
is late does not delay the ones that follow.

Sliding window: with a limit of 5 a minute, add *n* waits until 60 s after the answer to add *n*-5. An add takes effect
somewhere between its request and its answer. So no 60 seconds hold more than 5 adds.
"""

from datetime import datetime, timedelta, tzinfo

from attrs import frozen

from groupadd.settings import PaceSettings

DAY_S = 24 * 3600.0
_FARTHEST_S = 366 * DAY_S
_MOST_NIGHTS = 3  # where summer time begins, a day may lack the end of the quiet hours
_HEADROOM = 0.015  # the schedule is slower than the limit by this part: slack for the calls, and for jitter


@frozen
class Answers:
    """When the adds were answered that limit the next one; None where there were fewer.

    Attributes:
        last: The last add.
        window_ago: The add that is a window's share ago.
        day_ago: The add that is a day's share ago.
    """

    last: float | None = None
    window_ago: float | None = None
    day_ago: float | None = None


def next_scheduled(pace: PaceSettings, *, asked: int, scheduled: float, answered_at: float) -> float:
    """Return the moment of the next add in the schedule.

    Args:
        pace: The account's pace.
        asked: How many adds the account has sent so far.
        scheduled: The moment of the last add in the schedule.
        answered_at: When the last add was answered. More than a gap behind the schedule, a new schedule begins.
    """
    began = scheduled if answered_at - scheduled < pace.gap_s else answered_at - _jitter_s(pace) / 2
    following = began + _scheduled_gap_s(pace)
    return max(following, answered_at + pace.rest_s) if rests(pace, asked) else following


def _scheduled_gap_s(pace: PaceSettings) -> float:
    return pace.gap_s * (1 + min(_HEADROOM, pace.jitter))


def _jitter_s(pace: PaceSettings) -> float:
    return pace.gap_s * pace.jitter


def rests(pace: PaceSettings, asked: int) -> bool:
    """Return whether a rest is due after this many adds."""
    return asked > 0 and asked % pace.rest_after == 0


def due(
    pace: PaceSettings, scheduled: float, answers: Answers, *, chance: float, now: float, zone: tzinfo | None = None
) -> float:
    """Return when an add may leave: its moment in the schedule and some jitter, or later if a rule says so.

    Args:
        pace: The account's pace.
        scheduled: The add's moment in the schedule.
        answers: When earlier adds were answered.
        chance: The part of the jitter that this add gets, from 0 to 1.
        now: The present moment.
        zone: The zone of the quiet hours; None for this machine's.
    """
    limits = [now, scheduled + chance * _jitter_s(pace)]
    for answered_at, apart_s in (
        (answers.last, pace.gap_s - _jitter_s(pace)),
        (answers.window_ago, pace.window_s),
        (answers.day_ago, DAY_S),
    ):
        if answered_at is not None:
            limits.append(answered_at + apart_s)
    return after_quiet(pace, max(at_most_a_year_on(limit, now) for limit in limits), zone)


def at_most_a_year_on(moment: float, now: float) -> float:
    """Return a moment, or the one in a year where it is later or no date: a ledger may hold any number."""
    return min(now + _FARTHEST_S, moment)  # in this order: `min` then returns the first for NaN


def after_quiet(pace: PaceSettings, moment: float, zone: tzinfo | None = None) -> float:
    """Return a moment, or the end of the quiet hours in which it falls."""
    if pace.quiet is None:
        return moment
    begin, end = pace.quiet.split("-")
    for _ in range(_MOST_NIGHTS):
        local = datetime.fromtimestamp(moment, zone)
        if not _is_between(local.strftime("%H:%M"), begin, end):
            return moment
        hours, minutes = map(int, end.split(":"))
        ends = local.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        moment = (ends if ends > local else ends + timedelta(days=1)).timestamp()
    return moment


def _is_between(time: str, begin: str, end: str) -> bool:
    """Return whether a time of the day is in a window, which may hold midnight."""
    return begin <= time < end if begin < end else time >= begin or time < end


def last_moment(pace: PaceSettings, *, remaining: int, asked: int, next_at: float, zone: tzinfo | None = None) -> float:
    """Return when the last of the remaining adds is due, if nothing goes wrong: a forecast.

    Args:
        pace: The account's pace.
        remaining: How many adds remain.
        asked: How many adds the account has sent so far.
        next_at: When the next add is due.
        zone: The zone of the quiet hours; None for this machine's.
    """
    moment, within_a_day = next_at, 0
    while remaining > 0:
        batch = min(remaining, pace.rest_after - asked % pace.rest_after, pace.adds_per_day - within_a_day)
        began = moment = after_quiet(pace, moment, zone)
        moment += batch * _scheduled_gap_s(pace)
        remaining, asked, within_a_day = remaining - batch, asked + batch, within_a_day + batch
        if rests(pace, asked):
            moment = max(moment, began) + pace.rest_s
        if within_a_day >= pace.adds_per_day:
            moment, within_a_day = max(moment, next_at + DAY_S), 0
            next_at = moment
    return moment
