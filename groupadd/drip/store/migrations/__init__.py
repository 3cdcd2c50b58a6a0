"""Scripts that bring an older ledger up to date, one for each version of the schema, in order.

A script is frozen: it names tables, columns and words as they were and as they became, and imports nothing of ours.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text

from groupadd.drip.store.migrations import to_2

SCRIPTS: Mapping[int, Callable[[Connection], None]] = {2: to_2.migrate}


def migrate(tx: Connection, *, since: int) -> None:
    """Run every script of a version after `since`, in the transaction."""
    for version, script in sorted(SCRIPTS.items()):
        if version > since:
            script(tx)
            tx.execute(text("UPDATE drip_schema SET version = :version"), {"version": version})
