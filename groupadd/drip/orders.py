"""What workers on other machines are to carry out: accounts that are ordered to be worked until they are done.

An order outlives whoever gave it, and every worker. An engine's jobs are made of orders; a lost one is made anew.
"""

from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import exists, select, update

from groupadd.drip.ledger import Ledger
from groupadd.drip.schema import accounts, is_left, people

_has_people_left = exists(select(people.c.id).where(people.c.provider == accounts.c.provider, is_left))
_is_to_be_worked = (accounts.c.ordered_at.isnot(None), accounts.c.stopped.is_(None), _has_people_left)


@frozen
class Order:
    """An account that is to be worked.

    Attributes:
        provider: The account, by its configured name.
        lease_until: Until when somebody works it, in the ledger's time; a moment that is past where nobody does.
    """

    provider: str
    lease_until: float


def order(book: Ledger) -> Sequence[str]:
    """Order every account with people left to be worked; return their names."""
    with book.writing() as tx:
        names = tx.scalars(select(accounts.c.provider).where(_has_people_left).order_by(accounts.c.provider)).all()
        new = (accounts.c.provider.in_(names), accounts.c.ordered_at.is_(None))
        tx.execute(update(accounts).where(*new).values(ordered_at=book.clock.now()))
    return names


def orders(book: Ledger) -> Sequence[Order]:
    """Return what is ordered, has people left, and has not stopped."""
    columns = (accounts.c.provider, accounts.c.lease_until)
    with book.reading() as tx:
        return [Order(*row) for row in tx.execute(select(*columns).where(*_is_to_be_worked))]


def close_order(book: Ledger, provider: str) -> None:
    """End an order of which nobody is left: who is planned later waits for an order of their own."""
    done = (accounts.c.provider == provider, ~_has_people_left)
    with book.writing() as tx:
        tx.execute(update(accounts).where(*done).values(ordered_at=None))
