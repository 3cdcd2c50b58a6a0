"""From schema 1 to 2: states by their new names, phone and LID as columns, a version in each JSON value."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Column, Connection, Integer, MetaData, Table, bindparam, select, text, update

_STATES: Mapping[str, str] = {
    "waiting": "queued",
    "asking": "sending",
    "watched": "awaiting_verdict",
    "twin": "duplicate",
    "unusable": "invalid",
}
_STATEMENTS = (
    "CREATE UNIQUE INDEX drip_once_a_group ON drip_people (group_jid, jid) "
    "WHERE (state NOT IN ('duplicate', 'invalid'))",
    "ALTER TABLE drip_people ADD COLUMN phone TEXT",
    "ALTER TABLE drip_people ADD COLUMN lid TEXT",
    "UPDATE drip_people SET phone = replace(jid, '@s.whatsapp.net', '') WHERE jid LIKE '%@s.whatsapp.net'",
    "UPDATE drip_people SET lid = replace(jid, '@lid', '') WHERE jid LIKE '%@lid'",
    "ALTER TABLE drip_accounts RENAME COLUMN ordered_at TO queued_at",
)
_RENAME_STATE = text("UPDATE drip_people SET state = :new WHERE state = :old")
_AT_ONCE = 1000  # rows

_metadata = MetaData()
_sheets = Table("drip_sheets", _metadata, Column("id", Integer), Column("header", JSON))
_people = Table(
    "drip_people",
    _metadata,
    Column("id", Integer),
    Column("cells", JSON),
    *(Column(name, JSON(none_as_null=True)) for name in ("before", "claim", "after", "invite")),
)


def migrate(tx: Connection) -> None:
    """Bring a ledger of schema 1 to schema 2."""
    tx.execute(text("DROP INDEX drip_once_a_group"))
    for old, new in _STATES.items():
        tx.execute(_RENAME_STATE, {"old": old, "new": new})
    for statement in _STATEMENTS:
        tx.execute(text(statement))
    for sheet in tx.execute(select(_sheets)).all():
        tx.execute(update(_sheets).where(_sheets.c.id == sheet.id).values(header=_versioned(sheet.header)))
    last = 0
    while rows := tx.execute(select(_people).where(_people.c.id > last).order_by(_people.c.id).limit(_AT_ONCE)).all():
        tx.execute(_UPDATE, [_values(row) for row in rows])
        last = rows[-1].id


_UPDATE = (
    update(_people)
    .where(_people.c.id == bindparam("row"))
    .values({name: bindparam(f"new_{name}") for name in ("cells", "before", "claim", "after", "invite")})
)


def _values(row: Any) -> Mapping[str, object]:  # noqa: ANN401  a row
    return {
        "row": row.id,
        "new_cells": _versioned(row.cells),
        "new_before": _versioned(_observation(row.before)),
        "new_claim": _versioned(_claim(row.claim)),
        "new_after": _versioned(None if row.after is None else [_observation(one) for one in row.after]),
        "new_invite": _versioned(row.invite),
    }


def _versioned(value: object) -> object:
    return None if value is None else {"v": 1, "value": value}


def _observation(stored: Sequence[object] | None) -> object:
    """Return a look, which was `[member, reason, complete]`."""
    return None if stored is None else dict(zip(("member", "reason", "complete"), stored, strict=True))


def _claim(stored: Sequence[object] | None) -> object:
    """Return a claim, which was `[status, reason, the provider's word, invitation]`."""
    if stored is None:
        return None
    status, reason, says, invite = stored
    return {"meaning": {"status": status, "reason": reason}, "says": says, "invite": invite}
