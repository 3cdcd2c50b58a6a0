"""The tables of the workers' jobs, which are Procrastinate's own, in the ledger's database."""

from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import inspect, make_url, select, update

from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.schema import schema

_TABLE = "procrastinate_jobs"


@frozen
class JobTables:
    """What a database holds of Procrastinate's tables.

    Attributes:
        exist: Whether they are there.
        migrated_to: The newest migration that groupadd applied; None where it made no tables.
    """

    exist: bool
    migrated_to: str | None


def job_tables(tx: Transaction) -> JobTables:
    """Return what the database holds of Procrastinate's tables."""
    return JobTables(inspect(tx).has_table(_TABLE), tx.scalar(select(schema.c.engine)))


def apply_scripts(tx: Transaction, scripts: Sequence[str], migrated_to: str) -> None:
    """Run scripts of Procrastinate's, and note the newest migration that they bring."""
    for script in scripts:
        tx.exec_driver_sql(script, execution_options={"no_parameters": True})
    tx.execute(update(schema).values(engine=migrated_to))


def connection_string(ledger: Ledger) -> str:
    """Return the ledger's URL as psycopg takes it, with the password."""
    return make_url(ledger.url).set(drivername="postgresql").render_as_string(hide_password=False)
