"""Tables for people: what they show, and how wide they are."""

import pytest

from groupadd import AddOutcome, Evidence, Invite, InviteState, Member, Reason, Roster, Status
from groupadd.cli import tables
from groupadd.sandbox.example import GROUP
from tests.support.cli import BEN, rendered
from tests.support.example import person


def test_what_a_provider_says_is_no_command_to_the_terminal() -> None:
    hostile = person(Status.UNKNOWN, Reason.UNRECOGNISED, provider_says="\x1b[2J\rgone [red]")
    out = rendered(tables.outcome(AddOutcome("main", "wasend", GROUP, (hostile,))))
    assert "\x1b" not in out
    assert "�[2J gone [red]" in out


@pytest.mark.parametrize("width", [80, 120])
def test_tables_keep_to_the_width_of_the_terminal_whatever_was_said(width: int) -> None:
    sent = Invite("personal", InviteState.UNKNOWN)
    people = [
        person(Status.PENDING_APPROVAL, reason, evidence=Evidence.INFERRED, provider_says="x" * 200, invite=sent)
        for reason in Reason
    ]
    out = rendered(tables.outcome(AddOutcome("main", "wasend", GROUP, tuple(people))), width=width)
    assert max(map(len, out.splitlines())) <= width
    assert out.count("→") == len(Reason) - 1  # for a duplicate there is nothing to do


def test_an_incomplete_roster_says_so() -> None:
    roster = Roster((Member(BEN[1:]),), size=2)
    assert "1 member; the list is not complete" in rendered(tables.roster(roster))
