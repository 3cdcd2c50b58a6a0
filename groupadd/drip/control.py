"""Control of a plan from outside: pause and resume accounts, retry people, forget a person."""

from collections.abc import Sequence

from groupadd.config.suggestions import listed
from groupadd.drip.stop_rules import Stop
from groupadd.drip.store import accounts
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.transition import forget_person, retry_people
from groupadd.errors import LedgerError
from groupadd.model.identity import parse_participants
from groupadd.model.outcome import Reason


def pause(ledger: Ledger, provider: str | None) -> None:
    """Stop an account, or all; arguments and errors as for `Drip.pause`."""
    with ledger.writing() as tx:
        for name in _named(tx, provider):
            accounts.stop_account(ledger, tx, name, Stop("paused", "paused by hand"))


def resume(ledger: Ledger, provider: str | None) -> None:
    """Let a stopped account, or all, go on; arguments and errors as for `Drip.resume`."""
    with ledger.writing() as tx:
        for name in _named(tx, provider):
            accounts.resume_account(ledger, tx, name)


def retry(ledger: Ledger, reason: Reason) -> int:
    """Retry the people who ended for a reason; errors as for `Drip.retry`."""
    with ledger.writing() as tx:
        return retry_people(ledger, tx, reason)


def forget(ledger: Ledger, participant: str) -> int:
    """Delete what the ledger holds of a person; errors as for `Drip.forget`."""
    (person,) = parse_participants([participant])
    with ledger.writing() as tx:
        deleted = forget_person(ledger, tx, person)
    ledger.erase_deleted()
    return deleted


def _named(tx: Transaction, provider: str | None) -> Sequence[str]:
    """Return the account of this name, or all.

    Raises:
        LedgerError: The ledger has no such account.
    """
    names = accounts.names(tx)
    if provider is not None and provider not in names:
        raise LedgerError(f"no people are planned for {provider!r} (accounts: {listed(names)})")
    return names if provider is None else [provider]
