"""The report: a whole plan as one HTML page that needs no network and no script."""

from os import PathLike

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.wire.driver import Clock


def report(
    target: str | PathLike[str],
    *,
    full_numbers: bool = False,
    ledger: str = DEFAULT_URL,
    config: Source = None,
    clock: Clock | None = None,
) -> None:
    """Write the whole plan as one HTML page.

    Args:
        target: The page's path.
        full_numbers: Show whole phone numbers; they are masked otherwise.
        ledger: The ledger's URL.
        config: Where the pace is configured, as for `groupadd.connect`.
        clock: Time itself, for tests.

    Raises:
        ConfigError: The configuration cannot be used.
        LedgerError: The ledger cannot be used.
        CannotWrite: The page cannot be written.
    """
    from groupadd.drip.report.page import write_report  # noqa: PLC0415  Jinja2 takes 36 ms, and no other verb needs it

    pace = load(config).drip
    with Ledger.open(ledger, clock=clock) as opened:
        write_report(target, opened, pace, full_numbers=full_numbers)
