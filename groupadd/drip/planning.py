"""Planning: rows of people go into the ledger, each with its own cells; a row that cannot be used is kept, too."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from attrs import define, evolve, field, frozen

from groupadd.config.load import Config
from groupadd.config.suggestions import listed, nearest
from groupadd.drip.status import status_of
from groupadd.drip.store import lists
from groupadd.drip.store.accounts import add_account
from groupadd.drip.store.audit import note
from groupadd.drip.store.database import Ledger, Transaction
from groupadd.drip.store.lists import ParticipantKey
from groupadd.drip.store.states import Event
from groupadd.drip.store.transition import PlannedRow, insert_people
from groupadd.errors import ConfigError, InvalidGroup, InvalidParticipant
from groupadd.files import FilePath
from groupadd.model.identity import GroupId, parse_participants
from groupadd.people_file import Rows, Sheet, open_sheet

_AT_ONCE = 2000  # rows


@frozen
class Plan:
    """What a plan has put into the ledger, and what is ahead of each account.

    Attributes:
        people: How many people were added to the ledger.
        planned_before: How many rows name a participant who was planned for the same group already, here or earlier.
        faults: What is wrong with the rows that cannot be used, by line.
        places: How many people were added, by provider and group.
        warnings: What is bolder about the pace than by default.
        ends_at: When the last add of each account is due, in UTC, by provider; earlier plans of the account included.
    """

    people: int
    planned_before: int
    faults: Mapping[int, str]
    places: Mapping[tuple[str, str], int] = field(repr=lambda places: f"<{len(places)} places>")
    warnings: tuple[str, ...]
    ends_at: Mapping[str, datetime]


def plan(
    ledger: Ledger,
    settings: Config,
    source: FilePath | Rows,
    *,
    group: str | None,
    providers: Sequence[str],
    phone_column: str | None,
) -> Plan:
    """Put people into the ledger; arguments and errors as for `Drip.plan`."""
    default_group = None if group is None else GroupId.parse(group).jid
    for name in providers:
        _require_provider(settings, name)
    with open_sheet(source, phone_column) as sheet:
        ledger.make()
        planner = _Planner(settings, [name.strip().lower() for name in sheet.header], default_group, tuple(providers))
        with ledger.writing() as tx:
            planner.copy(tx, sheet)
            if planner.is_news:
                for name in planner.accounts:
                    add_account(tx, name)
                note(tx, ledger.now(), "planned", "plan", f"{planner.people} people from {sheet.name}")
            else:
                tx.rollback()
    warnings, ends_at = settings.drip.warnings, _forecast(ledger, settings, planner.accounts)
    return Plan(planner.people, planner.duplicates, planner.faults, planner.places, warnings, ends_at)


def _forecast(ledger: Ledger, settings: Config, providers: Container[str]) -> Mapping[str, datetime]:
    now, accounts = ledger.now(), status_of(ledger, settings.drip).accounts
    eta_s = {one.provider: one.eta_s for one in accounts if one.provider in providers and one.eta_s is not None}
    return {name: datetime.fromtimestamp(now + left_s, UTC) for name, left_s in eta_s.items()}


@define
class _Planner:
    """Turns the rows of a sheet into rows of the ledger.

    Attributes:
        settings: The configuration.
        names: The names of the columns, in lower case.
        group: The JID of the group of rows that name none; None where each row must name one.
        providers: The accounts that share the rows that name none.
        places: How many people are planned, by provider and group.
        faults: What is wrong with the rows that cannot be used, by line.
        duplicates: How many rows name a participant who was planned before.
        written: How many rows went into the ledger.
    """

    settings: Config
    names: Sequence[str]
    group: str | None
    providers: Sequence[str]
    places: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    faults: dict[int, str] = field(factory=dict[int, str])
    duplicates: int = 0
    written: int = 0

    @property
    def people(self) -> int:
        """How many people are planned."""
        return self.places.total()

    @property
    def accounts(self) -> set[str]:
        """The accounts for which people are planned."""
        return {provider for provider, _ in self.places}

    @property
    def is_news(self) -> bool:
        """Whether the sheet holds a row that can be used and that the ledger does not hold yet."""
        return bool(self.written and (self.places or self.duplicates))

    def copy(self, tx: Transaction, sheet: Sheet) -> None:
        """Write the rows of a sheet, except those that an earlier sheet of the same name and columns holds."""
        same = [
            one.id for one in lists.stored_sheets(tx) if one.name == sheet.name and [*one.header] == [*sheet.header]
        ]
        number = lists.add_sheet(tx, sheet.name, sheet.header, sheet.delimiter)
        other_forms = lists.other_forms(tx)
        while chunk := list(islice(sheet.rows, _AT_ONCE)):
            rows = [self._row(number, line, cells, sheet.phone(cells)) for line, cells in chunk]
            known = lists.planned_among(tx, [_key(row) for row in rows if row.event is Event.PLANNED])
            before = lists.rows_on_lines(tx, same, chunk[0][0], chunk[-1][0])
            judged = [self._without_duplicates(row, known, other_forms) for row in rows]
            new = [
                row
                for row in judged
                if row.event is Event.PLANNED or (row.line, row.group_jid, row.cells) not in before
            ]
            insert_people(tx, new)
            self.written += len(new)

    def _without_duplicates(
        self, row: PlannedRow, known: set[ParticipantKey], other_forms: Mapping[ParticipantKey, str]
    ) -> PlannedRow:
        """Count a row that can be used; one whose participant is planned before becomes a duplicate."""
        if row.event is not Event.PLANNED:
            return row
        key = _key(row)
        if key in known or key in other_forms:
            self.duplicates += 1
            return evolve(row, event=Event.PLANNED_DUPLICATE, same_as=other_forms.get(key))
        known.add(key)
        self.places[row.provider, row.group_jid] += 1
        return row

    def _row(self, sheet: int, line: int, cells: Sequence[str], given: str) -> PlannedRow:
        """Return a row of the ledger; note what is wrong with it."""
        named = dict(zip(self.names, cells, strict=False))
        group = named.get("group", "").strip() or self.group
        row = PlannedRow(
            event=Event.PLANNED_INVALID,
            sheet=sheet,
            line=line,
            cells=tuple(cells),
            provider=named.get("provider", "").strip() or self._shared(line),
            group_jid=group or "",
            given=given,
        )
        try:
            return self._usable(row, group)
        except InvalidParticipant as error:
            fault = error.faults[0]
        except (InvalidGroup, ConfigError) as error:
            fault = str(error)
        self.faults[line] = fault
        return evolve(row, fault=fault)

    def _usable(self, row: PlannedRow, group: str | None) -> PlannedRow:
        """Return a row with group and participant parsed.

        Raises:
            InvalidParticipant: The participant cannot be parsed.
            InvalidGroup: The group cannot be parsed, or the row names none.
            ConfigError: The provider is not configured.
        """
        group_jid = _group(group)
        _require_provider(self.settings, row.provider)
        (person,) = parse_participants([row.given])
        return evolve(row, event=Event.PLANNED, group_jid=group_jid, phone=person.phone, lid=person.lid, jid=person.id)

    def _shared(self, line: int) -> str:
        """Return the account of a row that names none: the given ones in turn, or the default one."""
        if not self.providers:
            self.providers = (self.settings.provider().name,)
        return self.providers[line % len(self.providers)]


def _key(row: PlannedRow) -> ParticipantKey:
    return ParticipantKey(row.group_jid, row.jid)


@lru_cache(maxsize=1024)
def _group(text: str | None) -> str:
    if text is None:
        raise InvalidGroup("no group is named for it")
    return GroupId.parse(text).jid


def _require_provider(settings: Config, name: str) -> None:
    if name not in settings.providers:
        near = nearest(name, settings.providers)
        raise ConfigError(f"no provider is configured as {name!r}{near} (configured: {listed(settings.providers)})")
