"""Steering a plan from outside: pause and resume accounts, take people up again, forget somebody."""

from collections.abc import Iterator, Sequence

from groupadd.config.suggestions import listed
from groupadd.drip.stop_rules import Stop
from groupadd.drip.store import accounts
from groupadd.drip.store.accounts import resume_account, stop_account
from groupadd.drip.store.audit import AuditLine, lines
from groupadd.drip.store.database import DEFAULT_URL, Ledger, Transaction
from groupadd.drip.store.transition import forget_person, retry_people
from groupadd.errors import LedgerError
from groupadd.model.identity import parse_participants
from groupadd.model.outcome import Reason
from groupadd.wire.driver import Clock


def pause(provider: str | None = None, *, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> None:
    """Stop an account, or all: before their next add or invitation, whoever runs them.

    Args:
        provider: The account; None for all.
        ledger: The ledger's URL.
        clock: Time itself, for tests.

    Raises:
        LedgerError: The ledger cannot be used, or holds no such account.
    """
    with Ledger.open(ledger, clock=clock) as book, book.writing() as tx:
        for name in _accounts(tx, provider):
            stop_account(book, tx, name, Stop("paused", "paused by hand"))


def resume(provider: str | None = None, *, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> None:
    """Let a stopped account, or all, go on. What was counted against it is forgotten; its pace is not.

    Args:
        provider: The account; None for all.
        ledger: The ledger's URL.
        clock: Time itself, for tests.

    Raises:
        LedgerError: The ledger cannot be used, or holds no such account.
    """
    with Ledger.open(ledger, clock=clock) as book, book.writing() as tx:
        for name in _accounts(tx, provider):
            resume_account(book, tx, name)


def _accounts(tx: Transaction, provider: str | None) -> Sequence[str]:
    """Return the account of this name, or all.

    Raises:
        LedgerError: There is none.
    """
    names = accounts.names(tx)
    if provider is not None and provider not in names:
        raise LedgerError(f"nobody is planned for {provider!r} (accounts: {listed(names)})")
    return names if provider is None else [provider]


def retry(reason: Reason | str, *, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> int:
    """Take up again everybody who ended for a reason and is not in; return how many.

    Of whom it is not known that they are absent, that is looked up before they are asked for again. Nobody gets a
    second invitation.

    Args:
        reason: The reason, such as `group_full`.
        ledger: The ledger's URL.
        clock: Time itself, for tests.

    Raises:
        ValueError: There is no such reason.
        LedgerError: The ledger cannot be used.
    """
    reason = Reason(reason)
    with Ledger.open(ledger, clock=clock) as book, book.writing() as tx:
        return retry_people(book, tx, reason)


def audit(*, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> Iterator[AuditLine]:
    """Yield everything that ever happened, in order.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    with Ledger.open(ledger, clock=clock) as book, book.reading() as tx:
        for one in lines(tx):
            yield one.line


def forget(participant: str, *, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> int:
    """Delete what is kept of a person, in all groups; return how many rows that were.

    The lines of the audit stay, since they count for the pace, without the name.

    Args:
        participant: The person, in any spelling that `plan` takes.
        ledger: The ledger's URL.
        clock: Time itself, for tests.

    Raises:
        InvalidParticipant: The name cannot be parsed.
        LedgerError: The ledger cannot be used, or the person is in mid-call: try again in a minute.
    """
    (person,) = parse_participants([participant])
    with Ledger.open(ledger, clock=clock) as book, book.writing() as tx:
        return forget_person(book, tx, person)
