"""The commands. Each reads its arguments, asks the client, prints the result, and returns its exit code."""

import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from io import TextIOWrapper
from urllib.parse import urlsplit

from attrs import evolve
from cyclopts import App, CycloptsError

from groupadd import people_file
from groupadd.cli import tables
from groupadd.cli.demo import demo
from groupadd.cli.dry_run import dry_run
from groupadd.cli.error_messages import defect, error_message, exited, interruption, missing_extra
from groupadd.cli.exit_codes import Exit, of_check, of_outcome, of_preflight
from groupadd.cli.options import AddOptions, FromFile, ProviderOptions
from groupadd.cli.output import HelpConsole, Output
from groupadd.cli.providers import providers
from groupadd.cli.sandbox import sandbox
from groupadd.client import Client
from groupadd.config.load import Config, ConfiguredProvider
from groupadd.errors import GroupAddError, Interrupted, ProviderError
from groupadd.model.identity import GroupId
from groupadd.model.json_form import to_json
from groupadd.model.masking import masked, scrubbed
from groupadd.model.outcome import AddOutcome
from groupadd.people_file import STDIN, People
from groupadd.wire.interrupt import CTRL_C

_ADDING = {("add",), ("drip", "run"), ("drip", "work")}

app: App = App(
    name="groupadd",
    help="Add people to WhatsApp groups through any provider, and know what became of each.",
    version=lambda: version("groupadd"),
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command("groupadd.cli.drip.commands:app", name="drip", help="Add many people over days, and lose none.")
app.command(providers)
app.command(demo)
app.command(sandbox)


@app.command
def add(
    group: str,
    /,
    *participants: str,
    from_: FromFile = None,
    add_options: AddOptions = AddOptions(),
    provider_options: ProviderOptions = ProviderOptions(),
) -> Exit:
    """Add people to a group, and show the outcome for each person.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        participants: Phone numbers with country code, in any usual spelling, or JIDs.
        from_: A file of people: one per line, or a CSV with a phone column; - reads standard input.
        add_options: How people are added.
        provider_options: The provider.
    """
    output = Output(json=provider_options.json)
    config, configured = provider_options.load()
    given = _people(output, participants, from_).given
    verify, invite = add_options.verify, add_options.invite
    if add_options.dry_run:
        settings = evolve(config.add, verify=verify or config.add.verify, invite=invite or config.add.invite)
        planned = dry_run(configured, group, given, settings)
        output.show(planned.as_dict(), tables.dry_run(planned))
        return Exit.EVERYONE_IN
    with CTRL_C, _client(config, configured, group) as client:  # a second Ctrl-C does not stop the printing
        try:
            with output.progress():
                outcome, is_interrupted = client.add(group, given, verify=verify, invite=invite), False
        except Interrupted as interrupted:
            if not isinstance(interrupted.outcome, AddOutcome):
                raise
            outcome, is_interrupted = interrupted.outcome, True
        if is_interrupted:
            output.info("interrupted; this is what is known so far\n")
        output.show(outcome.as_dict(), tables.outcome(outcome))
    return Exit.INTERRUPTED if is_interrupted else of_outcome(outcome)


@app.command
def check(
    group: str,
    /,
    *participants: str,
    from_: FromFile = None,
    provider_options: ProviderOptions = ProviderOptions(),
) -> Exit:
    """Show which of these people are in a group. This adds no people.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        participants: Phone numbers with country code, in any usual spelling, or JIDs.
        from_: A file of people: one per line, or a CSV with a phone column; - reads standard input.
        provider_options: The provider.
    """
    output = Output(json=provider_options.json)
    config, configured = provider_options.load()
    given = _people(output, participants, from_).given
    with _client(config, configured, group) as client, output.progress():
        memberships = client.check(group, given)
    people = [to_json(membership) for membership in memberships]
    output.show(_form(configured, group, participants=people), tables.memberships(memberships))
    return of_check(memberships)


@app.command
def preflight(
    group: str,
    /,
    *participants: str,
    from_: FromFile = None,
    provider_options: ProviderOptions = ProviderOptions(),
) -> Exit:
    """Show what is known before an add: our rights, the free places, the people already in. This adds no people.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        participants: People to look up, as for add; may be left out.
        from_: A file of people: one per line, or a CSV with a phone column; - reads standard input.
        provider_options: The provider.
    """
    output = Output(json=provider_options.json)
    config, configured = provider_options.load()
    given = _people(output, participants, from_).given if participants or from_ else ()
    with _client(config, configured, group) as client, output.progress():
        known = client.preflight(group, given)
    output.show(known.as_dict(), tables.preflight(known))
    return of_preflight(known)


@app.command
def members(group: str, /, *, provider_options: ProviderOptions = ProviderOptions()) -> Exit:
    """List the members of a group.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        provider_options: The provider.
    """
    output = Output(json=provider_options.json)
    config, configured = provider_options.load()
    with _client(config, configured, group) as client, output.progress():
        roster = client.members(group)
    rows = [to_json(member) for member in roster.members]
    output.show(_form(configured, group, complete=roster.complete, members=rows), tables.roster(roster))
    return Exit.EVERYONE_IN


def run(arguments: Sequence[str]) -> Exit:
    """Run a command line and return its exit code; print every error as a message."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character must not stop the command
    output = Output(json="--json" in arguments)
    try:
        return Exit(app(arguments, console=HelpConsole(), exit_on_error=False, print_error=False) or 0)
    except (GroupAddError, CycloptsError) as error:
        return output.show_error(error_message(error))
    except KeyboardInterrupt:
        return output.show_error(interruption())
    except SystemExit:  # our own commands return their exit codes
        return output.show_error(exited(may_have_added=_adds(arguments)))
    except Exception as error:  # noqa: BLE001  Python's own exit code is 1, which means that a person is not in
        if isinstance(error, ImportError) and (missing := missing_extra(error)):
            return output.show_error(missing)
        output.info(scrubbed(traceback.format_exc()))
        return output.show_error(defect(error, may_have_added=_adds(arguments)))


def _adds(arguments: Sequence[str]) -> bool:
    """Return whether a command line is one that adds people."""
    return tuple(arguments[:1]) in _ADDING or tuple(arguments[:2]) in _ADDING


def _people(output: Output, participants: Sequence[str], source: str | None) -> People:
    """Return the people on the command line and in the file, in this order.

    Raises:
        InvalidParticipant: A participant cannot be read, or there are none; the text names the place of each fault.
        CannotRead: The file cannot be read.
    """
    people = people_file.named(participants)
    if source == STDIN and sys.stdin is not None and sys.stdin.isatty():
        output.info("type one person per line; end with Ctrl-D")
    if source is not None:
        people += people_file.read(source)
    people.require_all()
    return people


@contextmanager
def _client(config: Config, configured: ConfiguredProvider, group: str) -> Generator[Client]:
    """Yield a client. A provider's error gets a note with provider, address and group."""
    host = urlsplit(configured.provider.base_url).netloc.rpartition("@")[2]
    try:
        with Client(configured.provider, name=configured.name, settings=config.add) as client:
            yield client
    except ProviderError as error:
        error.add_note(f"provider {configured.name} ({configured.type} at {host}), group {masked(group)}")
        raise


def _form(configured: ConfiguredProvider, group: str, **fields: object) -> dict[str, object]:
    return {"provider": configured.name, "type": configured.type, "group": GroupId.parse(group).jid, **fields}
