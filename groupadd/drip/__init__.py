"""Add thousands over days, and lose nobody: a plan in a ledger, carried out at a pace that can be kept up.

    from groupadd import drip

    made = drip.plan("people.csv", group="1203630000@g.us", providers=["main", "backup"])
    print(made.people, made.faults, made.ends_at)
    try:
        told = drip.run()                       # hours or days; may be killed at any moment and run again
    except groupadd.Interrupted as cut:         # Ctrl-C: the person in hand was finished
        told = cut.outcome
    for account in told.accounts:
        print(account.provider, account.state, account.done, account.left, account.why)
    drip.export("people-done.csv")

Every function takes `ledger=`, a SQLAlchemy URL (left out: `sqlite:///groupadd-drip.db` in the current folder); those
that ask a provider or count its pace take `config=`, as `groupadd.connect` does.

* `plan(source, …) -> Plan`: put people into the ledger, from a CSV file or from rows, and say how long it will take
* `run(…) -> DripStatus`: carry it out, each account at its own pace, till nobody is left or all stopped
* `watch(…) -> DripStatus`: watch how workers on other machines carry it out
* `shift(provider, …) -> AccountRun`: work one account for a bounded time, for engines that spread accounts
* `status() -> DripStatus`: what is done and what is left, in all and by account
* `pause(…)`, `resume(…)`: stop accounts as a stop rule does, and let stopped ones go on
* `retry(reason) -> int`: take up again whoever ended for a reason
* `export(target)`: the user's rows back, with what became of each
* `report(target)`: the whole plan as one HTML page, to look at or to print
* `audit() -> Iterator[AuditLine]`: everything that ever happened, line by line
* `forget(participant) -> int`: delete what is kept of a person

Each has a twin for event loops, named with `_async`; `shift` is one for event loops itself.

`run` and `run_async` call `on_line` with every `AuditLine` once it is committed: what live progress is made from.
Errors are `LedgerError` (the ledger cannot be used), `LedgerBusy` (somebody else works on it) and those of the config.
"""

from groupadd.drip.control import audit, forget, pause, resume, retry
from groupadd.drip.export import export
from groupadd.drip.fleet.watch import watch, watch_async
from groupadd.drip.in_threads import (
    audit_async,
    export_async,
    forget_async,
    pause_async,
    plan_async,
    report_async,
    resume_async,
    retry_async,
    status_async,
)
from groupadd.drip.planning import Plan, plan
from groupadd.drip.report import report
from groupadd.drip.running import run, run_async
from groupadd.drip.shifts import shift
from groupadd.drip.status import AccountStatus, DripStatus, status
from groupadd.drip.store.audit import AuditLine
from groupadd.drip.worker.run import AccountRun
from groupadd.errors import LedgerBusy, LedgerError

__all__ = [
    "AccountRun",
    "AccountStatus",
    "AuditLine",
    "DripStatus",
    "LedgerBusy",
    "LedgerError",
    "Plan",
    "audit",
    "audit_async",
    "export",
    "export_async",
    "forget",
    "forget_async",
    "pause",
    "pause_async",
    "plan",
    "plan_async",
    "report",
    "report_async",
    "resume",
    "resume_async",
    "retry",
    "retry_async",
    "run",
    "run_async",
    "shift",
    "status",
    "status_async",
    "watch",
    "watch_async",
]
