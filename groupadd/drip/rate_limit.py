"""When the next add is due. Pure: moments in seconds since 1970 go in and come out.

Every add has its moment in a schedule, and leaves by chance some time after it. So gaps vary both ways, and the next
adds win back what one is late. What binds is the answers: an add waits for a whole window since the answer to the one
that is a window's share ago. So no 60 seconds hold more, wherever in its call each add takes effect.
"""

from datetime import datetime, timedelta, tzinfo

from attrs import frozen

from groupadd.settings import PaceSettings

DAY_S = 24 * 3600.0
_FARTHEST_S = 366 * DAY_S
_HEADROOM = 0.015  # by so much the schedule is slower than the limit: room for the calls themselves, and for chance


@frozen
class Answers:
    """When the adds were answered that bind the next one; None where there were not so many.

    Attributes:
        last: The last one.
        window_ago: The one that is a window's share ago.
        day_ago: The one that is a day's share ago.
    """

    last: float | None = None
    window_ago: float | None = None
    day_ago: float | None = None


def next_scheduled(pace: PaceSettings, *, asked: int, scheduled: float, answered_at: float) -> float:
    """Return the moment in the schedule of the add that follows.

    Args:
        pace: The account's pace.
        asked: How many adds the account has made so far.
        scheduled: The moment in the schedule of the last one.
        answered_at: When it was answered. Where that is more than a gap behind the schedule, a new one begins.
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
    """Return when an add may leave: its moment in the schedule and some jitter, if no rule wants it later.

    Args:
        pace: The account's pace.
        scheduled: The add's moment in the schedule.
        answers: When earlier adds were answered.
        chance: How much of the jitter falls to this add, from 0 to 1.
        now: The present.
        zone: The zone of the quiet hours; None for this machine's.
    """
    moments = [now, at_hand(scheduled + chance * _jitter_s(pace), now)]
    for answered_at, apart_s in (
        (answers.last, pace.gap_s - _jitter_s(pace)),
        (answers.window_ago, pace.window_s),
        (answers.day_ago, DAY_S),
    ):
        if answered_at is not None:
            moments.append(answered_at + apart_s)
    return after_quiet(pace, max(moments), zone)


def at_hand(moment: float, now: float) -> float:
    """Return a moment that a ledger holds, or a distant one where it is no date."""
    return min(now + _FARTHEST_S, moment)  # in this order for what is not a number


def after_quiet(pace: PaceSettings, moment: float, zone: tzinfo | None = None) -> float:
    """Return the moment itself, or the end of the quiet hours in which it falls."""
    if pace.quiet is None:
        return moment
    begin, end = pace.quiet.split("-")
    local = datetime.fromtimestamp(moment, zone)
    now = local.strftime("%H:%M")
    if not (begin <= now < end if begin < end else now >= begin or now < end):
        return moment
    hours, minutes = map(int, end.split(":"))
    ends = local.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    if ends <= local:
        ends += timedelta(days=1)
    return ends.timestamp()


def last_moment(pace: PaceSettings, *, left: int, asked: int, next_at: float, zone: tzinfo | None = None) -> float:
    """Return when the last of the adds that are left is due, if nothing goes wrong: a forecast."""
    moment, within_a_day = next_at, 0
    while left > 0:
        turn = min(left, pace.rest_after - asked % pace.rest_after, pace.adds_per_day - within_a_day)
        began = moment = after_quiet(pace, moment, zone)
        moment += turn * _scheduled_gap_s(pace)
        left, asked, within_a_day = left - turn, asked + turn, within_a_day + turn
        if rests(pace, asked):
            moment = max(moment, began) + pace.rest_s
        if within_a_day >= pace.adds_per_day:
            moment, within_a_day = max(moment, next_at + DAY_S), 0
            next_at = moment
    return moment
