"""When an account stops by itself, and how to let it go on: one table of rules."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from groupadd.adding.verdict import Verdict
from groupadd.model.outcome import Reason, Status

LAST = 10  # verdicts among which refusals are counted
_REFUSALS = 3
_UNKNOWNS = 2

REFUSALS = frozenset(
    {
        Reason.BLOCKED,
        Reason.PRIVACY,
        Reason.RECENTLY_LEFT,
        Reason.NOT_ALLOWED,
        Reason.SILENT_REFUSAL,
        Reason.UNRECOGNISED,
    }
)

HOW_TO_GO_ON: Mapping[str, str] = {
    "paused": "`groupadd drip resume`, when the account is to go on",
    "rate_limited": "wait for some hours, lower `adds_per_minute`, then `groupadd drip resume`",
    "session_down": "link the account again at the provider, see that its phone is online, then `groupadd drip resume`",
    "refusals": "see who they are and whether they agreed (`groupadd drip report`), then `groupadd drip resume`",
    "unknowns": "see what the provider does (`groupadd drip audit`), then `groupadd drip resume`",
    "not_allowed": "see that the account is in the group and may add people, then `groupadd drip resume`",
    "not_authenticated": "correct the credentials in the config, then `groupadd drip resume`",
    "unreachable": "see that the provider is up and `base_url` is right, then `groupadd drip resume`",
    "wrong_address": "correct `base_url`, or let the firewall in front of the provider pass us, then "
    "`groupadd drip resume`",
    "unsupported": "plan these people for another provider, or change `[add]`, then `groupadd drip resume`",
    "config": "correct the config, then `groupadd drip resume`",
    "ledger": "see what changed the ledger beside groupadd, restore a copy, then `groupadd drip resume`",
}


class Stop(NamedTuple):
    """Why an account stops.

    Attributes:
        rule: The rule, a key of `HOW_TO_GO_ON`.
        why: What happened, for people to read.
        wait_s: Seconds that the provider asks us to wait.
    """

    rule: str
    why: str
    wait_s: float = 0.0


def after_verdicts(latest: Sequence[Verdict]) -> Stop | None:
    """Return why an account must stop after its latest verdicts, given newest first; None where it may go on."""
    refused = [verdict.reason for verdict in latest[:LAST] if verdict.reason in REFUSALS]
    if len(refused) >= _REFUSALS:
        words = ", ".join(sorted({reason.value for reason in refused if reason}))
        return Stop("refusals", f"{len(refused)} of the last {min(len(latest), LAST)} people were refused ({words})")
    unknown = [verdict for verdict in latest[:_UNKNOWNS] if verdict.status is Status.UNKNOWN]
    if len(unknown) == _UNKNOWNS:
        return Stop("unknowns", "the outcome of the last two people is unknown")
    return None
