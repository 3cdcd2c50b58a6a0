"""`groupadd drip`: many people over days. Each command is one call of `groupadd.drip`, and words for what came."""

import json
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Annotated

from attrs import frozen
from cyclopts import App, Parameter
from cyclopts.validators import Number

from groupadd import drip
from groupadd.cli.commands import Json
from groupadd.cli.drip import tables
from groupadd.cli.drip.progress import Progress, say_event
from groupadd.cli.drip.tables import Place, present
from groupadd.cli.exit_codes import Exit, of_statuses
from groupadd.cli.output import Output
from groupadd.cli.tables import plain
from groupadd.client import Client
from groupadd.config.load import Config, load
from groupadd.drip.report import report as write_report
from groupadd.drip.store.database import DEFAULT_URL, Ledger, is_shared
from groupadd.drip.store.schema import VERSION
from groupadd.errors import GroupAddError, Interrupted
from groupadd.model.outcome import Reason
from groupadd.people_file import STDIN

app: App = App(name="drip", help="Add many people over days, at a pace that can be kept up, and lose nobody.")

_REPORT = "groupadd-drip.html"

One = Annotated[str | None, Parameter(name="--provider")]


@Parameter(name="*")
@frozen(kw_only=True)
class Book:
    """Where the plan is kept, and how the answer is shown.

    Attributes:
        ledger: A SQLAlchemy URL of SQLite or PostgreSQL.
        json: Print one JSON object.
    """

    ledger: str = DEFAULT_URL
    json: Json = False


@app.command
def plan(
    file: str,
    /,
    *,
    group: str | None = None,
    providers: Annotated[tuple[str, ...], Parameter(name="--provider", negative=(), show_default=False)] = (),
    phone_column: str | None = None,
    config: str | None = None,
    book: Book = Book(),
) -> Exit:
    """Put the rows of a CSV into the ledger, and say what would happen and how long it takes. Adds nobody.

    Args:
        file: A CSV with a header. Its columns group and provider win over the options; all others are yours.
        group: The group of the rows that name none.
        providers: An account that shares the rows that name none; may be given several times.
        phone_column: The column of the numbers; left out: phone, participant or number.
        config: The config file; left out: the usual places.
        book: Where the plan is kept.
    """
    screen = Output(json=book.json)
    made = drip.plan(
        file, group=group, providers=providers, phone_column=phone_column, ledger=book.ledger, config=config
    )
    places = list(_places(load(config), made))
    told = {
        "people": made.people,
        "planned_before": made.planned_before,
        "faults": [{"line": line, "why": why} for line, why in made.faults.items()],
        "places": [place.as_dict() for place in places],
        "warnings": list(made.warnings),
        "ends_at": {name: at.isoformat(timespec="seconds") for name, at in made.ends_at.items()},
    }
    screen.show(told, tables.plan(made, places, present(), shared=is_shared(book.ledger)))
    return Exit.NOT_SENT if made.faults and not made.people + made.planned_before else Exit.EVERYONE_IN


def _places(settings: Config, made: drip.Plan) -> Iterator[Place]:
    """Say of every account and group what is known before the adds; an account that cannot be asked is asked once."""
    failed: dict[str, str] = {}
    for (provider, group), people in made.places.items():
        known = None
        if provider not in failed:
            try:
                chosen = settings.provider(provider)
                with Client(chosen.provider, name=chosen.name, settings=settings.add) as client:
                    known = client.preflight(group)
            except GroupAddError as error:
                failed[provider] = str(error)
        yield Place(provider, group, people, known, failed.get(provider))


