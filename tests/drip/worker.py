"""A worker of a fleet: `python -m tests.drip.worker '{…}'`. `groupadd drip work` with a timing of our own."""

import json
import sys
from typing import Any

from groupadd.drip.fleet import worker as workers
from groupadd.drip.fleet.tasks import Timing


def work(ledger: str, config: dict[str, Any], accounts: int, timing: dict[str, Any]) -> None:
    workers.work(ledger=ledger, config=config, accounts=accounts, timing=Timing(**timing))


if __name__ == "__main__":
    work(**json.loads(sys.argv[1]))
