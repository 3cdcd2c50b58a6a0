"""`groupadd drip`: adding many people over days. Each command opens the ledger once and calls a verb of `Drip`."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated

from attrs import frozen
from cyclopts import App, Parameter
from cyclopts.validators import Number

from groupadd.cli.drip import tables
from groupadd.cli.drip.progress import Progress, show_event
from groupadd.cli.drip.tables import Place, present
from groupadd.cli.exit_codes import Exit, of_statuses
from groupadd.cli.options import Json
from groupadd.cli.output import Output
from groupadd.cli.tables import plain
from groupadd.client import Client
from groupadd.config.load import Config
from groupadd.drip import AuditLine, Drip, DripStatus, Plan
from groupadd.errors import GroupAddError, Interrupted
from groupadd.model.json_form import to_json
from groupadd.model.outcome import Reason
from groupadd.model.wording import counted, counted_people
from groupadd.people_file import STDIN

app: App = App(name="drip", help="Add many people over days, at a pace that an account can keep up.")

_REPORT = "groupadd-drip.html"


def _is_no_option(_: object, file: str) -> None:
    """Refuse an option where a file should be: cyclopts accepts every leading hyphen, or none."""
    if file != STDIN and file.startswith("-"):
        raise ValueError("It is no option of this command.")


FileOrHyphen = Annotated[str, Parameter(allow_leading_hyphen=True, validator=_is_no_option)]
OneProvider = Annotated[str | None, Parameter(name="--provider")]


@Parameter(name="*")
@frozen(kw_only=True)
class LedgerOptions:
    """The ledger, and how the answer is shown.

    Attributes:
        ledger: A SQLAlchemy URL of SQLite or PostgreSQL; left out: sqlite:///groupadd-drip.db in the current folder.
        config: The config file; left out: the usual places.
        json: Print one JSON object.
    """

    ledger: str | None = None
    config: str | None = None
    json: Json = False

    def open(self) -> Drip:
        """Open the ledger, for the length of the command.

        Raises:
            LedgerError: The URL cannot be used.
        """
        return Drip(self.ledger, self.config)


@app.command
def plan(
    file: FileOrHyphen,
    /,
    *,
    group: str | None = None,
    providers: Annotated[tuple[str, ...], Parameter(name="--provider", negative=(), show_default=False)] = (),
    phone_column: str | None = None,
    options: LedgerOptions = LedgerOptions(),
) -> Exit:
    """Put the rows of a CSV into the ledger, and forecast what happens and how long it takes. Sends nothing.

    Args:
        file: A CSV with a header; - reads standard input. Its columns group and provider win over the options; all
            others are yours.
        group: The group of the rows that name none.
        providers: An account that shares the rows that name none; may be given several times.
        phone_column: The name of the phone column; left out: phone, participant or number.
        options: The ledger.
    """
    output = Output(json=options.json)
    with options.open() as drip:
        planned = drip.plan(file, group=group, providers=providers, phone_column=phone_column)
        places = list(_places(drip.settings, planned))
        view = tables.plan(planned, places, present(), is_shared=drip.is_shared)
    output.show(_as_dict(planned, places), view)
    return Exit.NOT_SENT if planned.faults and not planned.people + planned.planned_before else Exit.EVERYONE_IN


def _as_dict(planned: Plan, places: Iterable[Place]) -> dict[str, object]:
    return {
        "people": planned.people,
        "planned_before": planned.planned_before,
        "faults": [{"line": line, "why": why} for line, why in planned.faults.items()],
        "places": [to_json(place) for place in places],
        "warnings": list(planned.warnings),
        "ends_at": {name: at.isoformat(timespec="seconds") for name, at in planned.ends_at.items()},
    }


def _places(settings: Config, planned: Plan) -> Iterator[Place]:
    """Yield each account and group with what is known before the adds; an account that fails is asked once."""
    failed: dict[str, str] = {}
    for (provider, group), people in planned.places.items():
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
def run(*, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Add the planned people, until none are to do or every account has stopped.

    You may end a run at any moment and run it again. Ctrl-C finishes the current people first. With a PostgreSQL ledger
    it queues the accounts for `groupadd drip work` on any machine, and watches; Ctrl-C ends the watching.

    Args:
        options: The ledger.
    """
    output = Output(json=options.json)
    with options.open() as drip:
        if drip.is_shared:
            _report_queued(output, len(drip.enqueue_accounts()))
        status, is_interrupted = _run_or_watch(output, drip)
        output.show(status.as_dict(), tables.status(status, drip.settings.drip, present()))
        if is_interrupted:
            workers_go_on = "the workers go on; `groupadd drip pause` stops them"
            goes_on = workers_go_on if drip.is_shared else "`groupadd drip run` goes on from here"
            output.info(f"\ninterrupted; {goes_on}")
            return Exit.INTERRUPTED
    if status.has_stopped:
        _report_stops(output, status)
        return Exit.STOPPED
    return of_statuses(one for one, count in status.counts.items() if count)


def _run_or_watch(output: Output, drip: Drip) -> tuple[DripStatus, bool]:
    """Run a ledger that is a file, or watch the workers of a shared one; return its status, and whether Ctrl-C came."""
    progress = Progress(output, drip)
    if drip.is_shared:
        progress.ctrl_c = "Ctrl-C ends the watching; the workers go on"
    with progress.shown():
        try:
            return (drip.watch if drip.is_shared else drip.run)(on_line=progress.on_line), False
        except Interrupted as interrupted:
            if not isinstance(interrupted.outcome, DripStatus):
                raise
            return interrupted.outcome, True


def _report_queued(output: Output, accounts: int) -> None:
    workers = "Start workers with `groupadd drip work --ledger …` on any machine."
    output.info(f"Queued {counted(accounts, 'account')}. {workers}")


