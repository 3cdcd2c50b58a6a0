"""WhatsApp's own invitation for one person, which comes with a refused add where their privacy allows it."""

from datetime import UTC, datetime

from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite


def offer(code: object, until: object) -> tuple[Invite, Secret] | tuple[None, None]:
    """Return the invitation that an engine offers and nobody has sent yet, and its code; none without a code."""
    if not isinstance(code, str) or not code:
        return None, None
    return Invite("personal", expires_at=_moment(until)), Secret(code)


def _moment(told: object) -> datetime | None:
    """Read seconds since 1970, a number or text (Baileys, wa-js), or RFC 3339 (whatsmeow); None for what is neither."""
    try:
        if isinstance(told, int) or (isinstance(told, str) and told.isdecimal()):
            return datetime.fromtimestamp(int(told), UTC)
        return datetime.fromisoformat(told) if isinstance(told, str) else None
    except (ValueError, OverflowError, OSError):
        return None
