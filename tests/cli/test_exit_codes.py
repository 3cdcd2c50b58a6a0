"""How a command ends: the worst of its outcomes decides."""

from collections.abc import Sequence

import pytest

from groupadd import AddOutcome, Membership, Status
from groupadd.cli.exit_codes import Exit, of_check, of_outcome, of_statuses
from groupadd.sandbox.example import GROUP
from tests.support.cli import ADA
from tests.support.example import person


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([Status.ADDED, Status.ALREADY_MEMBER], Exit.EVERYONE_IN),
        ([Status.ADDED, Status.NOT_ADDED], Exit.SOMEONE_OUT),
        ([Status.INVITED], Exit.SOMEONE_OUT),
        ([Status.PENDING_APPROVAL], Exit.SOMEONE_OUT),
        ([Status.NOT_ADDED, Status.UNKNOWN, Status.ADDED], Exit.UNKNOWN),
    ],
)
def test_an_add_ends_with_its_worst_status(statuses: Sequence[Status], code: Exit) -> None:
    assert of_outcome(AddOutcome("main", "wasend", GROUP, tuple(map(person, statuses)))) is code
    assert of_statuses(statuses) is code


@pytest.mark.parametrize(
    ("members", "code"),
    [([True], Exit.EVERYONE_IN), ([True, False], Exit.SOMEONE_OUT), ([False, None], Exit.UNKNOWN)],
)
def test_a_check_ends_with_its_worst_membership(members: Sequence[bool | None], code: Exit) -> None:
    assert of_check(Membership(ADA, ADA[1:], "", member, None) for member in members) is code
