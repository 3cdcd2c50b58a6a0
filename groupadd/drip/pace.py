"""When the next add is due. Pure: moments in seconds since 1970 go in and come out.

The gap is counted from the answer, so that adds stay apart at the provider, too, however long each takes. Chance only
ever widens it: with no gap below its least, no 60 seconds hold more than their share.
"""

from datetime import datetime, timedelta, tzinfo

from groupadd.terms import Pace

DAY_S = 24 * 3600.0


def next_moment(pace: Pace, *, asked: int, answered_at: float, chance: float) -> float:
    """Return when the next add is due after an answer.

    Args:
        pace: The account's pace.
        asked: How many adds the account has made so far.
        answered_at: When the last one was answered.
        chance: Where in its range the gap falls, from 0 to 1.
    """
    gap_s = pace.gap_s * (1 + pace.jitter * chance)
    return answered_at + (max(gap_s, pace.rest_s) if rests(pace, asked) else gap_s)


def rests(pace: Pace, asked: int) -> bool:
    """Return whether a rest is due after this many adds."""
    return asked > 0 and asked % pace.rest_after == 0


def allowed_from(pace: Pace, moment: float, days_first: float | None, zone: tzinfo | None = None) -> float:
    """Return the first moment from a given one on at which the day's share and the quiet hours allow an add.

    Args:
        pace: The account's pace.
        moment: The earliest moment otherwise.
        days_first: When the add was made that is `adds_per_day` adds ago; None where there were not so many.
        zone: The zone of the quiet hours; None for this machine's.
    """
    if days_first is not None:
        moment = max(moment, days_first + DAY_S)
    return after_quiet(pace, moment, zone)


def after_quiet(pace: Pace, moment: float, zone: tzinfo | None = None) -> float:
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


def last_moment(pace: Pace, *, left: int, asked: int, next_at: float, zone: tzinfo | None = None) -> float:
    """Return when the last of the adds that are left is due, if nothing goes wrong: a forecast."""
    moment, within_a_day = next_at, 0
    while left > 0:
        turn = min(left, pace.rest_after - asked % pace.rest_after, pace.adds_per_day - within_a_day)
        began = moment = after_quiet(pace, moment, zone)
        moment += turn * pace.gap_s * (1 + pace.jitter / 2)
        left, asked, within_a_day = left - turn, asked + turn, within_a_day + turn
        if rests(pace, asked):
            moment = max(moment, began) + pace.rest_s
        if within_a_day >= pace.adds_per_day:
            moment, within_a_day = max(moment, next_at + DAY_S), 0
            next_at = moment
    return moment
