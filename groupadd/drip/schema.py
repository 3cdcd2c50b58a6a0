"""The ledger's tables: one schema for SQLite and PostgreSQL. Times are seconds since 1970."""

from enum import StrEnum

from sqlalchemy import JSON, Column, ColumnElement, Double, ForeignKey, Index, Integer, MetaData, Table, Text

VERSION = 1  # raised with every change that an older groupadd would not understand


class State(StrEnum):
    """Where one person of a plan stands."""

    WAITING = "waiting"  # to be asked for
    ASKING = "asking"  # the intent is written; found so after a crash, they may have been asked for
    WATCHED = "watched"  # asked for; looks are to tell what became of them
    TO_INVITE = "to_invite"  # not added, and an invitation makes sense
    INVITING = "inviting"  # the intent is written; found so after a crash, they may have been written to
    DONE = "done"
    TWIN = "twin"  # the same person stands in the plan for this group already
    UNUSABLE = "unusable"  # the row cannot be read; `fault` says why


metadata: MetaData = MetaData()

schema: Table = Table(
    "drip_schema",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("engine", Text),  # the newest migration of Procrastinate's that was applied with ours
)

sheets: Table = Table(
    "drip_sheets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("header", JSON, nullable=False),
    Column("delimiter", Text, nullable=False),
)

people: Table = Table(
    "drip_people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sheet", ForeignKey("drip_sheets.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("cells", JSON, nullable=False),
    Column("provider", Text, nullable=False),
    Column("group_jid", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("jid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("same_as", Text),  # of a twin under another form of the number: the first one's JID
    Column("fault", Text),
    Column("tries", Integer, nullable=False, default=0),
    Column("sent_at", Double),
    Column("answered_at", Double),
    Column("looks", Integer, nullable=False, default=0),
    Column("look_at", Double),
    Column("before", JSON(none_as_null=True)),
    Column("claim", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("status", Text),
    Column("reason", Text),
    Column("evidence", Text),
    Column("says", Text),
    Column("invite", JSON(none_as_null=True)),
    Column("settled_at", Double),
)
NOBODY = (State.TWIN.value, State.UNUSABLE.value)  # rows of the user's that are no person to be added
is_planned: ColumnElement[bool] = people.c.state.notin_(NOBODY)
is_left: ColumnElement[bool] = people.c.state.notin_((State.DONE.value, *NOBODY))
Index(
    "drip_once_a_group",
    people.c.group_jid,
    people.c.jid,
    unique=True,
    sqlite_where=is_planned,
    postgresql_where=is_planned,
)
Index("drip_next", people.c.provider, people.c.state, people.c.id)
Index("drip_settled", people.c.provider, people.c.settled_at)

accounts: Table = Table(
    "drip_accounts",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("asked", Integer, nullable=False, default=0),
    Column("next_at", Double, nullable=False, default=0.0),
    Column("invite_at", Double, nullable=False, default=0.0),
    Column("stopped", Text),
    Column("why", Text),
    Column("resumed_at", Double, nullable=False, default=0.0),
    Column("owner", Text),
    Column("lease_until", Double, nullable=False, default=0.0),
    Column("ordered_at", Double),  # since when workers are to work it; see `orders`
)

audit: Table = Table(
    "drip_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("provider", Text),
    Column("group_jid", Text),
    Column("participant", Text),
    Column("event", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("drip_events", audit.c.provider, audit.c.event, audit.c.id)
Index("drip_of_one", audit.c.participant)
