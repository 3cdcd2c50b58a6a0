"""Plan: people from a CSV or from rows, put into the ledger as they stand; nothing is lost silently."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from attrs import define, evolve, field, frozen
from sqlalchemy import Connection, func, insert, select, tuple_

from groupadd.config.load import Config, load
from groupadd.config.sources import Source
from groupadd.config.suggestions import listed, nearest
from groupadd.drip.status import status_of
from groupadd.drip.store.accounts import add_account
from groupadd.drip.store.audit import note
from groupadd.drip.store.database import DEFAULT_URL, Ledger
from groupadd.drip.store.schema import is_planned, people, sheets
from groupadd.drip.store.states import Event
from groupadd.drip.store.transition import PlannedRow, insert_people
from groupadd.errors import ConfigError, InvalidGroup, InvalidParticipant
from groupadd.model.identity import GroupId, parse_participants
from groupadd.people_file import FilePath, Rows, Sheet, open_sheet
from groupadd.wire.driver import Clock

_AT_ONCE = 2000  # rows


@frozen
class Plan:
    """What a plan has put into the ledger, and what is ahead of each account.

    Attributes:
        people: How many people were added to the ledger.
        planned_before: How many rows name somebody who was planned for the same group already, here or earlier.
        faults: What is wrong with the rows that cannot be used, by line.
        places: How many people were added, by provider and group.
        warnings: What is bold about the pace.
        ends_at: When the last add of each account is due, in UTC, if nothing goes wrong; all its plans together.
    """

    people: int
    planned_before: int
    faults: Mapping[int, str]
    places: Mapping[tuple[str, str], int] = field(repr=lambda places: f"<{len(places)} places>")
    warnings: tuple[str, ...]
    ends_at: Mapping[str, datetime]


def plan(
    source: FilePath | Rows,
    *,
    group: str | None = None,
    providers: Sequence[str] = (),
    phone_column: str | None = None,
    ledger: str = DEFAULT_URL,
    config: Source = None,
    clock: Clock | None = None,
) -> Plan:
    """Put people into the ledger. All columns are kept, and come back from `export`.

    Args:
        source: A CSV file with a header, or rows of the same columns. The columns `group` and `provider` win over the
            arguments.
        group: The group of the rows that name none.
        providers: The accounts that share the rows that name none; left out: the default one.
        phone_column: The column of the numbers; left out: `phone`, `participant` or `number`.
        ledger: The ledger's URL; it is made where there is none.
        config: Where the providers are configured, as for `groupadd.connect`.
        clock: Time itself, for tests.

    Raises:
        ConfigError: A provider is not configured.
        InvalidGroup: `group` is not the JID of a group.
        CannotRead: The file cannot be read, or has no column of numbers.
        LedgerError: The ledger cannot be used.
    """
    settings = load(config)
    default_group = None if group is None else GroupId.parse(group).jid
    for name in providers:
        _require_provider(settings, name)
    with open_sheet(source, phone_column) as sheet, Ledger.open(ledger, clock=clock) as book:
        book.make()
        names = [name.strip().lower() for name in sheet.header]
        reader = _Reader(settings, names, default_group, tuple(providers))
        with book.writing() as tx:
            reader.carry_over(tx, sheet)
            if not reader.written or not (reader.places or reader.twins):
                tx.rollback()
                return Plan(0, reader.twins, reader.faults, {}, settings.drip.warnings, {})
            for name in {provider for provider, _ in reader.places}:
                add_account(tx, name)
            detail = f"{sum(reader.places.values())} people from {sheet.name}"
            note(tx, book.now(), "planned", "plan", detail)
        now, stand = book.now(), status_of(book, settings.drip).accounts
    counts, named = reader.places, {provider for provider, _ in reader.places}
    in_s = {one.provider: one.eta_s for one in stand if one.provider in named and one.eta_s is not None}
    dates = {name: datetime.fromtimestamp(now + eta_s, UTC) for name, eta_s in in_s.items()}
    return Plan(sum(counts.values()), reader.twins, reader.faults, counts, settings.drip.warnings, dates)


@define
class _Reader:
    """Turns rows into rows of the ledger."""

    settings: Config
    names: Sequence[str]
    group: str | None
    providers: Sequence[str]
    places: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    faults: dict[int, str] = field(factory=dict[int, str])
    twins: int = 0
    written: int = 0

    def carry_over(self, tx: Connection, sheet: Sheet) -> None:
        """Write all rows of a sheet, some thousand at a time; none anew that stands there from the same sheet."""
        values = {"name": sheet.name, "header": tuple(sheet.header), "delimiter": sheet.delimiter}
        number = (tx.scalar(select(func.max(sheets.c.id))) or 0) + 1
        known = tx.execute(select(sheets).where(sheets.c.name == sheet.name)).all()
        older = [one.id for one in known if one.header == values["header"]]
        tx.execute(insert(sheets).values(id=number, **values))
        other_forms = _other_forms(tx)
        while chunk := list(islice(sheet.rows, _AT_ONCE)):
            read = [self._read(number, line, cells, sheet.phone(cells)) for line, cells in chunk]
            keys = [(row.group_jid, row.jid) for row in read if row.event is Event.PLANNED]
            where = (tuple_(people.c.group_jid, people.c.jid).in_(keys), is_planned)
            seen = {(group, jid) for group, jid in tx.execute(select(people.c.group_jid, people.c.jid).where(*where))}
            before = _rows_of(tx, older, [line for line, _ in chunk])
            kept = []
            for row, (line, cells) in zip(read, chunk, strict=True):
                key, placed = (row.group_jid, row.jid), row
                if row.event is Event.PLANNED and (key in seen or key in other_forms):
                    placed = evolve(row, event=Event.PLANNED_DUPLICATE, same_as=other_forms.get(key))
                    self.twins += 1
                elif row.event is Event.PLANNED:
                    seen.add(key)
                    self.places[row.provider, key[0]] += 1
                if placed.event is Event.PLANNED or (line, key[0], tuple(cells)) not in before:
                    kept.append(placed)
            insert_people(tx, kept)
            self.written += len(kept)

    def _shared(self, line: int) -> str:
        """Return who shares in a row that names no provider; the default one where nobody is named at all."""
        if not self.providers:
            self.providers = (self.settings.provider().name,)
        return self.providers[line % len(self.providers)]

    def _read(self, sheet: int, line: int, cells: Sequence[str], given: str) -> PlannedRow:
        """Return a row of the ledger; a fault in it is noted."""
        row = dict(zip(self.names, cells, strict=False))
        group = row.get("group", "").strip() or self.group
        provider = row.get("provider", "").strip() or self._shared(line)
        try:
            group_jid = _group(group)
            _require_provider(self.settings, provider)
            (person,) = parse_participants([given])
        except InvalidParticipant as error:
            fault = error.faults[0]
        except (InvalidGroup, ConfigError) as error:
            fault = str(error)
        else:
            return PlannedRow(
                event=Event.PLANNED,
                sheet=sheet,
                line=line,
                cells=tuple(cells),
                provider=provider,
                group_jid=group_jid,
                given=given,
                phone=person.phone,
                lid=person.lid,
                jid=person.id,
            )
        self.faults[line] = fault
        return PlannedRow(
            event=Event.PLANNED_INVALID,
            sheet=sheet,
            line=line,
            cells=tuple(cells),
            provider=provider,
            group_jid=group or "",
            given=given,
            fault=fault,
        )


def _other_forms(tx: Connection) -> Mapping[tuple[str, str], str]:
    """Return who has turned out to be somebody planned before under another form of the number, by group and JID."""
    known = select(people.c.group_jid, people.c.jid, people.c.same_as).where(people.c.same_as.isnot(None))
    return {(group, jid): first for group, jid, first in tx.execute(known)}


def _rows_of(tx: Connection, known: Sequence[int], lines: Sequence[int]) -> set[tuple[object, ...]]:
    """Return line, group and cells of what earlier sheets hold on these lines."""
    if not known:
        return set()
    columns = (people.c.line, people.c.group_jid, people.c.cells)
    where = (people.c.sheet.in_(known), people.c.line.between(lines[0], lines[-1]))
    return {(line, group, tuple(cells)) for line, group, cells in tx.execute(select(*columns).where(*where))}


@lru_cache(maxsize=1024)
def _group(text: str | None) -> str:
    if text is None:
        raise InvalidGroup("no group is named for it")
    return GroupId.parse(text).jid


def _require_provider(settings: Config, name: str) -> None:
    if name not in settings.providers:
        near = nearest(name, settings.providers)
        raise ConfigError(f"no provider is configured as {name!r}{near} (configured: {listed(settings.providers)})")
