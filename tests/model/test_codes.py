"""WhatsApp's own codes: what is in the table is read, all else is unrecognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd.model import codes
from groupadd.model.codes import PARTICIPANT_CODES, Meaning, meaning_of
from groupadd.model.outcome import Reason, Status
from tests.support.json_values import json_values


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (0, codes.ADDED),
        (200, codes.ADDED),
        (304, codes.PENDING_APPROVAL),
        (400, codes.UNRECOGNISED),  # whatsapp-web.js says it of any exception
        (401, codes.BLOCKED),
        (403, codes.PRIVACY),
        (404, codes.NOT_ON_WHATSAPP),
        (406, codes.NOT_ALLOWED),
        (408, codes.RECENTLY_LEFT),
        (409, codes.ALREADY_MEMBER),
        (412, codes.COMMUNITY),
        (417, codes.COMMUNITY),
        (419, codes.GROUP_FULL),
        (421, codes.PENDING_APPROVAL),
        (429, codes.RATE_LIMITED),
        (431, codes.INCOMPATIBLE_DEVICE),
        (451, codes.LEGAL),
        (207, codes.UNRECOGNISED),  # the client's own word for "one code each", never a participant's
        (500, codes.UNRECOGNISED),
        (-200, codes.UNRECOGNISED),
        (True, codes.UNRECOGNISED),
        (200.0, codes.UNRECOGNISED),
        ("OK", codes.UNRECOGNISED),
        ("", codes.UNRECOGNISED),
        ("9" * 5000, codes.UNRECOGNISED),
        (None, codes.UNRECOGNISED),
    ],
)
def test_a_participants_code_means(code: object, meaning: Meaning) -> None:
    assert meaning_of(code) == meaning


@pytest.mark.parametrize(
    "reason",
    [
        Reason.PRIVACY,
        Reason.NOT_ON_WHATSAPP,
        Reason.RECENTLY_LEFT,
        Reason.GROUP_FULL,
        Reason.BLOCKED,
        Reason.NOT_ALLOWED,
        Reason.COMMUNITY,
        Reason.LEGAL,
        Reason.INCOMPATIBLE_DEVICE,
        Reason.RATE_LIMITED,
        Reason.INVALID_PARTICIPANT,
    ],
)
def test_a_refusal_is_named_for_its_reason(reason: Reason) -> None:
    assert getattr(codes, reason.name) == Meaning(Status.NOT_ADDED, reason)


@given(st.sampled_from(sorted(PARTICIPANT_CODES)))
def test_a_code_written_as_text_means_the_same(code: int) -> None:
    assert meaning_of(str(code)) is meaning_of(code) is PARTICIPANT_CODES[code]


@given(json_values)
def test_a_code_outside_the_table_is_never_success_nor_failure(code: object) -> None:
    if meaning_of(code).status is not Status.UNKNOWN:
        assert isinstance(code, int | str)
        assert int(code) in PARTICIPANT_CODES
