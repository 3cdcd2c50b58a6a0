"""Values in words: one spelling for the command line and the report."""

import pytest

from groupadd import Reason, Status
from groupadd.model.wording import counted, counted_people, duration, in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (7.4, "7 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (172_800, "2 days"),
        (187_200, "2 days 4 h"),
    ],
)
def test_a_duration_is_shown_in_units_that_fit(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_count_has_the_noun_of_one_or_of_many() -> None:
    assert [counted(1, "row"), counted(0, "row"), counted(1200, "row")] == ["1 row", "0 rows", "1,200 rows"]
    assert [counted_people(1), counted_people(1200)] == ["1 person", "1,200 people"]


def test_values_are_words_without_underscores_and_whatsapp_keeps_its_capitals() -> None:
    assert in_words(Reason.NOT_ON_WHATSAPP) == "not on WhatsApp"
    assert not any("_" in in_words(value) for value in (*Status, *Reason))
