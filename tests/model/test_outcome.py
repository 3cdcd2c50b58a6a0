"""Outcomes as values, and their JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from groupadd.model.outcome import AddOutcome, Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status

invites = st.builds(
    Invite,
    st.sampled_from(["link", "personal"]),
    st.none() | st.sampled_from(InviteState),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.text(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
people = st.builds(
    ParticipantOutcome,
    st.text(),
    st.none() | st.text(),
    st.none() | st.text(),
    st.sampled_from(Status),
    st.none() | st.sampled_from(Reason),
    st.sampled_from(Evidence),
    st.none() | st.text(),
    st.none() | invites,
)
outcomes = st.builds(AddOutcome, st.text(), st.text(), st.text(), st.lists(people).map(tuple))


@given(outcomes)
def test_every_outcome_round_trips_through_json(outcome: AddOutcome) -> None:
    as_json = outcome.as_dict()
    assert json.loads(json.dumps(as_json)) == as_json


@given(outcomes)
def test_everybody_is_counted_once(outcome: AddOutcome) -> None:
    as_json: Any = outcome.as_dict()
    assert as_json["counts"].keys() == {status.value for status in Status}
    assert sum(as_json["counts"].values()) == len(outcome) == len(as_json["participants"])
    assert [person for status in Status for person in outcome.by_status(status)] == sorted(
        outcome, key=lambda person: list(Status).index(person.status)
    )


def test_the_json_has_every_documented_key() -> None:
    person = ParticipantOutcome(
        *("+1 555 0100", "15550100", "15550100@s.whatsapp.net"), Status.ADDED, None, Evidence.REPORTED, "SUCCESS"
    )
    refused = ParticipantOutcome(
        *("15550101@lid", None, "15550101@lid"),
        Status.INVITED,
        Reason.PRIVACY,
        Evidence.OBSERVED,
        "403",
        Invite("link", InviteState.SENT, datetime(2026, 1, 2, tzinfo=UTC), "m1"),
    )
    assert AddOutcome("main", "wasend", "1203630000@g.us", (person, refused)).as_dict() == {
        "provider": "main",
        "type": "wasend",
        "group": "1203630000@g.us",
        "everyone_in": False,
        "counts": {
            "added": 1,
            "already_member": 0,
            "invited": 1,
            "pending_approval": 0,
            "not_added": 0,
            "unknown": 0,
        },
        "participants": [
            {
                "participant": "+1 555 0100",
                "phone": "15550100",
                "id": "15550100@s.whatsapp.net",
                "status": "added",
                "reason": None,
                "evidence": "reported",
                "provider_says": "SUCCESS",
                "invite": None,
            },
            {
                "participant": "15550101@lid",
                "phone": None,
                "id": "15550101@lid",
                "status": "invited",
                "reason": "privacy",
                "evidence": "observed",
                "provider_says": "403",
                "invite": {
                    "kind": "link",
                    "state": "sent",
                    "at": "2026-01-02T00:00:00+00:00",
                    "message_id": "m1",
                    "expires_at": None,
                },
            },
        ],
    }


@pytest.mark.parametrize("status", Status)
def test_only_added_and_already_member_are_in(status: Status) -> None:
    person = ParticipantOutcome("15550100", "15550100", "15550100@s.whatsapp.net", status)
    assert person.is_in is (status in {Status.ADDED, Status.ALREADY_MEMBER})
    assert AddOutcome("main", "wasend", "1203630000@g.us", (person,)).everyone_in is person.is_in


def test_an_outcome_cannot_be_altered() -> None:
    person = ParticipantOutcome("15550100", "15550100", "15550100@s.whatsapp.net", Status.UNKNOWN)
    with pytest.raises(FrozenInstanceError):
        person.status = Status.ADDED  # type: ignore[misc]  # what must not be possible
