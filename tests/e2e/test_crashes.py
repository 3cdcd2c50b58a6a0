"""kill -9 at every point of a run: no person is lost, asked for twice without a look, or invited twice."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.support.crashing import holds, people, scene, served
from tests.support.ledgers import KINDS, new_ledger

KILLED = -signal.SIGKILL
PEOPLE = 14
POINTS = ["before intent", "after intent", "after send", "after answer", "after record", "mid-look", "mid-invite"]
ON_ROUTE = {"after send": "add", "mid-look": "list", "mid-invite": "send"}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_run_is_taken_up_as_if_nothing_had_happened(kind: str, point: str, tmp_path: Path) -> None:
    invites = point == "mid-invite"
    vendor = "wasend" if invites else "wawp"
    humans = people(PEOPLE)
    with new_ledger(kind, tmp_path) as ledger:
        it = scene(ledger, vendor, invite="link" if invites else "never")
        it.world.add_people(*humans)
        with served(it):
            it.plan(humans)
            if point in ON_ROUTE:
                it.kill_on, it.left = ON_ROUTE[point], 2 if invites else 5
            assert it.run(None if point in ON_ROUTE else point, times=5) == KILLED
            it.kill_on = None
            assert it.run() == 0
        found = holds(it, humans)
        unheard = point in {"after send", "after answer"}  # the fifth refuses, and no answer says so
        assert found == Counter(
            {"added": 12, "invited": 1, "not_added": 1, "invitations": 2}
            if invites
            else {"added": 12, "not_added": 2, "again": 1 if unheard else 0}
        )
