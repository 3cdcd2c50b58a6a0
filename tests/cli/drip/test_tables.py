"""Tables of a drip: what they show, and how wide they are."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from groupadd import Status
from groupadd.cli.drip import tables
from groupadd.drip import AccountStatus, DripStatus, Plan
from groupadd.drip.status import AccountState
from groupadd.settings import PaceSettings
from tests.support.cli import rendered

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def account(name: str, state: AccountState, **fields: Any) -> AccountStatus:
    usual: dict[str, Any] = {
        "why": None,
        "how_to_go_on": None,
        "done": 12_345,
        "left": 67_890,
        "eta_s": 5 * 86400.0,
        "next_at": NOW + timedelta(minutes=4),
        "adds_in_last_minute": 5,
    }
    return AccountStatus(provider=name, state=state, **{**usual, **fields})


def test_accounts_fit_on_a_terminal_of_eighty_columns() -> None:
    stopped = account("office", "stopped", why="paused by hand", how_to_go_on="`groupadd drip resume`")
    accounts = (account("main", "resting"), stopped)
    status = DripStatus("sqlite:///x.db", 100_000, 50_000, {Status.ADDED: 50_000}, accounts)
    shown = rendered(tables.status(status, PaceSettings(), NOW))

    assert re.search(r"main +resting +12,345 +67,890 +5 of 5 +in 4 min +5 days", shown)
    assert re.search(r"office +stopped +12,345 +67,890 +5 of 5 *\n", shown)
    assert "office has stopped: paused by hand\n  → `groupadd drip resume`" in shown


def test_no_name_and_no_reason_in_a_ledger_steers_the_terminal() -> None:
    evil = "\x1b]0;title\x07\x1b[2J\u202e"
    stopped = account(evil, "stopped", why=f"{evil}\nerror: 3 people added", how_to_go_on="`groupadd drip resume`")
    status = DripStatus("sqlite:///x.db", 1, 0, {Status.ADDED: 1}, (stopped,))
    place = tables.Place(evil, evil, 1, None, evil)
    plan = Plan(1, 0, {2: evil}, {(evil, evil): 1}, (), {evil: NOW})
    shown = [
        rendered(tables.status(status, PaceSettings(), NOW)),
        rendered(tables.plan(plan, [place], NOW)),
        tables.account_line(stopped, PaceSettings(), NOW),
    ]
    assert not {"\x1b", "\x07", "\u202e"} & {*"".join(shown)}
    assert "\nerror: 3 people added" not in shown[0]
