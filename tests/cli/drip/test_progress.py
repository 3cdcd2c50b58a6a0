"""What a run shows while it goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from groupadd.cli.drip.progress import Progress
from groupadd.cli.output import Output
from groupadd.drip import AuditLine, Drip
from tests.support.cli import LEDGER, Served, plan

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_off_a_terminal_the_accounts_are_shown_once_a_minute(
    drip_served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    plan()
    capsys.readouterr()
    with Drip(LEDGER) as drip:
        progress = Progress(Output(), drip)
        for second in (0, 30, 59, 60, 100, 125):
            progress.on_line(AuditLine(NOW + timedelta(seconds=second), "wasend", None, None, "looked", "looks", ""))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("wasend: ready; 0 done, 4 to do, 0 of 60000 a minute, ") for line in lines)
