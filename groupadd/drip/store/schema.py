"""The ledger's tables: one schema for SQLite and PostgreSQL. Times are seconds since 1970.

A change of the schema raises `VERSION` and adds a script to `migrations`.
"""

from sqlalchemy import Column, ColumnElement, ForeignKey, Index, MetaData, Table

from groupadd.drip.store.codec import AsInteger, AsJSON, AsMoment, AsText, AsWord
from groupadd.drip.store.states import State
from groupadd.model.outcome import Evidence, Invite, Reason, Status
from groupadd.model.roster import Observation
from groupadd.provider import Claim

VERSION = 2

metadata: MetaData = MetaData()

schema: Table = Table(
    "drip_schema",
    metadata,
    Column("version", AsInteger, primary_key=True, autoincrement=False),
    Column("engine", AsText),  # the newest migration of Procrastinate's that was applied with ours
)

sheets: Table = Table(
    "drip_sheets",
    metadata,
    Column("id", AsInteger, primary_key=True),
    Column("name", AsText, nullable=False),
    Column("header", AsJSON[tuple[str, ...]](tuple[str, ...]), nullable=False),
    Column("delimiter", AsText, nullable=False),
)

people: Table = Table(
    "drip_people",
    metadata,
    Column("id", AsInteger, primary_key=True),
    Column("sheet", ForeignKey("drip_sheets.id"), nullable=False),
    Column("line", AsInteger, nullable=False),
    Column("cells", AsJSON[tuple[str, ...]](tuple[str, ...]), nullable=False),
    Column("provider", AsText, nullable=False),
    Column("group_jid", AsText, nullable=False),
    Column("given", AsText, nullable=False),
    Column("phone", AsText),
    Column("lid", AsText),
    Column("jid", AsText, nullable=False),
    Column("state", AsWord(State), nullable=False),
    Column("same_as", AsText),  # of a duplicate under another form of the number: the first one's JID
    Column("fault", AsText),
    Column("tries", AsInteger, nullable=False, default=0),
    Column("sent_at", AsMoment),
    Column("answered_at", AsMoment),
    Column("looks", AsInteger, nullable=False, default=0),
    Column("look_at", AsMoment),
    Column("before", AsJSON[Observation](Observation)),
    Column("claim", AsJSON[Claim](Claim)),
    Column("after", AsJSON[tuple[Observation, ...]](tuple[Observation, ...])),
    Column("status", AsWord(Status)),
    Column("reason", AsWord(Reason)),
    Column("evidence", AsWord(Evidence)),
    Column("says", AsText),
    Column("invite", AsJSON[Invite](Invite)),
    Column("settled_at", AsMoment),
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
    Column("provider", AsText, primary_key=True),
    Column("asked", AsInteger, nullable=False, default=0),
    Column("next_at", AsMoment, nullable=False, default=0.0),
    Column("invite_at", AsMoment, nullable=False, default=0.0),
    Column("stopped", AsText),
    Column("why", AsText),
    Column("resumed_at", AsMoment, nullable=False, default=0.0),
    Column("owner", AsText),
    Column("lease_until", AsMoment, nullable=False, default=0.0),
    Column("queued_at", AsMoment),  # since when workers are to work the account
)

audit: Table = Table(
    "drip_audit",
    metadata,
    Column("id", AsInteger, primary_key=True),
    Column("at", AsMoment, nullable=False),
    Column("provider", AsText),
    Column("group_jid", AsText),
    Column("participant", AsText),
    Column("event", AsText, nullable=False),
    Column("rule", AsText, nullable=False),
    Column("detail", AsText, nullable=False),
)
Index("drip_events", audit.c.provider, audit.c.event, audit.c.id)
Index("drip_of_one", audit.c.participant)