@app.command
def run(*, config: str | None = None, book: Book = Book()) -> Exit:
    """Carry out what is planned, until nobody is left or every account with people left has stopped.

    May be ended at any moment and run again. Ctrl-C finishes whoever is in hand. With a PostgreSQL ledger it orders
    `groupadd drip work` on any machine to do so, and watches; Ctrl-C ends the watching.

    Args:
        config: The config file; left out: the usual places.
        book: Where the plan is kept.
    """
    screen, pace = Output(json=book.json), load(config).drip
    progress = Progress(screen, pace, book.ledger, config)
    carry_out, goes_on = drip.run, "`groupadd drip run` goes on from here"
    if is_shared(book.ledger):
        carry_out, goes_on = drip.watch, "workers go on; `groupadd drip pause` stops them"
        progress.ctrl_c = "Ctrl-C ends the watching; workers go on"
        _order(screen, book.ledger, config)
    cut_short = False
    with progress.shown():
        try:
            told = carry_out(ledger=book.ledger, config=config, on_line=progress.print)
        except Interrupted as cut:
            if not isinstance(cut.outcome, drip.DripStatus):
                raise
            told, cut_short = cut.outcome, True
    screen.show({**told.as_dict()}, tables.status(told, pace, present()))
    if cut_short:
        screen.info(f"\ninterrupted; {goes_on}")
        return Exit.INTERRUPTED
    if told.has_stopped:
        _say_why(screen, told)
        return Exit.STOPPED
    return of_statuses(status for status, count in told.counts.items() if count)


def _workers() -> ModuleType:
    from groupadd.drip.fleet import worker as workers  # noqa: PLC0415  needs the extra `procrastinate`

    return workers


def _order(screen: Output, ledger: str, config: str | None) -> None:
    names = _workers().start(ledger=ledger, config=config)
    count = "1 account is" if len(names) == 1 else f"{len(names)} accounts are"
    screen.info(f"{count} ordered to be worked; who works them is `groupadd drip work --ledger …`, on any machine")


def _say_why(screen: Output, told: drip.DripStatus) -> None:
    """Say on stderr why accounts have stopped, where stdout is not read by people."""
    if not screen.is_interactive:
        for why in tables.stops(told):
            screen.info(why)


@app.command
def init(*, book: Book = Book()) -> Exit:
    """Make the tables of a ledger, or bring them up to date; on PostgreSQL those that workers need, too.

    Args:
        book: Where the plan is kept.
    """
    if is_shared(book.ledger):
        _workers().init(ledger=book.ledger)
    with Ledger.open(book.ledger) as made:
        made.make()
        Output(json=book.json).show(
            {"ledger": made.name, "schema": VERSION}, f"{made.name} is ready (schema {VERSION})"
        )
    return Exit.EVERYONE_IN


@app.command
def work(
    *,
    ledger: str,
    accounts: Annotated[int, Parameter(validator=Number(gte=1))] = 100,
    config: str | None = None,
) -> Exit:
    """Be a worker on a PostgreSQL ledger: work the accounts that are ordered, together with all other workers.

    SIGTERM and Ctrl-C finish whoever is in hand. A worker may be killed at any moment: others take its accounts over.

    Args:
        ledger: The SQLAlchemy URL of the ledger, postgresql+psycopg://….
        accounts: How many accounts to work at once.
        config: The config file; left out: the usual places.
    """
    screen, settings = Output(), load(config)
    if not is_shared(ledger):
        raise drip.LedgerError("workers share a ledger on a PostgreSQL server: postgresql+psycopg://…")
    for name in settings.providers:
        settings.provider(name)
    screen.info(f"at work on up to {accounts} accounts at once; Ctrl-C finishes whoever is in hand, and ends")
    _workers().work(ledger=ledger, config=config, accounts=accounts, on_line=lambda line: say_event(screen, line))
    screen.info("ended; other workers go on with what is ordered")
    return Exit.EVERYONE_IN


@app.command
def status(*, config: str | None = None, book: Book = Book()) -> Exit:
    """Say what is done, what is left, and how every account stands.

    Args:
        config: The config file; left out: the usual places.
        book: Where the plan is kept.
    """
    told = drip.status(ledger=book.ledger, config=config)
    Output(json=book.json).show({**told.as_dict()}, tables.status(told, load(config).drip, present()))
    return Exit.EVERYONE_IN


