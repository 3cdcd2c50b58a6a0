"""What the ledger's columns hold: a stored value that changes its shape needs a new version of it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text, cast, select, update

from groupadd.drip.store.database import Ledger
from groupadd.drip.store.schema import people, sheets
from groupadd.drip.store.states import State
from groupadd.errors import LedgerError
from groupadd.model.codes import NO_ANSWER, PRIVACY
from groupadd.model.masking import Secret
from groupadd.model.outcome import Evidence, Invite, InviteState, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim
from tests.support.trial import Trial, planned
from tests.support.virtual_time import crowd

OFFER = Invite("personal", InviteState.SENT, datetime(2026, 1, 5, 9, tzinfo=UTC), "m1")
VALUES: Mapping[str, Any] = {
    "state": State.AWAITING_VERDICT,
    "before": Observation(member=None, reason=Reason.STALE_ROSTER, complete=False),
    "claim": Claim(PRIVACY, "403", OFFER),
    "after": (Observation(member=False), Observation(member=True)),
    "status": Status.NOT_ADDED,
    "reason": Reason.PRIVACY,
    "evidence": Evidence.REPORTED,
    "invite": OFFER,
}
STORED_OFFER = {
    "kind": "personal",
    "state": "sent",
    "at": "2026-01-05T09:00:00+00:00",
    "message_id": "m1",
    "expires_at": None,
}
STORED: Mapping[str, Any] = {
    "state": "awaiting_verdict",
    "cells": {"v": 2, "value": ["+12005550100"]},
    "before": {"v": 2, "value": {"member": None, "reason": "stale_roster", "complete": False, "listed": None}},
    "claim": {
        "v": 2,
        "value": {
            "meaning": {"status": "not_added", "reason": "privacy", "asked": True},
            "says": "403",
            "invite": STORED_OFFER,
            "code": None,
        },
    },
    "after": {
        "v": 2,
        "value": [
            {"member": False, "reason": None, "complete": True, "listed": False},
            {"member": True, "reason": None, "complete": True, "listed": True},
        ],
    },
    "status": "not_added",
    "reason": "privacy",
    "evidence": "reported",
    "invite": {"v": 2, "value": STORED_OFFER},
}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return planned(tmp_path, crowd(1))


def test_every_value_is_stored_in_this_shape_and_read_back(trial: Trial) -> None:
    with Ledger.open(trial.ledger) as ledger:
        with ledger.writing() as tx:
            tx.execute(update(people).values(**VALUES))
        with ledger.reading() as tx:
            raw = tx.execute(select(*(cast(people.c[name], Text).label(name) for name in STORED))).one()
            row = tx.execute(select(people, sheets.c.header).join(sheets)).one()
    assert {name: value if value[0] != "{" else json.loads(value) for name, value in raw._mapping.items()} == STORED
    assert {name: row._mapping[name] for name in VALUES} == VALUES
    assert (row.cells, row.header) == (("+12005550100",), ("phone",))


def test_the_code_of_a_personal_invitation_is_not_stored(trial: Trial) -> None:
    with Ledger.open(trial.ledger) as ledger:
        with ledger.writing() as tx:
            tx.execute(update(people).values(claim=Claim(PRIVACY, "403", OFFER, Secret("AbCdEfGhIjKlMnOpQrStUv"))))
        with ledger.reading() as tx:
            assert tx.scalar(select(people.c.claim)) == Claim(PRIVACY, "403", OFFER)
    assert b"AbCdEf" not in b"".join(file.read_bytes() for file in Path(trial.ledger[10:]).parent.glob("*.db*"))


def test_values_of_version_1_are_read_with_what_they_do_not_say(trial: Trial) -> None:
    look, absent = ({"member": member, "reason": None, "complete": True} for member in (True, False))
    claim = {"meaning": {"status": "unknown", "reason": "no_answer"}, "says": None, "invite": None, "code": None}
    old = {"before": look, "after": [absent], "claim": claim}
    with Ledger.open(trial.ledger) as ledger:
        with ledger.writing() as tx:
            for column, value in old.items():
                stored = json.dumps({"v": 1, "value": value})
                tx.exec_driver_sql(f"UPDATE drip_people SET {column} = ?", (stored,))
        with ledger.reading() as tx:
            row = tx.execute(select(people.c.before, people.c.after, people.c.claim)).one()
    assert tuple(row) == (Observation(True, listed=True), (Observation(False, listed=False),), Claim(NO_ANSWER))


@pytest.mark.parametrize(
    ("stored", "why"),
    [({"v": 3, "value": {}}, "newer groupadd"), ({"v": 2, "value": {"member": "perhaps", "reason": 7}}, "be read")],
)
def test_a_value_that_cannot_be_read_is_said_to_be_so(trial: Trial, stored: object, why: str) -> None:
    with Ledger.open(trial.ledger) as ledger:
        with ledger.writing() as tx:
            tx.exec_driver_sql("UPDATE drip_people SET before = ?", (json.dumps(stored),))
        with pytest.raises(LedgerError, match=why), ledger.reading() as tx:
            tx.execute(select(people.c.before)).all()
