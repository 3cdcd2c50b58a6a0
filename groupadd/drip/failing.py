"""What an error says about going on: the rule by which an account stops, or that it may pass by itself."""

from groupadd.drip.stop_rules import Stop
from groupadd.errors import (
    ConfigError,
    GroupAddError,
    GroupNotFound,
    LedgerError,
    NotAllowed,
    NotAuthenticated,
    RateLimited,
    SessionNotReady,
    Unsupported,
)

_RULES: tuple[tuple[type[GroupAddError], str], ...] = (
    (RateLimited, "rate_limited"),
    (SessionNotReady, "session_down"),
    (NotAuthenticated, "not_authenticated"),
    (NotAllowed, "not_allowed"),
    (GroupNotFound, "not_allowed"),
    (Unsupported, "unsupported"),
    (ConfigError, "config"),
)


def stop_for(error: GroupAddError) -> Stop | None:
    """Return why the account stops for this error; None for what may pass by itself.

    Raises:
        LedgerError: The error is the ledger's own: nothing can be stopped where nothing can be written.
    """
    if isinstance(error, LedgerError):
        raise error
    rule = next((rule for kind, rule in _RULES if isinstance(error, kind)), None)
    wait_s = error.retry_after_s or 0.0 if isinstance(error, RateLimited) else 0.0
    return None if rule is None else Stop(rule, str(error), wait_s)
