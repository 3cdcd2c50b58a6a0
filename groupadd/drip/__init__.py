"""Adding many people over days: a plan in a ledger, carried out at a pace that an account can keep up.

    import groupadd.drip

    with groupadd.drip.open() as drip:
        plan = drip.plan("people.csv", group="1203630000@g.us", providers=["main", "backup"])
        print(plan.people, plan.faults, plan.ends_at)
        try:
            status = drip.run()                 # takes hours or days; may be killed at any moment and run again
        except groupadd.Interrupted as cut:     # Ctrl-C: the current people were finished
            status = cut.outcome
        for account in status.accounts:
            print(account.provider, account.state, account.done, account.left, account.why)
        drip.export("people-done.csv")

`open` and `open_async` return an open ledger with its settings and its clock. Every verb is a method of it.
"""

from groupadd.drip.drip import AsyncDrip, Drip, open, open_async  # noqa: A004  read as `groupadd.drip.open`
from groupadd.drip.planning import Plan
from groupadd.drip.status import AccountStatus, DripStatus
from groupadd.drip.store.audit import AuditLine
from groupadd.drip.worker.run import AccountRun
from groupadd.errors import LedgerBusy, LedgerError

__all__ = [
    "AccountRun",
    "AccountStatus",
    "AsyncDrip",
    "AuditLine",
    "Drip",
    "DripStatus",
    "LedgerBusy",
    "LedgerError",
    "Plan",
    "open",
    "open_async",
]
