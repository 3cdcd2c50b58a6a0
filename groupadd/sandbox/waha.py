"""What vendors that run on WAHA pass through: its session states, and the refusal of a session that is not working.

Source: devlikeapro/waha and third-party clients of it.
"""

from collections.abc import Mapping

from groupadd.sandbox.exchange import Answer, say
from groupadd.sandbox.people import Account

STATES: Mapping[str, str] = {
    "working": "WORKING",
    "starting": "STARTING",
    "unlinked": "SCAN_QR_CODE",
    "failed": "FAILED",
}


def session_down(account: Account, session: str) -> Answer | None:
    """Return WAHA's 422 for a session that is not working; None for one that is."""
    if account.session == "working":
        return None
    text = "Session status is not as expected. Try again later or restart the session"
    return say({"error": text, "session": session, "status": STATES[account.session], "expected": ["WORKING"]}, 422)