@app.command
def pause(*, provider: One = None, book: Book = Book()) -> Exit:
    """Stop an account, or all, before their next add or invitation, whoever runs them.

    Args:
        provider: The account; left out: all.
        book: Where the plan is kept.
    """
    drip.pause(provider, ledger=book.ledger)
    said = f"{provider or 'every account'} is paused; `groupadd drip resume` lets it go on"
    Output(json=book.json).show({"paused": provider}, said)
    return Exit.EVERYONE_IN


@app.command
def resume(*, provider: One = None, book: Book = Book()) -> Exit:
    """Let a stopped account, or all, go on. What was counted against it is forgotten; its pace is not.

    Args:
        provider: The account; left out: all.
        book: Where the plan is kept.
    """
    drip.resume(provider, ledger=book.ledger)
    goes_on = "workers take up what is ordered; `groupadd drip run` orders the rest"
    said = f"{provider or 'every account'} may go on: {goes_on if is_shared(book.ledger) else '`groupadd drip run`'}"
    Output(json=book.json).show({"resumed": provider}, said)
    return Exit.EVERYONE_IN


@app.command
def retry(*, reason: Reason, book: Book = Book()) -> Exit:
    """Take up again everybody who ended for a reason and is not in.

    Args:
        reason: The reason, such as group_full.
        book: Where the plan is kept.
    """
    count = drip.retry(reason, ledger=book.ledger)
    people = "nobody was" if not count else "1 person is" if count == 1 else f"{count:,} people are"
    Output(json=book.json).show({"reason": reason.value, "taken_up": count}, f"{people} taken up again")
    return Exit.EVERYONE_IN


@app.command
def export(file: str = STDIN, /, *, ledger: str = DEFAULT_URL) -> Exit:
    """Write your own rows and columns back, with what became of each person.

    Args:
        file: The CSV to write; left out, or -: standard output.
        ledger: A SQLAlchemy URL of SQLite or PostgreSQL.
    """
    if file == STDIN:
        with Output().stream() as out:
            drip.export(out, ledger=ledger)
    else:
        drip.export(file, ledger=ledger)
    return Exit.EVERYONE_IN


@app.command
def audit(*, book: Book = Book()) -> Exit:
    """Print everything that ever happened, line by line; with --json one object a line.

    Args:
        book: Where the plan is kept.
    """
    with Output(json=book.json).stream() as out:
        out.writelines(f"{line}\n" for line in _told(drip.audit(ledger=book.ledger), as_json=book.json))
    return Exit.EVERYONE_IN


def _told(lines: Iterable[drip.AuditLine], *, as_json: bool) -> Iterator[str]:
    for line in lines:
        if as_json:
            yield json.dumps(line.as_dict())
        else:
            about = (line.provider, line.event, line.participant, line.group, f"({line.rule})", line.detail)
            yield plain("  ".join([f"{line.at:%Y-%m-%d %H:%M:%S}", *filter(None, about)])).plain


@app.command
def report(
    file: str = _REPORT,
    /,
    *,
    full_numbers: Annotated[bool, Parameter(negative=())] = False,
    config: str | None = None,
    book: Book = Book(),
) -> Exit:
    """Write how everything stands as one HTML page, which needs no network and no script.

    Args:
        file: The page to write.
        full_numbers: Show whole phone numbers; they are masked otherwise.
        config: The config file; left out: the usual places.
        book: Where the plan is kept.
    """
    write_report(file, full_numbers=full_numbers, ledger=book.ledger, config=config)
    Output(json=book.json).show({"report": file}, f"written to {file}: open it in any browser")
    return Exit.EVERYONE_IN


@app.command
def forget(participant: str, /, *, book: Book = Book()) -> Exit:
    """Delete what is kept of a person, in all groups. The lines of the audit stay, without the name.

    Args:
        participant: The person, in any usual spelling.
        book: Where the plan is kept.
    """
    rows = drip.forget(participant, ledger=book.ledger)
    said = f"{rows} {'row' if rows == 1 else 'rows'} deleted; exports and reports written before are yours to delete"
    Output(json=book.json).show({"deleted": rows}, said)
    return Exit.EVERYONE_IN
