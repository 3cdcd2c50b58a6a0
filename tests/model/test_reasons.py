import re

from groupadd import Reason
from groupadd.cli.commands import app
from groupadd.model.reasons import REASONS


def test_every_reason_has_a_meaning_and_all_but_the_duplicate_a_next_step() -> None:
    assert set(REASONS) == set(Reason)
    assert [reason for reason, words in REASONS.items() if words.next_step is None] == [Reason.DUPLICATE]


def test_next_steps_name_commands_that_exist() -> None:
    steps = " ".join(words.next_step or "" for words in REASONS.values())
    commands = set(re.findall(r"`groupadd (\w+)`", steps))
    assert commands
    assert commands <= set(app)
