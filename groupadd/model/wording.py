"""Values in words for people. The command line, the demo and the report share them."""

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def in_words(value: str) -> str:
    """Return a status, a reason or another value as words: `already member`, `not on WhatsApp`."""
    return value.replace("_", " ").replace("whatsapp", "WhatsApp")


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 row`, `1,200 rows`.

    Args:
        count: The count.
        noun: The noun of one.
        plural: The noun of many, where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def counted_people(count: int) -> str:
    """Return a count of people: `1 person`, `1,200 people`."""
    return counted(count, "person", "people")


def duration(seconds: float) -> str:
    """Return a length of time in one or two units: `7 s`, `12 min`, `3 h 20 min`, `2 days 4 h`."""
    whole = max(round(seconds), 0)
    if whole < 2 * _MINUTE_S:
        return f"{whole} s"
    minutes, hours, days = whole // _MINUTE_S, whole // _HOUR_S, whole // _DAY_S
    if minutes < 60:
        return f"{minutes} min"
    if days < 2:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} days {hours % 24} h" if hours % 24 else f"{days} days"
