"""The calls that only ask the ledger, for programs on an event loop: each runs in a thread and leaves the loop free."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from groupadd.drip.control import audit, forget, pause, resume, retry
from groupadd.drip.export import export
from groupadd.drip.planning import plan
from groupadd.drip.report import report
from groupadd.drip.status import status
from groupadd.drip.store.audit import AuditLine
from groupadd.drip.store.database import DEFAULT_URL
from groupadd.wire.driver import Clock

P = ParamSpec("P")
T = TypeVar("T")


def _in_thread(call: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(call)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(call, *args, **kwargs)

    return called


def _whole_audit(*, ledger: str = DEFAULT_URL, clock: Clock | None = None) -> Sequence[AuditLine]:
    """Return everything that ever happened, in order; errors as for `audit`."""
    return list(audit(ledger=ledger, clock=clock))


plan_async: Final = _in_thread(plan)
status_async: Final = _in_thread(status)
pause_async: Final = _in_thread(pause)
resume_async: Final = _in_thread(resume)
retry_async: Final = _in_thread(retry)
export_async: Final = _in_thread(export)
report_async: Final = _in_thread(report)
audit_async: Final = _in_thread(_whole_audit)
forget_async: Final = _in_thread(forget)
