"""The audit: one line for everything that happened, in the transaction that made it so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from attrs import define, field, frozen
from sqlalchemy import func, insert, select, update

from groupadd.drip.store.database import Transaction
from groupadd.drip.store.schema import audit
from groupadd.model.json_form import to_json
from groupadd.model.masking import repr_masked

FORGOTTEN = "forgotten"


@frozen
class AuditLine:
    """One line of the audit.

    Attributes:
        at: When it happened, in UTC.
        provider: The account, by its configured name; None for what concerns no account.
        group: The group's JID, or None.
        participant: The participant's canonical JID, or None.
        event: What happened, such as `asking`, `answered`, `settled`, `stopped`.
        rule: The rule by which it happened.
        detail: What the provider answered, or what a look shows.
    """

    at: datetime
    provider: str | None
    group: str | None = field(repr=repr_masked)
    participant: str | None = field(repr=repr_masked)
    event: str
    rule: str
    detail: str = field(repr=False)

    def as_dict(self) -> dict[str, object]:
        """Return the line as JSON values, keyed by attribute; the time is ISO 8601."""
        return to_json(self)


OnLine: TypeAlias = Callable[[AuditLine], None]


@frozen
class NumberedLine:
    """A line of the audit, and its number in the ledger."""

    number: int
    line: AuditLine


@define
class Notes:
    """Lines that a transaction is about to write, in order.

    Attributes:
        provider: The account that they concern, by its configured name, where a line names no other.
    """

    provider: str | None = None
    _rows: list[dict[str, str | None]] = field(factory=list)

    def add(
        self,
        event: str,
        rule: str,
        detail: str = "",
        *,
        provider: str | None = None,
        group: str | None = None,
        participant: str | None = None,
    ) -> None:
        """Add a line."""
        about = {"provider": provider or self.provider, "group_jid": group, "participant": participant}
        self._rows.append({**about, "event": event, "rule": rule, "detail": detail})

    def write(self, tx: Transaction, at: float) -> Sequence[AuditLine]:
        """Write the lines into the audit, and return them.

        Args:
            tx: The transaction.
            at: The moment, in seconds since 1970.
        """
        if self._rows:
            tx.execute(_INSERT, [{"at": at, **row} for row in self._rows])
        return [_line({"at": at, **row}) for row in self._rows]


_INSERT = insert(audit)


def note(
    tx: Transaction,
    at: float,
    event: str,
    rule: str,
    detail: str = "",
    *,
    provider: str | None = None,
) -> None:
    """Write one line, at a moment in seconds since 1970."""
    notes = Notes(provider)
    notes.add(event, rule, detail)
    notes.write(tx, at)


def lines(tx: Transaction, *, after: int = 0) -> Iterator[NumberedLine]:
    """Yield the lines behind a number, in order."""
    query = select(audit).where(audit.c.id > after).order_by(audit.c.id).execution_options(yield_per=1000)
    for row in tx.execute(query):
        yield NumberedLine(row.id, _line(row._mapping))


def last_number(tx: Transaction) -> int:
    """Return the number of the last line; 0 where there is none."""
    return tx.scalar(select(func.max(audit.c.id))) or 0


def adds_since(tx: Transaction, moment: float) -> Mapping[str, int]:
    """Return how many adds each account has sent since a moment, by configured name."""
    sent = (audit.c.event == "asking", audit.c.at > moment)
    counted = select(audit.c.provider, func.count().label("adds")).where(*sent).group_by(audit.c.provider)
    return {row.provider: row.adds for row in tx.execute(counted)}


def forget(tx: Transaction, participants: Sequence[str]) -> None:
    """Take these JIDs and all details out of the lines; the lines stay, since they count for the pace."""
    about = audit.c.participant.in_(participants)
    tx.execute(update(audit).where(about).values(participant=FORGOTTEN, detail=""))


def _line(row: Mapping[Any, Any]) -> AuditLine:
    at = datetime.fromtimestamp(row["at"], UTC)
    about = (row["provider"], row["group_jid"], row["participant"])
    return AuditLine(at, *about, row["event"], row["rule"], row["detail"])
