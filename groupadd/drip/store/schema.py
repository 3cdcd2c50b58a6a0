"""The ledger's tables: one schema for SQLite and PostgreSQL. Times are seconds since 1970.

A change of the schema raises `VERSION` and adds a script to `migrations`.
"""

from sqlalchemy import Column, ColumnElement, Double, ForeignKey, Index, Integer, MetaData, Table, Text

from groupadd.drip.store.codec import AsJSON, AsWord
from groupadd.drip.store.states import State
from groupadd.model.outcome import Evidence, Invite, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim

VERSION = 2

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
    Column("header", AsJSON[tuple[str, ...]](tuple[str, ...]), nullable=False),
    Column("delimiter", Text, nullable=False),
)

people: Table = Table(
    "drip_people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sheet", ForeignKey("drip_sheets.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("cells", AsJSON[tuple[str, ...]](tuple[str, ...]), nullable=False),
    Column("provider", Text, nullable=False),
    Column("group_jid", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("phone", Text),
    Column("lid", Text),
    Column("jid", Text, nullable=False),
    Column("state", AsWord(State), nullable=False),
    Column("same_as", Text),  # of a duplicate under another form of the number: the first one's JID
    Column("fault", Text),
    Column("tries", Integer, nullable=False, default=0),
    Column("sent_at", Double),
    Column("answered_at", Double),
    Column("looks", Integer, nullable=False, default=0),
    Column("look_at", Double),
    Column("before", AsJSON[Observation](Observation)),
    Column("claim", AsJSON[Claim](Claim)),
    Column("after", AsJSON[tuple[Observation, ...]](tuple[Observation, ...])),
    Column("status", AsWord(Status)),
    Column("reason", AsWord(Reason)),
    Column("evidence", AsWord(Evidence)),
    Column("says", Text),
    Column("invite", AsJSON[Invite](Invite)),
    Column("settled_at", Double),
)
NOT_PEOPLE = (State.DUPLICATE, State.INVALID)  # rows of the user's that no add is sent for
is_planned: ColumnElement[bool] = people.c.state.notin_(NOT_PEOPLE)
is_to_do: ColumnElement[bool] = people.c.state.notin_((State.DONE, *NOT_PEOPLE))
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
    Column("queued_at", Double),  # since when workers are to work the account
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