def _report_stops(output: Output, status: DripStatus) -> None:
    """Say on stderr why accounts have stopped, where no person reads stdout."""
    if not output.is_interactive:
        for why in tables.stops(status):
            output.info(why)


@app.command
def init(*, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Make the tables of a ledger, or bring them up to date; on PostgreSQL those that workers need, too.

    Args:
        options: The ledger.
    """
    with options.open() as drip:
        schema = drip.init()
        view = f"{drip.ledger} is ready (schema {schema})"
        Output(json=options.json).show({"ledger": drip.ledger, "schema": schema}, view)
    return Exit.EVERYONE_IN


@app.command
def work(
    *,
    ledger: str,
    accounts: Annotated[int, Parameter(validator=Number(gte=1))] = 100,
    config: str | None = None,
) -> Exit:
    """Be a worker of a PostgreSQL ledger: run queued accounts, together with all other workers.

    SIGTERM and Ctrl-C finish the current people first. You may kill a worker at any moment: others take its accounts
    over.

    Args:
        ledger: The SQLAlchemy URL of the ledger, postgresql+psycopg://….
        accounts: How many accounts to run at once.
        config: The config file; left out: the usual places.
    """
    output = Output()
    with Drip(ledger, config) as drip:
        for name in drip.settings.providers:
            drip.settings.provider(name)
        output.info(
            f"Running up to {counted(accounts, 'account')} at once. Ctrl-C finishes the current people, and ends"
        )
        drip.work(accounts=accounts, on_line=lambda line: show_event(output, line))
    output.info("ended; other workers run what is queued")
    return Exit.EVERYONE_IN


@app.command
def status(*, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Show what is done, what is to do, and how every account stands.

    Args:
        options: The ledger.
    """
    with options.open() as drip:
        stands = drip.status()
        view = tables.status(stands, drip.settings.drip, present())
    Output(json=options.json).show(stands.as_dict(), view)
    return Exit.EVERYONE_IN


@app.command
def pause(*, provider: OneProvider = None, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Stop an account, or all, before its next add or invitation, on whichever machine it runs.

    Args:
        provider: The account; left out: all.
        options: The ledger.
    """
    with options.open() as drip:
        drip.pause(provider)
    view = f"{provider or 'every account'} is paused; `groupadd drip resume` lets it go on"
    Output(json=options.json).show({"paused": provider}, view)
    return Exit.EVERYONE_IN


@app.command
def resume(*, provider: OneProvider = None, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Let a stopped account, or all, go on. The verdicts so far no longer count against it; its pace stays.

    Args:
        provider: The account; left out: all.
        options: The ledger.
    """
    with options.open() as drip:
        drip.resume(provider)
        goes_on = "workers run what is queued; `groupadd drip run` queues the rest"
        how = goes_on if drip.is_shared else "`groupadd drip run`"
    Output(json=options.json).show({"resumed": provider}, f"{provider or 'every account'} may go on: {how}")
    return Exit.EVERYONE_IN


@app.command
def retry(*, reason: Reason, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Retry the people who ended for a reason and are not in the group.

    Args:
        reason: The reason, such as group_full.
        options: The ledger.
    """
    with options.open() as drip:
        count = drip.retry(reason)
    view = f"{counted_people(count)} to retry"
    Output(json=options.json).show({"reason": reason.value, "taken_up": count}, view)
    return Exit.EVERYONE_IN


@app.command
def export(file: FileOrHyphen = STDIN, /, *, ledger: str | None = None) -> Exit:
    """Write your own rows and columns back, with the outcome of each person.

    Args:
        file: The CSV to write; left out, or -: standard output.
        ledger: A SQLAlchemy URL of SQLite or PostgreSQL; left out: sqlite:///groupadd-drip.db in the current folder.
    """
    with Drip(ledger) as drip:
        if file == STDIN:
            with Output().stream() as out:
                drip.export(out)
        else:
            drip.export(file)
    return Exit.EVERYONE_IN


@app.command
def audit(*, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Print everything that happened, line by line; with --json one object a line.

    Args:
        options: The ledger.
    """
    with options.open() as drip, Output(json=options.json).stream() as out:
        out.writelines(f"{_text(line, as_json=options.json)}\n" for line in drip.audit())
    return Exit.EVERYONE_IN


def _text(line: AuditLine, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(line.as_dict())
    about = (line.provider, line.event, line.participant, line.group, f"({line.rule})", line.detail)
    return plain("  ".join([f"{line.at:%Y-%m-%d %H:%M:%S}", *filter(None, about)])).plain


@app.command
def report(
    file: str = _REPORT,
    /,
    *,
    full_numbers: Annotated[bool, Parameter(negative=())] = False,
    options: LedgerOptions = LedgerOptions(),
) -> Exit:
    """Write how everything stands as one HTML page, which needs no network and no script.

    Args:
        file: The page to write.
        full_numbers: Show whole phone numbers; they are masked otherwise.
        options: The ledger.
    """
    with options.open() as drip:
        drip.report(file, full_numbers=full_numbers)
    Output(json=options.json).show({"report": file}, f"written to {file}: open it in any browser")
    return Exit.EVERYONE_IN


@app.command
def forget(participant: str, /, *, options: LedgerOptions = LedgerOptions()) -> Exit:
    """Delete what the ledger holds of a person, in all groups. The lines of the audit stay, without the name.

    Args:
        participant: The person, in any usual spelling.
        options: The ledger.
    """
    with options.open() as drip:
        rows = drip.forget(participant)
    view = f"{counted(rows, 'row')} deleted; exports and reports written before are yours to delete"
    Output(json=options.json).show({"deleted": rows}, view)
    return Exit.EVERYONE_IN
