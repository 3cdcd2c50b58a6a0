"""The report: how everything stands, as one HTML page that needs no network and no script."""

from os import PathLike
from pathlib import Path

from groupadd.config.load import load
from groupadd.config.sources import Source
from groupadd.drip.facts import gather
from groupadd.drip.report_page import page
from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.errors import LedgerError
from groupadd.wire.driver import Clock


def report(
    target: str | PathLike[str],
    *,
    full_numbers: bool = False,
    ledger: str = DEFAULT_URL,
    config: Source = None,
    clock: Clock | None = None,
) -> None:
    """Write how everything stands as one HTML page.

    Args:
        target: The page's path.
        full_numbers: Show whole phone numbers; they are masked otherwise.
        ledger: The ledger's URL.
        config: Where the pace is configured, as for `groupadd.connect`.
        clock: Time itself, for tests.

    Raises:
        ConfigError: The configuration cannot be used.
        LedgerError: The ledger cannot be used, or the page cannot be written.
    """
    pace = load(config).drip
    with Ledger.open(ledger, clock=clock) as book:
        facts = gather(book, pace, full_numbers=full_numbers)
    try:
        Path(target).write_text(page(facts), encoding="utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
    else:
        return
    raise LedgerError(f"the report cannot be written: {why}")
