"""Steering a plan from outside: pause and resume accounts, take people up again, forget somebody."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, delete, or_, select, update

from groupadd.config.suggestions import listed
from groupadd.drip.ledger import DEFAULT, AuditLine, Ledger, LedgerError
from groupadd.drip.person import NOTHING_HEARD
from groupadd.drip.rules import Stop
from groupadd.drip.schema import State, accounts, people
from groupadd.drip.schema import audit as lines
from groupadd.model.identity import parse_participants
from groupadd.model.outcome import Reason, Status
from groupadd.wire.driver import Clock

_FORGOTTEN = "forgotten"


def pause(provider: str | None = None, *, ledger: str = DEFAULT, clock: Clock | None = None) -> None:
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


def stop_account(book: Ledger, tx: Connection, provider: str, stop: Stop) -> None:
    """Stop an account that has not stopped yet, whoever works it."""
    going = (accounts.c.provider == provider, accounts.c.stopped.is_(None))
    if tx.execute(update(accounts).where(*going).values(stopped=stop.rule, why=stop.why)).rowcount:
        book.note(tx, "stopped", stop.rule, stop.why, provider=provider)


def resume(provider: str | None = None, *, ledger: str = DEFAULT, clock: Clock | None = None) -> None:
    """Let a stopped account, or all, go on. What was counted against it is forgotten; its pace is not.

    Args:
        provider: The account; None for all.
        ledger: The ledger's URL.
        clock: Time itself, for tests.

    Raises:
        LedgerError: The ledger cannot be used, or holds no such account.
    """
    with Ledger.open(ledger, clock=clock) as book, book.writing() as tx:
        now = book.clock.now()
        for name in _accounts(tx, provider):
            stopped = (accounts.c.provider == name, accounts.c.stopped.isnot(None))
            going_on = {"stopped": None, "why": None, "resumed_at": now}
            if tx.execute(update(accounts).where(*stopped).values(**going_on)).rowcount:
                book.note(tx, "resumed", "by hand", provider=name)


def _accounts(tx: Connection, provider: str | None) -> Sequence[str]:
    """Return the account of this name, or all.

    Raises:
        LedgerError: There is none.
    """
    names = tx.scalars(select(accounts.c.provider)).all()
    if provider is not None and provider not in names:
        raise LedgerError(f"nobody is planned for {provider!r} (accounts: {listed(names)})")
    return names if provider is None else [provider]


def retry(reason: Reason | str, *, ledger: str = DEFAULT, clock: Clock | None = None) -> int:
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
        now = book.clock.now()
        ended = (people.c.state == State.DONE.value, people.c.reason == reason.value)
        no_verdict = {"status": None, "reason": None, "evidence": None, "says": None, "settled_at": None, "tries": 0}
        taken_up = 0
        for outcome, values in (
            (Status.NOT_ADDED, {"state": State.WAITING.value, "before": None, **NOTHING_HEARD}),
            (Status.UNKNOWN, {"state": State.WATCHED.value, "looks": 0, "look_at": now, "after": None}),
        ):
            which = (*ended, people.c.status == outcome.value)
            for provider, group, jid in tx.execute(
                select(people.c.provider, people.c.group_jid, people.c.jid).where(*which)
            ).all():
                book.note(tx, "retried", reason.value, provider=provider, group=group, participant=jid)
                taken_up += 1
            tx.execute(update(people).where(*which).values(**no_verdict, **values))
        return taken_up


def audit(*, ledger: str = DEFAULT, clock: Clock | None = None) -> Iterator[AuditLine]:
    """Yield everything that ever happened, in order.

    Raises:
        LedgerError: The ledger cannot be used.
    """
    with Ledger.open(ledger, clock=clock) as book, book.reading() as tx:
        for _, line in book.lines(tx):
            yield line


def forget(participant: str, *, ledger: str = DEFAULT, clock: Clock | None = None) -> int:
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
        jids = _all_forms(tx, person.id)
        theirs = or_(people.c.jid.in_(jids), people.c.given == participant.strip())
        in_hand = (theirs, people.c.state.in_([State.ASKING.value, State.INVITING.value]))
        if tx.scalar(select(people.c.id).where(*in_hand).limit(1)) is not None:
            raise LedgerError("this person is being asked for at this moment: try again when that is over")
        deleted = tx.execute(delete(people).where(theirs)).rowcount
        of_person = lines.c.participant.in_(jids)
        tx.execute(update(lines).where(of_person).values(participant=_FORGOTTEN, detail=""))
        book.note(tx, _FORGOTTEN, "by hand", f"{deleted} rows")
        return deleted


def _all_forms(tx: Connection, jid: str) -> set[str]:
    """Return somebody's JID, and that of the other form of their number where it has proven to be theirs, too."""
    pairs = select(people.c.jid, people.c.same_as).where(people.c.same_as.isnot(None))
    proven = pairs.where(or_(people.c.jid == jid, people.c.same_as == jid)).distinct()
    return {jid, *(form for pair in tx.execute(proven) for form in pair)}
